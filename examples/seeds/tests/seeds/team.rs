use seeds::team::{Account, Member, NewAccount, NewTeam, Team};
use tripline::{Error, StatementLog, assert_trace, tables};

fn account(name: &str) -> NewAccount {
    NewAccount { name: name.into(), ..Default::default() }
}

everywhere! {
    async fn the_team_is_there_before_and_the_membership_after(place) {
        let log = StatementLog::default();
        let db = place.connect(tables![Team, Account, Member], |c| c.statement_log(log.clone())).await;
        log.take();
        let ada = db.create(account("Ada")).await.unwrap();
        let flights = log.take_flights();
        assert_eq!(db.find::<Team>().by_key(ada.team).await.unwrap().unwrap().name, "Team Ada");
        assert!(db.find::<Member>().by_key((ada.team, ada.id)).await.unwrap().is_some());
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create accounts",
            "    plan_create Account",
            "      create teams",
            "      create members",
        ]);
        // Nothing waits for an answer in between.
        if place.is_postgres() {
            assert_eq!(flights.len(), 1, "{flights:?}");
        }
    }

    async fn many_accounts_are_still_three_operations(place) {
        let db = place.db(tables![Team, Account, Member]).await;
        let made = db.create(vec![account("Ada"), account("Bob")]).await.unwrap();
        assert_ne!(made[0].team, made[1].team);
        assert_eq!(db.last_trace().unwrap().outline().len(), 5);
        assert_eq!(db.find::<Member>().count().await.unwrap(), 2);
    }

    async fn if_one_of_them_fails_none_is_there(place) {
        let db = place.db(tables![Team, Account, Member]).await;
        db.create(NewTeam { name: "Team Ada".into(), ..Default::default() }).await.unwrap();
        let error = db.create(vec![account("Bob"), account("Ada")]).await.unwrap_err();
        assert!(matches!(error.root(), Error::Unique(_)), "{error}");
        let left = (db.find::<Team>().count().await.unwrap(), db.find::<Account>().count().await.unwrap());
        assert_eq!((left, db.find::<Member>().count().await.unwrap()), ((1, 0), 0));
    }
}
