//! Rows, drafts and patches of tables that are known at run time: what an observer of all tables gets.

use std::fmt;

use tripline_core::{Error, Invalid, Result, Slot, TableDesc, TableRef, Value};

pub use self::col::{AnyCol, AnyCols};
use crate::{
    hooks::Probed,
    table::{Cells, Draft, HookTable, IntoKey, Key, Row, Shape, SlotReader, Slots, Table},
};

mod col;

/// A table that is known at run time: described by a [`TableDef`](crate::TableDef), or found by its name with
/// [`Db::table`](crate::Db::table).
#[derive(Clone, Copy)]
pub struct AnyTable(pub(crate) TableRef);

impl fmt::Debug for AnyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyTable({} at {:p})", self.0.name, self.0)
    }
}

impl AnyTable {
    /// That of a type.
    pub fn of<T: Table>() -> AnyTable {
        AnyTable(T::DESC)
    }

    /// The name in the database.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The description.
    pub fn desc(self) -> TableRef {
        self.0
    }

    /// Values of a row to be created: by the columns' names. An error for a name that the table does not have; whether a
    /// value fits is looked at with all else before the write (L26).
    pub fn values<N: AsRef<str>, V: Into<Value>>(
        self,
        values: impl IntoIterator<Item = (N, V)>,
    ) -> Result<AnyValues> {
        let mut all = AnyValues::new(self);
        values.into_iter().try_for_each(|(name, value)| all.set(name.as_ref(), value.into()))?;
        Ok(all)
    }
}

/// A row of whichever table, with all its columns.
#[derive(Clone)]
pub struct AnyRow {
    table: TableRef,
    values: Vec<Value>,
}

impl AnyRow {
    /// The row's table.
    pub fn table(&self) -> TableRef {
        self.table
    }

    /// The row that these values are: for a resolver, which has to give one. A column that nothing was said of is null.
    pub fn from_values(values: &AnyValues) -> Result<AnyRow> {
        let table = values.table.ok_or_else(|| Error::invalid("these values belong to no table"))?;
        let value = |slot: &Slot| match slot {
            Slot::To(value) | Slot::Default(value) => value.clone(),
            Slot::Unset | Slot::Expr(_) => Value::Null,
        };
        Ok(AnyRow { table, values: values.slots.iter().map(value).collect() })
    }

    /// The value of a column, by its name in the database.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.values.get(usize::from(self.table.column(column)?))
    }

    /// The columns' names and values, in the table's order, those of secret columns included:
    /// [`is_secret`](AnyRow::is_secret) tells them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.table.columns.iter().map(|c| c.name).zip(&self.values)
    }
}

impl AnyRow {
    /// Whether the column's values must not be shown or logged.
    pub fn is_secret(&self, column: &str) -> bool {
        self.table.column(column).is_some_and(|index| self.table.columns[usize::from(index)].secret)
    }
}

impl fmt::Debug for AnyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct(self.table.name);
        for (column, value) in self.table.columns.iter().zip(&self.values) {
            if column.secret {
                debug.field(column.name, &format_args!("<secret>"));
            } else {
                debug.field(column.name, value);
            }
        }
        debug.finish()
    }
}

#[diagnostic::do_not_recommend]
impl Row for AnyRow {
    type Table = AnyRow;
    const SHAPE: Shape = Shape::All;
    const FALLIBLE: bool = false;

    fn decode(cells: &mut Cells<'_>) -> Result<Self> {
        let table = cells.table;
        Ok(AnyRow { table, values: table.columns.iter().map(|_| cells.value()).collect() })
    }
}

#[diagnostic::do_not_recommend]
impl Table for AnyRow {
    type Cols = AnyCols;
    type New = AnyValues;
    type Patch = AnyValues;
    type Key = AnyKey;
    const DESC: TableRef = {
        static DESC: TableDesc = TableDesc { name: "any", columns: &[], key: &[], indexes: &[], checks: &[] };
        &DESC
    };
    const HOOKS: &'static [Probed] = &[];

    fn cols(table: TableRef) -> AnyCols {
        AnyCols::of(table)
    }

    fn draft(&self) -> AnyValues {
        let slots = self.values.iter().cloned().map(Slot::To).collect();
        AnyValues { table: Some(self.table), slots }
    }
}

#[diagnostic::do_not_recommend]
impl HookTable for AnyRow {}

/// A draft or patch of whichever table.
#[derive(Clone, Default)]
pub struct AnyValues {
    table: Option<TableRef>,
    slots: Vec<Slot>,
}

impl fmt::Debug for AnyValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table.map_or("none", |table| table.name);
        let mut debug = f.debug_struct(table);
        let columns = self.table.map_or(&[][..], |table| table.columns);
        for (column, slot) in columns.iter().zip(&self.slots).filter(|(_, slot)| slot.is_set()) {
            match slot {
                Slot::To(value) if !column.secret => debug.field(column.name, value),
                _ => debug.field(column.name, &format_args!("<set>")),
            };
        }
        debug.finish()
    }
}

impl AnyValues {
    /// Values of a row of this table, of which none is given yet.
    pub fn new(table: AnyTable) -> AnyValues {
        AnyValues { table: Some(table.0), slots: vec![Slot::Unset; table.0.columns.len()] }
    }

    /// The value of a column, where it is known: given or a default, but not computed by the database.
    pub fn get(&self, column: &str) -> Result<Option<&Value>> {
        Ok(match self.slots.get(self.index(column)?) {
            Some(Slot::To(value) | Slot::Default(value)) => Some(value),
            _ => None,
        })
    }

    /// Whether caller or hook gave it (L22).
    pub fn is_set(&self, column: &str) -> Result<bool> {
        Ok(self.slots.get(self.index(column)?).is_some_and(Slot::is_set))
    }

    /// Gives a value. Whether it fits the column is checked with everything else before the write (L26).
    pub fn set(&mut self, column: &str, value: Value) -> Result<()> {
        let index = self.index(column)?;
        self.slots[index] = Slot::To(value);
        Ok(())
    }

    /// Takes back what was said.
    pub fn unset(&mut self, column: &str) -> Result<()> {
        let index = self.index(column)?;
        self.slots[index] = Slot::Unset;
        Ok(())
    }

    fn index(&self, column: &str) -> Result<usize> {
        let table = self.table.ok_or_else(|| Error::invalid("these values belong to no table"))?;
        table.column(column).map(usize::from).ok_or_else(|| unknown(table, column))
    }
}

impl Slots for AnyValues {
    fn into_slots(self, out: &mut Vec<Slot>) -> Result<()> {
        out.extend(self.slots);
        Ok(())
    }

    fn from_slots(slots: &mut SlotReader) -> Result<Self> {
        let table = slots.table();
        Ok(AnyValues { table: Some(table), slots: table.columns.iter().map(|_| slots.take()).collect() })
    }
}

#[diagnostic::do_not_recommend]
impl Draft for AnyValues {
    type Table = AnyRow;

    fn table(&self) -> TableRef {
        self.table.unwrap_or(AnyRow::DESC)
    }
}

/// The key of a row of whichever table.
#[derive(Debug)]
pub struct AnyKey(pub Vec<Value>);

impl Key for AnyKey {
    fn each_value(self, put: &mut dyn FnMut(Value)) -> Result<()> {
        self.0.into_iter().for_each(put);
        Ok(())
    }
}

macro_rules! into_key {
    ($($type:ty),+) => { $(
        #[diagnostic::do_not_recommend]
        impl IntoKey<AnyKey> for $type {
            fn into_key(self) -> AnyKey {
                AnyKey(vec![self.into()])
            }
        }
    )+ };
}

into_key!(Value, i64, &str, String, uuid::Uuid);

#[diagnostic::do_not_recommend]
impl IntoKey<AnyKey> for AnyKey {
    fn into_key(self) -> AnyKey {
        self
    }
}

#[diagnostic::do_not_recommend]
impl IntoKey<AnyKey> for Vec<Value> {
    fn into_key(self) -> AnyKey {
        AnyKey(self)
    }
}

/// A name that the table does not have.
pub(crate) fn unknown(table: TableRef, column: &str) -> Error {
    let reason = format!("no column `{column}`");
    Error::Invalid(Box::new(Invalid { table: Some(table.name), column: None, reason }))
}
