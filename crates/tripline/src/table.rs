//! [`Table`], [`Row`] and their kin: what the derives implement, and how values become rows.

use std::borrow::Cow;

use tripline_core::{
    ColumnDesc, Decode, DefaultDesc, Error, Node, OnUpdate, Result, Returns, Slot, TableRef, Value,
};

use crate::{
    columns::{Col, Expr},
    field::Field,
    hooks::Probed,
    types::{Input, Type},
};

/// A table: `#[derive(Table)]` implements it for a struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a table",
    label = "not a table",
    note = "add `#[derive(Table)]` to `{Self}`"
)]
pub trait Table: Row<Table = Self> {
    /// The columns, as `|u| u.email.eq(..)` sees them.
    type Cols: Copy + Send + Sync + 'static;
    /// The values of a row to be created: `NewUser`.
    type New: Draft<Table = Self>;
    /// The changes to be made to rows: `UserPatch`.
    type Patch: Slots;
    /// The key: the type of the key column, or a tuple.
    type Key: Key;

    /// The description: data only.
    const DESC: TableRef;
    /// The hooks; named only by `tables![..]`, so that a table's code does not drag in its hooks' code.
    #[doc(hidden)]
    const HOOKS: &'static [Probed];

    #[doc(hidden)]
    fn cols(table: TableRef) -> Self::Cols;

    /// A draft with all values of this row: the row itself, copied.
    fn draft(&self) -> Self::New;
}

/// A row type: a table, or a struct with some of its columns, by `#[derive(Row)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row type",
    label = "not a row type",
    note = "add `#[derive(Row)] #[row(of = YourTable)]` to `{Self}`"
)]
pub trait Row: Sized + Send + Sync + 'static {
    /// The table whose rows these are.
    type Table: Table;
    /// The columns, in the order of the fields.
    const SHAPE: Shape;
    /// Whether decoding can fail for values of the columns' types, see [`Type::FALLIBLE`].
    const FALLIBLE: bool = true;

    #[doc(hidden)]
    fn decode(cells: &mut Cells<'_>) -> Result<Self>;
}

/// Which columns a row type has.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// These, by index.
    Columns(&'static [u16]),
    /// All, of a table known at run time.
    All,
}

impl From<Shape> for Returns {
    fn from(shape: Shape) -> Returns {
        match shape {
            Shape::Columns(columns) => Returns::Some(Cow::Borrowed(columns)),
            Shape::All => Returns::All,
        }
    }
}

/// A row type that hooks may be attached to: the table itself and what `#[table(hook_rows(..))]` lists.
#[diagnostic::on_unimplemented(
    message = "hooks on `{Self}` would never run",
    label = "not listed in its table's `hook_rows`",
    note = "list it: `#[table(hook_rows({Self}))]` on its table"
)]
pub trait HookRow: Row {}

/// What hooks that concern a whole table may be attached to: the table.
#[diagnostic::on_unimplemented(
    message = "this hook is for tables, and `{Self}` is none",
    label = "not a table",
    note = "it concerns all columns: implement it for the table"
)]
pub trait HookTable: Table {}

/// A row type of table `T`: every `Row<Table = T>` is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no row type of `{T}`",
    label = "expected a row type of `{T}`",
    note = "a row type says of which table it is: `#[row(of = {T})]`"
)]
pub trait RowOf<T: Table>: Row<Table = T> {}

#[diagnostic::do_not_recommend]
impl<T: Table, R: Row<Table = T>> RowOf<T> for R {}

/// Compiles if `R` is a row type of `T`.
#[doc(hidden)]
pub const fn row_of<R: RowOf<T>, T: Table>() {}

/// A field's type, which is that of its column, `V`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the field has the type `{Self}`, its column has the type `{V}`",
    label = "expected `{V}`",
    note = "a field of a row type has the type of its column"
)]
pub trait FieldOf<V>: Column {}

#[diagnostic::do_not_recommend]
impl<V: Column> FieldOf<V> for V {}

impl<T, V, M> Col<T, V, M> {
    /// The value of a row type's field.
    #[doc(hidden)]
    pub fn take<F: FieldOf<V>>(self, cells: &mut Cells<'_>) -> Result<F> {
        F::take(cells, Col::<T, F, M>::at(self.index()))
    }
}

/// Values by column: a draft or a patch.
pub trait Slots: Default + std::fmt::Debug + Send + Sync + 'static {
    #[doc(hidden)]
    fn into_slots(self, out: &mut Vec<Slot>) -> Result<()>;
    #[doc(hidden)]
    fn from_slots(slots: &mut SlotReader) -> Result<Self>;
}

/// The values of a row to be created.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no draft of a row",
    note = "`#[derive(Table)] struct User` makes the draft `NewUser`"
)]
pub trait Draft: Slots {
    /// The table whose row it becomes.
    type Table: Table<New = Self>;

    #[doc(hidden)]
    fn table(&self) -> TableRef {
        Self::Table::DESC
    }
}

/// The slots of one or several drafts or patches, taken one after the other.
#[doc(hidden)]
#[derive(Debug)]
pub struct SlotReader {
    table: TableRef,
    slots: std::vec::IntoIter<Slot>,
}

impl SlotReader {
    pub(crate) fn new(table: TableRef, slots: Vec<Slot>) -> Self {
        SlotReader { table, slots: slots.into_iter() }
    }

    pub(crate) fn table(&self) -> TableRef {
        self.table
    }

    /// The next slot. The engine gives as many as the table has columns.
    #[inline]
    pub fn take(&mut self) -> Slot {
        self.slots.next().unwrap_or_default()
    }
}

/// A key's values, in the order of the key's columns.
pub trait Key: Send + Sync + 'static {
    #[doc(hidden)]
    fn each_value(self, put: &mut dyn FnMut(Value)) -> Result<()>;
}

/// What stands for a key: the value itself where the key is one column, else a tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the key of this table",
    label = "expected the key, whose columns have the types `{K}`",
    note = "a key of one column is given as its value, a key of several as a tuple"
)]
pub trait IntoKey<K> {
    #[doc(hidden)]
    fn into_key(self) -> K;
}

#[diagnostic::do_not_recommend]
impl<A: Type, I: Input<A>> IntoKey<(A,)> for I {
    fn into_key(self) -> (A,) {
        (self.into_input(),)
    }
}

macro_rules! compound_key {
    ($($field:ident),+) => {
        #[diagnostic::do_not_recommend]
        impl<$($field: Type),+> IntoKey<($($field,)+)> for ($($field,)+) {
            fn into_key(self) -> Self {
                self
            }
        }
    };
}

compound_key!(A, B);
compound_key!(A, B, C);
compound_key!(A, B, C, D);

macro_rules! key {
    ($($field:ident),+) => {
        impl<$($field: Type),+> Key for ($($field,)+) {
            fn each_value(self, put: &mut dyn FnMut(Value)) -> Result<()> {
                #[allow(non_snake_case, reason = "the type's name serves for the value")]
                let ($($field,)+) = self;
                $(put($field.encode()?);)+
                Ok(())
            }
        }
    };
}

key!(A);
key!(A, B);
key!(A, B, C);
key!(A, B, C, D);

/// One row's values on their way into a row type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Cells<'a> {
    pub(crate) table: TableRef,
    pub(crate) source: Source<'a>,
}

#[derive(Debug)]
pub(crate) enum Source<'a> {
    /// The values are taken.
    Owned(&'a mut std::vec::IntoIter<Value>),
    /// The values stay, since others need them too; `positions` says where each of the shape's columns stands.
    Kept { row: &'a [Value], positions: std::slice::Iter<'a, usize> },
}

impl Cells<'_> {
    /// The next value, as the type of its column.
    pub fn take<T, V: Type, M>(&mut self, column: Col<T, V, M>) -> Result<V> {
        let value = self.value();
        V::decode(value).map_err(|mismatch| {
            let column = self.table.columns[usize::from(column.index())].name;
            Error::Decode(Box::new(Decode::new(self.table.name, column, mismatch)))
        })
    }

    /// The next value. The engine gives as many as the shape has columns.
    #[inline]
    pub(crate) fn value(&mut self) -> Value {
        match &mut self.source {
            Source::Owned(values) => values.next().unwrap_or(Value::Null),
            Source::Kept { row, positions } => {
                positions.next().and_then(|i| row.get(*i)).cloned().unwrap_or(Value::Null)
            }
        }
    }
}

/// What the derives ask of a field's type: one trait, so that an unsuitable type is one error, at the field.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a column cannot have the type `{Self}`",
    label = "not a column type",
    note = "column types: bool, i8 to i64, u8 to u32, f64, String, Vec<u8>, jiff::Timestamp, jiff::civil::Date, uuid::Uuid, Id<..>, Json<..>, enums with #[derive(TextEnum)], and Option of each"
)]
pub trait Column: Sized {
    /// A plain column of this type.
    const DESC: ColumnDesc;
    /// A key column of this type.
    const KEY: ColumnDesc;
    const FALLIBLE: bool;
    fn constant(value: impl Input<Self>) -> Value;
    fn into_slot(field: Field<Self>) -> Result<Slot>;
    fn from_slot(slot: Slot) -> Result<Field<Self>>;
    fn take<T, M>(cells: &mut Cells<'_>, column: Col<T, Self, M>) -> Result<Self>;
}

impl<V: Type> Column for V {
    const DESC: ColumnDesc = ColumnDesc {
        name: "",
        ty: V::COLUMN,
        range: V::RANGE,
        nullable: V::NULLABLE,
        default: DefaultDesc::None,
        on_update: OnUpdate::None,
        read_only: false,
        set_by_hook: false,
        secret: false,
        references: None,
    };
    const KEY: ColumnDesc = ColumnDesc { default: V::KEY_DEFAULT, ..Self::DESC };
    const FALLIBLE: bool = V::FALLIBLE;

    fn constant(value: impl Input<V>) -> Value {
        // A default that cannot be written is found when the row is checked: null does not fit a required column.
        value.into_input().encode().unwrap_or(Value::Null)
    }

    fn into_slot(field: Field<V>) -> Result<Slot> {
        field.into_slot()
    }

    fn from_slot(slot: Slot) -> Result<Field<V>> {
        Field::from_slot(slot)
    }

    fn take<T, M>(cells: &mut Cells<'_>, column: Col<T, V, M>) -> Result<V> {
        cells.take(column)
    }
}

/// The condition of a check constraint.
#[doc(hidden)]
pub fn check<T: Table, F: FnOnce(T::Cols) -> Expr<T>>(condition: F) -> Result<Node> {
    condition(T::cols(T::DESC)).0
}

/// Whether decoding a column's values can fail.
#[doc(hidden)]
pub const fn fallible<T, V: Column, M>(_: Col<T, V, M>) -> bool {
    V::FALLIBLE
}

/// What `#[created_at]` and `#[updated_at]` can be put on.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`#[created_at]` and `#[updated_at]` cannot fill a column of type `{Self}`",
    label = "expected `jiff::Timestamp`"
)]
pub trait Clocked {}

#[diagnostic::do_not_recommend]
impl Clocked for jiff::Timestamp {}
#[diagnostic::do_not_recommend]
impl Clocked for Option<jiff::Timestamp> {}

/// Fails to compile if the clock cannot fill a column of this type.
#[doc(hidden)]
pub const fn clocked<T: Clocked>() {}
