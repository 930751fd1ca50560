//! Diesel on a plain `SqliteConnection`, on the calling thread.
//!
//! Nothing is set for speed: Diesel caches every statement whose text does not depend on the
//! values, without a limit, as its own documentation describes, and there is no pool or thread
//! between the caller and SQLite:
//! <https://docs.rs/diesel/2.3/diesel/connection/statement_cache/index.html>

mod models;
mod schema;
mod works;

use std::path::Path;

use bench_protocol::{
    Hello, Outcome, PRAGMAS, Request, Result, Work, locked_version, measure, serve, setup_statements,
};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

fn main() -> Result<()> {
    let hello = Hello {
        peer: "diesel",
        version: locked_version(include_str!("../Cargo.lock"), "diesel"),
        sqlite: diesel::select(sql::<Text>("sqlite_version()"))
            .get_result(&mut SqliteConnection::establish(":memory:")?)?,
    };
    serve(&hello, |Request { work, n }, file| {
        let conn = &mut open(file, work)?;
        match work {
            Work::InsertOne => measure(n, |units| works::insert_one(conn, units)),
            Work::InsertCounter => measure(n, |units| works::insert_counter(conn, units)),
            Work::InsertMany => measure(n, |units| works::insert_many(conn, units)),
            Work::GetByKey => measure(n, |units| works::get_by_key(conn, units)),
            Work::ParentsChildren => measure(n, |units| works::parents_children(conn, units)),
            Work::Tasks64 => Ok(Outcome::Unsupported(
                "a Diesel connection is synchronous: nothing awaits inside its transactions",
            )),
        }
    })
}

fn open(file: &Path, work: Work) -> Result<SqliteConnection> {
    let file = file.to_str().ok_or("the database path is not UTF-8")?;
    let mut conn = SqliteConnection::establish(file)?;
    conn.batch_execute(&PRAGMAS.join(";"))?;
    conn.batch_execute(&setup_statements(work).join(";"))?;
    Ok(conn)
}
