//! Table definitions as SQL: tables, their constraints, their indexes; all named.

use tripline_core::{Action, ColumnType, IndexDesc, Reference, Result, Schema, TableRef};

use crate::{Dialect, Sql, check_names, names::primary_key, postgres_name};

mod columns;
mod postgres;

/// The SQL statements that create the tables and indexes, where they are not there.
///
/// Tables come in the given order. SQLite resolves references between them when rows are written; on PostgreSQL those
/// to tables that come later are made last. There the first statement waits for others that create tables, up to the
/// end of the transaction: all are to be sent in one, since of two that create the same table at once one would fail.
///
/// What is known to be there, a table or an index of that name, is left out: the server asks for the right to create a
/// table before it looks whether it is there. If all are there, there is no statement.
pub fn create_tables(
    dialect: Dialect,
    schema: &Schema<'_>,
    is_there: &dyn Fn(&str) -> bool,
) -> Result<Vec<String>> {
    let tables = schema.tables;
    check_names(dialect, tables)?;
    if dialect != Dialect::Sqlite {
        postgres::check_keys(tables)?;
    }
    let mut statements = Vec::new();
    for (i, table) in tables.iter().enumerate() {
        let later = if dialect == Dialect::Sqlite { &[] } else { &tables[i + 1..] };
        if !is_there(table.name) {
            let mut sql = Sql::inline(dialect);
            sql.create_table(schema, table, later)?;
            statements.push(sql.text);
        }
        for index in table.indexes.iter().filter(|index| !is_constraint(dialect, table, index)) {
            if !is_there(&postgres_name(&index.database_name(table))) {
                let mut sql = Sql::inline(dialect);
                sql.create_index(table, index);
                statements.push(sql.text);
            }
        }
    }
    if dialect != Dialect::Sqlite {
        statements.extend(postgres::late_foreign_keys(dialect, schema, is_there));
        if !statements.is_empty() {
            statements.insert(0, postgres::LOCK.to_owned());
        }
    }
    Ok(statements)
}

/// The names of all tables and indexes that [`create_tables`] makes on PostgreSQL.
pub fn made_names(tables: &[TableRef]) -> Vec<String> {
    let of_table = |table: &TableRef| {
        let table = *table;
        let indexes = table.indexes.iter().map(|index| index.database_name(table));
        indexes.map(|name| postgres_name(&name).into_owned()).chain([table.name.to_owned()])
    };
    tables.iter().flat_map(of_table).collect()
}

/// Whether it is a constraint of the table. PostgreSQL has no constraints on the text of JSON, only indexes.
fn is_constraint(dialect: Dialect, table: TableRef, index: &IndexDesc) -> bool {
    let is_json = |column: &u16| table.columns[usize::from(*column)].ty == ColumnType::Json;
    index.unique && (dialect == Dialect::Sqlite || !index.columns.iter().any(is_json))
}

/// Whether the reference is to a table that is not there yet.
fn is_later(reference: &Reference, later: &[TableRef]) -> bool {
    later.iter().any(|table| table.name == reference.table().name)
}

impl Sql<'_> {
    fn create_table(&mut self, schema: &Schema<'_>, table: TableRef, later: &[TableRef]) -> Result<()> {
        self.push("CREATE TABLE IF NOT EXISTS ");
        self.name(table.name);
        self.push(" (");
        for (i, column) in table.columns.iter().enumerate() {
            self.push(if i == 0 { "\n  " } else { ",\n  " });
            self.column_definition(table, i as u16, column);
        }
        // On SQLite a key that it assigns is part of the column's definition.
        if table.assigned_key().is_none() || self.is_postgres() {
            self.constraint(&primary_key(table));
            self.push("PRIMARY KEY (");
            self.columns(table, table.key.iter().copied());
            self.push(")");
        }
        let dialect = self.dialect;
        for unique in table.indexes.iter().filter(|index| is_constraint(dialect, table, index)) {
            self.constraint(&unique.database_name(table));
            self.push("UNIQUE (");
            self.columns(table, unique.columns.iter().copied());
            self.push(")");
        }
        for (i, column) in table.columns.iter().enumerate() {
            self.column_checks(table, column);
            if let Some(reference) = column.references.as_ref().filter(|r| !is_later(r, later)) {
                self.push(",\n  ");
                self.foreign_key(schema, table, i as u16, reference);
            }
        }
        for check in table.checks {
            self.constraint(check.name);
            self.push("CHECK (");
            let condition = check.condition.node()?;
            // The condition lives only here, and its text only has literals.
            let mut inner = Sql::inline(dialect);
            inner.node(table, &condition)?;
            self.push(&inner.text);
            self.push(")");
        }
        self.push(if self.is_postgres() { "\n)" } else { "\n) STRICT" });
        Ok(())
    }

    fn create_index(&mut self, table: TableRef, index: &IndexDesc) {
        self.push(if index.unique {
            "CREATE UNIQUE INDEX IF NOT EXISTS "
        } else {
            "CREATE INDEX IF NOT EXISTS "
        });
        self.constraint_name(&index.database_name(table));
        self.push(" ON ");
        self.name(table.name);
        self.push(" (");
        for (i, column) in index.columns.iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.comparable_column(table, *column);
            // As null counts in an order, unless it says otherwise: the index can give that order.
            if self.is_postgres() && table.columns[usize::from(*column)].nullable {
                self.push(" NULLS FIRST");
            }
        }
        self.push(")");
    }

    /// The next line: a constraint of this name.
    fn constraint(&mut self, name: &str) {
        self.push(",\n  CONSTRAINT ");
        self.constraint_name(name);
        self.push(" ");
    }

    fn constraint_name(&mut self, name: &str) {
        if self.is_postgres() {
            self.name(&postgres_name(name));
        } else {
            self.name(name);
        }
    }

    fn foreign_key(&mut self, schema: &Schema<'_>, table: TableRef, index: u16, reference: &Reference) {
        let cascaded = schema.is_cascaded(table, index);
        let on_delete = if cascaded { Action::NoAction } else { reference.on_delete };
        self.push("CONSTRAINT ");
        self.constraint_name(&reference.database_name(table, index));
        self.push(" FOREIGN KEY (");
        self.column(table, index);
        self.push(") REFERENCES ");
        self.name(reference.table().name);
        self.push(" (");
        self.name(reference.target());
        self.push(")");
        for (event, action) in [(" ON DELETE ", on_delete), (" ON UPDATE ", reference.on_update)] {
            self.push(event);
            self.push(match action {
                Action::Restrict => "RESTRICT",
                Action::Cascade => "CASCADE",
                Action::SetNull => "SET NULL",
                Action::SetDefault => "SET DEFAULT",
                _ => "NO ACTION",
            });
        }
        if cascaded && self.is_postgres() {
            // Rows in a circle can be deleted one after the other only if nobody looks meanwhile.
            self.push(" DEFERRABLE");
        }
    }
}
