//! [`Actor`]: on whose behalf an operation runs.

use std::{any::Any, fmt, sync::Arc};

/// On whose behalf an operation runs: nobody in particular, or a value of the application's.
///
/// Operations made in hooks run as the operation's actor (L60).
#[derive(Clone, Default)]
pub(crate) struct Actor(Option<Arc<dyn Any + Send + Sync>>);

impl Actor {
    /// This actor.
    pub(crate) fn new<A: Any + Send + Sync>(actor: A) -> Self {
        Actor(Some(Arc::new(actor)))
    }

    /// The actor, if it is of this type.
    pub(crate) fn get<A: Any>(&self) -> Option<&A> {
        self.0.as_deref()?.downcast_ref()
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Actor(..)" } else { "Actor(none)" })
    }
}
