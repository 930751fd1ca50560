use seeds::cleanup::{Files, NewOrganization, NewProfile, NewUser, Organization, Profile, User};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tripline::{Db, Id, assert_trace, tables};

use crate::place::Place;

async fn users(place: &Place) -> (Db, [Id<User>; 2], UnboundedReceiver<String>) {
    let (sender, files) = unbounded_channel();
    let db = place.connect(tables![User, Profile, Organization], |c| c.observe(Files(sender))).await;
    let drafts = ["ada", "bob"].map(|name| NewUser { name: name.into(), ..Default::default() });
    let made = db.create(drafts).await.unwrap();
    let profiles = made
        .iter()
        .map(|user| NewProfile { user: user.id.into(), avatar: format!("{}.png", user.name).into() });
    db.create(profiles.collect::<Vec<_>>()).await.unwrap();
    let organizations = made.iter().map(|user| NewOrganization {
        owner: user.id.into(),
        name: format!("{}'s", user.name).into(),
        owes: i64::from(user.name == "bob").into(),
        ..Default::default()
    });
    db.create(organizations.collect::<Vec<_>>()).await.unwrap();
    (db, [made[0].id, made[1].id], files)
}

async fn left(db: &Db) -> (u64, u64) {
    (db.find::<Profile>().count().await.unwrap(), db.find::<Organization>().count().await.unwrap())
}

everywhere! {
    async fn what_belongs_to_a_user_goes_with_it_hooks_included(place) {
        let (db, [ada, _], mut files) = users(&place).await;
        assert_eq!(db.delete::<User>().by_key(ada).await.unwrap(), 1);
        db.drain().await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  delete users",
            "    delete profiles",
            "    delete organizations",
            "      before_delete_rows Debt",
            "  after commit",
            "    after_delete_commit Files",
        ]);
        assert_eq!((left(&db).await, files.try_recv().unwrap().as_str()), ((1, 1), "ada.png"));
    }

    async fn a_row_below_that_may_not_go_keeps_all_of_it(place) {
        let (db, _, files) = users(&place).await;
        let error = db.delete::<User>().all_rows().await.unwrap_err();
        assert!(error.is_rejected());
        assert_eq!(error.root().to_string(), "rejected: bob's still owes 1");
        db.drain().await.unwrap();
        assert_eq!((left(&db).await, db.find::<User>().count().await.unwrap(), files.len()), ((2, 2), 2, 0));
    }

    async fn sql_past_the_hooks_is_refused_rather_than_skipping_them(place) {
        let (db, ..) = users(&place).await;
        db.raw_execute("DELETE FROM users", []).await.unwrap_err();
        assert_eq!(left(&db).await, (2, 2));
    }
}
