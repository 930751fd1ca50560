use seeds::avatar::{NewProfile, NewUser, Profile, User};
use tripline::{Db, Error, Id, assert_trace, tables};

use crate::place::Place;

async fn users(place: &Place) -> (Db, [Id<User>; 2]) {
    let db = place.db(tables![User, Profile]).await;
    let drafts = ["ada", "bob"].map(|name| NewUser { name: name.into(), ..Default::default() });
    let made = db.create(drafts).await.unwrap();
    let ids = [made[0].id, made[1].id];
    db.create(ids.map(|id| NewProfile { user: id.into(), ..Default::default() })).await.unwrap();
    (db, ids)
}

async fn avatar(db: &Db, user: Id<User>) -> Option<String> {
    db.find::<Profile>().by_key(user).await.unwrap().unwrap().avatar
}

everywhere! {
    async fn an_image_that_changes_is_the_avatar(place) {
        let (db, [ada, bob]) = users(&place).await;
        db.update::<User>().by_key(ada).set(|u| u.image.set("ada.png")).await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  update users",
            "    after_update UserImage",
            "      update profiles",
        ]);
        assert_eq!((avatar(&db, ada).await, avatar(&db, bob).await), (Some("ada.png".into()), None));
        // Of two rows of one update, one changes.
        db.update::<User>().all_rows().set(|u| u.image.set("ada.png")).await.unwrap();
        assert_eq!(db.last_trace().unwrap().outline().len(), 4);
        assert_eq!(avatar(&db, bob).await, Some("ada.png".into()));
        db.update::<User>().by_key(ada).set(|u| u.image.set(None)).await.unwrap();
        assert_eq!(avatar(&db, ada).await, None);
    }

    async fn what_does_not_change_writes_nothing(place) {
        let (db, [ada, _]) = users(&place).await;
        let update = db.update::<User>().by_key(ada).set(|u| u.name.set("Ada")).set(|u| u.image.set(None));
        update.await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  update users",
            "    after_update UserImage",
        ]);
    }

    async fn an_avatar_that_is_refused_undoes_the_image(place) {
        let (db, [ada, _]) = users(&place).await;
        let error = db.update::<User>().by_key(ada).set(|u| u.image.set("nofile")).await.unwrap_err();
        assert!(matches!(error.root(), Error::Check(v) if v.constraint.as_deref() == Some("avatar_is_a_file")));
        assert_eq!(db.find::<User>().by_key(ada).await.unwrap().unwrap().image, None);
    }
}
