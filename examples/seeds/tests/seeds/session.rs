use seeds::session::{NewOrganization, NewSession, NewUser, Organization, Session, User};
use tripline::{Db, Error, Id, assert_trace, tables};

use crate::place::Place;

async fn users(place: &Place) -> (Db, [Id<User>; 2], [Id<Organization>; 2]) {
    let db = place.db(tables![Organization, User, Session]).await;
    let organizations =
        ["one", "two"].map(|name| NewOrganization { name: name.into(), ..Default::default() });
    let organizations = db.create(organizations).await.unwrap();
    let users = db
        .create(vec![
            NewUser {
                name: "ada".into(),
                last_active_organization: organizations[0].id.into(),
                ..Default::default()
            },
            NewUser { name: "bob".into(), ..Default::default() },
        ])
        .await
        .unwrap();
    (db, [users[0].id, users[1].id], [organizations[0].id, organizations[1].id])
}

fn session(user: Id<User>) -> NewSession {
    NewSession { user: user.into(), ..Default::default() }
}

everywhere! {
    async fn a_session_starts_where_its_user_was(place) {
        let (db, [ada, bob], [one, two]) = users(&place).await;
        let given = NewSession { active_organization: two.into(), ..session(ada) };
        let made = db.create(vec![session(ada), session(bob), given]).await.unwrap();
        let active: Vec<_> = made.iter().map(|session| session.active_organization).collect();
        assert_eq!(active, [Some(one), None, Some(two)]);
        // One find for all of them, and no second write.
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create sessions",
            "    before_create Session",
            "      find users",
        ]);
    }

    async fn what_the_caller_says_is_not_looked_up(place) {
        let (db, [ada, _], _) = users(&place).await;
        let made = db.create(NewSession { active_organization: None.into(), ..session(ada) }).await.unwrap();
        assert_eq!(made.active_organization, None);
        assert_eq!(db.last_trace().unwrap().outline().len(), 3);
    }

    async fn without_a_user_there_is_no_session(place) {
        let (db, ..) = users(&place).await;
        let error = db.create(session(Id::new(99))).await.unwrap_err();
        assert!(matches!(error, Error::ForeignKey(_)), "{error}");
        assert_eq!(db.find::<Session>().count().await.unwrap(), 0);
    }
}
