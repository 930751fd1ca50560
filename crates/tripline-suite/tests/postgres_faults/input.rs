//! Input that makes no sense is an error that says so, from whichever side, and leaves nothing behind.

use tripline::{Json, Value, prelude::*};

use crate::common::{NewPlain, Note, Place, Plain, note, notes, plain, shared, soon};

#[derive(Table, Clone, Debug)]
#[table(name = "papers")]
struct Paper {
    #[key]
    id: Id<Paper>,
    json: Json<String>,
}

fn is_invalid(error: &Error) -> bool {
    matches!(error.root(), Error::Invalid(_))
}

/// That the one connection has nothing open, and that what is written now is committed.
async fn assert_as_new(place: &Place, db: &Db) {
    let open = db.raw_query("SELECT pg_current_xact_id_if_assigned() IS NOT NULL", []).await.unwrap();
    assert!(!open.get::<bool>(0, 0).unwrap(), "a transaction is still open");
    let kept = db.create(plain(0)).await.unwrap().id;
    assert_eq!(place.psql(&format!("SELECT count(*) FROM plains WHERE id = {}", kept.get())), "1");
}

#[tokio::test]
async fn nul_is_no_text_wherever_it_stands() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    let error = db.create(note("a\0b")).await.unwrap_err();
    assert!(is_invalid(&error), "{error:?}");
    let error = db.find::<Note>().filter(|n| n.text.eq("a\0b")).await.unwrap_err();
    assert!(is_invalid(&error), "{error:?}");
    let error = db.find::<Note>().filter(|n| n.text.like("a\0%")).await.unwrap_err();
    assert!(is_invalid(&error), "{error:?}");
    let error = db.update::<Note>().set(|n| n.text.set("\0")).all_rows().await.unwrap_err();
    assert!(is_invalid(&error), "{error:?}");
    for value in [Value::Text("a\0b".into()), Value::Json("\"a\0b\"".into())] {
        let error = db.raw_query("SELECT $1::text", [value]).await.unwrap_err();
        assert!(is_invalid(&error), "{error:?}");
    }
    let escaped = Value::Json("\"a\\u0000b\"".into());
    let error = db.raw_query("SELECT $1::jsonb", [escaped]).await.unwrap_err();
    assert!(is_invalid(&error), "{error:?}");
    assert_as_new(&place, &db).await;
}

/// JSON writes it as an escape, which the server stores as it is.
#[tokio::test]
async fn nul_inside_of_json_comes_back() {
    let place = Place::new().await;
    let name = place.psql("SELECT current_database()");
    let connect = Db::open(&shared().url(&name)).tables(tables![Paper]);
    let db = connect.connect().await.unwrap();
    db.create_tables().await.unwrap();
    db.create(NewPaper { json: Json("a\0b".to_owned()).into(), ..Default::default() }).await.unwrap();
    assert_eq!(db.find::<Paper>().one().await.unwrap().json.0, "a\0b");
}

/// It cannot be sent at all. What was sent before it, in the same flight even, must not stay.
#[tokio::test]
async fn l3_sql_with_nul_spoils_its_transaction_and_leaves_no_connection_half_way() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    let nul = "SELECT 'a\0b'";
    assert!(is_invalid(&db.raw_query(nul, []).await.unwrap_err()));
    assert!(is_invalid(&db.raw_execute(nul, []).await.unwrap_err()));
    for first in [true, false] {
        let error = db
            .tx(async |tx| {
                if !first {
                    tx.create(plain(1)).await?;
                }
                _ = tx.raw_execute(nul, []).await;
                Ok(())
            })
            .await
            .unwrap_err();
        assert!(is_invalid(&error) && matches!(error, Error::Poisoned(_)), "{error:?}");
        assert_as_new(&place, &db).await;
    }
    let error = db
        .tx(async |tx| {
            tx.create(plain(1)).pipelined().await?;
            tx.raw_execute(nul, []).await.map(drop)
        })
        .await
        .unwrap_err();
    assert!(is_invalid(&error), "{error:?}");
    assert_as_new(&place, &db).await;
    assert_eq!(db.find::<Plain>().filter(|p| p.n.eq(1)).count().await.unwrap(), 0);
}

#[tokio::test]
async fn numbers_out_of_range_are_invalid_or_against_the_check() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    let error = db.raw_query("SELECT $1::int4", [Value::Int(i64::MAX)]).await.unwrap_err();
    assert!(is_invalid(&error), "{error:?}");
    db.create(NewPlain { n: i64::MAX.into(), small: 255.into(), ..Default::default() }).await.unwrap();
    let error = db.update::<Plain>().set(|p| p.n.add(1)).all_rows().await.unwrap_err();
    assert!(is_invalid(&error), "{error:?}");
    let error = db.update::<Plain>().set(|p| p.small.add(1)).all_rows().await.unwrap_err();
    assert!(
        matches!(&error, Error::Check(v) if v.constraint.as_deref() == Some("plains_small_check")),
        "{error:?}"
    );
    let error = db.raw_execute("UPDATE plains SET small = 256", []).await.unwrap_err();
    assert!(matches!(error, Error::Check(_)), "{error:?}");
    let stored = db.find::<Plain>().one().await.unwrap();
    assert_eq!((stored.n, stored.small), (i64::MAX, 255));
    let error = db.raw_query("SELECT 1 / 0", []).await.unwrap_err();
    assert_eq!(error.code(), "database", "{error:?}");
    assert_as_new(&place, &db).await;
}

#[tokio::test]
async fn more_parameters_than_the_server_takes_are_invalid_before_they_are_sent() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    let error = db.raw_query("SELECT 1 WHERE $1 = 1", vec![Value::Int(1); 65_536]).await.unwrap_err();
    assert!(is_invalid(&error) && error.to_string().contains("65536"), "{error}");
    assert_as_new(&place, &db).await;
}

#[tokio::test]
async fn a_wrong_number_of_parameters_is_invalid() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    // The second time the statement is prepared, if it could be.
    for _ in 0..2 {
        for params in [vec![], vec![Value::Int(1)]] {
            let given = params.len();
            let error = db.raw_query("SELECT $1::int8 + $2::int8", params).await.unwrap_err();
            assert!(is_invalid(&error), "{given}: {error:?}");
        }
    }
    let sum = db.raw_query("SELECT $1::int8 + $2::int8", [Value::Int(1), Value::Int(2)]).await.unwrap();
    assert_eq!(sum.get::<i64>(0, 0).unwrap(), 3);
}

/// What is refused before it is sent is as much inside of its savepoint and transaction as what the server refuses.
#[tokio::test]
async fn l3_l4_what_is_refused_before_it_is_sent_can_be_caught_like_any_error() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    for first in [true, false] {
        let in_vain = db
            .tx(async |tx| {
                if !first {
                    tx.create(note("before")).await?;
                }
                let caught = tx.tx(async |tx| tx.raw_execute("COMMIT", []).await).await.unwrap_err();
                assert!(is_invalid(&caught), "{caught:?}");
                tx.create(note("after")).await?;
                Err::<(), _>(Error::reject("all of it"))
            })
            .await;
        assert!(in_vain.unwrap_err().is_rejected());
        assert!(notes(&db).await.is_empty(), "written outside of the transaction");
        db.tx(async |tx| {
            if !first {
                tx.create(note("before")).await?;
            }
            _ = tx.tx(async |tx| tx.raw_execute("COMMIT", []).await).await;
            tx.create(note("after")).await.map(drop)
        })
        .await
        .unwrap();
        let kept = notes(&db).await;
        assert_eq!(kept, if first { vec!["after"] } else { vec!["before", "after"] });
        db.delete::<Note>().all_rows().await.unwrap();
    }
    assert_as_new(&place, &db).await;
}

/// SQL may say whatever it likes: only the server itself ends connections.
#[tokio::test]
async fn an_error_that_only_looks_like_the_servers_end_is_none() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    for code in ["57P01", "57P02", "57P03", "25P03", "08006"] {
        let raise = format!("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$");
        let error = db
            .tx(async |tx| {
                tx.create(note("a")).await?;
                tx.raw_execute(&raise, []).await.map(drop)
            })
            .await
            .unwrap_err();
        assert_eq!(error.code(), "database", "{code}: {error:?}");
        assert_as_new(&place, &db).await;
        let error = db.raw_execute(&raise, []).await.unwrap_err();
        assert_eq!(error.code(), "database", "{code}: {error:?}");
    }
    assert!(notes(&db).await.is_empty());
}

#[tokio::test]
async fn rows_of_a_databases_own_types_are_read_however_many_there_are() {
    let place = Place::new().await;
    place.psql("CREATE TYPE mood AS ENUM ('fine', 'sad'); CREATE TYPE pair AS (a int, b mood)");
    let db = place.open("pool_size=1").await;
    for rows in [100_000, 1] {
        for writes in [false, true] {
            for _ in 0..2 {
                let sql = |what: &str| format!("SELECT {what} FROM generate_series(1, {rows})");
                let moods = soon(db.raw_query(&sql("'fine'::mood"), [])).await.unwrap();
                assert_eq!((moods.len(), moods.get::<String>(rows - 1, 0).unwrap()), (rows, "fine".into()));
                // No type that Tripline knows; of no interest where nobody reads it.
                let pairs = sql("(1, 'sad')::pair");
                match writes {
                    false => assert_eq!(soon(db.raw_query(&pairs, [])).await.unwrap_err().code(), "decode"),
                    true => assert_eq!(soon(db.raw_execute(&pairs, [])).await.unwrap(), rows as u64),
                }
            }
        }
    }
    assert_as_new(&place, &db).await;
}

/// L4: what cannot be prepared has failed in its nested transaction.
#[tokio::test]
async fn sql_that_makes_no_sense_takes_no_more_than_its_level() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    for _ in 0..2 {
        db.tx(async |tx| {
            tx.create(plain(1)).pipelined().await?;
            for sql in ["SELECT nothing", "SELECT 'a' + 1.5", "SELEC 1", "SELECT $1 + $2"] {
                let failed = tx.tx(async |tx| tx.raw_query(sql, []).await).await.unwrap_err();
                assert_eq!(failed.code(), "database", "{sql}: {failed:?}");
                assert!(failed.to_string().contains(sql), "{failed}");
            }
            Ok(())
        })
        .await
        .unwrap();
        let error = db.raw_query("SELECT nothing", []).await.unwrap_err();
        assert!(error.to_string().contains("nothing"), "{error}");
    }
    assert_eq!(db.find::<Plain>().count().await.unwrap(), 2);
    assert_as_new(&place, &db).await;
}

#[tokio::test]
async fn bytes_that_are_no_utf_8_are_no_text() {
    let place = Place::new().await;
    let db = place.open("pool_size=1").await;
    let sql = "SELECT convert_from($1, 'UTF8')";
    for bytes in [vec![0xff], vec![0xc3], vec![b'a', 0xed, 0xa0, 0x80]] {
        let params = vec![Value::Bytes(bytes)];
        let error = db.raw_query(sql, params.clone()).await.unwrap_err();
        assert!(is_invalid(&error), "{error:?}");
        let error = db
            .tx(async |tx| {
                tx.create(note("a")).await?;
                tx.raw_query(sql, params).await
            })
            .await
            .unwrap_err();
        assert!(is_invalid(&error), "{error:?}");
    }
    assert!(notes(&db).await.is_empty());
    assert_as_new(&place, &db).await;
}
