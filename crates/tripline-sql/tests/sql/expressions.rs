//! Conditions and computed values as both dialects write them.

use tripline_core::{Arith, Compare, Node, Pattern, TableRef, Value};
use tripline_sql::{Dialect, Target, delete};

use crate::{
    shown::{PG15, SQLITE, shown},
    tables::*,
};

fn col(column: u16) -> Box<Node> {
    Box::new(Node::Column(column))
}

fn lit(value: impl Into<Value>) -> Node {
    Node::Literal(value.into())
}

fn json(text: &str) -> Value {
    Value::Json(text.into())
}

fn eq(column: u16, value: impl Into<Value>) -> Node {
    Node::compare(Compare::Eq, Node::Column(column), lit(value))
}

fn is_in(column: u16, list: impl IntoIterator<Item = Value>) -> Node {
    Node::In(col(column), list.into_iter().collect())
}

fn like(column: u16, pattern: Pattern) -> Node {
    Node::Like(col(column), pattern)
}

fn condition(dialect: Dialect, table: TableRef, node: &Node) -> String {
    let written = shown(dialect, |sql| {
        delete(sql, table, Target { filter: Some(node), ..Target::default() }).expect("a condition");
    });
    let head = format!("DELETE FROM \"{}\" WHERE ", table.name);
    written.strip_prefix(&head).expect("a condition").to_owned()
}

/// Asserts the condition's text in SQLite's dialect, and text and parameters in PostgreSQL's.
#[track_caller]
fn assert_written(node: Node, sqlite: &str, postgres: &str) {
    let written = condition(SQLITE, &THINGS, &node);
    assert_eq!(written.split(" -- ").next(), Some(sqlite));
    assert_eq!(condition(PG15, &THINGS, &node), postgres);
}

#[test]
fn comparisons() {
    assert_written(eq(N, 1), r#""n" = ?"#, r#""n" = $1 -- Int 1"#);
    let mirrored = Node::compare(Compare::Lt, lit(1), Node::Column(N));
    assert_written(mirrored, r#"? < "n""#, r#"$1 < "n" -- Int 1"#);
    let columns = Node::compare(Compare::Gte, Node::Column(NAME), Node::Column(NOTE));
    assert_written(columns, r#""name" >= "note""#, r#""name" >= "note""#);
    assert_written(eq(KIND, "other"), r#""kind" = ?"#, r#""kind" = $1 -- Enum other"#);
    assert_written(eq(FLAG, Value::Bool(true)), r#""flag" = ?"#, r#""flag" = $1 -- Bool true"#);
    assert_written(eq(N, Value::Null), r#""n" = ?"#, r#""n" = $1 -- Int null"#);
    // A value that is not of the column's type keeps its own, and the database says what it thinks of that.
    assert_written(eq(REAL, 1), r#""real" = ?"#, r#""real" = $1 -- Int 1"#);
    assert_written(lit(Value::Bool(true)), "?", "$1 -- Bool true");
    let null = Node::IsNull(Box::new(lit(Value::Null)));
    assert_written(null, "? IS NULL", "$1 IS NULL -- Text null");
}

#[test]
fn json_is_compared_as_its_text() {
    let text = r#"("doc"::text COLLATE "C")"#;
    assert_written(eq(DOC, json("{}")), r#""doc" = ?"#, &format!("{text} = $1 -- Text {{}}"));
    assert_written(
        is_in(DOC, [json("1"), json("2")]),
        r#""doc" IN (?, ?)"#,
        &format!("{text} = ANY($1) -- Text[1,2]"),
    );
    let ends = like(DOC, Pattern::EndsWith("}".into()));
    assert_written(ends, r#""doc" GLOB ?"#, &format!("{text} LIKE $1 -- Text %}}"));
    let begins = like(DOC, Pattern::StartsWith("{".into()));
    let range = format!("{text} >= $1 AND {text} < $2 -- Text {{; Text |");
    assert_written(begins, r#""doc" >= ? AND "doc" < ?"#, &range);
    assert_written(Node::IsNull(col(DOC)), r#""doc" IS NULL"#, r#""doc" IS NULL"#);
}

#[test]
fn lists() {
    assert_written(is_in(N, []), r#"(0 AND "n" IS NULL)"#, "FALSE");
    assert_written(is_in(N, [1.into()]), r#""n" IN (?)"#, r#""n" = ANY($1) -- Int[1]"#);
    let not_in = Node::Not(Box::new(is_in(KIND, ["small".into(), "x".into()])));
    assert_written(not_in, r#"NOT ("kind" IN (?, ?))"#, r#"NOT ("kind" = ANY($1)) -- Enum[small,x]"#);
    assert_written(
        is_in(N, [1.into(), Value::Null]),
        r#""n" IN (?, ?)"#,
        r#""n" IN ($1, $2) -- Int 1; Int null"#,
    );
    assert_written(
        is_in(REAL, [1.into(), Value::Float(1.0)]),
        r#""real" IN (?, ?)"#,
        r#""real" IN ($1, $2) -- Int 1; Float 1.0"#,
    );
    let long = is_in(N, (0..201).map(Value::Int));
    assert!(condition(SQLITE, &THINGS, &long).starts_with(r#""n" IN (SELECT value FROM json_each(?)) -- "#));
    assert!(condition(PG15, &THINGS, &long).starts_with(r#""n" = ANY($1) -- Int[0,1,"#));
}

#[test]
fn lists_of_rows() {
    let pairs = |rows: i64| {
        let row = |n: i64| [Value::Int(n), Value::from("a")];
        Node::InRows(vec![N, NAME], (0..rows).flat_map(row).collect())
    };
    assert_written(
        pairs(2),
        r#"("n", "name") IN (VALUES (?, ?), (?, ?))"#,
        r#"("n", "name") IN (SELECT * FROM unnest($1::int8[], $2::text[])) -- Int[0,1]; Text[a,a]"#,
    );
    assert_written(pairs(0), "0", "FALSE");
    let long = condition(SQLITE, &THINGS, &pairs(101));
    let json =
        r#"("n", "name") IN (SELECT value ->> 0, value ->> 1 FROM json_each(?)) -- Text [[0,"a"],[1,"a"],"#;
    assert!(long.starts_with(json), "{long}");
    // JSON has no bytes, and could round a float.
    let bytes = is_in(N, (0..201).map(|n| Value::Bytes(vec![n as u8])));
    let written = condition(SQLITE, &THINGS, &bytes);
    assert!(written.starts_with(r#""n" IN (SELECT unhex(value) FROM json_each(?)) -- "#), "{written}");
    let floats = is_in(REAL, (0..201).map(|n| Value::Float(n as f64)));
    assert!(condition(SQLITE, &THINGS, &floats).starts_with(r#""real" IN (?, ?, "#));
}

#[test]
fn patterns() {
    let range = r#""name" >= $1 AND "name" < $2 -- Text a%; Text a&"#;
    assert_written(like(NAME, Pattern::StartsWith("a%".into())), r#""name" >= ? AND "name" < ?"#, range);
    let all = like(NAME, Pattern::StartsWith("".into()));
    assert_written(all, r#""name" GLOB ?"#, r#""name" LIKE $1 -- Text %"#);
    let escaped = like(KIND, Pattern::Contains(r"%_\".into()));
    assert_written(escaped, r#""kind" GLOB ?"#, r#""kind" LIKE $1 -- Text %\%\_\\%"#);
    let own = like(NAME, Pattern::Like(r"a\%b\c_%".into()));
    assert_written(own, r#""name" GLOB ?"#, r#""name" LIKE $1 -- Text a\%bc_%"#);
}

#[test]
fn logic() {
    assert_written(Node::And(vec![]), "1", "TRUE");
    assert_written(Node::Or(vec![]), "0", "FALSE");
    let both = eq(N, 1).and(Node::Or(vec![eq(N, 2), is_in(N, [])]));
    assert_written(
        both,
        r#""n" = ? AND ("n" = ? OR (0 AND "n" IS NULL))"#,
        r#""n" = $1 AND ("n" = $2 OR FALSE) -- Int 1; Int 2"#,
    );
    let nested = Node::compare(Compare::Eq, Node::IsNull(col(N)), Node::Not(col(FLAG)));
    assert_written(nested, r#"("n" IS NULL) = (NOT "flag")"#, r#"("n" IS NULL) = (NOT "flag")"#);
    let many = Node::Or((0..101).map(|i| eq(N, i)).collect());
    assert!(condition(PG15, &THINGS, &many).starts_with(r#"("n" = $1 OR "n" = $2 OR "#));
    assert!(condition(PG15, &THINGS, &many).contains(r#""n" = $50) OR ("n" = $51 "#));
}

#[test]
fn arithmetic() {
    let sum = Node::arith(Arith::Add, Node::Column(N), lit(1));
    let product = Node::arith(Arith::Mul, lit(2), sum);
    let positive = Node::compare(Compare::Gt, product, lit(0));
    assert_written(positive, r#"(? * ("n" + ?)) > ?"#, "($1 * (\"n\" + $2)) > $3 -- Int 2; Int 1; Int 0");
    let real = Node::arith(Arith::Sub, Node::Column(REAL), lit(Value::Float(0.5)));
    let null = Node::IsNull(Box::new(Node::arith(Arith::Mul, real, lit(Value::Null))));
    assert_written(
        null,
        r#"(("real" - ?) * ?) IS NULL"#,
        "NULLIF(NULLIF(\"real\" - $1, 'NaN'::float8) * $2, 'NaN'::float8) IS NULL -- Float 0.5; Float null",
    );
}
