//! What is registered as an observer is none.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

struct Audit;

async fn open() -> Result<Db> {
    Db::open("sqlite::memory:").tables(tables![User]).observe(Audit).connect().await
}

fn main() {}
