//! A detached operation is data: it is made, kept and returned without a database.

use tripline::{Detached, Find, Update, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

fn named(name: &str) -> Find<User, Detached> {
    tripline::find::<User>().filter(|u| u.name.eq(name)).limit(10)
}

fn renamed(id: Id<User>, name: &str) -> Update<User, Detached> {
    tripline::update::<User>().by_key(id).set(|u| u.name.set(name))
}

fn main() {
    let operations = (named("Ada"), renamed(Id::new(1), "ada"), tripline::delete::<User>().all_rows());
    // Inspected, not run.
    assert!(format!("{operations:?}").contains("Detached"));
}
