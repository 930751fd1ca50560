//! What plan hooks make of an operation: another one in its place, on its way from the beginning (L34).

use std::marker::PhantomData;

use tripline_core::{Conflict, Error, Kind, Operation, Result};

use super::{Asked, Final, Inner, Run};
use crate::{
    hooks::{once::OnceHook, plan::same_rows},
    lifecycle::{
        guard::would_run,
        upsert::{are_alike, is_uniform},
    },
};

impl Run<Final> {
    /// The operation that a plan hook put in the place of this one, on its way from the beginning (L34).
    pub(in crate::lifecycle) fn instead(mut self, mut other: Box<Inner>) -> Result<Run<Asked>> {
        if self.replaced {
            let why =
                format!("what a plan hook made of another operation, {:?}, is made yet another", self.op);
            return Err(Error::invalid(why));
        }
        let own: Vec<OnceHook> = std::mem::take(&mut self.once);
        for hook in own.into_iter().filter(|hook| hook.call.is_some()) {
            if !would_run(hook.phase, other.op.kind) {
                let why = format!(
                    "the {:?} hook at {} would not run for {:?}, which a plan hook made of {:?}",
                    hook.phase, hook.place, other.op, self.op
                );
                return Err(Error::invalid(why));
            }
            other.once.push(hook);
        }
        same_rows(&self.op, &mut other.op);
        other.op.database = self.op.database;
        other.cascading = self.cascading.take();
        other.op.without_hooks |= self.op.without_hooks;
        other.replaced = true;
        other.attached = self.inner.attached.take();
        other.decode = self.decode;
        other.op.returns = std::mem::take(&mut self.op.returns);
        other.planned = std::mem::take(&mut self.planned);
        other.local = std::mem::take(&mut self.local);
        other.now = self.now;
        other.node = self.node;
        Ok(Run { inner: other, _state: PhantomData })
    }

    /// The upsert that a plan hook made of a create.
    pub(in crate::lifecycle) fn upsert(mut self, conflict: Box<Conflict>) -> Result<Run<Asked>> {
        if self.refreshed {
            let why = format!(
                "{:?} is made an upsert by a plan hook, which gives no rows to be read again",
                self.op
            );
            return Err(Error::invalid(why));
        }
        let table = self.op.table;
        let callers = std::mem::take(&mut self.planned.drafts);
        let drafts = std::mem::take(self.body.slots.flat()?);
        let mut upsert = Inner::new(Operation::new(table, Kind::Upsert));
        let sets = conflict.update.as_ref().is_some_and(|update| !update.set.is_empty());
        // As one statement, a row that is there would get what hooks have made of a new one.
        let same = callers.iter().zip(&drafts).all(|(caller, draft)| !caller.is_set() || caller == draft);
        upsert.is_uniform = sets || same && is_uniform(&callers, table.columns.len());
        upsert.is_alike = are_alike(table, &drafts, &conflict.target);
        upsert.conflict = Some(conflict);
        upsert.body.slots.fill(drafts);
        upsert.callers = Some(callers);
        self.instead(upsert)
    }
}
