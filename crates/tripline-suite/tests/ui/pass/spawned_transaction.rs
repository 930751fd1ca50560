//! Transactions in spawned tasks, with what they need captured.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

fn draft(name: &str) -> NewUser {
    NewUser { name: name.into(), ..Default::default() }
}

#[tokio::main]
async fn main() -> Result<()> {
    let db = Db::open("sqlite::memory:").tables(tables![User]).connect().await?;
    db.create_tables().await?;

    let (handle, name) = (db.clone(), String::from("Ada"));
    let ada = tokio::spawn(async move { handle.tx(async move |tx| tx.create(draft(&name)).await).await });
    let ada = ada.await.expect("no panic")?;

    // With a loop, several awaits, and a nested transaction.
    let (handle, names) = (db.clone(), vec![String::from("Grace"), String::from("Edsger")]);
    let count = tokio::spawn(async move {
        handle
            .tx(async move |tx| {
                for name in &names {
                    tx.create(draft(name)).await?;
                }
                tx.tx(async |tx| tx.update::<User>().by_key(ada.id).set(|u| u.name.set("ada")).await).await?;
                tx.find::<User>().count().await
            })
            .await
    });
    assert_eq!(count.await.expect("no panic")?, 3);
    Ok(())
}
