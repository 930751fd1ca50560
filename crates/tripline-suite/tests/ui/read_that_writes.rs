//! A read-only transaction writes.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

async fn sneak(db: &Db) -> Result<()> {
    db.read(async |read| {
        read.create(NewUser { name: "Ada".into(), ..Default::default() }).await?;
        Ok(())
    })
    .await
}

fn main() {}
