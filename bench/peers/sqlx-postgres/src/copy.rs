//! COPY in its binary form, for which sqlx takes the bytes as they are.

use bench_protocol_postgres::{NewUser, Result, users_of_call};
use sqlx::PgConnection;

/// The signature, then no flags and no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Copies the users of a call; gives their number. COPY does not tell the ids.
pub async fn users(connection: &mut PgConnection, call: i64) -> Result<u64> {
    let mut bytes = HEADER.to_vec();
    for NewUser { name, email, age, post_count } in users_of_call(call) {
        bytes.extend_from_slice(&4_i16.to_be_bytes());
        field(&mut bytes, Some(name.as_bytes()))?;
        field(&mut bytes, Some(email.as_bytes()))?;
        field(&mut bytes, age.map(i64::to_be_bytes).as_ref().map(|age| age.as_slice()))?;
        field(&mut bytes, Some(&post_count.to_be_bytes()))?;
    }
    bytes.extend_from_slice(&(-1_i16).to_be_bytes());

    let statement = r#"COPY "users" ("name", "email", "age", "post_count") FROM STDIN (FORMAT binary)"#;
    let mut copy = connection.copy_in_raw(statement).await?;
    copy.send(bytes).await?;
    Ok(copy.finish().await?)
}

/// A field: its length, -1 for null, and its bytes.
fn field(bytes: &mut Vec<u8>, value: Option<&[u8]>) -> Result<()> {
    let length = value.map_or(Ok(-1), |value| i32::try_from(value.len()))?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(value.unwrap_or_default());
    Ok(())
}
