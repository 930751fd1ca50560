use seeds::username::{Admins, NewUser, Role, User};
use tripline::{Error, assert_trace, tables};

fn user(name: &str, email: &str) -> NewUser {
    NewUser { name: name.into(), email: email.into(), ..Default::default() }
}

everywhere! {
    async fn usernames_are_unique_also_within_one_create(place) {
        let db = place.connect(tables![User], |c| c.observe(Admins(vec!["root@x".into()]))).await;
        let made = db.create(vec![user("Ada L.", "a@x"), user("ada l", "b@x"), user("Bob", "root@x")]).await.unwrap();
        let names: Vec<(&str, Role)> = made.iter().map(|u| (u.username.as_str(), u.role)).collect();
        assert_eq!(names, [("adal", Role::User), ("adal2", Role::User), ("bob", Role::Admin)]);
        // One call for all of the rows, the observer's before the table's, and nothing else.
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create users",
            "    before_create Admins",
            "    before_create User",
            "      find users",
            "      find users",
            "      find users",
        ]);
        assert_eq!(db.create(user("AdaL", "c@x")).await.unwrap().username, "adal3");
    }

    async fn what_is_not_the_callers_to_give_is_refused(place) {
        let db = place.db(tables![User]).await;
        let forged = NewUser { username: "root".into(), ..user("Eve", "e@x") };
        assert!(matches!(db.create(forged).await, Err(Error::ReadOnly(_))));
        let forged = NewUser { role: Role::Admin.into(), ..user("Eve", "e@x") };
        assert!(matches!(db.create(forged).await, Err(Error::ReadOnly(_))));
        assert_eq!(db.find::<User>().count().await.unwrap(), 0);
    }

    async fn a_sign_up_that_is_refused_leaves_nothing(place) {
        let db = place.db(tables![User]).await;
        let error = db.create(vec![user("Ada", "a@x"), user("...", "b@x")]).await.unwrap_err();
        assert!(error.is_rejected());
        let error = db.create(vec![user("Ada", "a@x"), user("Bob", "a@x")]).await.unwrap_err();
        assert!(matches!(error, Error::Unique(v) if v.columns == ["email"]));
        assert_eq!(db.find::<User>().count().await.unwrap(), 0);
    }

    async fn of_two_sign_ups_at_once_none_gets_the_others_name(place) {
        let db = place.db(tables![User]).await;
        let (a, b) = tokio::join!(db.create(user("Ada", "a@x")), db.create(user("Ada", "b@x")));
        match (a, b) {
            (Ok(a), Ok(b)) => assert_ne!(a.username, b.username),
            (Ok(_), Err(error)) | (Err(error), Ok(_)) => assert!(matches!(error, Error::Unique(_)), "{error}"),
            (Err(a), Err(b)) => panic!("{a}, {b}"),
        }
    }
}
