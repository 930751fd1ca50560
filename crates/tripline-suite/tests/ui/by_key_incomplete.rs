//! One column of a key of two is given.

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct Seat {
    #[key]
    row: i64,
    #[key]
    number: i64,
    taken: bool,
}

async fn seat(db: &Db) -> Result<Option<Seat>> {
    db.find::<Seat>().by_key(12).await
}

fn main() {}
