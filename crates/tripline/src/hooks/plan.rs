//! What hooks without I/O work on: the final form of one operation, and the operations put before and after it.

use std::{any::Any, fmt, marker::PhantomData};

use tripline_core::{Conflict, ConflictUpdate, Error, HookName, Kind, Operation, Origin, Result, Slot};

use super::body::Body;
use crate::{
    Db,
    actor::Actor,
    columns::{Assign, Expr, OrderBy},
    lifecycle::{
        Inner,
        local::Local,
        origin::{self, Frame},
        upsert::check_target,
    },
    ops::{Operates, upsert::Columns},
    table::Table,
};

/// What the engine gives to a hook without I/O.
pub(crate) struct Work<'a> {
    pub(crate) db: &'a Db,
    pub(crate) op: &'a mut Operation,
    pub(crate) body: &'a mut Body,
    pub(crate) planned: &'a mut Planned,
    pub(crate) local: &'a mut Local,
    pub(crate) actor: &'a Actor,
    /// Of the operation in whose hook this one was made.
    pub(crate) frame: Option<&'a Frame<'a>>,
    pub(crate) hook: HookName,
    /// The hook's place in the trace.
    pub(crate) node: Option<u32>,
    pub(crate) mistake: &'a mut Option<Error>,
}

impl fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.op.fmt(f)
    }
}

/// What plan hooks made of an operation.
#[derive(Debug, Default)]
pub(crate) struct Planned {
    pub(crate) before: Vec<PlannedOperation>,
    pub(crate) after: Vec<PlannedOperation>,
    /// The operation that runs in its place.
    pub(crate) instead: Option<Box<Inner>>,
    /// How a create that is made an upsert knows rows.
    pub(crate) upsert: Option<Box<Conflict>>,
    /// The drafts of a create with plan hooks as the caller gave them.
    pub(crate) drafts: Vec<Slot>,
}

/// An operation put before or after another one.
#[derive(Debug)]
pub(crate) struct PlannedOperation {
    pub(crate) ask: Box<Inner>,
    /// Who planned it.
    pub(crate) hook: HookName,
    /// The hook's place in the trace.
    pub(crate) node: Option<u32>,
}

impl Planned {
    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
}

macro_rules! plans {
    ($($(#[doc = $doc:literal])* $name:ident: $($part:ident)*;)*) => { $(
        $(#[doc = $doc])*
        pub struct $name<'a, T> {
            work: Work<'a>,
            _table: PhantomData<fn() -> T>,
        }

        impl<T> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.work.op.fmt(f)
            }
        }

        impl<'a, T: Table> $name<'a, T> {
            pub(crate) fn new(work: Work<'a>) -> Self {
                $name { work, _table: PhantomData }
            }

            /// The operation as it is by now (L29).
            pub fn operation(&self) -> &Operation {
                self.work.op
            }

            /// The actor it runs for, if it is of this type.
            pub fn actor<A: Any>(&self) -> Option<&A> {
                self.work.actor.get()
            }

            /// Whether it was made by a hook, rather than by the application (L60).
            pub fn is_implicit(&self) -> bool {
                origin::is_made(self.work.frame, self.work.db)
            }

            /// The operations that led here, the innermost first, each with why it was made (L60).
            pub fn origin(&self) -> impl Iterator<Item = Origin> + '_ {
                origin::origin_of(self.work.op, self.work.frame, self.work.db)
            }

            /// A value that the hooks of this operation share (L64).
            pub fn local<S: Any + Send + Sync + Default>(&mut self) -> &mut S {
                self.work.local.get()
            }

            $($part!();)*
        }
    )* };
}

/// Puts operations around this one.
macro_rules! around {
    () => {
        /// Puts an operation before this one, in the same transaction and with its own hooks (L31): one that was asked of
        /// nothing, such as [`update`](crate::update) makes.
        pub fn before(&mut self, operation: impl Operates) -> &mut Self {
            let (hook, node) = (self.work.hook, self.work.node);
            self.work.planned.before.push(PlannedOperation { ask: operation.into_ask().0, hook, node });
            self
        }

        /// Puts an operation after this one, in the same transaction and with its own hooks (L31). It runs also if this
        /// one touches no row, unless it says `.if_any()`.
        pub fn after(&mut self, operation: impl Operates) -> &mut Self {
            let (hook, node) = (self.work.hook, self.work.node);
            self.work.planned.after.push(PlannedOperation { ask: operation.into_ask().0, hook, node });
            self
        }
    };
}

/// Chooses fewer rows.
macro_rules! narrowing {
    () => {
        /// Adds a condition to those that the operation has.
        pub fn filter(&mut self, condition: impl FnOnce(T::Cols) -> Expr<T>) -> &mut Self {
            match condition(T::cols(self.work.op.table)).0 {
                Ok(node) => self.work.op.query.and(node),
                Err(error) => drop(self.work.mistake.get_or_insert(error)),
            }
            self
        }
    };
}

/// Orders and limits.
macro_rules! listing {
    () => {
        /// Adds a key of the order, behind those that the find has.
        pub fn order(&mut self, by: impl FnOnce(T::Cols) -> OrderBy<T>) -> &mut Self {
            match by(T::cols(self.work.op.table)).0 {
                Ok(order) => self.work.op.query.order.push(order),
                Err(error) => drop(self.work.mistake.get_or_insert(error)),
            }
            self
        }

        /// At most so many rows; a smaller limit that the find has stays.
        pub fn limit(&mut self, rows: u64) -> &mut Self {
            let limit = &mut self.work.op.query.limit;
            *limit = Some(limit.map_or(rows, |limit| limit.min(rows)));
            self
        }
    };
}

/// Changes drafts.
macro_rules! drafting {
    () => {
        /// The drafts, one for each row; to be read and changed.
        pub fn drafts(&mut self) -> Result<&mut [T::New]> {
            self.work.body.drafts::<T::New>()
        }
    };
}

/// Changes patches.
macro_rules! patching {
    () => {
        /// The patch, to be read and changed. Where a before-hook has given rows patches of their own there are several:
        /// see [`patches`](Self::patches).
        pub fn set(&mut self, change: impl FnOnce(T::Cols) -> Assign<T>) -> &mut Self {
            let Assign(column, slot, _) = change(T::cols(self.work.op.table));
            let done = slot.and_then(|slot| {
                let width = self.work.op.table.columns.len();
                let patches = self.work.body.slots.flat()?;
                patches.chunks_exact_mut(width).for_each(|patch| patch[usize::from(column)] = slot.clone());
                Ok(())
            });
            if let Err(error) = done {
                self.work.mistake.get_or_insert(error);
            }
            self
        }

        /// The patch for all rows, or, where a before-hook gave them different ones, one for each.
        pub fn patches(&mut self) -> Result<&mut [T::Patch]> {
            self.work.body.drafts::<T::Patch>()
        }
    };
}

/// Makes it another operation.
macro_rules! replacing {
    () => {
        /// Makes it another operation on the same table (L34): an update of a delete, say. The lifecycle begins anew with
        /// that, once; what was planned around this one stays, its after-hooks do not run. Without a condition of its own
        /// the other one is for the same rows.
        pub fn replace(&mut self, operation: impl Operates) -> &mut Self {
            let ask = operation.into_ask().0;
            match replaceable(self.work.op, &ask) {
                Ok(()) => self.work.planned.instead = Some(ask),
                Err(error) => drop(self.work.mistake.get_or_insert(error)),
            }
            self
        }
    };
}

/// Makes it an upsert.
macro_rules! upserting {
    () => {
        /// Makes it an upsert by these columns (L34), which are the key or unique together. A row that is there gets what the
        /// caller's draft gives, without what hooks of the create made of it, or what
        /// [`set_existing`](Self::set_existing) says; and the hooks of an update. Rows that are new are created as all
        /// hooks before left their drafts, and get the after-hooks of a create: those before have run. What was planned around the
        /// create stays. In a create that is a part of an upsert this says nothing new.
        ///
        /// ```
        /// # use tripline::{*, prelude::*};
        /// #[derive(Table, Clone, Debug)]
        /// struct Login { #[key] id: Id<Login>, #[unique] email: String, #[default(1)] times: i64 }
        ///
        /// impl PlanCreate for Login {
        ///     fn plan_create(plan: &mut CreatePlan<'_, Login>) -> Result<()> {
        ///         plan.upsert(|l| l.email).set_existing(|l| l.times.add(1));
        ///         Ok(())
        ///     }
        /// }
        ///
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<()> {
        /// # let db = Db::open("sqlite::memory:").tables(tables![Login]).connect().await?;
        /// # db.create_tables().await?;
        /// let ada = || NewLogin { email: "ada@x.org".into(), ..Default::default() };
        /// db.create(ada()).await?;
        /// assert_eq!(db.create(ada()).await?.times, 2);
        /// # Ok(())
        /// # }
        /// ```
        pub fn upsert<C: Columns<T>>(&mut self, columns: impl FnOnce(T::Cols) -> C) -> &mut Self {
            let table = self.work.op.table;
            match columns(T::cols(table)).indexes() {
                Ok(target) => {
                    if let Err(error) = check_target(table, &target) {
                        self.work.mistake.get_or_insert(error);
                    }
                    let update = Some(ConflictUpdate::default());
                    self.work.planned.upsert = Some(Box::new(Conflict { target, update }));
                }
                Err(error) => drop(self.work.mistake.get_or_insert(error)),
            }
            self
        }

        /// Changes a column of a row that is there already, once this is an [`upsert`](Self::upsert); then it gets nothing else
        /// from its draft.
        pub fn set_existing(&mut self, change: impl FnOnce(T::Cols) -> Assign<T>) -> &mut Self {
            let table = self.work.op.table;
            let Assign(column, slot, _) = change(T::cols(table));
            let upsert = self.work.planned.upsert.as_mut();
            let update = upsert.and_then(|conflict| conflict.update.as_mut());
            let done = slot.and_then(|slot| {
                let update =
                    update.ok_or_else(|| Error::invalid("no row is there already: say `upsert` first"))?;
                update.set.resize(table.columns.len(), Slot::Unset);
                update.set[usize::from(column)] = slot;
                Ok(())
            });
            if let Err(error) = done {
                self.work.mistake.get_or_insert(error);
            }
            self
        }
    };
}

fn replaceable(op: &Operation, by: &Inner) -> Result<()> {
    let fits = match op.kind {
        Kind::Update | Kind::Delete => matches!(by.op.kind, Kind::Update | Kind::Delete),
        kind => kind == by.op.kind,
    };
    if fits && std::ptr::eq(op.table, by.op.table) {
        return Ok(());
    }
    let (kind, table) = (op.kind, op.table.name);
    Err(Error::invalid(format!("{kind} of table `{table}` cannot be made {:?}", by.op)))
}

plans! {
    /// A read in its final form: where [`FilterReads`](crate::FilterReads) says what holds for all reads.
    ReadPlan: narrowing;
    /// A find in its final form, as [`PlanFind`](crate::PlanFind) changes it.
    FindPlan: narrowing listing around;
    /// A count in its final form, as [`PlanCount`](crate::PlanCount) changes it.
    CountPlan: narrowing around;
    /// A create in its final form, as [`PlanCreate`](crate::PlanCreate) changes it.
    CreatePlan: drafting around upserting;
    /// An update in its final form, as [`PlanUpdate`](crate::PlanUpdate) changes it.
    UpdatePlan: narrowing patching around replacing;
    /// A delete in its final form, as [`PlanDelete`](crate::PlanDelete) changes it.
    DeletePlan: narrowing around replacing;
}

/// The condition of an operation, for another one.
pub(crate) fn same_rows(from: &Operation, to: &mut Operation) {
    if to.query.filter.is_none() && !to.query.all_rows {
        to.query.filter.clone_from(&from.query.filter);
        to.query.all_rows = from.query.all_rows;
        to.many = from.many;
    }
}
