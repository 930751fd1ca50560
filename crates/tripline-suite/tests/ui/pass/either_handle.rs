//! Functions that work on a database, a transaction or a read, whatever the table and row type.

use tripline::{On, RowOf, prelude::*};

#[derive(Table, Clone, Debug, PartialEq)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

#[derive(Row, Debug, PartialEq)]
#[row(of = User)]
struct UserName {
    name: String,
}

async fn named(on: impl Into<On<'_>>, name: &str) -> Result<Vec<User>> {
    on.into().find::<User>().filter(|u| u.name.eq(name)).await
}

async fn everything<'x, T: Table, R: RowOf<T>>(on: impl Into<On<'x>>) -> Result<Vec<R>> {
    on.into().find::<T>().rows::<R>().await
}

async fn rows_of<R: Row>(on: On<'_>) -> Result<Vec<R>> {
    on.find::<R::Table>().rows::<R>().await
}

async fn added(on: impl Into<On<'_>>, name: &str) -> Result<User> {
    on.into().create(NewUser { name: name.into(), ..Default::default() }).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let db = Db::open("sqlite::memory:").tables(tables![User]).connect().await?;
    db.create_tables().await?;
    let ada = added(&db, "Ada").await?;
    db.tx(async |tx| {
        // One transaction, one operation after the other.
        added(&mut *tx, "Grace").await?;
        assert_eq!(named(&mut *tx, "Ada").await?.len(), 1);
        tx.tx(async |tx| named(tx, "Grace").await.map(drop)).await
    })
    .await?;
    db.read(async |read| named(read, "Ada").await.map(|found| assert_eq!(found, [ada]))).await?;
    let names: Vec<UserName> = everything::<User, _>(&db).await?;
    assert_eq!(names, rows_of::<UserName>(On::from(&db)).await?);
    Ok(())
}
