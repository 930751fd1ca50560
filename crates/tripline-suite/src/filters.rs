//! Filters: each operator, and random ones against the evaluator in memory, which must give the same rows.

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use tripline::{Expr, Node, Value, holds, prelude::*};

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "things")]
struct Thing {
    #[key]
    id: Id<Thing>,
    n: i64,
    maybe: Option<i64>,
    text: String,
    note: Option<String>,
    real: f64,
    flag: bool,
}

fn thing(n: i64, maybe: Option<i64>, text: &str, note: Option<&str>) -> NewThing {
    NewThing {
        n: n.into(),
        maybe: maybe.into(),
        text: text.into(),
        note: note.map(str::to_owned).into(),
        real: (n as f64 / 2.0).into(),
        flag: (n % 2 == 0).into(),
        ..Default::default()
    }
}

/// The numbers of the things that a filter finds.
async fn found(db: &Db, filter: impl FnOnce(ThingCols) -> Expr<Thing>) -> Vec<i64> {
    db.find::<Thing>().filter(filter).order(|t| t.n.asc()).await.unwrap().into_iter().map(|t| t.n).collect()
}

async fn things(engine: &crate::Engine) -> crate::TestDb {
    let db = engine.db(tables![Thing]).await;
    let things = vec![
        thing(1, Some(1), "Alpha", Some("a%b")),
        thing(2, None, "alpha", None),
        thing(3, Some(3), "beta_1", Some("")),
        thing(4, None, "beta*?[x]", Some("ü")),
    ];
    db.create(things).await.unwrap();
    db
}

/// A value that occurs, one that nearly does, and others.
fn number() -> impl Strategy<Value = i64> {
    prop_oneof![-3..4i64, Just(i64::MAX), Just(i64::MIN)]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[abA%_*?ü\\[\\]\\-^]{0,4}", "[a-c]{1,2}",]
}

/// `LIKE` patterns that do not end with an escape.
fn pattern() -> impl Strategy<Value = String> {
    "([abAü%_*?\\[\\]^-]|\\\\[%_a\\\\]){0,5}"
}

fn node() -> impl Strategy<Value = Node> {
    let n = |expr: Expr<Thing>| expr.into_node().unwrap();
    let c = Thing::COLS;
    let leaf = prop_oneof![
        (number(), 0..6usize).prop_map(move |(v, op)| n(match op {
            0 => c.n.eq(v),
            1 => c.n.ne(v),
            2 => c.n.gt(v),
            3 => c.n.gte(v),
            4 => c.n.lt(v),
            _ => c.n.lte(v),
        })),
        (number(), 0..4usize).prop_map(move |(v, op)| n(match op {
            0 => c.maybe.eq(v),
            1 => c.maybe.ne(v),
            2 => c.maybe.gt(v),
            _ => c.maybe.lte(v),
        })),
        (text(), 0..3usize).prop_map(move |(v, op)| n(match op {
            0 => c.text.eq(v),
            1 => c.text.gt(v),
            _ => c.note.lte(v),
        })),
        (text(), 0..4usize).prop_map(move |(v, op)| n(match op {
            0 => c.text.starts_with(v),
            1 => c.text.ends_with(v),
            2 => c.text.contains(v),
            _ => c.note.contains(v),
        })),
        pattern().prop_map(move |p| n(c.text.like(p))),
        pattern().prop_map(move |p| n(c.note.like(p))),
        proptest::collection::vec(number(), 0..4).prop_map(move |list| n(c.n.is_in(list))),
        proptest::collection::vec(number(), 0..4).prop_map(move |list| n(c.maybe.not_in(list))),
        prop_oneof![Just(0.5), Just(-0.0), Just(f64::INFINITY), -2.0..2.0f64]
            .prop_map(move |x| n(c.real.lt(x))),
        any::<bool>().prop_map(move |b| n(c.flag.eq(b))),
        Just(n(c.maybe.is_null())),
        Just(n(c.note.is_not_null())),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Node::And),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(Node::Or),
            inner.prop_map(|node| Node::Not(Box::new(node))),
        ]
    })
}

fn row() -> impl Strategy<Value = NewThing> {
    (number(), proptest::option::of(number()), text(), proptest::option::of(text()), -3..4i32, any::<bool>())
        .prop_map(|(n, maybe, text, note, real, flag)| NewThing {
            real: (f64::from(real) / 2.0).into(),
            flag: flag.into(),
            ..thing(n, maybe, &text, note.as_deref())
        })
}

fn value(thing: &Thing) -> [Value; 7] {
    let or_null = |value: Option<Value>| value.unwrap_or(Value::Null);
    [
        Value::Int(thing.id.get()),
        Value::Int(thing.n),
        or_null(thing.maybe.map(Value::Int)),
        Value::Text(thing.text.clone()),
        or_null(thing.note.clone().map(Value::Text)),
        Value::Float(thing.real),
        Value::Bool(thing.flag),
    ]
}

cases! {
    async fn comparisons_follow_sql_and_null_is_equal_to_nothing(engine) {
        let db = things(&engine).await;
        assert_eq!(found(&db, |t| t.n.gt(1).and(t.n.lte(3))).await, [2, 3]);
        assert_eq!(found(&db, |t| t.maybe.ne(1)).await, [3]);
        assert_eq!(found(&db, |t| t.maybe.eq(1).not()).await, [3]);
        assert_eq!(found(&db, |t| !t.maybe.is_null()).await, [1, 3]);
        assert_eq!(found(&db, |t| t.flag.eq(true).or(t.real.lt(1.0))).await, [1, 2, 4]);
    }

    async fn lists_match_members_and_an_empty_one_nothing(engine) {
        let db = things(&engine).await;
        assert_eq!(found(&db, |t| t.n.is_in([1, 4, 9])).await, [1, 4]);
        assert_eq!(found(&db, |t| t.text.not_in(["alpha"])).await, [1, 3, 4]);
        assert!(found(&db, |t| t.n.is_in(Vec::<i64>::new())).await.is_empty());
        assert_eq!(found(&db, |t| t.maybe.not_in(Vec::<i64>::new())).await, [1, 2, 3, 4]);
    }

    async fn patterns_respect_case_and_take_their_input_literally(engine) {
        let db = things(&engine).await;
        assert_eq!(found(&db, |t| t.text.like("a%")).await, [2]);
        assert_eq!(found(&db, |t| t.text.like("_lpha")).await, [1, 2]);
        assert_eq!(found(&db, |t| t.text.like(r"beta\_%")).await, [3]);
        assert_eq!(found(&db, |t| t.text.ends_with("*?[x]")).await, [4]);
        assert_eq!(found(&db, |t| t.note.contains("%")).await, [1]);
        assert_eq!(found(&db, |t| t.note.starts_with("")).await, [1, 3, 4]);
        assert_eq!(found(&db, |t| t.note.like("_")).await, [4]);
        assert!(matches!(db.find::<Thing>().filter(|t| t.text.like("a\\")).await, Err(Error::Invalid(_))));
    }

    async fn an_or_of_nothing_is_an_error_and_an_and_of_nothing_is_true(engine) {
        let db = things(&engine).await;
        let none = db.find::<Thing>().filter(|_| Expr::any([])).await;
        assert!(matches!(none, Err(Error::Invalid(_))), "{none:?}");
        let refused = db.delete::<Thing>().filter(|_| Expr::any([])).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
        assert_eq!(found(&db, |_| Expr::all([])).await, [1, 2, 3, 4]);
        assert_eq!(found(&db, |t| Expr::any([1, 3].map(|n| t.n.eq(n)))).await, [1, 3]);
    }

    async fn more_parameters_than_the_engine_takes_are_a_typed_error(engine) {
        let db = things(&engine).await;
        let reals = |n: u32| (0..n).map(f64::from);
        // On PostgreSQL a list is one parameter, however long; conditions are one each on both engines.
        let taken = engine.either(30_000, 100_000);
        assert_eq!(found(&db, |t| t.real.is_in(reals(taken))).await, [2, 4]);
        let many = db.find::<Thing>().filter(|t| Expr::any((0..100_000).map(|n| t.n.eq(n)))).await;
        let Err(Error::Invalid(invalid)) = many else { panic!("{many:?}") };
        assert!(invalid.reason.contains("100000") && invalid.reason.contains("parameters"), "{invalid}");
    }

    async fn long_lists_of_integers_and_text_are_one_parameter(engine) {
        let db = things(&engine).await;
        db.log.take();
        assert_eq!(found(&db, |t| t.n.is_in(3..100_000)).await, [3, 4]);
        let texts = (0..1000).map(|i| format!("\"{i}\\")).chain(["alpha".to_owned(), "beta*?[x]".to_owned()]);
        assert_eq!(found(&db, |t| t.text.is_in(texts)).await, [2, 4]);
        let select = r#"SELECT "id", "n", "maybe", "text", "note", "real", "flag" FROM "things" WHERE"#;
        let list = engine.either("IN (SELECT value FROM json_each(?))", "= ANY($1)");
        let one = |column| format!(r#"{select} "{column}" {list} ORDER BY "n""#);
        assert_eq!(db.log.take(), [one("n"), one("text")]);
    }

    async fn a_thousand_conditions_are_not_too_deep(engine) {
        let db = things(&engine).await;
        assert_eq!(found(&db, |t| Expr::any((3..3000).map(|n| t.n.eq(n)))).await, [3, 4]);
        assert_eq!(found(&db, |t| Expr::all((5..3000).map(|n| t.n.ne(n)))).await, [1, 2, 3, 4]);
    }

    async fn a_pattern_with_nul_and_an_and_of_nothing_never_mean_all_rows(engine) {
        let db = things(&engine).await;
        let nul = db.delete::<Thing>().filter(|t| t.text.contains("\0")).await;
        assert!(matches!(nul, Err(Error::Invalid(_))), "{nul:?}");
        let all = db.delete::<Thing>().filter(|_| Expr::all([])).await;
        assert!(matches!(all, Err(Error::Unfiltered(_))), "{all:?}");
        assert_eq!(db.find::<Thing>().count().await.unwrap(), 4);
    }

    async fn random_filters_find_what_the_evaluator_says(engine) {
        let mut runner = TestRunner::new_with_rng(Config::default(), proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ));
        let mut mixed = 0;
        for _ in 0..20 {
            let db = engine.db(tables![Thing]).await;
            let rows = proptest::collection::vec(row(), 1..12).new_tree(&mut runner).unwrap().current();
            let stored = db.create(rows).await.unwrap();
            for _ in 0..25 {
                let node = node().new_tree(&mut runner).unwrap().current();
                let expected: Vec<&Thing> = stored
                    .iter()
                    .filter(|thing| {
                        let values = value(thing);
                        // The evaluator borrows the values as long as the node: both live here.
                        holds(&node, &|column| &values[usize::from(column)]).unwrap()
                    })
                    .collect();
                let filter = Expr::<Thing>::from_node(node.clone());
                let found = db.find::<Thing>().filter(|_| filter).order(|t| t.id.asc()).await.unwrap();
                assert!(found.iter().eq(expected.iter().copied()), "{node:?}\n{found:?}\n{expected:?}");
                mixed += usize::from(!found.is_empty() && found.len() < stored.len());
            }
        }
        // Filters that find all or nothing prove little.
        assert!(mixed > 100, "only {mixed} of 500 filters chose");
    }
}
