//! The future of a transaction can be spawned, whatever its closure captures and does.

use std::time::Duration;

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

struct Users {
    db: Db,
    suffix: String,
}

impl Users {
    async fn add(&self, name: &str) -> Result<User> {
        self.db.tx(async |tx| tx.create(draft(&format!("{name}{}", self.suffix))).await).await
    }
}

fn draft(name: &str) -> NewUser {
    NewUser { name: name.into(), ..Default::default() }
}

async fn count<T: Table>(db: Db) -> Result<u64> {
    db.tx(async |tx| tx.find::<T>().count().await).await
}

#[tokio::main]
async fn main() -> Result<()> {
    let db = Db::open("sqlite::memory:").tables(tables![User]).connect().await?;
    db.create_tables().await?;

    // Captures that it owns.
    let (handle, name) = (db.clone(), String::from("Ada"));
    let added = tokio::spawn(async move { handle.tx(async move |tx| tx.create(draft(&name)).await).await });
    let ada = added.await.expect("no panic")?;

    // Captures that it borrows from the task, a loop over borrowed values, a nested transaction.
    let (handle, names) = (db.clone(), vec![String::from("Grace"), String::from("Edsger")]);
    let counted = tokio::spawn(async move {
        let mut seen = Vec::new();
        handle
            .tx(async |tx| {
                for draft in names.iter().map(|name| draft(name)) {
                    seen.push(tx.create(draft).await?.id);
                }
                tx.tx(async |tx| tx.update::<User>().by_key(ada.id).set(|u| u.name.set("ada")).await).await?;
                tx.find::<User>().filter(|u| u.id.is_in(&seen)).count().await
            })
            .await
    });
    assert_eq!(counted.await.expect("no panic")?, 2);

    // Behind `&self`, with arguments that are borrowed.
    let users = Users { db: db.clone(), suffix: String::from("-2") };
    let added = tokio::spawn(async move { users.add("Barbara").await });
    assert_eq!(added.await.expect("no panic")?.name, "Barbara-2");

    // Generic over the table; with a time limit; boxed.
    assert_eq!(tokio::spawn(count::<User>(db.clone())).await.expect("no panic")?, 4);
    let limited = tokio::spawn(async move {
        let work: std::pin::Pin<Box<dyn Future<Output = Result<u64>> + Send>> =
            Box::pin(db.read(async |read| read.find::<User>().count().await));
        tokio::time::timeout(Duration::from_secs(60), work).await
    });
    assert_eq!(limited.await.expect("no panic").expect("in time")?, 4);
    Ok(())
}
