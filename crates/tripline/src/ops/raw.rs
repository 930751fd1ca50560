//! SQL of the application's own, where the builders do not reach.
//!
//! It skips hooks, which is why writing has a name one can search for.

use tripline_core::{Access, BoxFuture, Error, Kept, Kind, Result, Statement, Step, Value};

use crate::{Db, Read, Tx, beside, lifecycle::send_alone, types::Type};

/// Rows of the application's own SQL.
#[derive(Clone, Debug, Default)]
pub struct RawRows {
    columns: Vec<String>,
    values: Vec<Value>,
    written: u64,
}

impl RawRows {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// A value, as this type. Row and column count from 0. Errors if they are not there, or the value is of another type.
    ///
    /// The value is as the database has it. SQLite keeps truth values and times as integers, dates as text and UUIDs as
    /// bytes, and gives them back as such.
    pub fn get<V: Type>(&self, row: usize, column: usize) -> Result<V> {
        let value = (column < self.columns.len() && row < self.len())
            .then(|| self.values[row * self.columns.len() + column].clone())
            .ok_or_else(|| Error::invalid(format!("the SQL gave no value in row {row}, column {column}")))?;
        V::decode(value).map_err(|mismatch| Error::invalid(format!("column {column}: {mismatch}")))
    }
}

impl Db {
    /// Reads with SQL of the application's own: one statement. Writing is an error.
    ///
    /// Parameters stand as `$1`, `$2`, .., on every engine, each as often and in whatever order the SQL needs it; on
    /// SQLite `?` works, too, but not beside numbers.
    ///
    /// ```
    /// # use tripline::{*, prelude::*};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let db = Db::open("sqlite::memory:").connect().await?;
    /// let rows = db.raw_query("SELECT $1 + 1", [Value::Int(41)]).await?;
    /// assert_eq!(rows.get::<i64>(0, 0)?, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `.into()` makes a parameter of most types that a column can have, and of an `Option` of them. An enum with
    /// `derive(TextEnum)`, `Json` and integers other than `i64` become one by [`Type::encode`].
    ///
    /// ```
    /// # use tripline::{*, prelude::*};
    /// # struct User;
    /// #[derive(TextEnum, Clone, Copy, Debug)]
    /// enum Role {
    ///     Reader,
    ///     Author,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let db = Db::open("sqlite::memory:").connect().await?;
    /// let (id, bio) = (Id::<User>::new(7), None::<String>);
    /// let params = [id.into(), bio.into(), 1.5.into(), Role::Author.encode()?];
    /// let rows = db.raw_query("SELECT $1, $2, $3, $4", params).await?;
    /// assert_eq!((rows.get::<Id<User>>(0, 0)?, rows.get::<Option<String>>(0, 1)?), (id, None));
    /// assert!(matches!(rows.get::<Role>(0, 3)?, Role::Author));
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw_query<'x>(
        &'x self,
        sql: &'x str,
        params: impl Into<Vec<Value>>,
    ) -> BoxFuture<'x, Result<RawRows>> {
        let params = params.into();
        Box::pin(async move {
            if self.inner.traits.exclusive {
                beside::check(self.id(), None)?;
            }
            alone(self, Access::Read, sql, &params).await
        })
    }

    /// Writes with SQL of the application's own, one statement, past all hooks; gives the number of rows.
    ///
    /// Parameters are as for [`Db::raw_query`]. It may not begin or end transactions, attach databases or change the
    /// connection's settings.
    pub fn raw_execute<'x>(
        &'x self,
        sql: &'x str,
        params: impl Into<Vec<Value>>,
    ) -> BoxFuture<'x, Result<u64>> {
        let params = params.into();
        Box::pin(async move {
            beside::check(self.id(), None)?;
            alone(self, Access::Write, sql, &params).await.map(|rows| rows.written)
        })
    }
}

impl Tx<'_> {
    /// Reads with SQL of the application's own; see [`Db::raw_query`].
    pub fn raw_query<'x>(
        &'x mut self,
        sql: &'x str,
        params: impl Into<Vec<Value>>,
    ) -> BoxFuture<'x, Result<RawRows>> {
        let params = params.into();
        Box::pin(async move { joined(self, sql, &params, false).await })
    }

    /// Writes with SQL of the application's own, past all hooks; see [`Db::raw_execute`].
    pub fn raw_execute<'x>(
        &'x mut self,
        sql: &'x str,
        params: impl Into<Vec<Value>>,
    ) -> BoxFuture<'x, Result<u64>> {
        let params = params.into();
        Box::pin(async move {
            let rows = joined(self, sql, &params, true).await?;
            // Which tables it wrote is not known: all may have been.
            self.state.note_write(None);
            Ok(rows.written)
        })
    }
}

impl Read<'_> {
    /// Reads with SQL of the application's own; see [`Db::raw_query`].
    pub fn raw_query<'x>(
        &'x mut self,
        sql: &'x str,
        params: impl Into<Vec<Value>>,
    ) -> BoxFuture<'x, Result<RawRows>> {
        self.0.raw_query(sql, params)
    }
}

async fn alone(db: &Db, access: Access, text: &str, params: &[Value]) -> Result<RawRows> {
    db.usable()?;
    let mut step = Step::new(Statement::Sql { text, params, writes: access == Access::Write });
    send_alone(db, &mut step, access).await?;
    Ok(rows(step))
}

async fn joined(tx: &mut Tx<'_>, text: &str, params: &[Value], writes: bool) -> Result<RawRows> {
    tx.settle()?;
    let mut step = Step::new(Statement::Sql { text, params, writes });
    let depth = tx.frame.map_or(0, |frame| frame.depth);
    let kept = Kept { table: "", kind: if writes { Kind::Update } else { Kind::Find } };
    let mut node = None;
    let under = tx.node();
    tx.state.trace_operation(&mut node, under, kept);
    tx.state.begin_operation(kept, node.unwrap_or(0));
    // Not left to the database: one in memory reads and writes on the same connection.
    let sent = match writes && tx.state.mode.access == Access::Read {
        true => Err(Error::ReadOnlyTransaction(kept)),
        false => tx.state.send(std::slice::from_mut(&mut step)).await,
    };
    tx.state.end_operation(depth, sent)?;
    tx.state.trace_rows(node, step.answer.count);
    Ok(rows(step))
}

fn rows(step: Step<'_>) -> RawRows {
    RawRows { columns: step.answer.names, values: step.answer.values, written: step.answer.count }
}
