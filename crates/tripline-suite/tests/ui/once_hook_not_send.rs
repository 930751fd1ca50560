//! A hook of one operation holds a value across an await that cannot move between threads.

use std::rc::Rc;

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn add(db: &Db) -> Result<User> {
    let draft = NewUser { name: "Ada".into(), ..Default::default() };
    db.create(draft)
        .before_create(async |tx, users| {
            let prefix = Rc::new(String::from("user-"));
            let taken = tx.find::<User>().count().await?;
            users[0].name.set(format!("{prefix}{taken}"));
            Ok(())
        })
        .await
}

fn main() {}
