//! A flight on a connection: all of its requests are sent before the first answer is waited for.
//!
//! A statement that is sent for the first time is sent with its text, and prepared beside that in the same flight, so
//! that preparing never costs a round trip. Each request ends with a sync of its own, so the server answers each; in a
//! transaction it answers all that follow a failed one with "the transaction is aborted", and the first error is the
//! one to report.

mod sent;

use std::{future::poll_fn, pin::pin};

use futures_core::Stream;
use tokio_postgres::{
    Client, Error as PgError, Row, RowStream, SimpleQueryMessage, Statement as Prepared, types::Type,
};
use tripline_core::{Decode, Error, Invalid, Mismatch, Result, TableRef, Value};
use tripline_sql::{Param, Sql};

use self::sent::{Started, Watch};
use crate::{
    connection::Connection,
    errors::Context,
    raw,
    values::{Bind, Raw, name_of, of_any_type, read, type_of, untyped},
};

/// From how many rows on sending a statement takes long enough for the server to begin meanwhile.
const LARGE: usize = 500;

/// What is sent: transaction control, or a statement with parameters.
#[derive(Debug)]
pub(crate) enum Request<'s> {
    /// Commands without parameters, and without an answer but, for some, one text.
    Control(String),
    /// A statement.
    Query(Query<'s>),
}

/// A statement, and what its rows are.
#[derive(Debug)]
pub(crate) struct Query<'s> {
    pub(crate) sql: Sql<'s>,
    pub(crate) rows: Rows<'s>,
    /// More rows than this are not read: whoever asked for them undoes the write.
    pub(crate) limit: u64,
}

/// What a statement's rows are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'s> {
    /// Columns of a table, then columns as they were before.
    Of(TableRef, &'s [u16], &'s [u16]),
    /// A number, then columns of a table.
    Numbered(TableRef, &'s [u16]),
    /// One number or truth.
    Number,
    /// Of the application's own SQL, which are to be read or only counted.
    Untyped { read: bool },
    /// Nobody's: the statement goes beside another one, and is no part of what that one does.
    Aside,
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) values: Vec<Value>,
    pub(crate) count: u64,
    pub(crate) names: Vec<String>,
    /// The first text that a control command answered.
    pub(crate) text: Option<String>,
}

/// What is known of a request's parameters, and of its statement if it was prepared before.
struct Known {
    types: Vec<Type>,
    prepared: Option<Prepared>,
}

/// Sends everything at once; gives each request's answer, in order. `stays_open` is whether a transaction goes on
/// after it.
///
/// The application's own SQL may answer with types that `tokio-postgres` has to ask for, which it cannot while their
/// rows wait to be read; so may statements of a table that has such columns. So it is prepared with what goes before it, and sent, with what follows, in a flight more.
pub(crate) async fn fly(
    connection: &mut Connection,
    context: Context<'_>,
    mut requests: &[Request<'_>],
    stays_open: bool,
) -> Vec<Result<Reply>> {
    let mut replies = Vec::with_capacity(requests.len());
    loop {
        let new = requests.iter().position(|request| request.is_undescribed(connection, context));
        let executed = new.unwrap_or(requests.len());
        let (mut sent, described) =
            together(connection, context, requests, executed, stays_open || new.is_some()).await;
        replies.append(&mut sent);
        if new.is_none() {
            return replies;
        }
        requests = &requests[executed..];
        if let Err(error) = described {
            // In a transaction, nothing else tells why it was aborted.
            replies.push(Err(error));
            requests = &requests[1..];
        }
    }
}

/// One flight: what is to be executed, and, where there is more, the next one's preparation. Gives the answers, and
/// whether it could be prepared.
async fn together(
    connection: &mut Connection,
    context: Context<'_>,
    requests: &[Request<'_>],
    executed: usize,
    stays_open: bool,
) -> (Vec<Result<Reply>>, Result<()>) {
    let (now, next) = (&requests[..executed], requests.get(executed));
    record(context, now, next);
    let mut watch = Watch::new(context);
    if let ([request], None) = (now, next) {
        let known = request.known(connection);
        if known.prepared.is_some() || matches!(request, Request::Control(_)) {
            // The usual case by the shortest way.
            let replies = vec![request.send(&connection.client, context, &known).await];
            watch.answered(request);
            forget_stale(connection, requests, &replies);
            return (replies, Ok(()));
        }
    }
    let all_here = now.iter().chain(next);
    let known: Vec<Known> = all_here.clone().map(|request| request.known(connection)).collect();
    let client = &connection.client;
    let mut sent = Vec::with_capacity(now.len());
    for (request, known) in now.iter().zip(&known) {
        let started = Started::new(request.send(client, context, known));
        let unsent = started.output.as_ref().and_then(|output| output.as_ref().err().cloned());
        sent.push(started);
        if let Some(error) = unsent {
            // It cannot be put into a message, or there is no connection. What was opened before must not be committed.
            if !stays_open {
                _ = control(client, "ROLLBACK").await;
            }
            return (now.iter().map(|_| Err(error.clone())).collect(), Ok(()));
        }
        if request.is_large() {
            // It is put on its way before more is made.
            tokio::task::yield_now().await;
        }
    }
    let new = all_here.zip(&known).enumerate().filter_map(|(i, (request, known))| match request {
        Request::Query(query) if known.prepared.is_none() && connection.prepared.is_kept() => {
            Some((i, query, known))
        }
        _ => None,
    });
    let new: Vec<(usize, &Query<'_>, &Known)> = new.collect();
    let preparing = new.iter().map(|(_, query, known)| client.prepare_typed(&query.sql.text, &known.types));
    let preparing: Vec<_> = preparing.map(Started::new).collect();
    let mut replies = Vec::with_capacity(sent.len());
    for (request, sent) in now.iter().zip(sent) {
        replies.push(sent.output().await);
        watch.answered(request);
    }
    let mut prepared = Vec::with_capacity(preparing.len());
    for preparing in preparing {
        prepared.push(preparing.output().await);
    }
    // What failed has aborted the transaction, and with it what is prepared behind.
    let failed = replies.iter().any(Result::is_err);
    let mut described = Ok(());
    for ((i, query, known), statement) in new.into_iter().zip(prepared) {
        match (statement, replies.get_mut(i)) {
            (Ok(statement), _) => connection.prepared.keep(&query.sql.text, &known.types, statement),
            (Err(error), None) => described = Err(context.error(&error, &query.sql.text)),
            // It took the transaction with it. Mostly its execution has failed, too, and said why; else nothing but
            // this would tell, and the server would take COMMIT for ROLLBACK.
            (Err(error), Some(reply)) if stays_open && !failed && reply.is_ok() => {
                *reply = Err(context.error(&error, &query.sql.text));
            }
            (Err(_), Some(_)) => {}
        }
    }
    forget_stale(connection, now, &replies);
    (replies, described)
}

fn forget_stale(connection: &mut Connection, requests: &[Request<'_>], replies: &[Result<Reply>]) {
    for (request, reply) in requests.iter().zip(replies) {
        if reply.as_ref().is_err_and(is_stale) {
            connection.prepared.forget(request.text());
        }
    }
}

/// Whether a prepared statement was not executed because its tables have changed, or the server has forgotten it.
pub(crate) fn is_stale(error: &Error) -> bool {
    matches!(error, Error::Database(error) if error.code == "PostgreSQL 26000"
        || error.code == "PostgreSQL 0A000" && error.message.contains("cached plan"))
}

/// Sends one statement of the driver's own; not in the log.
pub(crate) async fn ask(connection: &Connection, context: Context<'_>, sql: &str) -> Result<Option<String>> {
    control(&connection.client, sql).await.map_err(|error| context.error(&error, sql))
}

fn record(context: Context<'_>, requests: &[Request<'_>], prepared: Option<&Request<'_>>) {
    let Some(log) = &context.options.log else { return };
    let mut last: Option<&str> = None;
    for request in requests {
        match last {
            Some(last) if last == request.text() => log.record_again(last),
            _ => log.record(request.text(), last.is_none()),
        }
        last = Some(request.text());
    }
    if let Some(request) = prepared {
        log.record(&format!("PREPARE {}", request.text()), last.is_none());
    }
}

impl Request<'_> {
    pub(crate) fn text(&self) -> &str {
        match self {
            Request::Control(sql) => sql,
            Request::Query(query) => &query.sql.text,
        }
    }

    /// Whether it goes beside the statement before it.
    pub(crate) fn is_aside(&self) -> bool {
        matches!(self, Request::Query(Query { rows: Rows::Aside, .. }))
    }

    /// Whether it has rows of whatever types, and is new to the connection.
    fn is_undescribed(&self, connection: &mut Connection, context: Context<'_>) -> bool {
        let Request::Query(Query { sql, rows, .. }) = self else { return false };
        let may_be_new = match rows {
            Rows::Untyped { .. } => raw::may_answer(&sql.text),
            Rows::Of(table, ..) | Rows::Numbered(table, _) => {
                context.described.is_some_and(|tables| tables.contains(table.name))
            }
            Rows::Number | Rows::Aside => false,
        };
        may_be_new && connection.prepared.is_kept() && self.known(connection).prepared.is_none()
    }

    /// Whether it has many rows with it.
    fn is_large(&self) -> bool {
        let many = |param: &Param<'_>| matches!(param, Param::Column { rows, width, .. } if rows.len() >= LARGE * width);
        matches!(self, Request::Query(query) if query.sql.params.iter().any(many))
    }

    fn known(&self, connection: &mut Connection) -> Known {
        match self {
            Request::Control(_) => Known { types: Vec::new(), prepared: None },
            Request::Query(query) => {
                let types: Vec<Type> = query.sql.params.iter().map(type_of).collect();
                Known { prepared: connection.prepared.get(&query.sql.text, &types), types }
            }
        }
    }

    async fn send(&self, client: &Client, context: Context<'_>, known: &Known) -> Result<Reply> {
        match self {
            Request::Control(sql) => {
                let text = control(client, sql).await.map_err(|error| context.error(&error, sql))?;
                Ok(Reply { text, ..Reply::default() })
            }
            Request::Query(query) => query.send(client, context, known).await,
        }
    }
}

impl Query<'_> {
    async fn send(&self, client: &Client, context: Context<'_>, known: &Known) -> Result<Reply> {
        let failed = |error: PgError| self.error(context.error(&error, &self.sql.text));
        let params = self.sql.params.iter().zip(&known.types).map(|(param, ty)| Bind::new(param, ty));
        let stream = match &known.prepared {
            Some(statement) => client.query_raw(statement, params).await,
            None => {
                let typed = params.zip(known.types.iter().cloned());
                client.query_typed_raw(&self.sql.text, typed.collect::<Vec<_>>()).await
            }
        };
        self.read(stream.map_err(failed)?, failed).await
    }

    /// SQL of the application's own that may not write is told what would be right.
    fn error(&self, error: Error) -> Error {
        match (&self.rows, &error) {
            (Rows::Untyped { read: true }, Error::Database(database))
                if database.code == "PostgreSQL 25006" =>
            {
                Error::invalid("this SQL writes: that is `raw_execute`, since it skips hooks")
            }
            // No more is said of the rows: that the engine has found none the same by their values alone.
            (Rows::Of(table, ..), Error::Database(database))
                if database.code == "PostgreSQL 21000" && self.sql.text.contains(" ON CONFLICT ") =>
            {
                let reason = "the database takes two rows of the upsert to be the same".to_owned();
                Error::Invalid(Box::new(Invalid { table: Some(table.name), column: None, reason }))
            }
            (Rows::Of(table, ..) | Rows::Numbered(table, _), Error::Invalid(invalid))
                if invalid.table.is_none() =>
            {
                Error::Invalid(Box::new(Invalid { table: Some(table.name), ..(**invalid).clone() }))
            }
            _ => error,
        }
    }

    async fn read(&self, rows: RowStream, failed: impl Fn(PgError) -> Error) -> Result<Reply> {
        let mut rows = pin!(rows);
        let mut reply = Reply::default();
        while let Some(row) = poll_fn(|cx| rows.as_mut().poll_next(cx)).await {
            if reply.count > self.limit {
                return Ok(reply);
            }
            self.read_row(&row.map_err(&failed)?, &mut reply)?;
        }
        // A number is its own answer; all else counts rows, read or written.
        if !matches!(self.rows, Rows::Number) {
            reply.count = rows.rows_affected().unwrap_or_default().max(reply.count);
        }
        Ok(reply)
    }

    fn read_row(&self, row: &Row, reply: &mut Reply) -> Result<()> {
        let raw = |i: usize| {
            let raw: Raw<'_> = row.try_get(i).map_err(|error| Error::invalid(error.to_string()))?;
            Ok::<_, Error>((raw, row.columns()[i].type_()))
        };
        match self.rows {
            Rows::Of(table, columns, old) => {
                for (i, column) in columns.iter().chain(old).enumerate() {
                    let (value, ty) = raw(i)?;
                    reply.values.push(read(value, ty, table, *column)?);
                }
                reply.count += 1;
            }
            Rows::Numbered(table, columns) => {
                let (number, ty) = raw(0)?;
                let number = number.0.map_or(Ok(Value::Null), |bytes| untyped(bytes, ty));
                reply.values.push(number.map_err(|mismatch| undecoded("n", ty, mismatch))?);
                for (i, column) in (1..).zip(columns) {
                    let (value, ty) = raw(i)?;
                    reply.values.push(read(value, ty, table, *column)?);
                }
                reply.count += 1;
            }
            Rows::Number => {
                let (value, ty) = raw(0)?;
                reply.count = match value.0.map(|bytes| untyped(bytes, ty)) {
                    Some(Ok(Value::Int(number))) => number.unsigned_abs(),
                    Some(Ok(Value::Bool(truth))) => u64::from(truth),
                    _ => 0,
                };
            }
            Rows::Untyped { read: false } => reply.count += 1,
            Rows::Untyped { read: true } => {
                if reply.count == 0 {
                    reply.names = row.columns().iter().map(|column| column.name().to_owned()).collect();
                }
                for i in 0..row.len() {
                    let (value, ty) = raw(i)?;
                    let value = value.0.map_or(Ok(Value::Null), |bytes| of_any_type(bytes, ty));
                    reply.values.push(value.map_err(|mismatch| undecoded(&reply.names[i], ty, mismatch))?);
                }
                reply.count += 1;
            }
            Rows::Aside => {}
        }
        Ok(())
    }
}

fn undecoded(column: &str, ty: &Type, mismatch: Mismatch) -> Error {
    let (column, database_type) = (column.to_owned().into(), Some(name_of(ty)));
    Error::Decode(Box::new(Decode { column, database_type, ..Decode::new("", "", mismatch) }))
}

/// Sends commands without parameters; gives the first text that they answer.
pub(crate) async fn control(client: &Client, sql: &str) -> Result<Option<String>, PgError> {
    let mut messages = pin!(client.simple_query_raw(sql).await?);
    let mut text = None;
    while let Some(message) = poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
        if let SimpleQueryMessage::Row(row) = message?
            && text.is_none()
        {
            text = row.get(0).map(str::to_owned);
        }
    }
    Ok(text)
}
