//! Builders of operations: they gather what is asked and hand it to the lifecycle.

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
                Err(error) => self.ask.mistake = self.ask.mistake.or(Some(error)),
            }
            self
        }
    };
}

/// The condition that the key is this one.
macro_rules! by_key {
    ($self:ident, $key:ident) => {
        match $crate::table::Key::into_values($crate::table::IntoKey::into_key($key)) {
            Ok(values) => {
                let table = $self.ask.op.table;
                for (column, value) in table.key.iter().zip(values) {
                    let (column, value) =
                        (tripline_core::Node::Column(*column), tripline_core::Node::Literal(value));
                    $self.ask.op.query.and(tripline_core::Node::compare(tripline_core::Compare::Eq, column, value));
                }
            }
            Err(error) => $self.ask.mistake = $self.ask.mistake.take().or(Some(error)),
        }
    };
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

pub(crate) use {by_key, choosing, writing};
