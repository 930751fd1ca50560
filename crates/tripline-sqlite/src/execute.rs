//! Statements on a connection: written as SQL, bound, run, read. Each begins and ends here, within one poll.

mod each;

use std::sync::atomic::Ordering;

use tripline_core::{Answer, Decode, Error, Slot, Statement, Step, TableRef, Value};
use tripline_sql::{Dialect, Param, Sql, Target};

use crate::{
    connection::Connection,
    errors::Trouble,
    raw,
    texts::key_of,
    values::{Bind, read, read_untyped},
};

/// A read that can go to another thread.
#[derive(Debug)]
pub(crate) struct OwnedRead {
    sql: String,
    params: Vec<Value>,
    result: ReadResult<Vec<u16>>,
}

/// What a read's rows are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReadResult<C> {
    Rows(TableRef, C),
    Number,
    /// Of the application's own SQL, which may write or not.
    Untyped {
        writes: bool,
    },
}

/// What is put behind SQL of the application's own.
const RAW_MARK: &str = "\n/* raw */";

/// Foreign keys are checked by COMMIT from here on.
pub(crate) const DEFER_FOREIGN_KEYS: &str = "PRAGMA defer_foreign_keys = ON";

/// The application's own SQL as it was given; other SQL as it is.
pub(crate) fn without_mark(sql: &str) -> &str {
    sql.strip_suffix(RAW_MARK).unwrap_or(sql)
}

impl Connection {
    /// Runs one statement. With `inline` a long read ends as [`Trouble::Long`].
    pub(crate) fn execute(&mut self, step: &mut Step<'_>, inline: bool) -> Result<(), Trouble> {
        let mut sql = Sql::new(Dialect::Sqlite, std::mem::take(&mut self.buffer));
        let done = self.run(&mut sql, &mut step.statement, &mut step.answer, inline);
        self.buffer = std::mem::take(&mut sql.text);
        done
    }

    fn run<'s>(
        &self,
        sql: &mut Sql<'s>,
        statement: &mut Statement<'s>,
        answer: &mut Answer,
        inline: bool,
    ) -> Result<(), Trouble> {
        if let Statement::Find { table, query, columns, .. } = statement
            && let Some(key) = key_of(table, query)
        {
            let text = self.texts.find_by_key(table, columns, query)?;
            self.limits.start(inline);
            self.record(&text, 0);
            return self.read(
                &text,
                std::slice::from_ref(key),
                ReadResult::Rows(table, *columns),
                Some(statement),
                answer,
            );
        }
        if let Some(result) = write_read(sql, statement)? {
            few_enough(sql)?;
            // A write is never interrupted for being long: SQLite would roll back the whole transaction.
            self.limits.start(inline && !matches!(result, ReadResult::Untyped { writes: true }));
            self.record(&sql.text, 0);
            return self.read(&sql.text, &sql.params, result, Some(statement), answer);
        }
        self.limits.start(false);
        if let Statement::Insert { table, rows } = statement {
            return self.insert(table, rows, answer);
        }
        let statement = &*statement;
        match statement {
            Statement::Update { table, filter, patches, keys, returning, .. } => {
                let width = table.columns.len();
                self.each_key(*keys, |i, key| {
                    let patch = if patches.len() == width { patches } else { &patches[i * width..][..width] };
                    // Without a change there is nothing to set, and SQL has no word for it.
                    if patch.iter().all(|slot| matches!(slot, Slot::Unset)) {
                        return Ok(());
                    }
                    sql.clear();
                    let target = Target { filter: *filter, keys: key, returning };
                    tripline_sql::update(sql, table, patch, target)?;
                    self.write(sql, table, returning, statement, answer, i)
                })
            }
            Statement::Delete { table, filter, keys, returning } => self.each_key(*keys, |i, key| {
                sql.clear();
                let target = Target { filter: *filter, keys: key, returning };
                tripline_sql::delete(sql, table, target)?;
                self.write(sql, table, returning, statement, answer, i)
            }),
            Statement::FindEach { table, by, columns, .. } => {
                self.find_each(sql, table, by, columns, statement, answer)
            }
            Statement::Upsert { table, rows, conflict, returning } => {
                for (i, row) in rows.chunks_exact(table.columns.len()).enumerate() {
                    sql.clear();
                    tripline_sql::upsert(sql, table, row, conflict, returning)?;
                    self.write(sql, table, returning, statement, answer, i)?;
                }
                Ok(())
            }
            Statement::DeferForeignKeys => {
                let text = DEFER_FOREIGN_KEYS;
                self.record(text, 0);
                self.raw.execute_batch(text).map_err(|error| self.trouble(error, None, text))
            }
            Statement::Schema { text } => {
                self.record(text, 0);
                self.raw.execute_batch(text).map_err(|error| self.trouble(error, None, text))
            }
            other => {
                Err(Error::invalid(format!("SQLite's driver does not know this statement: {other:?}")).into())
            }
        }
    }

    fn insert(&self, table: TableRef, rows: &mut [Value], answer: &mut Answer) -> Result<(), Trouble> {
        let sql = self.texts.insert(table)?;
        let failed = |error| self.trouble(error, None, &sql);
        let assigned = table.assigned_key().map(usize::from);
        let mut prepared = self.raw.prepare_cached(&sql).map_err(failed)?;
        for (i, row) in rows.chunks_exact_mut(table.columns.len()).enumerate() {
            self.record(&sql, i);
            for (n, value) in row.iter().enumerate() {
                prepared.raw_bind_parameter(n + 1, Bind(value)).map_err(failed)?;
            }
            if let Err(error) = prepared.raw_execute() {
                drop(prepared);
                return Err(self.trouble(error, Some(&Statement::Insert { table, rows: row }), &sql));
            }
            answer.count += 1;
            if let Some(key) = assigned.filter(|key| row[*key].is_null()) {
                row[key] = Value::Int(self.raw.last_insert_rowid());
            }
        }
        Ok(())
    }

    fn write(
        &self,
        sql: &Sql<'_>,
        table: TableRef,
        returning: &[u16],
        statement: &Statement<'_>,
        answer: &mut Answer,
        execution: usize,
    ) -> Result<(), Trouble> {
        few_enough(sql)?;
        self.record(&sql.text, execution);
        let failed = |error| self.trouble(error, Some(statement), &sql.text);
        let mut prepared = self.raw.prepare_cached(&sql.text).map_err(failed)?;
        bind(&mut prepared, &sql.params).map_err(failed)?;
        if returning.is_empty() {
            answer.count += prepared.raw_execute().map_err(failed)? as u64;
            return Ok(());
        }
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            for (i, column) in returning.iter().enumerate() {
                if let Err(error) = read(row.get_ref(i).map_err(failed)?, table, *column, &mut answer.values)
                {
                    return Err(self.undo(rows, error));
                }
            }
            answer.count += 1;
        }
        Ok(())
    }

    /// Ends a statement that has written, but whose answer cannot be read. Outside of a transaction SQLite would
    /// commit it when it is reset, so it is interrupted instead. Inside of one the transaction is rolled back.
    fn undo(&self, mut rows: rusqlite::Rows<'_>, error: Error) -> Trouble {
        if !self.in_transaction() {
            self.raw.get_interrupt_handle().interrupt();
            _ = rows.next();
        }
        Trouble::Failed(error)
    }

    fn read<C: AsRef<[u16]>>(
        &self,
        text: &str,
        params: &[impl AsValue],
        result: ReadResult<C>,
        statement: Option<&Statement<'_>>,
        answer: &mut Answer,
    ) -> Result<(), Trouble> {
        let foreign = matches!(result, ReadResult::Untyped { .. });
        // The authorizer is asked when a statement is prepared, and when a changed schema prepares it anew.
        let _guard = foreign.then(|| ForeignSql::mark(self));
        let failed = |error| self.trouble(error, statement, text);
        let mut prepared = self.raw.prepare_cached(text).map_err(failed)?;
        let places = if foreign { raw::places(&prepared, params.len())? } else { None };
        if matches!(result, ReadResult::Untyped { writes: false }) && !prepared.readonly() {
            return Err(Error::invalid("this SQL writes: that is `raw_execute`, since it skips hooks").into());
        }
        match places {
            None => bind(&mut prepared, params),
            Some(places) => places.iter().enumerate().try_for_each(|(i, place)| {
                prepared.raw_bind_parameter(i + 1, Bind(params[*place].as_value()))
            }),
        }
        .map_err(failed)?;
        if foreign && prepared.column_count() == 0 {
            answer.count = prepared.raw_execute().map_err(failed)? as u64;
            return Ok(());
        }
        if foreign {
            // A column without a name is called as it is written, up to the end of the text.
            answer.names = prepared.column_names().map(|name| without_mark(name).to_owned()).collect();
        }
        let width = prepared.column_count();
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            match &result {
                ReadResult::Number => answer.count = row.get::<_, i64>(0).map_err(failed)?.unsigned_abs(),
                ReadResult::Rows(table, columns) => {
                    // Room for one row, and for many once there is a second.
                    match answer.count {
                        0 => answer.values.reserve_exact(width),
                        1 => answer.values.reserve(width * 64),
                        _ => {}
                    }
                    for (i, column) in columns.as_ref().iter().enumerate() {
                        read(row.get_ref(i).map_err(failed)?, table, *column, &mut answer.values)?;
                    }
                    answer.count += 1;
                }
                // Nobody sees what a write answers.
                ReadResult::Untyped { writes: true } => answer.count += 1,
                ReadResult::Untyped { writes: false } => {
                    for i in 0..width {
                        match read_untyped(row.get_ref(i).map_err(failed)?) {
                            Ok(value) => answer.values.push(value),
                            Err(mismatch) => {
                                let column = answer.names.get(i).cloned().unwrap_or_default().into();
                                let decode = Decode { column, ..Decode::new("", "", mismatch) };
                                return Err(self.undo(rows, Error::Decode(Box::new(decode))));
                            }
                        }
                    }
                    answer.count += 1;
                }
            }
        }
        Ok(())
    }

    /// Runs a read on the thread it was moved to.
    pub(crate) fn execute_owned(&self, read: &OwnedRead) -> Result<Answer, Trouble> {
        let mut answer = Answer::default();
        let result = match &read.result {
            ReadResult::Rows(table, columns) => ReadResult::Rows(table, columns.as_slice()),
            ReadResult::Number => ReadResult::Number,
            ReadResult::Untyped { writes } => ReadResult::Untyped { writes: *writes },
        };
        self.read(&read.sql, &read.params, result, None, &mut answer)?;
        Ok(answer)
    }

    fn record(&self, sql: &str, execution: usize) {
        if let Some(transcript) = &mut *self.transcript.borrow_mut() {
            transcript.add(without_mark(sql));
        }
        let Some(log) = &self.log else { return };
        let sql = without_mark(sql);
        if execution == 0 {
            log.record(sql, self.first_of_flight.take());
        } else {
            log.record_again(sql);
        }
    }
}

impl OwnedRead {
    /// The statement's own copy, if it is a read.
    pub(crate) fn of(statement: &Statement<'_>) -> Result<Option<OwnedRead>, Trouble> {
        let mut sql = Sql::new(Dialect::Sqlite, String::new());
        if let Statement::Sql { writes: true, .. } = statement {
            return Ok(None);
        }
        let Some(result) = write_read(&mut sql, statement)? else { return Ok(None) };
        let result = match result {
            ReadResult::Rows(table, columns) => ReadResult::Rows(table, columns.to_vec()),
            ReadResult::Number => ReadResult::Number,
            ReadResult::Untyped { writes } => ReadResult::Untyped { writes },
        };
        let params = sql.params.into_iter().map(|param| param.into_value().expect(NO_ARRAYS)).collect();
        Ok(Some(OwnedRead { sql: sql.text, params, result }))
    }
}

/// Writes the statement, if it is a read or the application's own.
pub(crate) fn write_read<'s>(
    sql: &mut Sql<'s>,
    statement: &Statement<'s>,
) -> Result<Option<ReadResult<&'s [u16]>>, Error> {
    Ok(Some(match *statement {
        Statement::Find { table, query, columns, .. } => {
            tripline_sql::find(sql, table, query, columns, None)?;
            ReadResult::Rows(table, columns)
        }
        Statement::Count { table, query } => {
            tripline_sql::count(sql, table, query)?;
            ReadResult::Number
        }
        Statement::Exists { table, query } => {
            tripline_sql::exists(sql, table, query)?;
            ReadResult::Number
        }
        Statement::Sql { text, .. } if text.trim().is_empty() => {
            return Err(Error::invalid("the SQL is empty"));
        }
        Statement::Sql { text, params, writes } => {
            // Keeps the application's `COMMIT` apart from the engine's in the cache of prepared statements, which
            // the authorizer does not see again.
            sql.text.push_str(text);
            sql.text.push_str(RAW_MARK);
            sql.params.extend(params.iter().map(Param::from));
            ReadResult::Untyped { writes }
        }
        _ => return Ok(None),
    }))
}

/// The most parameters that a statement of SQLite may have.
const PARAMETERS: usize = 32_766;

fn few_enough(sql: &Sql<'_>) -> Result<(), Error> {
    match sql.params.len() {
        n if n > PARAMETERS => Err(Error::invalid(format!(
            "the operation needs {n} parameters, SQLite takes {PARAMETERS}: split the list, or filter by a range"
        ))),
        _ => Ok(()),
    }
}

/// A parameter, borrowed or owned.
trait AsValue {
    fn as_value(&self) -> &Value;
}

impl AsValue for Value {
    fn as_value(&self) -> &Value {
        self
    }
}

impl AsValue for Param<'_> {
    fn as_value(&self) -> &Value {
        self.value().expect(NO_ARRAYS)
    }
}

const NO_ARRAYS: &str = "only statements of other dialects have arrays";

fn bind(prepared: &mut rusqlite::Statement<'_>, params: &[impl AsValue]) -> rusqlite::Result<()> {
    params
        .iter()
        .enumerate()
        .try_for_each(|(i, value)| prepared.raw_bind_parameter(i + 1, Bind(value.as_value())))
}

/// Marks that the application's own SQL runs, until dropped.
struct ForeignSql<'a>(&'a Connection);

impl<'a> ForeignSql<'a> {
    fn mark(connection: &'a Connection) -> Self {
        connection.foreign_sql.store(true, Ordering::Relaxed);
        ForeignSql(connection)
    }
}

impl Drop for ForeignSql<'_> {
    fn drop(&mut self) {
        self.0.foreign_sql.store(false, Ordering::Relaxed);
    }
}
