//! Allocations are counted: a table without hooks allocates nothing for them, and one more hook allocates little.
//!
//! Everything runs on the test's own thread, since the counter counts by thread.

use allocation_counter::measure;
use tokio::runtime::{Builder, Runtime};
use tripline::{OnAfterCreate, OnBeforeCreate, prelude::*};

#[derive(Table, Clone, Debug)]
struct Plain {
    #[key]
    id: Id<Plain>,
    name: String,
    n: i64,
}

#[derive(Table, Clone, Debug)]
struct Other {
    #[key]
    id: Id<Other>,
    n: i64,
}

/// Observes another table, or the one that is written.
#[derive(Observer)]
#[observes(Other)]
struct Elsewhere;

#[derive(Observer)]
#[observes(Plain)]
struct Here;

impl OnAfterCreate<Other> for Elsewhere {
    async fn after_create(&self, _: &mut Tx<'_>, _: &[Other]) -> Result<()> {
        Ok(())
    }
}

impl OnBeforeCreate<Plain> for Here {
    async fn before_create(&self, _: &mut Tx<'_>, _: &mut [NewPlain]) -> Result<()> {
        Ok(())
    }
}

impl OnAfterCreate<Plain> for Here {
    async fn after_create(&self, _: &mut Tx<'_>, _: &[Plain]) -> Result<()> {
        Ok(())
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A database in memory, warmed up, with so many observers of another table and of this one.
async fn database(elsewhere: usize, here: usize) -> Db {
    // As in production: what hooks change is not looked at, and recordings go round.
    let mut connect =
        Db::open("sqlite::memory:").tables(tables![Plain, Other]).trace_changes(false).traces(2);
    for _ in 0..elsewhere {
        connect = connect.observe(Elsewhere);
    }
    for _ in 0..here {
        connect = connect.observe(Here);
    }
    let db = connect.connect().await.unwrap();
    db.create_tables().await.unwrap();
    for _ in 0..5 {
        create(&db).await;
    }
    db
}

async fn create(db: &Db) {
    let draft = NewPlain { name: "a name".into(), n: 1.into(), ..Default::default() };
    assert_eq!(db.create(draft).await.unwrap().n, 1);
}

/// The allocations of one create.
fn allocations(elsewhere: usize, here: usize) -> u64 {
    let runtime = runtime();
    let db = runtime.block_on(database(elsewhere, here));
    measure(|| runtime.block_on(create(&db))).count_total
}

#[test]
fn a_table_without_hooks_allocates_nothing_for_them() {
    let without = allocations(0, 0);
    assert_eq!(allocations(50, 0), without, "hooks on another table");
    // Builder, future, session, drafts, row, text, and the statement cache's own.
    assert!(without <= 12, "{without} allocations for a create without hooks");
}

#[test]
fn one_more_hook_allocates_its_future_and_nothing_else() {
    let (one, eleven) = (allocations(0, 1), allocations(0, 11));
    // An observer here has two hooks: one before, one after.
    assert_eq!(eleven - one, 20, "allocations of ten more observers");
}
