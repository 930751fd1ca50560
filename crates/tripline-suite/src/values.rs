//! Column types, there and back, and the values that are refused: `docs/values.md`.

use jiff::{Timestamp, civil::date};
use serde::{Deserialize, Serialize};
use tripline::{Json, Value, prelude::*};
use uuid::Uuid;

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "samples")]
struct Sample {
    #[key]
    id: Id<Sample, Uuid>,
    flag: bool,
    small: i16,
    wide: i64,
    unsigned: u32,
    real: f64,
    text: String,
    bytes: Vec<u8>,
    at: Timestamp,
    on: jiff::civil::Date,
    uuid: Uuid,
    settings: Json<Settings>,
    color: Color,
    maybe: Option<String>,
    maybe_color: Option<Color>,
    maybe_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Settings {
    dark: bool,
    tags: Vec<String>,
}

#[derive(TextEnum, Clone, Copy, Debug, PartialEq)]
enum Color {
    Red,
    #[text("sky-blue")]
    SkyBlue,
}

/// The first point in time that can be stored.
fn earliest() -> Timestamp {
    "-004711-01-01T00:00:00Z".parse().unwrap()
}

/// A microsecond before it.
fn too_early() -> Timestamp {
    Timestamp::from_microsecond(earliest().as_microsecond() - 1).unwrap()
}

fn sample() -> NewSample {
    NewSample {
        flag: true.into(),
        small: (-7).into(),
        wide: i64::MIN.into(),
        unsigned: u32::MAX.into(),
        real: f64::MIN_POSITIVE.into(),
        text: "it's \"ümläut\" 🦀".into(),
        bytes: vec![0, 255, 7].into(),
        at: Timestamp::from_nanosecond(-1_500).unwrap().into(),
        on: date(2013, 1, 31).into(),
        uuid: Uuid::from_u128(7).into(),
        settings: Json(Settings { dark: true, tags: vec!["a".into()] }).into(),
        color: Color::SkyBlue.into(),
        ..Default::default()
    }
}

cases! {
    async fn values_come_back_as_they_were_given(engine) {
        let db = engine.db(tables![Sample]).await;
        let made = db.create(sample()).await.unwrap();
        assert_eq!((made.small, made.wide, made.unsigned, made.real), (-7, i64::MIN, u32::MAX, f64::MIN_POSITIVE));
        assert_eq!((made.text.as_str(), made.on, made.color), ("it's \"ümläut\" 🦀", date(2013, 1, 31), Color::SkyBlue));
        // What is finer than a microsecond is cut off, towards the past.
        assert_eq!(made.at, Timestamp::from_microsecond(-2).unwrap());
        assert_eq!(made.settings.0.tags, ["a"]);
        assert_eq!(made.maybe, None);
        // The engine says what it stored without reading it back: it must be the same.
        assert_eq!(db.find::<Sample>().by_key(made.id).await.unwrap(), Some(made));
    }

    async fn keys_of_version_7_sort_by_time(engine) {
        let db = engine.db(tables![Sample]).await;
        let made = db.create(vec![sample(), sample(), sample()]).await.unwrap();
        assert!(made.is_sorted_by_key(|s| s.id) && made[0].id.get().get_version_num() == 7);
        let mine = Id::new(Uuid::from_u128(42));
        assert_eq!(db.create(NewSample { id: mine.into(), ..sample() }).await.unwrap().id, mine);
    }

    async fn extreme_values_survive(engine) {
        let db = engine.db(tables![Sample]).await;
        for (real, at, on) in [
            (f64::INFINITY, Timestamp::MAX, date(9999, 12, 31)),
            (f64::NEG_INFINITY, earliest(), date(0, 1, 1)),
            (-0.0, Timestamp::UNIX_EPOCH, date(1, 1, 1)),
        ] {
            let made = db.create(NewSample { real: real.into(), at: at.into(), on: on.into(), ..sample() }).await.unwrap();
            let found = db.find::<Sample>().by_key(made.id).await.unwrap().unwrap();
            assert_eq!((found.real, found.at, found.on), (made.real, made.at, on));
        }
    }

    async fn values_without_one_meaning_are_refused_before_the_write(engine) {
        let db = engine.db(tables![Sample]).await;
        db.log.take();
        for (draft, column) in [
            (NewSample { real: f64::NAN.into(), ..sample() }, "real"),
            (NewSample { text: "a\0b".into(), ..sample() }, "text"),
            (NewSample { maybe: "\0".into(), ..sample() }, "maybe"),
            (NewSample { on: date(-1, 1, 1).into(), ..sample() }, "on"),
            (NewSample { at: too_early().into(), ..sample() }, "at"),
            (NewSample { maybe_at: Timestamp::MIN.into(), ..sample() }, "maybe_at"),
        ] {
            let Err(Error::Invalid(invalid)) = db.create(draft).await else { panic!("{column}") };
            assert_eq!((invalid.table, invalid.column), (Some("samples"), Some(column)));
        }
        let update = db.update::<Sample>().set(|s| s.real.set(f64::NAN)).all_rows().await;
        assert!(matches!(update, Err(Error::Invalid(_))));
        assert!(matches!(db.find::<Sample>().filter(|s| s.real.gt(f64::NAN)).await, Err(Error::Invalid(_))));
        assert!(matches!(db.find::<Sample>().filter(|s| s.text.eq("\0")).await, Err(Error::Invalid(_))));
        assert!(matches!(db.find::<Sample>().filter(|s| s.at.lt(too_early())).await, Err(Error::Invalid(_))));
        let list = db.find::<Sample>().filter(|s| s.maybe_at.is_in([Timestamp::MAX, too_early()])).await;
        assert!(matches!(list, Err(Error::Invalid(_))), "{list:?}");
        assert!(db.log.take().is_empty());
    }

    async fn an_overflow_is_an_error_and_changes_nothing(engine) {
        let db = engine.db(tables![Sample]).await;
        db.create(NewSample { wide: i64::MAX.into(), ..sample() }).await.unwrap();
        let error = db.update::<Sample>().set(|s| s.wide.add(1)).all_rows().await.unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error:?}");
        assert_eq!(db.find::<Sample>().one().await.unwrap().wide, i64::MAX);
    }

    async fn a_write_whose_rows_cannot_be_decoded_is_undone(engine) {
        let db = engine.db(tables![Sample]).await;
        db.create(sample()).await.unwrap();
        db.raw_execute("UPDATE samples SET settings = '[1]', wide = 1", []).await.unwrap();
        let updated = db.update::<Sample>().set(|s| s.wide.add(1)).all_rows().rows::<Sample>().await;
        assert!(matches!(updated, Err(Error::Decode(_))), "{updated:?}");
        assert!(matches!(db.delete::<Sample>().all_rows().rows::<Sample>().await, Err(Error::Decode(_))));
        let wide = db.raw_query("SELECT wide FROM samples", []).await.unwrap();
        assert_eq!(wide.get::<i64>(0, 0).unwrap(), 1);
    }

    async fn what_a_write_of_ones_own_sql_answers_is_counted_and_not_decoded(engine) {
        let db = engine.db(tables![Sample]).await;
        db.create(sample()).await.unwrap();
        let value = engine.either("CAST(X'FF' AS TEXT)", "ROW(1)");
        let sql = format!("UPDATE samples SET wide = 1 RETURNING {value}");
        assert_eq!(db.raw_execute(&sql, []).await.unwrap(), 1);
        db.tx(async |tx| tx.raw_execute(&sql, []).await.map(|rows| assert_eq!(rows, 1))).await.unwrap();
        assert_eq!(db.find::<Sample>().one().await.unwrap().wide, 1);
    }

    async fn a_narrow_integer_cannot_leave_its_range(engine) {
        let db = engine.db(tables![Sample]).await;
        db.create(NewSample { unsigned: 0.into(), small: i16::MAX.into(), ..sample() }).await.unwrap();
        for update in [
            db.update::<Sample>().set(|s| s.unsigned.sub(1u32)).all_rows().await,
            db.update::<Sample>().set(|s| s.small.add(1)).all_rows().await,
        ] {
            let Err(Error::Check(violation)) = update else { panic!("{update:?}") };
            assert!(violation.columns == ["unsigned"] || violation.columns == ["small"], "{violation:?}");
        }
        assert_eq!(db.find::<Sample>().one().await.unwrap().small, i16::MAX);
    }

    async fn a_negative_zero_is_zero(engine) {
        let db = engine.db(tables![Sample]).await;
        let made = db.create(NewSample { real: (-0.0).into(), ..sample() }).await.unwrap();
        assert!(made.real.is_sign_positive());
    }

    async fn a_stored_value_of_another_type_is_an_error_that_names_the_column(engine) {
        let db = engine.db(tables![Sample]).await;
        db.create(sample()).await.unwrap();
        let sqlite = [
            ("UPDATE samples SET at = 9223372036854775807", "at"),
            ("UPDATE samples SET at = 1, \"on\" = 'yesterday'", "on"),
            ("UPDATE samples SET \"on\" = '2013-01-01', text = CAST(X'FF' AS TEXT)", "text"),
            ("UPDATE samples SET text = 'a', uuid = X'01'", "uuid"),
            ("UPDATE samples SET uuid = zeroblob(16), settings = '{\"dark\": 3}'", "settings"),
        ];
        // PostgreSQL's types hold more than ours, and a table that was made otherwise may have other types.
        let postgres = [
            ("UPDATE samples SET at = 'infinity'", "at"),
            ("UPDATE samples SET at = '10000-01-01'", "at"),
            ("UPDATE samples SET at = now(), \"on\" = '10000-01-01'", "on"),
            ("UPDATE samples SET \"on\" = '2013-01-01', settings = '{\"dark\": 3}'", "settings"),
            ("ALTER TABLE samples ALTER COLUMN uuid TYPE text", "uuid"),
        ];
        for (sql, column) in engine.either(sqlite, postgres) {
            db.raw_execute(sql, []).await.unwrap();
            let error = db.find::<Sample>().await.unwrap_err();
            let Error::Decode(decode) = &error else { panic!("{error:?}") };
            assert_eq!((decode.table, &*decode.column), ("samples", column));
        }
    }

    async fn a_long_list_of_any_type_but_floats_is_one_parameter(engine) {
        let db = engine.db(tables![Sample]).await;
        let made = db.create(sample()).await.unwrap();
        db.log.take();
        let uuids = || (0..40_000).map(Uuid::from_u128);
        let bytes = (0..40_000_u32).map(|n| n.to_be_bytes().to_vec()).chain([made.bytes.clone()]);
        let times = (-2..40_000).map(|n| Timestamp::from_microsecond(n).unwrap());
        let days = (0..40_000).map(|n| date(1970, 1, 1).saturating_add(jiff::Span::new().days(n % 20_000)));
        let texts = (0..40_000).map(|n| format!("'\\\"\n{n}")).chain([made.text.clone()]);
        for (found, conditions) in [
            (1, db.find::<Sample>().filter(|s| s.uuid.is_in(uuids()).and(s.bytes.is_in(bytes)))),
            (1, db.find::<Sample>().filter(|s| s.at.is_in(times).and(s.on.is_in(days)).and(s.text.is_in(texts)))),
            (1, db.find::<Sample>().filter(|s| s.flag.is_in((0..40_000).map(|_| true)))),
            (0, db.find::<Sample>().filter(|s| s.uuid.is_in(uuids().filter(|id| id.as_u128() != 7)))),
            (0, db.find::<Sample>().filter(|s| s.flag.is_in((0..40_000).map(|_| false)))),
        ] {
            assert_eq!(conditions.count().await.unwrap(), found);
        }
        assert_eq!(db.log.take().len(), 5);
    }

    async fn sql_of_ones_own_takes_and_gives_plain_values(engine) {
        let db = engine.db(tables![Sample]).await;
        let params = [Value::Bool(true), Value::Text("a".into()), Value::Null, Value::Date(date(2013, 1, 31))];
        let rows = db.raw_query("SELECT $1, $2, $3, $4", params).await.unwrap();
        assert_eq!(rows.get::<String>(0, 1).unwrap(), "a");
        assert_eq!(rows.get::<Option<String>>(0, 2).unwrap(), None);
        // As the database has it: SQLite knows neither truth values nor dates.
        if engine.is_postgres() {
            assert!(rows.get::<bool>(0, 0).unwrap());
            assert_eq!(rows.get::<jiff::civil::Date>(0, 3).unwrap(), date(2013, 1, 31));
        } else {
            assert_eq!(rows.get::<i64>(0, 0).unwrap(), 1);
            assert_eq!(rows.get::<String>(0, 3).unwrap(), "2013-01-31");
        }
    }
}
