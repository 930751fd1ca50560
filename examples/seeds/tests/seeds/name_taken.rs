use seeds::name_taken::{NewProject, Project};
use tripline::{Error, assert_trace, tables};

fn project(name: &str) -> NewProject {
    NewProject { name: name.into(), ..Default::default() }
}

everywhere! {
    async fn a_name_that_is_taken_is_said_so(place) {
        let db = place.db(tables![Project]).await;
        db.create(project("one")).await.unwrap();
        let error = db.create(vec![project("two"), project("one")]).await.unwrap_err();
        assert_eq!(error.root().to_string(), "rejected: the name one is taken");
        assert_trace!(db.last_trace().unwrap(), [
            "transaction: hook",
            "  create projects: hook",
            "    before_create Project: rejected",
            "      find projects",
        ]);
        assert!(db.create(project(" ")).await.unwrap_err().is_rejected());
        assert_eq!(db.find::<Project>().count().await.unwrap(), 1);
    }

    async fn the_constraint_holds_where_the_hook_cannot_look(place) {
        let db = place.db(tables![Project]).await;
        // Within one create, past the hooks, and by a change of name.
        let error = db.create(vec![project("one"), project("one")]).await.unwrap_err();
        assert!(matches!(error, Error::Unique(_)), "{error}");
        db.create(vec![project("one"), project("two")]).await.unwrap();
        assert!(matches!(db.create(project("one")).without_hooks().await, Err(Error::Unique(_))));
        let renamed = db.update::<Project>().filter(|p| p.name.eq("two")).set(|p| p.name.set("one")).await;
        assert!(matches!(renamed, Err(Error::Unique(v)) if v.columns == ["name"]));
    }

    async fn of_two_at_once_one_gets_the_name(place) {
        let db = place.db(tables![Project]).await;
        let (a, b) = tokio::join!(db.create(project("one")), db.create(project("one")));
        let ((Ok(_), Err(error)) | (Err(error), Ok(_))) = (a, b) else { panic!("one gets it") };
        assert!(error.is_rejected() || matches!(error, Error::Unique(_)), "{error}");
        assert_eq!(db.find::<Project>().count().await.unwrap(), 1);
    }
}
