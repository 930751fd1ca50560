//! Refresh: created rows are read again, as the hooks left them (L17).

use tripline_core::{Kind, Query, Result, RowSet, Statement, Step};

use super::{
    old::{by_key, identity, key_positions, with_keys_of},
    run::Inner,
};
use crate::Tx;

/// How many rows one statement reads: each key may be a parameter.
const ROWS_AT_ONCE: usize = 1_000;

/// Puts the rows as they are now in place of those that were written. A row that a hook deleted stays as it was.
pub(super) async fn refresh(tx: &mut Tx<'_>, run: &mut Inner) -> Result<()> {
    debug_assert_eq!(run.op.kind, Kind::Create, "only created rows are refreshed");
    let (table, columns) = (run.op.table, run.body.new.columns.clone());
    let keys = key_positions(run, &run.body.new);
    let mut read = RowSet::new(columns.clone());
    let width = columns.len().max(1);
    for rows in run.body.new.values.chunks(ROWS_AT_ONCE * width) {
        let query = Query { filter: Some(with_keys_of(table.key, &keys, rows, width)), ..Query::default() };
        let mut step = Step::new(Statement::Find { table, query: &query, columns: &columns, lock: None });
        tx.state.send(std::slice::from_mut(&mut step)).await?;
        read.values.append(&mut step.answer.values);
    }
    let found = by_key(run, &read);
    let mut fresh = Vec::with_capacity(run.body.new.values.len());
    for row in run.body.new.iter() {
        let now = found.get(&identity(row, &keys)).map_or(row, |&i| read.row(i));
        fresh.extend_from_slice(now);
    }
    run.body.new.values = fresh;
    run.body.forget_typed();
    Ok(())
}
