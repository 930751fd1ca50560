//! [`Local`]: values that the hooks of one operation share (L64).

use std::any::Any;

/// Values by type.
#[derive(Debug, Default)]
pub(crate) struct Local(Vec<Box<dyn Any + Send + Sync>>);

impl Local {
    /// The value of this type; the type's default at first.
    pub(crate) fn get<S: Any + Send + Sync + Default>(&mut self) -> &mut S {
        let found = self.0.iter().position(|value| value.is::<S>());
        let found = found.unwrap_or_else(|| {
            self.0.push(Box::new(S::default()));
            self.0.len() - 1
        });
        self.0[found].downcast_mut().expect("its type was compared above")
    }
}
