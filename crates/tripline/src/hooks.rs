//! Hooks: the application's code that runs in a phase of an operation's lifecycle.
//!
//! Each hook is a trait with one function. Implemented for a table, or for one of its listed row types, it runs for
//! every operation on that table; implemented for an [`Observer`](crate::Observer) by the trait of the same name
//! with `On`, it runs for what the observer observes; given to a builder, it runs for that operation.
//!
//! The table of all hooks is the invocation of `hooks!` below; everything else is derived from it.

pub(crate) mod body;
pub(crate) mod change;
pub(crate) mod given;
pub(crate) mod macros;
pub(crate) mod observer;
pub(crate) mod once;
pub(crate) mod plan;
pub(crate) mod read;
pub(crate) mod resolve;

use std::any::Any;

use tripline_core::{BoxFuture, Phase, Result};

use self::{body::Body, macros::hooks, observer::Observes, plan::Work, resolve::Question};
use crate::{
    Db, Tx,
    table::{HookRow, HookTable, Row, Shape, Table},
    warnings::Writes,
};

/// A hook as the engine calls it, whichever its types.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    pub(crate) phase: Phase,
    pub(crate) reads: Reads,
    /// What it says that it writes.
    pub(crate) writes: Writes,
    /// The path of the type that implements it.
    pub(crate) name: fn() -> &'static str,
    pub(crate) call: Call,
}

/// Which rows a hook must see.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reads {
    /// Columns of the rows before the write.
    pub(crate) old: Option<Shape>,
    /// Columns of the rows after the write.
    pub(crate) new: Option<Shape>,
}

/// The value that carries an observer's hooks; a table's own hooks get the unit.
pub(crate) type Carrier = dyn Any + Send + Sync;

#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    /// In the transaction.
    InTx(InTxFn),
    /// In the database's place.
    Resolve(ResolveFn),
    /// Without I/O, before anything is sent.
    Plan(PlanFn),
    /// After the transaction has ended.
    Ended(EndedFn),
}

type InTxFn = for<'a, 't> fn(&'a Carrier, &'a mut Tx<'t>, &'a mut Body) -> BoxFuture<'a, Result<()>>;
type PlanFn = for<'a> fn(&'a Carrier, Work<'a>) -> Result<()>;
type ResolveFn = for<'a> fn(&'a Carrier, Question<'a>, &'a mut Body) -> BoxFuture<'a, Result<()>>;
type EndedFn = for<'a> fn(&'a Carrier, &'a Db, &'a mut Body) -> BoxFuture<'a, Result<()>>;

/// Finds at compile time which hooks a type has: an inherent constant of `Probe<T>`, there only if `T` implements
/// the hook, shadows the `None` of [`NoHook`]. Works only where `T` is a concrete type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T>(T);

/// The same for the hooks of observer `O` on rows `R`.
#[doc(hidden)]
#[derive(Debug)]
pub struct ProbeOn<O, R>(O, R);

/// The hooks of one type: as many as `hooks!` lists.
#[doc(hidden)]
pub type Probed = [Option<Hook>; HOOKS];

pub(crate) type DraftOf<R> = <<R as Row>::Table as Table>::New;
pub(crate) type PatchOf<R> = <<R as Row>::Table as Table>::Patch;

hooks! {
    /// Before a find: may narrow it, change its order and limits, or reject.
    ///
    /// Runs once for each find, also for one of one row; not for finds that the engine makes for itself. It can read, and
    /// cannot write. Outside of a transaction each of its reads sees the database as it is then. For a condition that holds
    /// for every kind of read there is [`FilterReads`].
    BEFORE_FIND BeforeFind: HookTable, OnBeforeFind, before_find(read, query: query) reads none;

    /// Before rows are counted, or looked for with `exists`: may narrow what is counted, or reject.
    BEFORE_COUNT BeforeCount: HookTable, OnBeforeCount, before_count(read, query: query) reads none;

    /// Before rows are created: may set, replace or unset any column of each draft, or reject (L20).
    ///
    /// Runs in the transaction, once for all rows of the operation (L15). Defaults that the engine knows are in the
    /// drafts (L27). What it leaves is checked in full before the write (L26).
    BEFORE_CREATE BeforeCreate: HookTable, OnBeforeCreate, before_create(tx, drafts: drafts) reads none;

    /// Before an update: sees one patch, which holds for all rows (L21).
    ///
    /// It does not see the rows: that is [`BeforeUpdateRows`], whose presence makes the engine read them. Where an
    /// outer hook has given rows different values for a column, that column is unset in the common patch; what this
    /// hook sets holds for every row.
    BEFORE_UPDATE BeforeUpdate: HookTable, OnBeforeUpdate, before_update(tx, patch: patch) reads none;

    /// Before an update: sees each row, locked, beside its own patch (L21, L23).
    ///
    /// Patches may come to differ from row to row; each row is then updated with its own values. Not called when no
    /// row is touched (L16).
    BEFORE_UPDATE_ROWS BeforeUpdateRows: HookRow, OnBeforeUpdateRows, before_update_rows(tx, rows: edits) reads old;

    /// Before a delete: sees the operation and may reject (L20). It does not see the rows: that is
    /// [`BeforeDeleteRows`].
    BEFORE_DELETE BeforeDelete: HookTable, OnBeforeDelete, before_delete(tx, operation: operation) reads none;

    /// Before a delete: sees the rows, locked, and may reject (L20). Not called when no row is touched (L16).
    BEFORE_DELETE_ROWS BeforeDeleteRows: HookRow, OnBeforeDeleteRows, before_delete_rows(tx, rows: gone) reads old;

    /// Before a create or update: works on values by column, so drafts and patches are one type.
    BEFORE_SAVE BeforeSave: HookTable, OnBeforeSave, before_save(tx, saves: saves) reads none;

    /// Before any write: sees the operation and may reject.
    BEFORE_ANY BeforeAny: HookTable, OnBeforeAny, before_any(tx, operation: operation) reads none;

    /// A condition for all reads of a table: find, count and exists (L70).
    ///
    /// It does no I/O, so it costs neither a transaction nor a statement. Writes are not narrowed by it.
    FILTER_READS FilterReads: HookTable, OnFilterReads, filter_reads(reads: ReadPlan);

    /// Plans a find: may narrow it, put operations before or after it, or reject (L30). It does no I/O.
    PLAN_FIND PlanFind: HookTable, OnPlanFind, plan_find(plan: FindPlan);

    /// Plans a count, or an `exists`; see [`PlanFind`].
    PLAN_COUNT PlanCount: HookTable, OnPlanCount, plan_count(plan: CountPlan);

    /// Plans a create: may change its drafts, put operations before or after it, or reject (L30). It does no I/O.
    PLAN_CREATE PlanCreate: HookTable, OnPlanCreate, plan_create(plan: CreatePlan);

    /// Plans an update: may narrow it, change its patch, put operations before or after it, make it a delete, or
    /// reject (L30, L34). It does no I/O.
    PLAN_UPDATE PlanUpdate: HookTable, OnPlanUpdate, plan_update(plan: UpdatePlan);

    /// Plans a delete: may narrow it, put operations before or after it, make it an update, or reject (L30, L34). It
    /// does no I/O.
    PLAN_DELETE PlanDelete: HookTable, OnPlanDelete, plan_delete(plan: DeletePlan);

    /// Answers a find in the database's place (L33): for a table whose rows are somewhere else.
    ///
    /// It gets the operation as all hooks before it left it, and no transaction. What it gives has to be what was asked
    /// for: [`Resolving::choose`](crate::Resolving::choose) helps a source that cannot choose rows. After-hooks run as
    /// they always do.
    RESOLVE_FIND ResolveFind: HookTable, OnResolveFind, resolve_find(ask) gives rows;

    /// Answers a count, or an `exists`, in the database's place (L33).
    RESOLVE_COUNT ResolveCount: HookTable, OnResolveCount, resolve_count(ask) gives number;

    /// Answers a create in the database's place (L33): gives a row for each draft, in their order.
    RESOLVE_CREATE ResolveCreate: HookTable, OnResolveCreate, resolve_create(ask, drafts: drafts) gives rows;

    /// Answers an update in the database's place (L33). Nothing attached to it can see rows as they were before.
    RESOLVE_UPDATE ResolveUpdate: HookTable, OnResolveUpdate, resolve_update(ask, patch: patch) gives resolved;

    /// Answers a delete in the database's place (L33).
    RESOLVE_DELETE ResolveDelete: HookTable, OnResolveDelete, resolve_delete(ask) gives resolved;

    /// After a find: may change what the caller gets (L17). It sees the columns that were read, and no others.
    ///
    /// The hooks that only look, [`AfterFind`], see what it left if they run after it: those are more general.
    TRANSFORM_FIND TransformFind: HookTable, OnTransformFind, transform_find(read, rows: found) reads none;

    /// After a find: sees all of its rows at once, also none (L16, L71). It cannot change what the caller gets: that is
    /// [`TransformFind`].
    AFTER_FIND AfterFind: HookRow, OnAfterFind, after_find(read, rows: rows) reads new;

    /// After a count: sees the number; for `exists` it is 0 or 1 (L71).
    AFTER_COUNT AfterCount: HookTable, OnAfterCount, after_count(read, count: number) reads none;

    /// After rows were created, in the transaction: sees them as the database stored them (L40). An error undoes
    /// the write (L41).
    AFTER_CREATE AfterCreate: HookRow, OnAfterCreate, after_create(tx, rows: rows) reads new;

    /// After rows were updated, in the transaction: sees each before and after (L40). An error undoes the write.
    AFTER_UPDATE AfterUpdate: HookRow, OnAfterUpdate, after_update(tx, changes: changes) reads both;

    /// After rows were deleted, in the transaction: sees them as they were (L43). An error undoes the write.
    AFTER_DELETE AfterDelete: HookRow, OnAfterDelete, after_delete(tx, rows: gone) reads old;

    /// After rows were created or updated, in the transaction: sees them as they are now.
    AFTER_SAVE AfterSave: HookRow, OnAfterSave, after_save(tx, rows: rows) reads new;

    /// After rows were created, updated or deleted, in the transaction: sees each before and after.
    AFTER_CHANGE AfterChange: HookRow, OnAfterChange, after_change(tx, changes: row_changes) reads both;

    /// After any write, in the transaction, also one that touched no row (L16).
    AFTER_ANY AfterAny: HookTable, OnAfterAny, after_any(tx, outcome: outcome) reads none;

    /// After the outermost transaction with a create has committed, on the engine's task (L50). It can no longer
    /// change the result; an error goes to the error sink (L51).
    AFTER_CREATE_COMMIT AfterCreateCommit: HookRow, OnAfterCreateCommit, after_create_commit(db, rows: rows) reads new;

    /// After the outermost transaction with an update has committed (L50): rows before and after (L53).
    AFTER_UPDATE_COMMIT AfterUpdateCommit: HookRow, OnAfterUpdateCommit, after_update_commit(db, changes: changes) reads both;

    /// After the outermost transaction with a delete has committed (L50): the rows as they were.
    AFTER_DELETE_COMMIT AfterDeleteCommit: HookRow, OnAfterDeleteCommit, after_delete_commit(db, rows: gone) reads old;

    /// After the outermost transaction with a create or update has committed (L50).
    AFTER_SAVE_COMMIT AfterSaveCommit: HookRow, OnAfterSaveCommit, after_save_commit(db, rows: rows) reads new;

    /// After the outermost transaction with any write has committed (L50): rows before and after (L53).
    AFTER_CHANGE_COMMIT AfterChangeCommit: HookRow, OnAfterChangeCommit, after_change_commit(db, changes: row_changes) reads both;

    /// After the outermost transaction has ended, for a write in it that was undone: by an error, a savepoint
    /// that was rolled back, a cancelled caller (L54).
    AFTER_ROLLBACK AfterRollback: HookTable, OnAfterRollback, after_rollback(db, undone: outcome) reads none;
}

impl Hook {
    /// Whether it runs after the transaction has ended.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.call, Call::Ended(_))
    }

    /// Whether it answers in the database's place.
    pub(crate) fn is_resolver(&self) -> bool {
        matches!(self.call, Call::Resolve(_))
    }

    /// Whether it does no I/O.
    pub(crate) fn is_plan(&self) -> bool {
        matches!(self.call, Call::Plan(_))
    }
}
