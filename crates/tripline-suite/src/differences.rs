//! What remains different between the engines, which `docs/values.md` has a table of, and what only seems to.

use tripline::prelude::*;

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "measures")]
struct Measure {
    #[key]
    id: Id<Measure>,
    real: f64,
    maybe: Option<f64>,
    #[unique]
    text: String,
    n: i64,
}

fn measure(real: f64, text: &str) -> NewMeasure {
    NewMeasure { real: real.into(), maybe: real.into(), text: text.into(), n: 1.into(), ..Default::default() }
}

/// A text that cannot be made much shorter.
fn incompressible(bytes: usize) -> String {
    let mut state = 1u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + (state >> 40) as u8 % 64)
    };
    (0..bytes).map(|_| letter()).collect()
}

cases! {
    async fn a_computed_float_that_grows_too_large_is_infinity_or_invalid(engine) {
        let db = engine.db(tables![Measure]).await;
        let id = db.create(measure(f64::MAX, "a")).await.unwrap().id;
        let double = || db.update::<Measure>().by_key(id).set(|m| m.real.mul(2.0));
        let real = || async { db.find::<Measure>().by_key(id).await.unwrap().unwrap().real };
        let doubled = double().await;
        if engine.is_postgres() {
            assert!(matches!(doubled, Err(Error::Invalid(_))), "{doubled:?}");
            assert_eq!(real().await, f64::MAX);
        } else {
            assert_eq!((doubled.unwrap(), real().await), (1, f64::INFINITY));
        }
        db.update::<Measure>().by_key(id).set(|m| m.real.set(f64::MAX)).await.unwrap();
        // Where a hook has the rows, the engine computes.
        double().before_update_rows(async |_, _| Ok(())).await.unwrap();
        assert_eq!(real().await, f64::INFINITY);
        // What began as infinity is no overflow.
        assert_eq!((double().await.unwrap(), real().await), (1, f64::INFINITY));
    }

    async fn a_computed_float_that_grows_too_small_is_zero_or_invalid(engine) {
        let db = engine.db(tables![Measure]).await;
        db.create(measure(f64::MIN_POSITIVE, "a")).await.unwrap();
        let product = db.update::<Measure>().all_rows().set(|m| m.real.mul(f64::MIN_POSITIVE)).await;
        if engine.is_postgres() {
            assert!(matches!(product, Err(Error::Invalid(_))), "{product:?}");
        } else {
            assert_eq!((product.unwrap(), db.find::<Measure>().one().await.unwrap().real), (1, 0.0));
        }
    }

    async fn a_computed_float_that_is_no_number_is_null_or_invalid_where_a_hook_has_the_rows(engine) {
        let db = engine.db(tables![Measure]).await;
        db.create(measure(f64::INFINITY, "a")).await.unwrap();
        let nothing = || db.update::<Measure>().all_rows().set(|m| m.maybe.sub(f64::INFINITY));
        let refused = nothing().before_update_rows(async |_, _| Ok(())).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        assert_eq!(nothing().await.unwrap(), 1);
        assert_eq!(db.find::<Measure>().one().await.unwrap().maybe, None);
        let refused = db.update::<Measure>().all_rows().set(|m| m.real.mul(0.0)).await;
        assert!(matches!(refused, Err(Error::NotNull(_))), "{refused:?}");
    }

    async fn a_computed_zero_has_no_sign(engine) {
        let db = engine.db(tables![Measure]).await;
        db.create(measure(0.0, "a")).await.unwrap();
        let zero = db.update::<Measure>().all_rows().set(|m| m.real.mul(-1.0)).rows::<Measure>().await.unwrap();
        let found = db.find::<Measure>().filter(|m| m.real.eq(0.0)).one().await.unwrap();
        assert!(zero[0].real.is_sign_positive() && found.real.is_sign_positive());
    }

    async fn an_integer_that_grows_too_large_names_its_column_only_on_sqlite(engine) {
        let db = engine.db(tables![Measure]).await;
        db.create(NewMeasure { n: i64::MAX.into(), ..measure(0.0, "a") }).await.unwrap();
        let error = db.update::<Measure>().all_rows().set(|m| m.n.add(1)).await;
        let Err(Error::Invalid(invalid)) = error else { panic!("{error:?}") };
        assert_eq!((invalid.table, invalid.column), engine.either((Some("measures"), Some("n")), (Some("measures"), None)));
    }

    async fn a_long_pattern_is_an_error_only_on_sqlite(engine) {
        let db = engine.db(tables![Measure]).await;
        db.create(measure(0.0, "a")).await.unwrap();
        let text = incompressible(60_000);
        let found = db.find::<Measure>().filter(|m| m.text.contains(&text)).count().await;
        if engine.is_postgres() {
            assert_eq!(found.unwrap(), 0);
        } else {
            assert!(matches!(found, Err(Error::Database(_))), "{found:?}");
        }
        assert_eq!(db.find::<Measure>().filter(|m| m.text.starts_with(&text)).count().await.unwrap(), 0);
    }

    async fn a_long_text_in_an_index_is_an_error_only_on_postgresql(engine) {
        let db = engine.db(tables![Measure]).await;
        db.create(measure(0.0, &incompressible(2_600))).await.unwrap();
        let made = db.create(measure(0.0, &incompressible(10_000))).await;
        if engine.is_postgres() {
            assert!(matches!(made, Err(Error::Database(_))), "{made:?}");
        } else {
            assert_eq!(made.unwrap().text.len(), 10_000);
        }
    }

    async fn a_key_that_other_sql_gave_is_passed_over_only_on_sqlite(engine) {
        let db = engine.db(tables![Measure]).await;
        let insert = "INSERT INTO measures (id, real, text, n) VALUES (1, 0, 'a', 0)";
        db.raw_execute(insert, []).await.unwrap();
        let made = db.create(measure(0.0, "b")).await;
        if engine.is_postgres() {
            assert!(matches!(&made, Err(Error::Unique(violation)) if violation.columns == ["id"]), "{made:?}");
            // The sequence has gone on.
            assert_eq!(db.create(measure(0.0, "b")).await.unwrap().id, Id::new(2));
        } else {
            assert_eq!(made.unwrap().id, Id::new(2));
        }
    }

    async fn a_table_made_otherwise_may_have_types_that_hold_less(engine) {
        // SQLite's types are five, and one does not stand for another.
        if !engine.is_postgres() {
            return;
        }
        let db = engine.db(tables![Measure]).await;
        db.create(measure(0.5, "a")).await.unwrap();
        for column in ["real TYPE real", "n TYPE smallint", "text TYPE varchar(9)"] {
            db.raw_execute(&format!("ALTER TABLE measures ALTER COLUMN {column}"), []).await.unwrap();
        }
        let made = db.create(NewMeasure { n: 7.into(), ..measure(0.25, "b") }).await.unwrap();
        let chosen = db.find::<Measure>().filter(|m| m.text.eq("b").and(m.n.is_in([6, 7])).and(m.real.lt(0.5)));
        assert_eq!(chosen.one().await.unwrap(), made);
        let too_large = db.update::<Measure>().by_key(made.id).set(|m| m.n.set(40_000)).await;
        assert!(matches!(too_large, Err(Error::Invalid(_))), "{too_large:?}");
    }

    async fn sql_of_ones_own_gives_what_the_engines_functions_give(engine) {
        let db = engine.db(tables![Measure]).await;
        db.create(vec![measure(1.0, "a"), measure(2.0, "b")]).await.unwrap();
        let sql = "SELECT count(*), avg(real), 2.5, 2 > 1, sum(n) FROM measures";
        let rows = db.raw_query(sql, []).await.unwrap();
        assert_eq!((rows.get::<i64>(0, 0).unwrap(), rows.get::<f64>(0, 1).unwrap()), (2, 1.5));
        assert_eq!(rows.get::<i64>(0, 4).unwrap(), 2);
        if engine.is_postgres() {
            // An exact number is text, so that nothing of it is lost, unless it has no fraction.
            assert_eq!(rows.get::<String>(0, 2).unwrap(), "2.5");
            assert!(rows.get::<bool>(0, 3).unwrap());
        } else {
            assert_eq!(rows.get::<f64>(0, 2).unwrap(), 2.5);
            assert_eq!(rows.get::<i64>(0, 3).unwrap(), 1);
        }
    }
}
