//! What the database has of the application's tables.

use std::collections::HashSet;

use tokio_postgres::{Client, types::Type};
use tripline_core::Result;

use crate::errors::Context;

/// The tables with a column of a type that the server does not come with: an enum, say, or an extension's.
pub(crate) async fn with_types_of_their_own(
    client: &Client,
    context: Context<'_>,
) -> Result<HashSet<&'static str>> {
    // Types made after the server was have numbers from here on.
    let sql = "SELECT DISTINCT t.name FROM unnest($1) AS t(name) JOIN pg_catalog.pg_attribute a \
               ON a.attrelid = to_regclass(quote_ident(t.name)) \
               WHERE a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384";
    let names: Vec<&str> = context.tables.iter().map(|table| table.name).collect();
    let found = texts(client, context, sql, &names).await?;
    Ok(names.into_iter().filter(|name| found.contains(*name)).collect())
}

/// Which tables and indexes of these names there are in the schema where new ones are made.
pub(crate) async fn existing(
    client: &Client,
    context: Context<'_>,
    names: &[String],
) -> Result<HashSet<String>> {
    let sql = "SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = current_schema() AND c.relname::text = ANY($1)";
    texts(client, context, sql, names).await
}

async fn texts<T: AsRef<str> + Sync>(
    client: &Client,
    context: Context<'_>,
    sql: &str,
    names: &[T],
) -> Result<HashSet<String>> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let rows = client.query_typed(sql, &[(&names, Type::TEXT_ARRAY)]).await;
    let rows = rows.map_err(|error| context.error(&error, sql))?;
    Ok(rows.iter().filter_map(|row| row.try_get(0).ok()).collect())
}
