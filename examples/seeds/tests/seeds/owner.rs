use seeds::owner::{NewProject, Project, SignedIn};
use tripline::{Error, StatementLog, assert_trace, tables};

fn project(name: &str) -> NewProject {
    NewProject { name: name.into(), ..Default::default() }
}

everywhere! {
    async fn a_row_belongs_to_whoever_creates_it(place) {
        let log = StatementLog::default();
        let db = place.connect(tables![Project], |c| c.statement_log(log.clone())).await;
        let ada = db.as_actor(SignedIn { user: 7 });
        log.take();
        assert_eq!(ada.create(project("one")).await.unwrap().owner, 7);
        // The hook costs no transaction.
        let sent = log.take();
        assert_eq!(sent.len(), 1, "{sent:?}");
        db.tx(async |tx| tx.as_actor(SignedIn { user: 8 }).create(project("two")).await).await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create projects",
            "    plan_create Project",
        ]);
        assert_eq!(db.find::<Project>().filter(|p| p.owner.eq(8)).one().await.unwrap().name, "two");
    }

    async fn nobody_creates_for_somebody_else(place) {
        let db = place.db(tables![Project]).await;
        assert!(db.create(project("one")).await.unwrap_err().is_rejected());
        let forged = NewProject { owner: 8.into(), ..project("one") };
        let error = db.as_actor(SignedIn { user: 7 }).create(forged).await.unwrap_err();
        assert!(matches!(error, Error::ReadOnly(_)), "{error}");
        assert_eq!(db.find::<Project>().count().await.unwrap(), 0);
    }
}
