//! [`AnyCol`]: a column by its name, for conditions, changes and orders built at run time.

use std::marker::PhantomData;

use tripline_core::{
    Arith, ColumnDesc, Compare, Error, Invalid, Node, Pattern, Result, Slot, TableRef, Value,
};

use super::{AnyRow, unknown};
use crate::{
    columns::{Assign, Col, Expr, OrderBy},
    types::Type,
};

/// The columns of whichever table, by name.
#[derive(Clone, Copy, Debug)]
pub struct AnyCols(TableRef);

/// A column by its name. That the table has none of this name, and that a value is not of its type, is an error of the
/// operation that it is used in.
#[derive(Clone, Debug)]
pub struct AnyCol {
    table: TableRef,
    column: Result<u16>,
}

impl AnyCols {
    pub(crate) fn of(table: TableRef) -> AnyCols {
        AnyCols(table)
    }

    /// A column by its name in the database.
    pub fn col(self, name: &str) -> AnyCol {
        AnyCol { table: self.0, column: self.0.column(name).ok_or_else(|| unknown(self.0, name)) }
    }

    /// A column of a type known when compiling; an error if the table has none of this name.
    pub fn typed<V: Type>(self, name: &str) -> Result<Col<AnyRow, V>> {
        self.0.column(name).map(Col::at).ok_or_else(|| unknown(self.0, name))
    }
}

impl AnyCol {
    fn column_desc(&self, column: u16) -> &'static ColumnDesc {
        &self.table.columns[usize::from(column)]
    }

    fn wrong(&self, column: u16, reason: String) -> Error {
        let (table, column) = (Some(self.table.name), Some(self.column_desc(column).name));
        Error::Invalid(Box::new(Invalid { table, column, reason }))
    }

    pub(crate) fn index(self) -> Result<u16> {
        self.column
    }

    /// The value, if it is one of this column's.
    fn fitting(&self, column: u16, value: Value) -> Result<Value> {
        if value.is_null() {
            return Err(self.wrong(column, "null is equal to nothing: ask `is_null`".to_owned()));
        }
        if !value.fits(self.column_desc(column).ty) {
            return Err(self.wrong(column, format!("a value of type {} does not fit", value.type_name())));
        }
        Ok(value)
    }

    fn expr(self, make: impl FnOnce(&AnyCol, u16) -> Result<Node>) -> Expr<AnyRow> {
        let column = self.column.clone();
        Expr::new(column.and_then(|column| make(&self, column)))
    }

    /// Compares with a value.
    pub fn compare(self, op: Compare, value: impl Into<Value>) -> Expr<AnyRow> {
        let value = value.into();
        self.expr(|col, column| {
            let value = col.fitting(column, value)?;
            Ok(Node::compare(op, Node::Column(column), Node::Literal(value)))
        })
    }

    /// Equal. A null is equal to nothing: see [`is_null`](Self::is_null).
    pub fn eq(self, value: impl Into<Value>) -> Expr<AnyRow> {
        self.compare(Compare::Eq, value)
    }

    /// Not equal; not fulfilled where the column is null.
    pub fn ne(self, value: impl Into<Value>) -> Expr<AnyRow> {
        self.compare(Compare::Ne, value)
    }

    /// Greater.
    pub fn gt(self, value: impl Into<Value>) -> Expr<AnyRow> {
        self.compare(Compare::Gt, value)
    }

    /// Greater or equal.
    pub fn gte(self, value: impl Into<Value>) -> Expr<AnyRow> {
        self.compare(Compare::Gte, value)
    }

    /// Less.
    pub fn lt(self, value: impl Into<Value>) -> Expr<AnyRow> {
        self.compare(Compare::Lt, value)
    }

    /// Less or equal.
    pub fn lte(self, value: impl Into<Value>) -> Expr<AnyRow> {
        self.compare(Compare::Lte, value)
    }

    /// One of these; an empty list matches nothing.
    pub fn is_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Expr<AnyRow> {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        self.expr(|col, column| {
            let fitting = values.into_iter().map(|value| col.fitting(column, value));
            Ok(Node::In(Box::new(Node::Column(column)), fitting.collect::<Result<_>>()?))
        })
    }

    /// None of these; an empty list matches everything.
    pub fn not_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Expr<AnyRow> {
        self.is_in(values).not()
    }

    /// Whether the column is null.
    pub fn is_null(self) -> Expr<AnyRow> {
        self.expr(|_, column| Ok(Node::IsNull(Box::new(Node::Column(column)))))
    }

    /// Whether the column has a value.
    pub fn is_not_null(self) -> Expr<AnyRow> {
        self.is_null().not()
    }

    /// Matches a pattern, see [`Pattern`]. An error unless the column holds text.
    pub fn matches(self, pattern: Pattern) -> Expr<AnyRow> {
        self.expr(|col, column| {
            if !Value::Text(String::new()).fits(col.column_desc(column).ty) {
                return Err(col.wrong(column, "only text matches a pattern".to_owned()));
            }
            Ok(Node::Like(Box::new(Node::Column(column)), pattern))
        })
    }

    /// Starts with this text.
    pub fn starts_with(self, text: impl Into<String>) -> Expr<AnyRow> {
        self.matches(Pattern::StartsWith(text.into()))
    }

    /// Contains this text.
    pub fn contains(self, text: impl Into<String>) -> Expr<AnyRow> {
        self.matches(Pattern::Contains(text.into()))
    }

    fn assign(self, make: impl FnOnce(&AnyCol, u16) -> Result<Slot>) -> Assign<AnyRow> {
        let column = self.column.clone();
        let slot = column.clone().and_then(|column| make(&self, column));
        Assign(column.unwrap_or_default(), slot, PhantomData)
    }

    /// Sets the column to a value; null if it allows that.
    pub fn set(self, value: impl Into<Value>) -> Assign<AnyRow> {
        let value = value.into();
        self.assign(|col, column| {
            if value.is_null() {
                return Ok(Slot::To(value));
            }
            col.fitting(column, value).map(Slot::To)
        })
    }

    /// Adds to what the row has, in the database.
    #[expect(clippy::should_implement_trait, reason = "it gives a change, not a value")]
    pub fn add(self, by: impl Into<Value>) -> Assign<AnyRow> {
        let by = by.into();
        self.assign(|col, column| {
            if !matches!(by, Value::Int(_) | Value::Float(_)) {
                return Err(col.wrong(column, "only numbers can be added to".to_owned()));
            }
            let by = col.fitting(column, by)?;
            let pair = Box::new((Node::Column(column), Node::Literal(by)));
            Ok(Slot::Expr(Box::new(Node::Arith(Arith::Add, pair))))
        })
    }

    /// Smallest first; null counts as the smallest.
    pub fn asc(self) -> OrderBy<AnyRow> {
        OrderBy::new(self.column.map(Node::Column), false)
    }

    /// Largest first; null counts as the smallest.
    pub fn desc(self) -> OrderBy<AnyRow> {
        OrderBy::new(self.column.map(Node::Column), true)
    }
}
