//! A column has a type that no column can have.

use std::time::Duration;

use tripline::prelude::*;

#[derive(Table, Clone, Debug)]
struct Song {
    #[key]
    id: Id<Song>,
    length: Duration,
}

fn main() {}
