//! [`TableDef`]: a table that is described at run time.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use tripline_core::{
    Action, CheckDesc, ColumnDesc, ColumnType, Condition, DefaultDesc, Error, IndexDesc, Node, OnUpdate,
    Reference, Referred, Result, TableDesc, TableRef, Value,
};

use crate::any::{AnyCols, AnyTable};

/// A table described at run time: its columns by name, its constraints, its indexes.
///
/// [`build`](TableDef::build) makes it a table like any other: the same operations, the same engine, the same hooks, by
/// observers. Its description is kept for as long as the program runs; the same definition twice is one table.
///
/// ```
/// # use tripline::{*, prelude::*};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let notes = TableDef::new("notes")
///     .column(ColumnDef::new("id", ColumnType::Int).assigned_key())
///     .column(ColumnDef::new("title", ColumnType::Text).unique())
///     .column(ColumnDef::choice("status", ["open", "done"]).default("open"))
///     .column(ColumnDef::new("due", ColumnType::Date).nullable())
///     .build()?;
/// let db = Db::open("sqlite::memory:").table(notes).connect().await?;
/// db.create_tables().await?;
/// let note = db.create_in(notes, notes.values([("title", "milk")])?).await?;
/// assert_eq!(note.get("status"), Some(&Value::from("open")));
/// let done = db.update_in(notes).filter(|n| n.col("title").eq("milk")).set(|n| n.col("status").set("done")).await?;
/// assert_eq!(done, 1);
/// let typo = db.find_in(notes).filter(|n| n.col("titel").eq("milk")).await;
/// assert!(typo.unwrap_err().to_string().contains("no column `titel`"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a definition is no table until it is built"]
pub struct TableDef {
    name: String,
    columns: Vec<ColumnDef>,
    indexes: Vec<(Vec<String>, bool)>,
    checks: Vec<(String, Check)>,
}

#[derive(Clone)]
struct Check(fn(AnyCols) -> crate::Expr<crate::AnyRow>);

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:p}", self.0 as *const ())
    }
}

/// A column of a [`TableDef`].
#[derive(Clone, Debug)]
#[must_use = "a column does nothing until it is given to a table"]
pub struct ColumnDef {
    name: String,
    ty: Type,
    nullable: bool,
    key: bool,
    default: Given,
    updated: bool,
    read_only: bool,
    secret: bool,
    unique: bool,
    index: bool,
    reference: Option<To>,
}

#[derive(Clone, Debug)]
enum Type {
    Plain(ColumnType),
    Choice(Vec<String>),
}

#[derive(Clone, Debug)]
enum Given {
    None,
    Value(Value),
    Now,
    Uuid,
    Assigned,
}

#[derive(Clone, Debug)]
struct To {
    /// None is the table itself.
    table: Option<AnyTable>,
    on_delete: Action,
}

impl ColumnDef {
    /// A column of this type, which is required.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> ColumnDef {
        ColumnDef::of(name.into(), Type::Plain(ty))
    }

    /// A column whose values are some of these texts.
    pub fn choice<N: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = N>,
    ) -> ColumnDef {
        ColumnDef::of(name.into(), Type::Choice(values.into_iter().map(Into::into).collect()))
    }

    fn of(name: String, ty: Type) -> ColumnDef {
        ColumnDef {
            name,
            ty,
            nullable: false,
            key: false,
            default: Given::None,
            updated: false,
            read_only: false,
            secret: false,
            unique: false,
            index: false,
            reference: None,
        }
    }

    /// May be null.
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Part of the table's key, whose values the caller gives.
    pub fn key(mut self) -> Self {
        self.key = true;
        self
    }

    /// The table's key, whose values the database assigns: an integer.
    pub fn assigned_key(mut self) -> Self {
        (self.key, self.default) = (true, Given::Assigned);
        self
    }

    /// The table's key, whose values the engine makes: a UUID, ordered by time.
    pub fn uuid_key(mut self) -> Self {
        (self.key, self.default) = (true, Given::Uuid);
        self
    }

    /// What a created row has where nothing is given.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Given::Value(value.into());
        self
    }

    /// The time of the create, where nothing is given; callers may not set it.
    pub fn created_at(mut self) -> Self {
        (self.default, self.read_only) = (Given::Now, true);
        self
    }

    /// The time of the last change; callers may not set it.
    pub fn updated_at(mut self) -> Self {
        (self.default, self.updated, self.read_only) = (Given::Now, true, true);
        self
    }

    /// Callers may not set it, hooks may (L25).
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Its values are never shown: not in errors, traces or debug output.
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// No two rows have the same value.
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Has an index.
    pub fn index(mut self) -> Self {
        self.index = true;
        self
    }

    /// Refers to the key of another table.
    pub fn references(mut self, table: AnyTable, on_delete: Action) -> Self {
        self.reference = Some(To { table: Some(table), on_delete });
        self
    }

    /// Refers to the key of its own table.
    pub fn references_itself(mut self, on_delete: Action) -> Self {
        self.reference = Some(To { table: None, on_delete });
        self
    }
}

impl TableDef {
    /// A table of this name, without columns yet.
    pub fn new(name: impl Into<String>) -> TableDef {
        TableDef { name: name.into(), columns: Vec::new(), indexes: Vec::new(), checks: Vec::new() }
    }

    /// Adds a column.
    pub fn column(mut self, column: ColumnDef) -> Self {
        self.columns.push(column);
        self
    }

    /// No two rows have the same values in these columns.
    pub fn unique<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.indexes.push((columns.into_iter().map(Into::into).collect(), true));
        self
    }

    /// Adds an index of several columns.
    pub fn index<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.indexes.push((columns.into_iter().map(Into::into).collect(), false));
        self
    }

    /// Adds a check constraint: rows for which it is false are refused.
    pub fn check(
        mut self,
        name: impl Into<String>,
        condition: fn(AnyCols) -> crate::Expr<crate::AnyRow>,
    ) -> Self {
        let name = name.into();
        self.checks.push((name, Check(condition)));
        self
    }

    /// The table. Errors if it makes no sense: no key, two columns of one name, a default of another type.
    pub fn build(self) -> Result<AnyTable> {
        static KNOWN: Mutex<Option<HashMap<String, TableRef>>> = Mutex::new(None);
        let definition = format!("{self:?}");
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if let Some(table) = known.get(&definition) {
            return Ok(AnyTable(table));
        }
        let table = self.leak()?;
        known.insert(definition, table);
        Ok(AnyTable(table))
    }

    /// Leaked once for each definition: a description lives as long as the program, like that of a derived table.
    fn leak(self) -> Result<TableRef> {
        let name = leaked(&self.name);
        let wrong = |why: String| Error::Setup(format!("table `{name}`: {why}").into());
        if name.is_empty() {
            return Err(Error::Setup("a table needs a name".into()));
        }
        let own: &'static OnceLock<TableRef> = Box::leak(Box::default());
        let mut columns = Vec::with_capacity(self.columns.len());
        for (i, column) in self.columns.iter().enumerate() {
            if column.name.is_empty() || self.columns[..i].iter().any(|other| other.name == column.name) {
                return Err(wrong(format!("a column's name, `{}`, is empty or there twice", column.name)));
            }
            columns.push(column.desc(own).map_err(wrong)?);
        }
        let key: Vec<u16> = (0..).zip(&self.columns).filter(|(_, c)| c.key).map(|(i, _)| i).collect();
        let assigned = self.columns.iter().any(|c| matches!(c.default, Given::Assigned));
        if key.is_empty() || assigned && key.len() > 1 {
            return Err(wrong("it needs a key; one that is assigned is the only column of it".to_owned()));
        }
        let mut indexes = Vec::new();
        for (column, def) in (0..).zip(&self.columns).filter(|(_, def)| def.unique || def.index) {
            indexes.push(IndexDesc { name: None, columns: list(vec![column]), unique: def.unique });
        }
        for (names, unique) in &self.indexes {
            let place = |name: &String| {
                let found = self.columns.iter().position(|column| column.name == *name);
                found
                    .map(|i| i as u16)
                    .ok_or_else(|| wrong(format!("an index of `{name}`, which it does not have")))
            };
            let of = names.iter().map(place).collect::<Result<Vec<u16>>>()?;
            indexes.push(IndexDesc { name: None, columns: list(of), unique: *unique });
        }
        let columns = list(columns);
        let bare = Box::leak(Box::new(TableDesc {
            name,
            columns,
            key: list(key.clone()),
            indexes: &[],
            checks: &[],
        }));
        let mut checks = Vec::new();
        for (check, condition) in &self.checks {
            let node: &'static Node = Box::leak(Box::new((condition.0)(AnyCols::of(bare)).into_node()?));
            checks.push(CheckDesc { name: leaked(check), condition: Condition::Kept(node) });
        }
        let table = TableDesc { name, columns, key: list(key), indexes: list(indexes), checks: list(checks) };
        let table: TableRef = Box::leak(Box::new(table));
        _ = own.set(table);
        Ok(table)
    }
}

impl ColumnDef {
    fn desc(&self, own: &'static OnceLock<TableRef>) -> Result<ColumnDesc, String> {
        let ty = match &self.ty {
            Type::Plain(ty) => *ty,
            Type::Choice(values) => {
                ColumnType::Enum(list(values.iter().map(|value| leaked(value)).collect()))
            }
        };
        let fits = match &self.default {
            Given::None => true,
            Given::Value(value) => value.fits(ty) && (self.nullable || !value.is_null()),
            Given::Now => ty == ColumnType::Timestamp,
            Given::Uuid => ty == ColumnType::Uuid,
            Given::Assigned => ty == ColumnType::Int,
        };
        if !fits || self.key && self.nullable {
            return Err(format!("the default of `{}` is not of its type, or its key may be null", self.name));
        }
        Ok(ColumnDesc {
            name: leaked(&self.name),
            ty,
            range: None,
            nullable: self.nullable,
            default: match &self.default {
                Given::None => DefaultDesc::None,
                Given::Value(value) => DefaultDesc::Kept(Box::leak(Box::new(value.clone()))),
                Given::Now => DefaultDesc::Now,
                Given::Uuid => DefaultDesc::UuidV7,
                Given::Assigned => DefaultDesc::Assigned,
            },
            on_update: if self.updated { OnUpdate::Now } else { OnUpdate::None },
            read_only: self.read_only,
            set_by_hook: false,
            secret: self.secret,
            references: self.reference.as_ref().map(|to| Reference {
                name: None,
                table: to.table.map_or(Referred::Itself(own), |table| Referred::Kept(table.0)),
                column: None,
                on_delete: to.on_delete,
                on_update: Action::NoAction,
            }),
        })
    }
}

fn leaked(text: &str) -> &'static str {
    Box::leak(Box::from(text))
}

fn list<T>(items: Vec<T>) -> &'static [T] {
    Box::leak(items.into_boxed_slice())
}
