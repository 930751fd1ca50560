//! Tables and row types in modules, with private fields: hooks stand where the types do.

use tripline::prelude::*;

mod users {
    use tripline::prelude::*;

    use super::audit::UserImage;

    #[derive(Table, Clone)]
    #[table(hook_rows(UserImage, super::audit::UserName))]
    pub struct User {
        #[key]
        pub id: Id<User>,
        pub name: String,
        image: Option<String>,
        #[secret]
        password: String,
    }

    pub async fn register(db: &Db, name: &str) -> Result<User> {
        db.create(NewUser { name: name.into(), password: "secret".into(), ..Default::default() }).await
    }

    pub async fn show(db: &Db, user: &User, image: &str) -> Result<()> {
        db.update::<User>().by_key(user.id).set(|u| u.image.set(image)).await.map(drop)
    }

    impl User {
        pub fn checks(&self, password: &str) -> bool {
            self.password == password
        }
    }
}

mod audit {
    use tripline::{AfterCreate, AfterUpdate, Change, prelude::*};

    use super::users::User;

    #[derive(Row)]
    #[row(of = User)]
    pub struct UserImage {
        id: Id<User>,
        image: Option<String>,
    }

    #[derive(Row)]
    #[row(of = crate::users::User)]
    pub struct UserName {
        #[row(column = name)]
        called: String,
    }

    #[derive(Table, Clone, Debug)]
    pub struct Entry {
        #[key]
        id: Id<Entry>,
        pub text: String,
    }

    impl AfterUpdate for UserImage {
        async fn after_update(tx: &mut Tx<'_>, changes: &[Change<UserImage>]) -> Result<()> {
            for change in changes.iter().filter(|change| change.modified(|u| u.image)) {
                let image = change.new.image.as_deref().unwrap_or("none");
                note(tx, format!("{}: {image}", change.new.id)).await?;
            }
            Ok(())
        }
    }

    impl AfterCreate for UserName {
        async fn after_create(tx: &mut Tx<'_>, users: &[UserName]) -> Result<()> {
            for user in users {
                note(tx, format!("welcome {}", user.called)).await?;
            }
            Ok(())
        }
    }

    async fn note(tx: &mut Tx<'_>, text: String) -> Result<()> {
        tx.create(NewEntry { text: text.into(), ..Default::default() }).await.map(drop)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    use crate::{audit::Entry, users::User};

    let db = Db::open("sqlite::memory:").tables(tables![User, Entry]).connect().await?;
    db.create_tables().await?;
    let ada = users::register(&db, "Ada").await?;
    assert!(ada.checks("secret") && !format!("{ada:?}").contains("\"secret\""));
    users::show(&db, &ada, "ada.png").await?;
    let entries = db.find::<Entry>().order(|e| e.text.asc()).await?;
    assert_eq!(entries.iter().map(|e| &*e.text).collect::<Vec<_>>(), ["1: ada.png", "welcome Ada"]);
    Ok(())
}
