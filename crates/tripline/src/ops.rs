//! Builders of operations: they gather what is asked and hand it to the lifecycle.

use tripline_core::{Compare, Node};

use crate::{lifecycle::Inner, table::Key};

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod find;
pub(crate) mod raw;
pub(crate) mod update;

/// Methods that choose rows, for builders with a `filter`.
macro_rules! choosing {
    () => {
        /// Adds a condition; several must all be fulfilled.
        pub fn filter(mut self, condition: impl FnOnce(T::Cols) -> $crate::Expr<T>) -> Self {
            match condition(T::cols(self.ask.op.table)).0 {
                Ok(node) => self.ask.op.query.and(node),
                Err(error) => drop(self.ask.mistake.get_or_insert(error)),
            }
            self
        }
    };
}

/// Adds the condition that the key is this one.
pub(crate) fn add_key<K: Key>(ask: &mut Inner, key: K) {
    let mut columns = ask.op.table.key.iter();
    let query = &mut ask.op.query;
    let added = key.each_value(&mut |value| {
        if let Some(column) = columns.next() {
            query.and(Node::compare(Compare::Eq, Node::Column(*column), Node::Literal(value)));
        }
    });
    if let Err(error) = added {
        ask.mistake.get_or_insert(error);
    }
}

/// Methods that all writes have.
macro_rules! writing {
    () => {
        /// Makes a failure catchable inside a transaction: the operation runs in a savepoint of its own (L3).
        pub fn savepoint(mut self) -> Self {
            self.ask.savepoint = true;
            self
        }

        /// Skips the hooks of this operation (L62). Constraints, defaults and checks hold all the same.
        pub fn without_hooks(mut self) -> Self {
            self.ask.op.without_hooks = true;
            self
        }
    };
}

pub(crate) use {choosing, writing};
