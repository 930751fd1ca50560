//! [`Pending`]: a write that travels with the next flight of its transaction.

use tripline_core::{Kind, Result, Slot, Statement, Step, Value};

use crate::lifecycle::{Checked, Inner, Run, values_of};

/// A checked write whose result nobody waits for.
#[derive(Debug)]
pub(crate) struct Pending {
    run: Box<Inner>,
    /// A create's rows, an update's patch.
    rows: Vec<Value>,
    patch: Vec<Slot>,
}

impl Pending {
    /// The write; none if it writes nothing.
    pub(crate) fn new(run: Run<Checked>) -> Result<Option<Pending>> {
        let mut run = run.into_checked();
        let slots = std::mem::take(run.body.slots.flat()?);
        Ok(match run.op.kind {
            Kind::Create if slots.is_empty() => None,
            Kind::Create => Some(Pending { run, rows: values_of(slots), patch: Vec::new() }),
            Kind::Update if !slots.iter().any(Slot::is_set) => None,
            _ => Some(Pending { run, rows: Vec::new(), patch: slots }),
        })
    }

    /// Its statement.
    pub(crate) fn step(&mut self) -> Step<'_> {
        let (table, filter) = (self.run.op.table, self.run.op.query.filter.as_ref());
        Step::new(match self.run.op.kind {
            Kind::Create => Statement::Insert { table, rows: &mut self.rows },
            Kind::Update => Statement::Update {
                table,
                filter,
                patches: &self.patch,
                keys: None,
                returning: &[],
                returning_old: &[],
                limit: u64::MAX,
            },
            _ => Statement::Delete { table, filter, keys: None, returning: &[] },
        })
    }
}
