//! [`Local`]: what the hooks of one operation share (L40, L64).

use std::any::Any;

use crate::hooks::given::GivenRows;

/// Values by type, and what was given of the rows.
#[derive(Debug, Default)]
pub(crate) struct Local {
    values: Vec<Box<dyn Any + Send + Sync>>,
    /// Known once the operation has its final form, if after-hooks will run.
    pub(crate) given: Option<GivenRows>,
}

impl Local {
    /// The value of this type; the type's default at first.
    pub(crate) fn get<S: Any + Send + Sync + Default>(&mut self) -> &mut S {
        let found = self.values.iter().position(|value| value.is::<S>());
        let found = found.unwrap_or_else(|| {
            self.values.push(Box::new(S::default()));
            self.values.len() - 1
        });
        self.values[found].downcast_mut().expect("its type was compared above")
    }
}
