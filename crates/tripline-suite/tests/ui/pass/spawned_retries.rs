//! A transaction that may be run again can be spawned, if its closure owns what it captures.

use tripline::{Isolation, TxOptions, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

fn draft(name: &str) -> NewUser {
    NewUser { name: name.into(), ..Default::default() }
}

async fn add(db: Db, names: Vec<String>) -> Result<u64> {
    let options = TxOptions { isolation: Isolation::Serializable, retries: 3, ..Default::default() };
    db.tx_with(options, async move |tx| {
        for name in &names {
            tx.create(draft(name)).await?;
        }
        tx.tx(async |tx| tx.update::<User>().all_rows().set(|u| u.name.set(names[0].clone())).await).await?;
        tx.find::<User>().count().await
    })
    .await
}

#[tokio::main]
async fn main() -> Result<()> {
    let db = Db::open("sqlite::memory:").tables(tables![User]).connect().await?;
    db.create_tables().await?;
    let names = vec![String::from("Ada"), String::from("Grace")];
    let added = tokio::spawn(add(db.clone(), names));
    assert_eq!(added.await.expect("no panic")?, 2);
    let (handle, name) = (db.clone(), String::from("Edsger"));
    let added = tokio::spawn(async move {
        handle.tx_with(TxOptions::default(), async move |tx| tx.create(draft(&name)).await).await
    });
    assert_eq!(added.await.expect("no panic")?.name, "Edsger");
    Ok(())
}
