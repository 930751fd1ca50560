//! [`Run`]: an operation on its way through the phases.

mod reads;
mod replaced;

use std::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use jiff::Timestamp;
use tripline_core::{Conflict, Error, Kind, Node, Operation, Phase, Result, Slot, Value};

pub(crate) use self::reads::Reads;
use super::{cascade::Cascading, is_write, local::Local};
use crate::{
    Db,
    catalog::{Attached, Bound, Cascade, Hooks},
    hooks::{
        body::Body,
        once::{OnceCall, OnceHook},
        plan::Planned,
    },
};

/// As the caller asked for it.
#[derive(Debug)]
pub(crate) enum Asked {}
/// Known to be allowed.
#[derive(Debug)]
pub(crate) enum Guarded {}
/// After defaults and before-hooks.
#[derive(Debug)]
pub(crate) enum Prepared {}
/// In its final form.
#[derive(Debug)]
pub(crate) enum Final {}
/// Known to make sense.
#[derive(Debug)]
pub(crate) enum Checked {}
/// Written, or read.
#[derive(Debug)]
pub(crate) enum Written {}

/// An operation in state `S`.
#[derive(Debug)]
pub(crate) struct Run<S> {
    inner: Box<Inner>,
    _state: PhantomData<S>,
}

/// What is known of an operation: a builder fills it, the phases work on it.
pub(crate) struct Inner {
    pub(crate) op: Operation,
    pub(crate) body: Body,
    /// What is attached to the table, once it is known in which database.
    attached: Option<Arc<Attached>>,
    pub(crate) once: Vec<OnceHook>,
    /// The first mistake made while building.
    pub(crate) mistake: Option<Error>,
    /// Whether a failure shall be catchable inside a transaction (L3).
    pub(crate) savepoint: bool,
    /// Decodes the caller's rows, where that can fail.
    pub(crate) decode: Option<fn(&mut Body) -> Result<()>>,
    /// Whether created rows are read again after the hooks (L17).
    pub(crate) refreshed: bool,
    pub(crate) local: Local,
    /// What plan hooks put around it.
    pub(crate) planned: Planned,
    /// Whether it is already what a plan hook made of another operation (L34).
    replaced: bool,
    /// Whether its values are of types known at run time.
    pub(crate) is_dynamic: bool,
    /// Of an upsert that was a create: the drafts as the caller gave them. All that comes before the write of the create
    /// has been done.
    pub(crate) callers: Option<Vec<Slot>>,
    /// Whether it is a part of an upsert.
    pub(crate) is_part: bool,
    /// Whether it is a part of one that was a create, and has been prepared as that.
    pub(crate) is_prepared: bool,
    /// How an upsert knows rows, and what existing ones get.
    pub(crate) conflict: Option<Box<Conflict>>,
    /// Whether all drafts of an upsert say something of the same columns, or it does not matter.
    pub(crate) is_uniform: bool,
    /// Whether drafts of an upsert may be the same row to the database without being equal.
    pub(crate) is_alike: bool,
    /// Created rows that were there already: their place, and what they are known by.
    pub(crate) lost: Vec<(usize, Vec<Value>)>,
    /// Columns of old rows that are needed beside those that hooks ask for.
    pub(crate) also_reads: Vec<u16>,
    /// As an operation of a cascade: what that is about to remove.
    pub(crate) cascading: Option<Cascading>,
    /// As a planned operation: only if the one before it touched a row.
    pub(crate) if_any: bool,
    /// Its place in the trace.
    pub(crate) node: Option<u32>,
    /// The operation's one reading of the clock (L27).
    now: Option<Timestamp>,
    /// The table's count of writes when the old rows were read; none if they were not.
    pub(crate) old_as_of: Option<u64>,
    /// Whether the condition changed since the old rows were read.
    pub(crate) is_narrowed: bool,
    /// Whether the condition is but a list of rows that the engine made. Then a write that names keys needs no more.
    pub(crate) is_listed: bool,
    /// Whether there is a patch for each old row.
    pub(crate) patch_each: bool,
    /// The caller's expressions by column, once they were computed for each row.
    pub(crate) computed: Vec<(usize, Node)>,
}

impl Run<Asked> {
    /// What is attached is looked up here.
    pub(crate) fn asked(db: &Db, mut inner: Box<Inner>) -> Result<Run<Asked>> {
        inner.attached = Some(db.inner.catalog.of(&inner.op)?.clone());
        Ok(Run { inner, _state: PhantomData })
    }
}

impl Inner {
    /// Whether it is more than one SQL statement, or has company (L1). A write is a transaction then.
    pub(crate) fn has_company(&self, db: &Db) -> bool {
        let traits = db.inner.traits;
        self.hooks().is_some_and(|hooks| !hooks.is_empty())
            || !self.once.is_empty()
            || !self.cascades().is_empty()
            || self.is_divided(db)
            || is_write(self.op.kind)
                && (self.refreshed
                    || self.decodes().is_some()
                    // A server takes any number of rows as one statement.
                    || !traits.remote && self.op.many && matches!(self.op.kind, Kind::Create | Kind::Upsert))
    }

    /// Whether hooks without I/O may make something else of it; those that only narrow reads do not.
    pub(crate) fn has_plans(&self) -> bool {
        let plans = |hooks: &Hooks| hooks.plan.iter().any(|bound| bound.hook.phase != Phase::FilterReads);
        self.hooks().is_some_and(plans)
    }

    /// Whether it is one statement whatever its hooks say, since it has none: then it can travel with others.
    pub(crate) fn travels(&self, db: &Db) -> bool {
        let attached = db.inner.catalog.of(&self.op).ok().filter(|_| !self.op.without_hooks);
        let hooks = attached.and_then(|attached| attached.hooks(self.op.kind));
        let cascades = self.op.kind == Kind::Delete
            && db.inner.catalog.of(&self.op).is_ok_and(|attached| !attached.cascades.is_empty());
        !cascades
            && self.op.kind != Kind::Upsert
            && hooks.is_none_or(|hooks| hooks.is_empty() && hooks.plan.is_empty() && hooks.resolver.is_none())
            && self.once.is_empty()
            && !self.refreshed
            && (self.decodes().is_none() || !self.is_write())
    }

    pub(crate) fn is_write(&self) -> bool {
        is_write(self.op.kind)
    }

    /// Decodes the caller's rows while the write can still be undone, where that can fail: what a create gives was checked
    /// when it was given.
    pub(crate) fn decodes(&self) -> Option<fn(&mut Body) -> Result<()>> {
        self.decode.filter(|_| self.op.kind != Kind::Create)
    }

    /// Whether it is a write that nothing here must see before it is committed.
    pub(crate) fn ends_with_its_write(&self) -> bool {
        // A rollback hook must know whether it was the write that failed, and undid nothing, or the commit.
        self.is_write()
            && self.op.kind != Kind::Upsert
            && !self.has_after_hooks()
            && self.hooks().is_none_or(|hooks| hooks.rollback.is_empty())
            && !self.refreshed
            && self.decodes().is_none()
    }
}

impl<S> Run<S> {
    /// Goes on to the next state; each is entered by one phase only.
    pub(super) fn next<N>(self) -> Run<N> {
        Run { inner: self.inner, _state: PhantomData }
    }
}

impl Run<Guarded> {
    /// To become operations of their own.
    pub(super) fn divided(self) -> Box<Inner> {
        self.inner
    }
}

impl Run<Checked> {
    /// To be written later.
    pub(crate) fn into_checked(self) -> Box<Inner> {
        self.inner
    }
}

impl Run<Written> {
    pub(crate) fn into_inner(self) -> Box<Inner> {
        self.inner
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the values: some may be secret.
        self.op.fmt(f)
    }
}

impl Inner {
    /// An operation with nothing said about it yet. Boxed once, for the whole of its way.
    pub(crate) fn new(op: Operation) -> Box<Inner> {
        Box::new(Inner {
            body: Body::new(op.table, op.kind),
            op,
            attached: None,
            once: Vec::new(),
            mistake: None,
            savepoint: false,
            decode: None,
            refreshed: false,
            local: Local::default(),
            planned: Planned::default(),
            replaced: false,
            is_dynamic: false,
            callers: None,
            is_part: false,
            is_prepared: false,
            node: None,
            conflict: None,
            is_uniform: true,
            is_alike: false,
            lost: Vec::new(),
            also_reads: Vec::new(),
            cascading: None,
            if_any: false,
            now: None,
            old_as_of: None,
            is_narrowed: false,
            is_listed: false,
            patch_each: false,
            computed: Vec::new(),
        })
    }

    /// The attached hooks that run for this operation.
    pub(crate) fn hooks(&self) -> Option<&Hooks> {
        self.attached()?.hooks(self.op.kind)
    }

    /// What is attached to the table, unless hooks are skipped (L62).
    pub(crate) fn attached(&self) -> Option<&Arc<Attached>> {
        self.attached.as_ref().filter(|_| !self.op.without_hooks)
    }

    /// The operation's one reading of the clock, in whole microseconds (L27).
    pub(crate) fn now(&mut self, db: &Db) -> Timestamp {
        *self.now.get_or_insert_with(|| crate::types::whole_microseconds((db.inner.settings.clock)()))
    }

    /// The columns that hooks of these phases must see.
    pub(crate) fn reads(&self, before: bool) -> Reads {
        let mut reads = Reads::default();
        let table = self.op.table;
        let attached =
            self.hooks().map(|hooks| if before { &hooks.reads_before } else { &hooks.reads_after });
        if let Some(attached) = attached {
            reads = attached.clone();
        }
        for hook in &self.once {
            if crate::catalog::is_before(hook.phase) == before {
                reads.add(table, hook.reads.old, hook.reads.new);
            }
        }
        reads
    }
}

impl Inner {
    /// What answers in the database's place; also without hooks, which the source of the rows is not.
    pub(crate) fn resolver(&self) -> Option<&Bound> {
        self.attached.as_ref()?.hooks(self.op.kind)?.resolver.as_ref()
    }

    /// Whether something answers operations of this kind in the database's place.
    pub(crate) fn has_resolver(&self, kind: Kind) -> bool {
        let hooks = self.attached.as_ref().and_then(|attached| attached.hooks(kind));
        hooks.is_some_and(|hooks| hooks.resolver.is_some())
    }

    /// Whether something comes between its final form and its write.
    pub(crate) fn has_something_ahead(&self) -> bool {
        !self.planned.is_empty() || !self.cascades().is_empty()
    }

    /// What its delete makes the engine do to other rows (L45); also without hooks.
    pub(crate) fn cascades(&self) -> &[Cascade] {
        match &self.attached {
            Some(attached) if self.op.kind == Kind::Delete => &attached.cascades,
            _ => &[],
        }
    }

    /// Whether hooks run after the write, in the transaction.
    pub(crate) fn has_after_hooks(&self) -> bool {
        let in_tx = |hook: &OnceHook| {
            matches!(hook.call, Some(OnceCall::InTx(_))) && !crate::catalog::is_before(hook.phase)
        };
        self.hooks().is_some_and(|hooks| !hooks.after.is_empty()) || self.once.iter().any(in_tx)
    }

    /// Whether hooks follow the end of the transaction.
    pub(crate) fn has_followers(&self) -> bool {
        self.hooks().is_some_and(|hooks| !hooks.commit.is_empty() || !hooks.rollback.is_empty())
            || self.once.iter().any(|hook| matches!(hook.call, Some(OnceCall::Ended(_))))
    }

    /// The columns that hooks after the commit must see.
    pub(crate) fn reads_ended(&self) -> Reads {
        let mut reads = self.hooks().map_or_else(Reads::default, |hooks| hooks.reads_ended.clone());
        for hook in self.once.iter().filter(|hook| matches!(hook.call, Some(OnceCall::Ended(_)))) {
            reads.add(self.op.table, hook.reads.old, hook.reads.new);
        }
        reads
    }
}

impl<S> Deref for Run<S> {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl<S> DerefMut for Run<S> {
    fn deref_mut(&mut self) -> &mut Inner {
        &mut self.inner
    }
}
