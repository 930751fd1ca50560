//! Table definitions as SQL: tables, their constraints, their indexes; all named.

use tripline_core::{Action, ColumnDesc, ColumnType, DefaultDesc, Result, TableRef};

use crate::{Dialect, Sql};

/// The SQL statements that create the tables and indexes, where they are not there.
///
/// Tables come in the given order; SQLite resolves references between them when rows are written.
pub fn create_tables(dialect: Dialect, tables: &[TableRef]) -> Result<Vec<String>> {
    let mut statements = Vec::new();
    for table in tables {
        let mut sql = Sql::inline(dialect);
        sql.create_table(table)?;
        statements.push(sql.text);
        for index in table.indexes.iter().filter(|index| !index.unique) {
            let mut sql = Sql::inline(dialect);
            sql.push("CREATE INDEX IF NOT EXISTS ");
            sql.name(&index.database_name(table));
            sql.push(" ON ");
            sql.name(table.name);
            sql.push(" (");
            sql.columns(table, index.columns.iter().copied());
            sql.push(")");
            statements.push(sql.text);
        }
    }
    Ok(statements)
}

impl Sql<'_> {
    fn create_table(&mut self, table: TableRef) -> Result<()> {
        self.push("CREATE TABLE IF NOT EXISTS ");
        self.name(table.name);
        self.push(" (");
        for (i, column) in table.columns.iter().enumerate() {
            self.push(if i == 0 { "\n  " } else { ",\n  " });
            self.column(table, i as u16, column);
        }
        if table.assigned_key().is_none() {
            self.constraint(&format!("{}_pkey", table.name));
            self.push("PRIMARY KEY (");
            self.columns(table, table.key.iter().copied());
            self.push(")");
        }
        for unique in table.indexes.iter().filter(|index| index.unique) {
            self.constraint(&unique.database_name(table));
            self.push("UNIQUE (");
            self.columns(table, unique.columns.iter().copied());
            self.push(")");
        }
        for (i, column) in table.columns.iter().enumerate() {
            self.column_checks(table, column);
            self.foreign_key(table, i as u16, column);
        }
        for check in table.checks {
            self.constraint(check.name);
            self.push("CHECK (");
            let condition = (check.condition)()?;
            // The condition lives only here, and its text only has literals.
            let mut inner = Sql::inline(self.dialect);
            inner.node(table, &condition)?;
            self.push(&inner.text);
            self.push(")");
        }
        self.push("\n) STRICT");
        Ok(())
    }

    fn constraint(&mut self, name: &str) {
        self.push(",\n  CONSTRAINT ");
        self.name(name);
        self.push(" ");
    }

    fn column(&mut self, table: TableRef, index: u16, column: &ColumnDesc) {
        self.name(column.name);
        self.push(match column.ty {
            ColumnType::Bool | ColumnType::Int | ColumnType::Timestamp => " INTEGER",
            ColumnType::Float => " REAL",
            ColumnType::Bytes | ColumnType::Uuid => " BLOB",
            _ => " TEXT",
        });
        // AUTOINCREMENT: a key is never given twice, so that a reference kept elsewhere cannot come to mean
        // another row. PostgreSQL's identity columns promise the same.
        if table.assigned_key() == Some(index) {
            self.push(" PRIMARY KEY AUTOINCREMENT");
        }
        if !column.nullable {
            self.push(" NOT NULL");
        }
        if let DefaultDesc::Constant(value) = column.default {
            self.push(" DEFAULT ");
            self.literal(&value());
        }
    }

    fn column_checks(&mut self, table: TableRef, column: &ColumnDesc) {
        match column.ty {
            ColumnType::Bool => {
                self.constraint(&format!("{}_{}_check", table.name, column.name));
                self.push("CHECK (");
                self.name(column.name);
                self.push(" IN (0, 1))");
            }
            ColumnType::Enum(names) => {
                self.constraint(&format!("{}_{}_check", table.name, column.name));
                self.push("CHECK (");
                self.name(column.name);
                self.push(" IN (");
                for (i, name) in names.iter().enumerate() {
                    if i > 0 {
                        self.push(", ");
                    }
                    self.text_literal(name);
                }
                self.push("))");
            }
            _ => {}
        }
        if let Some((least, most)) = column.range {
            self.constraint(&format!("{}_{}_check", table.name, column.name));
            self.push("CHECK (");
            self.name(column.name);
            self.push(&format!(" BETWEEN {least} AND {most})"));
        }
    }

    fn foreign_key(&mut self, table: TableRef, index: u16, column: &ColumnDesc) {
        let Some(reference) = &column.references else { return };
        self.constraint(&reference.database_name(table, index));
        self.push("FOREIGN KEY (");
        self.name(column.name);
        self.push(") REFERENCES ");
        self.name((reference.table)().name);
        self.push(" (");
        self.name(reference.target());
        self.push(")");
        for (event, action) in [(" ON DELETE ", reference.on_delete), (" ON UPDATE ", reference.on_update)] {
            self.push(event);
            self.push(match action {
                Action::Restrict => "RESTRICT",
                Action::Cascade => "CASCADE",
                Action::SetNull => "SET NULL",
                Action::SetDefault => "SET DEFAULT",
                _ => "NO ACTION",
            });
        }
    }
}
