//! What would be sent: a flight's SQL statements, written down and not run.

use tripline_core::{Access, Begin, End, Error, Mode, Result, Statement, Step, Transcript};
use tripline_sql::{Dialect, Keys, Sql, Target};

use crate::execute::{without_mark, write_read};

pub(crate) fn explain(
    begin: &Begin,
    steps: &[Step<'_>],
    end: End,
    transcript: &mut Transcript,
) -> Result<()> {
    match begin.transaction {
        None => {}
        Some(Mode { access: Access::Write, .. }) => transcript.add("BEGIN IMMEDIATE"),
        Some(Mode { access: Access::Read, .. }) => transcript.add("BEGIN"),
    }
    for level in begin.savepoints.clone() {
        transcript.add(&format!("SAVEPOINT s{level}"));
    }
    steps.iter().try_for_each(|step| statement(&step.statement, transcript))?;
    match end {
        End::None => {}
        End::Commit => transcript.add("COMMIT"),
        End::Rollback => transcript.add("ROLLBACK"),
        End::Release(level) => transcript.add(&format!("RELEASE s{level}")),
        End::RollbackTo(level) => {
            transcript.add(&format!("ROLLBACK TO s{level}"));
            transcript.add(&format!("RELEASE s{level}"));
        }
    }
    Ok(())
}

fn statement(statement: &Statement<'_>, transcript: &mut Transcript) -> Result<()> {
    let mut sql = Sql::new(Dialect::Sqlite, String::new());
    if write_read(&mut sql, statement)?.is_some() {
        transcript.add(without_mark(&sql.text));
        return Ok(());
    }
    match statement {
        Statement::FindEach { table, by, columns, .. } => {
            for values in by.iter() {
                sql.clear();
                tripline_sql::find_by(&mut sql, table, &by.columns, values, columns);
                transcript.add(&sql.text);
            }
        }
        Statement::Insert { table, rows } => {
            tripline_sql::insert(&mut sql, table);
            rows.chunks_exact(table.columns.len()).for_each(|_| transcript.add(&sql.text));
        }
        Statement::Upsert { table, rows, conflict, returning } => {
            for row in rows.chunks_exact(table.columns.len()) {
                sql.clear();
                tripline_sql::upsert(&mut sql, table, row, conflict, returning)?;
                transcript.add(&sql.text);
            }
        }
        Statement::Update { table, filter, patches, keys, returning, .. } => {
            let width = table.columns.len();
            let every: Vec<Keys<'_>> =
                keys.map_or(vec![Keys::Any], |keys| keys.iter().map(Keys::One).collect());
            for (i, keys) in every.into_iter().enumerate() {
                sql.clear();
                let patch = if patches.len() == width { patches } else { &patches[i * width..][..width] };
                tripline_sql::update(&mut sql, table, patch, Target { filter: *filter, keys, returning })?;
                transcript.add(&sql.text);
            }
        }
        Statement::Delete { table, filter, keys, returning } => {
            let every: Vec<Keys<'_>> =
                keys.map_or(vec![Keys::Any], |keys| keys.iter().map(Keys::One).collect());
            for keys in every {
                sql.clear();
                tripline_sql::delete(&mut sql, table, Target { filter: *filter, keys, returning })?;
                transcript.add(&sql.text);
            }
        }
        Statement::DeferForeignKeys => transcript.add(crate::execute::DEFER_FOREIGN_KEYS),
        Statement::Schema { text } => transcript.add(text),
        other => {
            return Err(Error::invalid(format!("SQLite's driver does not know this statement: {other:?}")));
        }
    }
    Ok(())
}
