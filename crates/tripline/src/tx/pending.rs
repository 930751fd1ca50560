//! [`Pending`]: an operation that travels with a flight of its transaction that something else sends.

use std::borrow::Cow;

use tripline_core::{Answer, Kind, Result, RowSet, Slot, Statement, Step, Value, all_columns};

use super::Place;
use crate::lifecycle::{Checked, Inner, Run, values_of};

/// A checked operation that is one statement, and whose result nobody waits for before something else is sent.
#[derive(Debug)]
pub(crate) struct Pending {
    run: Box<Inner>,
    /// A create's rows, an update's patch.
    rows: Vec<Value>,
    patch: Vec<Slot>,
    /// The columns that come back.
    returning: Cow<'static, [u16]>,
    /// Where its result goes; without, nobody wants it.
    place: Option<Place>,
}

impl Pending {
    /// The operation; its result, where one is wanted, goes to this place. If it has nothing to send, it is done.
    pub(crate) fn new(run: Run<Checked>, place: Option<Place>) -> Result<Result<Pending, Box<Inner>>> {
        let mut run = run.into_checked();
        let slots = std::mem::take(run.body.slots.flat()?);
        let nothing = match run.op.kind {
            Kind::Create => slots.is_empty(),
            Kind::Update => !slots.iter().any(Slot::is_set),
            _ => false,
        };
        if nothing {
            return Ok(Err(run));
        }
        let (rows, patch) = match run.op.kind {
            Kind::Create => (values_of(slots), Vec::new()),
            _ => (Vec::new(), slots),
        };
        let returning = match place {
            Some(_) if run.op.kind != Kind::Create => run.op.columns(),
            _ => Cow::Borrowed(&[][..]),
        };
        Ok(Ok(Pending { run, rows, patch, returning, place }))
    }

    /// Its place in the trace.
    pub(crate) fn node(&self) -> Option<u32> {
        self.run.node
    }

    /// Its statement.
    pub(crate) fn step(&mut self) -> Step<'_> {
        let (table, query) = (self.run.op.table, &self.run.op.query);
        let (filter, returning) = (query.filter.as_ref(), &*self.returning);
        Step::new(match self.run.op.kind {
            Kind::Create => Statement::Insert { table, rows: &mut self.rows },
            Kind::Update => Statement::Update {
                table,
                filter,
                patches: &self.patch,
                keys: None,
                returning,
                returning_old: &[],
                limit: u64::MAX,
            },
            Kind::Delete => Statement::Delete { table, filter, keys: None, returning },
            Kind::Count => Statement::Count { table, query },
            Kind::Exists => Statement::Exists { table, query },
            _ => Statement::Find { table, query, columns: returning, lock: None },
        })
    }

    /// The operation with its result, and the place where that goes; none if nobody wants it.
    pub(crate) fn land(self, answer: Answer) -> Option<(Place, Box<Inner>)> {
        let place = self.place?;
        let mut run = self.run;
        run.body.count = answer.count;
        let rows = RowSet { columns: self.returning, values: answer.values };
        match run.op.kind {
            Kind::Create => {
                run.body.new = RowSet { columns: all_columns(run.op.table), values: self.rows };
            }
            Kind::Delete => run.body.old = rows,
            _ => run.body.new = rows,
        }
        Some((place, run))
    }
}
