//! [`Phase`]: where in an operation's lifecycle a hook runs.

/// The step of an operation's lifecycle in which a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is documented at the hook trait of the same name")]
pub enum Phase {
    BeforeFind,
    BeforeCount,
    BeforeCreate,
    BeforeUpdate,
    BeforeUpdateRows,
    BeforeDelete,
    BeforeDeleteRows,
    BeforeSave,
    BeforeAny,
    FilterReads,
    PlanFind,
    PlanCount,
    PlanCreate,
    PlanUpdate,
    PlanDelete,
    ResolveFind,
    ResolveCount,
    ResolveCreate,
    ResolveUpdate,
    ResolveDelete,
    TransformFind,
    AfterFind,
    AfterCount,
    AfterCreate,
    AfterUpdate,
    AfterDelete,
    AfterSave,
    AfterChange,
    AfterAny,
    AfterCreateCommit,
    AfterUpdateCommit,
    AfterDeleteCommit,
    AfterSaveCommit,
    AfterChangeCommit,
    AfterRollback,
}
