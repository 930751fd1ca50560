//! Descriptions of tables: data only. Behaviour (hooks) is attached elsewhere, so that a chain of tables whose
//! hooks refer to one another cannot make the compiler instantiate all of them at once.

use std::sync::OnceLock;

use crate::{Node, Value};

/// A table's description lives as long as the program: derived ones are statics, described ones are leaked once.
pub type TableRef = &'static TableDesc;

/// A table as the engine sees it.
#[derive(Debug)]
pub struct TableDesc {
    /// The name in the database.
    pub name: &'static str,
    /// The columns, in the order of the struct's fields.
    pub columns: &'static [ColumnDesc],
    /// Indexes into `columns` of the primary key, in order; at least one.
    pub key: &'static [u16],
    /// Indexes and unique constraints of one or several columns.
    pub indexes: &'static [IndexDesc],
    /// Check constraints.
    pub checks: &'static [CheckDesc],
}

impl TableDesc {
    /// The index of a column, by its name in the database.
    pub fn column(&self, name: &str) -> Option<u16> {
        self.columns.iter().position(|c| c.name == name).map(|i| i as u16)
    }

    /// Whether the column is part of the primary key.
    pub fn is_key(&self, column: u16) -> bool {
        self.key.contains(&column)
    }

    /// The key column whose values the database assigns, if there is one.
    pub fn assigned_key(&self) -> Option<u16> {
        match self.key {
            [key] if matches!(self.columns[usize::from(*key)].default, DefaultDesc::Assigned) => Some(*key),
            _ => None,
        }
    }
}

/// A column as the engine sees it.
#[derive(Debug)]
pub struct ColumnDesc {
    /// The name in the database.
    pub name: &'static str,
    /// The type of its values.
    pub ty: ColumnType,
    /// The smallest and largest integer that the Rust type holds, where it is narrower than 64 bits.
    pub range: Option<(i64, i64)>,
    /// Whether null is allowed: the field is an `Option`.
    pub nullable: bool,
    /// What a create puts where no value is given.
    pub default: DefaultDesc,
    /// What an update puts where no value is given.
    pub on_update: OnUpdate,
    /// Callers may not set it; hooks may (L25).
    pub read_only: bool,
    /// Required, and given by a hook rather than by callers.
    pub set_by_hook: bool,
    /// Its values never appear in errors, traces and debug output.
    pub secret: bool,
    /// The foreign key that starts here.
    pub references: Option<Reference>,
}

/// The types of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnType {
    /// Truth value.
    Bool,
    /// 64-bit signed integer.
    Int,
    /// Double.
    Float,
    /// Text.
    Text,
    /// Text that is one of these.
    Enum(&'static [&'static str]),
    /// Bytes.
    Bytes,
    /// Point in time, in microseconds.
    Timestamp,
    /// Date.
    Date,
    /// UUID.
    Uuid,
    /// JSON.
    Json,
}

/// Where a created row's value comes from when neither caller nor hook gave one.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum DefaultDesc {
    /// Nowhere: null if the column allows it, else the column is required.
    None,
    /// A fixed value; also the column's default in the database.
    Constant(fn() -> Value),
    /// The same, of a table that is described at run time.
    Kept(&'static Value),
    /// A function, called once for each row.
    Function(fn() -> Value),
    /// The operation's clock reading.
    Now,
    /// A UUID of version 7, made by the engine.
    UuidV7,
    /// The database assigns it while it writes.
    Assigned,
}

/// What an update adds to a patch that does not set the column.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum OnUpdate {
    /// Nothing.
    None,
    /// The operation's clock reading.
    Now,
    /// The value of a function, called once for each operation.
    Function(fn() -> Value),
}

/// An index or unique constraint.
#[derive(Debug)]
pub struct IndexDesc {
    /// The name given by the user; otherwise it is derived from table and columns.
    pub name: Option<&'static str>,
    /// Indexes into the table's columns.
    pub columns: &'static [u16],
    /// Whether it is a unique constraint.
    pub unique: bool,
}

impl IndexDesc {
    /// The name in the database: the given one, or table, columns and `key` or `idx`.
    pub fn database_name(&self, table: &TableDesc) -> String {
        self.name.map_or_else(
            || derived_name(table, self.columns, if self.unique { "key" } else { "idx" }),
            Into::into,
        )
    }
}

/// A foreign key of one column.
#[derive(Debug)]
pub struct Reference {
    /// The name given by the user; otherwise it is derived from table and column.
    pub name: Option<&'static str>,
    /// The table referred to.
    pub table: Referred,
    /// The column referred to; without one, the table's key.
    pub column: Option<&'static str>,
    /// What happens to the referring row when the other one is deleted.
    pub on_delete: Action,
    /// What happens to the referring row when the other one's column changes.
    pub on_update: Action,
}

/// The table that a foreign key refers to.
#[derive(Clone, Copy, Debug)]
pub enum Referred {
    /// That of a type. A function, so that tables may refer to each other and to themselves.
    Typed(fn() -> TableRef),
    /// One that was described before.
    Kept(TableRef),
    /// The table itself, once it is described.
    Itself(&'static OnceLock<TableRef>),
}

impl Reference {
    /// The table referred to.
    pub fn table(&self) -> TableRef {
        match self.table {
            Referred::Typed(table) => table(),
            Referred::Kept(table) => table,
            Referred::Itself(table) => table.get().expect("a table is used once its description is there"),
        }
    }

    /// The name of the constraint in the database.
    pub fn database_name(&self, table: &TableDesc, column: u16) -> String {
        self.name.map_or_else(|| derived_name(table, &[column], "fk"), Into::into)
    }

    /// The name of the column referred to.
    pub fn target(&self) -> &'static str {
        self.column.unwrap_or_else(|| {
            let table = self.table();
            table.columns[usize::from(table.key[0])].name
        })
    }
}

/// What a foreign key does when the row it refers to goes away or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Refuse, when the statement ends.
    NoAction,
    /// Refuse at once.
    Restrict,
    /// Do the same to the referring row.
    Cascade,
    /// Set the referring column to null.
    SetNull,
    /// Set the referring column to its default.
    SetDefault,
}

/// What a check constraint checks.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// Of a type's columns.
    Typed(fn() -> crate::Result<Node>),
    /// Of a table that is described at run time.
    Kept(&'static Node),
}

impl Condition {
    /// The condition.
    pub fn node(&self) -> crate::Result<Node> {
        match self {
            Condition::Typed(node) => node(),
            Condition::Kept(node) => Ok((*node).clone()),
        }
    }
}

/// A check constraint.
#[derive(Debug)]
pub struct CheckDesc {
    /// Its name in the database.
    pub name: &'static str,
    /// The condition; a row for which it is false is refused, unknown is accepted (as in SQL).
    pub condition: Condition,
}

fn derived_name(table: &TableDesc, columns: &[u16], suffix: &str) -> String {
    let mut name = table.name.to_owned();
    for column in columns {
        name.push('_');
        name.push_str(table.columns[usize::from(*column)].name);
    }
    name.push('_');
    name.push_str(suffix);
    name
}
