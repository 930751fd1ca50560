use seeds::handle::{Account, NewAccount};
use tripline::{Error, StatementLog, assert_trace, tables};

fn account(name: &str) -> NewAccount {
    NewAccount { name: name.into(), ..Default::default() }
}

everywhere! {
    async fn the_handle_is_made_of_the_name_in_one_statement(place) {
        let log = StatementLog::default();
        let db = place.connect(tables![Account], |c| c.statement_log(log.clone())).await;
        log.take();
        let made = db.create(account("Engineering Team")).await.unwrap();
        assert_eq!((made.name.as_str(), made.handle.as_str()), ("Engineering Team", "engineering-team"));
        assert_eq!(log.take().len(), 1);
        assert_eq!(db.create(account("X")).explain().await.unwrap().outline()[1..], [
            "  create accounts",
            "    plan_create Account",
        ]);
    }

    async fn a_draft_without_a_name_is_refused_before_anything_is_sent(place) {
        let log = StatementLog::default();
        let db = place.connect(tables![Account], |c| c.statement_log(log.clone())).await;
        log.take();
        let error = db.create(account(" ")).await.unwrap_err();
        assert!(error.is_rejected() && log.take().is_empty(), "{error}");
        assert_trace!(db.last_trace().unwrap(), [
            "one statement: hook",
            "  create accounts: hook",
            "    plan_create Account: rejected",
        ]);
        let twice = db.create(vec![account("One"), account("ONE")]).await.unwrap_err();
        assert!(matches!(twice, Error::Unique(v) if v.columns == ["handle"]));
        assert_eq!(db.find::<Account>().count().await.unwrap(), 0);
    }
}
