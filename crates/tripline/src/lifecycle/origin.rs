//! Why an operation runs: the chain of operations and hooks that led to it (L60).

use std::sync::Arc;

use tripline_core::{Cause, HookName, Kept, Operation};

use crate::Db;

/// An operation one of whose hooks runs now. Frames live on the stack of the hooks' futures, so they cannot be
/// forgotten there.
#[derive(Debug)]
pub(crate) struct Frame<'f> {
    pub(crate) operation: &'f Operation,
    /// Why operations run that are made under it.
    pub(crate) cause: Cause,
    pub(crate) parent: Option<&'f Frame<'f>>,
    /// Its place in the trace.
    pub(crate) node: u32,
    /// How many operations of this transaction are in progress, this one included.
    pub(crate) depth: usize,
}

impl Frame<'_> {
    /// The hook that runs now.
    pub(crate) fn hook(&self) -> Option<HookName> {
        match self.cause {
            Cause::Hook(hook) | Cause::Planned(hook) => Some(hook),
            _ => None,
        }
    }
}

/// The same for what runs after the transaction has ended.
#[derive(Debug)]
pub(crate) struct Inherited {
    pub(crate) operation: Kept,
    pub(crate) parent: Option<Arc<Inherited>>,
    /// How many operations led here.
    pub(crate) depth: usize,
    /// The place in a trace of the hook that this is for.
    pub(crate) traced: Option<(u64, u32)>,
}

impl Inherited {
    /// The same, for the hook at this place of a trace.
    pub(crate) fn traced(&self, trace: u64, node: u32) -> Inherited {
        Inherited {
            operation: self.operation,
            parent: self.parent.clone(),
            depth: self.depth,
            traced: Some((trace, node)),
        }
    }

    /// The origin of what this operation's hooks do after the end: its own chain, kept.
    pub(crate) fn of(
        operation: Kept,
        frame: Option<&Frame<'_>>,
        before: Option<Arc<Inherited>>,
    ) -> Arc<Inherited> {
        let parent = match frame {
            Some(frame) => Some(Inherited::of(frame.operation.kept(), frame.parent, before)),
            None => before,
        };
        let depth = parent.as_ref().map_or(0, |parent| parent.depth) + 1;
        Arc::new(Inherited { operation, parent, depth, traced: None })
    }
}

/// Whether what runs here was made by a hook, rather than by the application.
pub(crate) fn is_implicit(frame: Option<&Frame<'_>>, db: &Db) -> bool {
    // The parts of an upsert are the application's, if that is.
    let mut around = std::iter::successors(frame.and_then(|frame| frame.parent), |frame| frame.parent);
    around.any(|frame| frame.cause != Cause::Upsert) || db.origin.is_some()
}

/// The operations that led here, the innermost first.
pub(crate) fn origin<'f>(frame: Option<&'f Frame<'f>>, db: &'f Db) -> impl Iterator<Item = Kept> + use<'f> {
    let frames = std::iter::successors(frame, |frame| frame.parent).map(|frame| frame.operation.kept());
    let inherited = std::iter::successors(db.origin.as_deref(), |origin| origin.parent.as_deref());
    frames.chain(inherited.map(|origin| origin.operation))
}
