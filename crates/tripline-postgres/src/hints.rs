//! What would be right, where the server only says what is wrong.

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tripline_core::{ColumnDesc, TableRef};

use crate::values::column_type;

/// What is added to the server's message.
pub(crate) fn hint(error: &DbError, sql: &str, tables: &[TableRef]) -> Option<String> {
    match *error.code() {
        SqlState::SYNTAX_ERROR if sql.contains('?') => {
            Some("placeholders are written `$1`, `$2`, .., not `?`".to_owned())
        }
        // The text of statements says of what type their parameters are: that of the column's field.
        SqlState::DATATYPE_MISMATCH | SqlState::UNDEFINED_FUNCTION => {
            let position = match error.position() {
                Some(ErrorPosition::Original(position)) => usize::try_from(*position).ok(),
                _ => None,
            };
            let (table, column) = column(error.message(), sql, position, tables)?;
            Some(format!(
                "column `{column}` of table `{table}` has another type in the database than its field needs: `ALTER TABLE \
                 \"{table}\" ALTER COLUMN \"{column}\" TYPE {ty}` gives it that one",
                table = table.name,
                column = column.name,
                ty = column_type(column.ty).name(),
            ))
        }
        _ => None,
    }
}

/// The column that is meant: the one in the message, or the one before the operator that the server points to.
fn column(
    message: &str,
    sql: &str,
    position: Option<usize>,
    tables: &[TableRef],
) -> Option<(TableRef, &'static ColumnDesc)> {
    let table = tables.iter().copied().find(|table| sql.contains(&format!("\"{}\"", table.name)))?;
    let before = position.and_then(|at| sql.char_indices().nth(at.checked_sub(1)?)).map(|(at, _)| &sql[..at]);
    let is_meant = |column: &&ColumnDesc| {
        let name = format!("\"{}\"", column.name);
        message.contains(&name) || before.is_some_and(|before| before.trim_end().ends_with(&name))
    };
    table.columns.iter().find(is_meant).map(|column| (table, column))
}
