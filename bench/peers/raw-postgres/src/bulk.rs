//! Many rows at once.

use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;

use bench_protocol_postgres::{NewUser, ROWS_PER_CALL, Result, Units, users_of_call};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use crate::connection::Connection;

/// The fastest way that PostgreSQL has. It does not tell the ids.
pub async fn copy(connection: Arc<Connection>, units: Units) -> Result<()> {
    let Connection { client, copy_users, .. } = &*connection;
    for call in units {
        let sink = client.copy_in(copy_users).await?;
        let mut writer =
            pin!(BinaryCopyInWriter::new(sink, &[Type::TEXT, Type::TEXT, Type::INT8, Type::INT8]));
        for NewUser { name, email, age, post_count } in users_of_call(call) {
            writer.as_mut().write(&[&name, &email, &age, &post_count]).await?;
        }
        let rows = writer.finish().await?;
        assert_eq!(rows, ROWS_PER_CALL.cast_unsigned());
    }
    Ok(())
}

/// The fastest way that tells the ids: an array for each column.
pub async fn unnest(connection: Arc<Connection>, units: Units) -> Result<()> {
    let Connection { client, insert_users, .. } = &*connection;
    for call in units {
        let (mut names, mut emails) = (Vec::new(), Vec::new());
        let (mut ages, mut post_counts) = (Vec::new(), Vec::new());
        for NewUser { name, email, age, post_count } in users_of_call(call) {
            names.push(name);
            emails.push(email);
            ages.push(age);
            post_counts.push(post_count);
        }
        let rows = client.query(insert_users, &[&names, &emails, &ages, &post_counts]).await?;
        let ids = rows.iter().map(|row| row.try_get(0)).collect::<std::result::Result<Vec<i64>, _>>()?;
        black_box(ids);
    }
    Ok(())
}
