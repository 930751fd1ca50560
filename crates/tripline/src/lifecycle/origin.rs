//! Why an operation runs: the chain of operations and hooks that led to it (L60).

use std::sync::Arc;

use tripline_core::{Cause, HookName, Kept, Operation, Origin};

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
#[derive(Clone, Debug)]
pub(crate) struct Inherited {
    pub(crate) operation: Origin,
    pub(crate) parent: Option<Arc<Inherited>>,
    /// How many operations led here.
    pub(crate) depth: usize,
    /// The hook that this is for.
    hook: Option<HookName>,
    /// Its place in a trace.
    pub(crate) traced: Option<(u64, u32)>,
}

impl Inherited {
    /// The same, for this hook, at this place of a trace.
    pub(crate) fn for_hook(&self, hook: HookName, traced: Option<(u64, u32)>) -> Inherited {
        Inherited { hook: Some(hook), traced, ..self.clone() }
    }

    /// The origin of what this operation's hooks do after the end: its own chain, kept.
    pub(crate) fn of(
        operation: Kept,
        frame: Option<&Frame<'_>>,
        before: Option<Arc<Inherited>>,
    ) -> Arc<Inherited> {
        let operation = Origin::new(operation, cause(frame, before.as_deref()));
        let parent = match frame {
            Some(frame) => Some(Inherited::of(frame.operation.kept(), frame.parent, before)),
            None => before,
        };
        let depth = parent.as_ref().map_or(0, |parent| parent.depth) + 1;
        Arc::new(Inherited { operation, parent, depth, hook: None, traced: None })
    }
}

/// Why an operation is made that is made here.
fn cause(frame: Option<&Frame<'_>>, inherited: Option<&Inherited>) -> Option<Cause> {
    match frame {
        Some(frame) => Some(frame.cause),
        None => inherited.and_then(|inherited| inherited.hook).map(Cause::Hook),
    }
}

/// Whether what runs here was made by a hook, rather than by the application.
pub(crate) fn is_implicit(frame: Option<&Frame<'_>>, db: &Db) -> bool {
    is_made(frame.and_then(|frame| frame.parent), db)
}

/// The same of an operation that is made here.
pub(crate) fn is_made(frame: Option<&Frame<'_>>, db: &Db) -> bool {
    // The parts of an upsert are the application's, if that is.
    let mut around = std::iter::successors(frame, |frame| frame.parent);
    around.any(|frame| frame.cause != Cause::Upsert) || db.origin.is_some()
}

/// The operations that led here, the innermost first.
pub(crate) fn origin<'f>(frame: Option<&'f Frame<'f>>, db: &'f Db) -> impl Iterator<Item = Origin> + use<'f> {
    let before = db.origin.as_deref();
    let frames = std::iter::successors(frame, |frame| frame.parent);
    let frames = frames.map(move |frame| Origin::new(frame.operation.kept(), cause(frame.parent, before)));
    let inherited = std::iter::successors(before, |origin| origin.parent.as_deref());
    frames.chain(inherited.map(|origin| origin.operation))
}

/// The same, of an operation that is not carried out yet.
pub(crate) fn origin_of<'f>(
    operation: &Operation,
    frame: Option<&'f Frame<'f>>,
    db: &'f Db,
) -> impl Iterator<Item = Origin> + use<'f> {
    let own = Origin::new(operation.kept(), cause(frame, db.origin.as_deref()));
    std::iter::once(own).chain(origin(frame, db))
}
