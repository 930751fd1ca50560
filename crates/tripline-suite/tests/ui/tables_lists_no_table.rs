//! `tables![..]` lists a type that is no table.

use tripline::prelude::*;

struct User;

async fn open() -> Result<Db> {
    Db::open("sqlite::memory:").tables(tables![User]).connect().await
}

fn main() {}
