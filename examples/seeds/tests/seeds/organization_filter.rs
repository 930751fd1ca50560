use seeds::organization_filter::{Member, NewTask, Task};
use tripline::{Db, assert_trace, tables};

use crate::place::Place;

async fn tasks(place: &Place) -> (Db, Db) {
    let db = place.db(tables![Task]).await;
    let drafts = [(1, "a"), (1, "b"), (2, "c")];
    let drafts = drafts.map(|(organization, title)| NewTask {
        organization: organization.into(),
        title: title.into(),
        ..Default::default()
    });
    db.create(drafts).await.unwrap();
    let member = db.as_actor(Member { organization: 1 });
    (db, member)
}

everywhere! {
    async fn every_read_is_of_the_members_organization(place) {
        let (db, member) = tasks(&place).await;
        assert_eq!(member.find::<Task>().await.unwrap().len(), 2);
        assert_eq!(member.find::<Task>().count().await.unwrap(), 2);
        let other = db.as_actor(Member { organization: 2 }).find::<Task>().one().await.unwrap();
        assert!(member.find::<Task>().by_key(other.id).await.unwrap().is_none());
        // No condition of the caller's widens it.
        let any = member.find::<Task>().filter(|t| t.organization.eq(1).or(t.organization.ne(1)));
        assert_eq!(any.count().await.unwrap(), 2);
        member.tx(async |tx| tx.find::<Task>().exists().await).await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  exists tasks",
            "    filter_reads Task",
        ]);
    }

    async fn who_is_nobody_sees_nothing(place) {
        let (db, _) = tasks(&place).await;
        assert!(db.find::<Task>().await.unwrap_err().is_rejected());
        assert!(db.find::<Task>().count().await.unwrap_err().is_rejected());
        assert!(db.delete::<Task>().all_rows().await.unwrap_err().is_rejected());
    }

    async fn writes_touch_the_members_rows_only(place) {
        let (db, member) = tasks(&place).await;
        assert_eq!(member.update::<Task>().all_rows().set(|t| t.title.set("mine")).await.unwrap(), 2);
        assert_eq!(member.delete::<Task>().all_rows().await.unwrap(), 2);
        assert_eq!(db.find::<Task>().without_hooks().one().await.unwrap().title, "c");
    }
}
