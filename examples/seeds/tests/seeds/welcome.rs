use seeds::welcome::{Mail, Mailer, NewUser, Organization, OrganizationKind, Profile, User};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tripline::{Db, Error, assert_trace, tables};

use crate::place::Place;

async fn open(place: &Place) -> (Db, UnboundedReceiver<Mail>) {
    let (sender, mails) = unbounded_channel();
    let tables = tables![User, Profile, Organization];
    (place.connect(tables, |c| c.observe(Mailer(sender))).await, mails)
}

fn user(name: &str) -> NewUser {
    NewUser {
        name: name.into(),
        email: format!("{name}@x").into(),
        image: format!("{name}.png").into(),
        password: "hunter2".into(),
        ..Default::default()
    }
}

async fn counts(db: &Db) -> (u64, u64, u64) {
    let finds = (tripline::find::<User>().count(), tripline::find::<Profile>().count());
    let (users, profiles) = db.batch(finds).await.unwrap();
    (users, profiles, db.find::<Organization>().count().await.unwrap())
}

everywhere! {
    async fn all_of_a_new_user_is_there_and_then_the_mail_is_sent(place) {
        let (db, mut mails) = open(&place).await;
        let ada = db.create(user("ada")).await.unwrap();
        db.drain().await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create users",
            "    after_create Newcomer",
            "      create profiles",
            "      create organizations",
            "        before_create Organization",
            "  after commit",
            "    after_create_commit Mailer",
        ]);
        let profile = db.find::<Profile>().by_key(ada.id).await.unwrap().unwrap();
        assert_eq!((profile.bio.as_str(), profile.avatar.as_deref()), ("", Some("ada.png")));
        let organization = db.find::<Organization>().one().await.unwrap();
        assert_eq!((organization.name.as_str(), organization.owner), ("ada's Workspace", ada.id));
        assert_eq!(organization.kind, OrganizationKind::Personal);
        let mail = mails.try_recv().unwrap();
        assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ada@x", "Welcome, ada"));
        assert!(!format!("{ada:?} {}", db.last_trace().unwrap()).contains("hunter2"));
    }

    async fn many_users_are_one_call_of_each_hook(place) {
        let (db, mut mails) = open(&place).await;
        db.create(vec![user("ada"), user("bob"), user("cy")]).await.unwrap();
        db.drain().await.unwrap();
        assert_eq!(db.last_trace().unwrap().outline().len(), 8);
        assert_eq!(counts(&db).await, (3, 3, 3));
        assert_eq!((mails.len(), mails.try_recv().unwrap().to.as_str()), (3, "ada@x"));
    }

    async fn a_hook_of_what_a_hook_creates_can_refuse_all_of_it(place) {
        let (db, mails) = open(&place).await;
        let error = db.create(vec![user("ada"), user("a/b")]).await.unwrap_err();
        assert!(error.is_rejected());
        assert!(error.to_string().contains("users"), "{error}");
        db.drain().await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction: hook",
            "  create users: hook",
            "    after_create Newcomer: hook",
            "      create profiles",
            "      create organizations: hook",
            "        before_create Organization: rejected",
        ]);
        assert_eq!((counts(&db).await, mails.len()), ((0, 0, 0), 0));
    }

    async fn a_transaction_that_fails_later_sends_no_mail(place) {
        let (db, mut mails) = open(&place).await;
        let failed = db.tx(async |tx| {
            tx.create(user("ada")).await?;
            Err::<(), _>(Error::reject("the card was declined"))
        });
        assert!(failed.await.unwrap_err().is_rejected());
        // Of a savepoint that is rolled back, none either.
        db.tx(async |tx| {
            tx.create(user("bob")).await?;
            let again = tx.create(user("bob")).savepoint().await;
            assert!(matches!(again, Err(Error::Unique(_))));
            Ok(())
        })
        .await
        .unwrap();
        db.drain().await.unwrap();
        assert_eq!((counts(&db).await, mails.len()), ((1, 1, 1), 1));
        assert_eq!(mails.try_recv().unwrap().to, "bob@x");
    }
}
