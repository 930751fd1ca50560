//! Tripline is a data layer for Rust whose heart is the lifecycle of a database operation: hooks, constraints and
//! transactions that are attached to tables once, and hold on every path by which data is written.
//!
//! Start with the guide in the README, then [`Db`], [`Table`] and the hook traits, for instance [`BeforeCreate`]
//! and [`AfterUpdate`]. The rules that all of them keep are numbered in `docs/lifecycle.md`; documentation names
//! them as L12.
//!
//! # Features
//!
//! - `sqlite` (default): the embedded database, compiled in.
//! - `postgres`: PostgreSQL 15 and newer; see `docs/postgres.md`.
//! - `json` (default): columns of type [`Json`], and serde for [`Id`], [`Trace`] and [`Explain`].
//! - `tracing`: spans of the crate `tracing` at level DEBUG, whose names stay: `tripline.transaction`,
//!   `tripline.operation`, `tripline.hook`, and `tripline.following` for what follows the end of a transaction, which
//!   follows from it. Their fields: `db.operation.name`, `db.collection.name`, `rows`, `phase`, `hook`, and `error.type`,
//!   the [code](Error::code) of the error that it ended with.

/// The README's programs, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

/// The programs of the guide's chapters.
#[cfg(doctest)]
pub mod guide {
    #[doc = include_str!("../../../docs/guide/hooks.md")]
    pub struct Hooks;

    #[doc = include_str!("../../../docs/guide/transactions.md")]
    pub struct Transactions;

    #[doc = include_str!("../../../docs/guide/after-commit.md")]
    pub struct AfterCommit;

    #[doc = include_str!("../../../docs/guide/reads.md")]
    pub struct Reads;

    #[doc = include_str!("../../../docs/guide/traces.md")]
    pub struct Traces;

    #[doc = include_str!("../../../docs/guide/dynamic.md")]
    pub struct Dynamic;
}

/// The programs of the page on PostgreSQL.
#[cfg(all(doctest, feature = "postgres"))]
#[doc = include_str!("../../../docs/postgres.md")]
pub struct OnPostgres;

mod actor;
mod any;
mod beside;
mod catalog;
mod columns;
mod connect;
mod db;
mod describe;
mod field;
mod hooks;
mod lifecycle;
mod on;
mod ops;
mod spans;
mod table;
mod trace;
mod tx;
mod types;
mod warnings;

pub use tripline_core::{
    Action, BesideTransaction, BoxFuture, Cause, Chain, ColumnDesc, ColumnType, ConnectionError,
    ConnectionErrorKind, DatabaseError, Decode, DefaultDesc, Error, HookError, HookName, Invalid, Isolation,
    Kept, Kind, Mismatch, Node, Operation, Origin, Phase, Query, Rejection, Result, Returns, StatementLog,
    TableDesc, TableRef, Value, Violation, evaluate, holds,
};
pub use tripline_macros::{Observer, Row, Table, TextEnum};
/// How PostgreSQL is connected to: what [`Connect::postgres_options`] can set.
///
/// ```no_run
/// use tripline::{postgres::{RootCert, SslMode}, prelude::*};
/// # async fn open() -> Result<Db> {
/// Db::open("postgres://db.example.org/shop")
///     .postgres_options(|options| {
///         options.sslmode = SslMode::VerifyFull;
///         options.sslrootcert = Some(RootCert::System);
///     })
///     .connect()
///     .await
/// # }
/// ```
#[cfg(feature = "postgres")]
pub mod postgres {
    pub use tripline_postgres::{
        ChannelBinding, Host, Keepalives, OnSlow, Options, RootCert, SlowStatement, SslMode, TargetSession,
    };
}
#[cfg(feature = "sqlite")]
pub use tripline_sqlite::{Durability, Options as SqliteOptions, sqlite_version};

pub use crate::hooks::{
    AfterAny, AfterChange, AfterChangeCommit, AfterCount, AfterCreate, AfterCreateCommit, AfterDelete,
    AfterDeleteCommit, AfterFind, AfterRollback, AfterSave, AfterSaveCommit, AfterUpdate, AfterUpdateCommit,
    BeforeAny, BeforeCount, BeforeCreate, BeforeDelete, BeforeDeleteRows, BeforeFind, BeforeSave,
    BeforeUpdate, BeforeUpdateRows, FilterReads, OnAfterAny, OnAfterChange, OnAfterChangeCommit,
    OnAfterCount, OnAfterCreate, OnAfterCreateCommit, OnAfterDelete, OnAfterDeleteCommit, OnAfterFind,
    OnAfterRollback, OnAfterSave, OnAfterSaveCommit, OnAfterUpdate, OnAfterUpdateCommit, OnBeforeAny,
    OnBeforeCount, OnBeforeCreate, OnBeforeDelete, OnBeforeDeleteRows, OnBeforeFind, OnBeforeSave,
    OnBeforeUpdate, OnBeforeUpdateRows, OnFilterReads, OnPlanCount, OnPlanCreate, OnPlanDelete, OnPlanFind,
    OnPlanUpdate, OnResolveCount, OnResolveCreate, OnResolveDelete, OnResolveFind, OnResolveUpdate,
    OnTransformFind, PlanCount, PlanCreate, PlanDelete, PlanFind, PlanUpdate, ResolveCount, ResolveCreate,
    ResolveDelete, ResolveFind, ResolveUpdate, TransformFind,
};
#[cfg(feature = "json")]
pub use crate::types::Json;
pub use crate::{
    any::{AnyCol, AnyCols, AnyKey, AnyRow, AnyTable, AnyValues},
    catalog::TableEntry,
    columns::{Assign, CallerMaySet, Col, Expr, OrderBy, ReadOnly, Writable},
    connect::Connect,
    db::{BackgroundError, Db},
    describe::{ColumnDef, TableDef},
    field::Field,
    hooks::{
        change::{Change, Edit, Outcome, RowChange, Save, Saves, Undone},
        given::Given,
        observer::{Observer, Observes},
        plan::{CountPlan, CreatePlan, DeletePlan, FindPlan, ReadPlan, UpdatePlan},
        read::{Found, FoundRow, ReadQuery},
        resolve::{Resolved, Resolving},
    },
    on::{Detached, On, create, create_in, delete, delete_in, find, find_in, update, update_in},
    ops::{
        Operates, Pipelined,
        batch::{AnyOperation, Batch},
        create::{Create, Drafts, Many, Number as HowMany, One},
        delete::Delete,
        find::{Count, Exists, Find, First},
        raw::RawRows,
        update::Update,
        upsert::{Columns, CreateNew, OnConflict, Upsert},
    },
    table::{Draft, HookRow, HookTable, IntoKey, Key, Row, RowOf, Shape, Slots, Table},
    trace::{Explain, Outcome as SpanOutcome, Root, Scope, Span, Sql, Trace, What},
    tx::{Read, Tx, TxOptions},
    types::{Id, Input, Number, Text, Type},
    warnings::{Lints, Warning, Write, Writes},
};

/// What an application mostly names: `use tripline::prelude::*;`.
pub mod prelude {
    pub use crate::{Db, Error, Field, Id, Observer, Read, Result, Row, Table, TextEnum, Tx, tables};
}

/// What the derives name.
#[doc(hidden)]
pub mod __macro {
    pub use tripline_core::{
        Action, CheckDesc, ColumnDesc, ColumnType, Condition, DefaultDesc, IndexDesc, Mismatch, OnUpdate,
        Reference, Referred, Result, Slot, TableDesc, TableRef, Value,
    };

    pub use crate::{
        columns::{Col, ReadOnly},
        field::Field,
        hooks::{
            NoHook, Probe, ProbeOn, Probed,
            observer::{Observed, Observer, Observes},
        },
        table::{
            Cells, Column, Draft, HookRow, HookTable, Row, Shape, SlotReader, Slots, Table, check, clocked,
            fallible, row_of,
        },
        types::Type,
    };
}
