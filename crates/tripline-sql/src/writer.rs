//! [`Sql`]: text and parameters as they are written.

use std::{borrow::Cow, fmt::Write as _};

use tripline_core::{ColumnType, Node, Result, TableRef, Value};

use crate::{
    Param,
    types::{postgres_type, type_beside},
};

/// Whose SQL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite 3.41 or newer (strict tables, `unhex`).
    Sqlite,
    /// PostgreSQL 15 or newer.
    Postgres {
        /// The server's major version: what it does not know is written otherwise.
        version: u32,
    },
}

/// SQL text with its parameters, in order.
#[derive(Debug)]
pub struct Sql<'s> {
    pub(crate) dialect: Dialect,
    /// The text.
    pub text: String,
    /// The parameters.
    pub params: Vec<Param<'s>>,
    /// Whether values are written into the text: only in table definitions, which take no parameters.
    pub(crate) inline: bool,
    /// What stands before columns of the table, in statements with more than one source of rows.
    pub(crate) qualifier: Option<&'static str>,
}

impl<'s> Sql<'s> {
    /// Nothing written yet; `buffer` is used for the text, so that its memory can serve again.
    pub fn new(dialect: Dialect, mut buffer: String) -> Self {
        buffer.clear();
        Sql { dialect, text: buffer, params: Vec::new(), inline: false, qualifier: None }
    }

    /// Makes it as new, so that another statement can be written.
    pub fn clear(&mut self) {
        self.text.clear();
        self.params.clear();
        self.qualifier = None;
    }

    /// For table definitions: values are written into the text.
    pub(crate) fn inline(dialect: Dialect) -> Self {
        Sql { inline: true, ..Sql::new(dialect, String::new()) }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.dialect, Dialect::Postgres { .. })
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A quoted name.
    pub(crate) fn name(&mut self, name: &str) {
        self.text.push('"');
        if name.contains('"') {
            self.text.push_str(&name.replace('"', "\"\""));
        } else {
            self.text.push_str(name);
        }
        self.text.push('"');
    }

    /// A column of the table, in an expression.
    pub(crate) fn column(&mut self, table: TableRef, column: u16) {
        if let Some(qualifier) = self.qualifier {
            self.name(qualifier);
            self.push(".");
        }
        self.name(table.columns[usize::from(column)].name);
    }

    /// Columns of the table, separated by commas.
    pub(crate) fn columns(&mut self, table: TableRef, columns: impl IntoIterator<Item = u16>) {
        for (i, column) in columns.into_iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.column(table, column);
        }
    }

    /// A value: a parameter, or in table definitions a literal.
    pub(crate) fn value(&mut self, value: Cow<'s, Value>, ty: Option<ColumnType>) {
        if self.inline {
            self.literal(&value);
        } else {
            self.param(Param::Value { value, ty });
        }
    }

    /// A value on its way into a column.
    pub(crate) fn column_value(&mut self, table: TableRef, column: u16, value: &'s Value) {
        self.value(Cow::Borrowed(value), Some(table.columns[usize::from(column)].ty));
    }

    /// What a column is set to; a value that stands alone is on its way into the column.
    pub(crate) fn column_node(&mut self, table: TableRef, column: u16, node: &'s Node) -> Result<()> {
        match node {
            Node::Literal(value) => {
                let ty = type_beside(value, Some(table.columns[usize::from(column)].ty));
                self.value(Cow::Borrowed(value), ty);
                Ok(())
            }
            node => self.node(table, node),
        }
    }

    /// A parameter's place.
    pub(crate) fn param(&mut self, param: Param<'s>) {
        self.params.push(param);
        match self.dialect {
            Dialect::Sqlite => self.text.push('?'),
            Dialect::Postgres { .. } => _ = write!(self.text, "${}", self.params.len()),
        }
    }

    /// Arrays as rows.
    pub(crate) fn unnest(&mut self, arrays: impl Iterator<Item = Param<'s>>) {
        self.push("unnest(");
        for (i, array) in arrays.enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.typed_array(array);
        }
        self.push(")");
    }

    /// An array whose type PostgreSQL could not tell from what stands beside it.
    pub(crate) fn typed_array(&mut self, param: Param<'s>) {
        let ty = postgres_type(param.ty());
        self.param(param);
        _ = write!(self.text, "::{ty}[]");
    }
}
