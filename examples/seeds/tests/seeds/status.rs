use seeds::status::{NewProject, Notification, Project, Status};
use tripline::{Db, Id, assert_trace, tables};

use crate::place::Place;

async fn projects(place: &Place) -> (Db, Vec<Id<Project>>) {
    let db = place.db(tables![Project, Notification]).await;
    let drafts = [("open", Status::Open), ("also open", Status::Open), ("done", Status::Completed)];
    let drafts = drafts.map(|(name, status)| NewProject {
        name: name.into(),
        owner: 7.into(),
        status: status.into(),
        ..Default::default()
    });
    let ids = db.create(drafts).await.unwrap().iter().map(|p| p.id).collect();
    (db, ids)
}

async fn messages(db: &Db) -> Vec<String> {
    let all = db.find::<Notification>().order(|n| n.id.asc()).await.unwrap();
    all.into_iter().map(|n| format!("{}: {}", n.to, n.message)).collect()
}

everywhere! {
    async fn a_completed_project_is_not_opened_again(place) {
        let (db, ids) = projects(&place).await;
        let error = db.update::<Project>().by_key(ids[2]).set(|p| p.status.set(Status::Open)).await.unwrap_err();
        assert!(error.is_rejected());
        assert_eq!(error.root().to_string(), "rejected: done is completed: cannot reopen it");
        // Nor as one of many, and then none of them changes.
        db.update::<Project>().all_rows().set(|p| p.status.set(Status::Planned)).await.unwrap_err();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction: hook",
            "  update projects: hook",
            "    before_update_rows Progress: rejected",
        ]);
        assert_eq!(db.find::<Project>().filter(|p| p.status.eq(Status::Open)).count().await.unwrap(), 2);
    }

    async fn the_same_status_again_is_no_transition(place) {
        let (db, ids) = projects(&place).await;
        let update = db.update::<Project>().by_key(ids[2]);
        update.set(|p| p.status.set(Status::Completed)).set(|p| p.name.set("archived")).await.unwrap();
        assert!(messages(&db).await.is_empty());
        assert_eq!(db.find::<Project>().by_key(ids[2]).await.unwrap().unwrap().name, "archived");
    }

    async fn each_completion_is_told_once(place) {
        let (db, _) = projects(&place).await;
        let n = db.update::<Project>().all_rows().set(|p| p.status.set(Status::Completed)).await.unwrap();
        assert_eq!(n, 3);
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  update projects",
            "    before_update_rows Progress",
            "    after_update Progress",
            "      create notifications",
        ]);
        assert_eq!(messages(&db).await, ["7: Project open finished!", "7: Project also open finished!"]);
    }
}
