//! [`Operation`]: what a caller asks, before and while the lifecycle works on it.

use std::{borrow::Cow, fmt};

use crate::{Kept, Node, Slot, TableRef};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Rows.
    Find,
    /// How many rows.
    Count,
    /// Whether there is a row.
    Exists,
    /// New rows.
    Create,
    /// Changes to rows.
    Update,
    /// Removal of rows.
    Delete,
    /// New rows, or changes to those that are there already.
    Upsert,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Find => "find",
            Kind::Count => "count",
            Kind::Exists => "exists",
            Kind::Create => "create",
            Kind::Update => "update",
            Kind::Delete => "delete",
            Kind::Upsert => "upsert",
        })
    }
}

/// What an operation is, apart from the rows it carries: hooks may read it (L29).
#[derive(Clone)]
pub struct Operation {
    /// The table.
    pub table: TableRef,
    /// What is asked.
    pub kind: Kind,
    /// Which rows.
    pub query: Query,
    /// Whether the caller gave a list of rows, or asked for one, rather than a single row.
    pub many: bool,
    /// Which columns of the rows the caller gets.
    pub returns: Returns,
    /// Whether hooks are skipped (L62).
    pub without_hooks: bool,
    /// The other database that it is sent to, by its name (L65).
    pub database: Option<&'static str>,
}

/// Which columns of the rows the caller of an operation gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Returns {
    /// None: a number is enough.
    #[default]
    None,
    /// These, by their indexes.
    Some(Cow<'static, [u16]>),
    /// All.
    All,
}

/// All columns of a table, without an allocation for tables of usual size.
pub fn all_columns(table: TableRef) -> Cow<'static, [u16]> {
    static FIRST: [u16; 256] = {
        let mut columns = [0; 256];
        let mut i = 0;
        while i < 256 {
            columns[i] = i as u16;
            i += 1;
        }
        columns
    };
    match FIRST.get(..table.columns.len()) {
        Some(columns) => Cow::Borrowed(columns),
        None => (0..table.columns.len() as u16).collect(),
    }
}

/// Which rows of a table, in which order.
#[derive(Clone, Default)]
pub struct Query {
    /// The condition; none means all rows.
    pub filter: Option<Node>,
    /// The order; later ones decide among equals.
    pub order: Vec<Order>,
    /// At most so many rows.
    pub limit: Option<u64>,
    /// Leave out so many rows first.
    pub offset: Option<u64>,
    /// An update or delete without a filter is meant (M5).
    pub all_rows: bool,
}

/// What becomes of a new row if there is one with the same values in some columns, which are unique.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The columns.
    pub target: Vec<u16>,
    /// What the existing row gets; without, it stays as it is, and there is no new one.
    pub update: Option<ConflictUpdate>,
}

/// What an existing row gets in place of a new one.
#[derive(Clone, Default, PartialEq)]
pub struct ConflictUpdate {
    /// Columns that it takes from the new row.
    pub excluded: Vec<u16>,
    /// Values of other columns, which may be computed from what it has: a slot for each column of the table.
    pub set: Vec<Slot>,
}

impl fmt::Debug for ConflictUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the values: some may be secret.
        f.debug_struct("ConflictUpdate").field("excluded", &self.excluded).finish_non_exhaustive()
    }
}

/// One key of an order.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is ordered by.
    pub by: Node,
    /// Largest first.
    pub descending: bool,
    /// Where nulls go.
    pub nulls: Nulls,
}

/// Where nulls go in an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nulls {
    /// Null counts as the smallest: first when ascending, last when descending; the same on all engines.
    #[default]
    Smallest,
    /// Before all values.
    First,
    /// After all values.
    Last,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the filter: its values may be secret.
        write!(f, "{} of table `{}`", self.kind, self.table.name)
    }
}

impl Operation {
    /// An operation that asks nothing special.
    pub fn new(table: TableRef, kind: Kind) -> Self {
        Operation {
            table,
            kind,
            query: Query::default(),
            many: true,
            returns: Returns::None,
            without_hooks: false,
            database: None,
        }
    }

    /// The columns that the caller gets of the rows, by their indexes in the table's description; none where it gets a
    /// number.
    pub fn columns(&self) -> Cow<'static, [u16]> {
        match &self.returns {
            Returns::None => Cow::Borrowed(&[]),
            Returns::Some(columns) => columns.clone(),
            Returns::All => all_columns(self.table),
        }
    }

    /// The operation as errors name it.
    pub fn kept(&self) -> Kept {
        Kept { table: self.table.name, kind: self.kind }
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the filter: its values may be secret.
        let filter = self.filter.is_some();
        f.debug_struct("Query").field("filter", &filter).field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Query {
    /// Adds a condition to those given before.
    pub fn and(&mut self, condition: Node) {
        self.filter = Some(match self.filter.take() {
            Some(filter) => filter.and(condition),
            None => condition,
        });
    }
}

/// What a transaction sees of others that run at the same time.
///
/// SQLite's are always serializable. On PostgreSQL the levels are its own; one that is stricter may fail with
/// [`Error::Serialization`](crate::Error::Serialization), and is then to be run again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// Each statement sees what was committed when it began.
    #[default]
    ReadCommitted,
    /// All statements see what was committed when the transaction's first one began.
    RepeatableRead,
    /// As if one transaction ran after the other.
    Serializable,
}
