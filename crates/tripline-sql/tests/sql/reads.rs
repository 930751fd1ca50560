//! Reads as both dialects write them.

use tripline_core::{Compare, Kind, Node, Nulls, Order, Query, RowSet, Value};
use tripline_sql::{count, exists, find, find_by, find_each};

use crate::{
    shown::{PG15, SQLITE, shown, text},
    tables::*,
};

fn order(by: Node, descending: bool, nulls: Nulls) -> Order {
    Order { by, descending, nulls }
}

fn some() -> Query {
    let filter = Node::compare(Compare::Eq, Node::Column(N), Node::Literal(Value::Int(1)));
    Query { filter: Some(filter), ..Query::default() }
}

fn ordered(dialect: tripline_sql::Dialect, order: Order) -> String {
    let query = Query { order: vec![order], ..Query::default() };
    let written = text(dialect, |sql| find(sql, &THINGS, &query, &[ID], None).expect("a query"));
    written.split_once(" ORDER BY ").expect("an order").1.to_owned()
}

#[test]
fn a_find_is_locked_only_for_a_write_and_only_on_postgres() {
    let query = some();
    let head =
        |dialect, lock| shown(dialect, |sql| find(sql, &THINGS, &query, &[ID, NAME], lock).expect("a query"));
    let sqlite = r#"SELECT "id", "name" FROM "things" WHERE "n" = ? -- Int 1"#;
    let plain = r#"SELECT "id", "name" FROM "things" WHERE "n" = $1"#;
    assert_eq!(head(SQLITE, None), sqlite);
    assert_eq!(head(SQLITE, Some(Kind::Update)), sqlite);
    assert_eq!(head(PG15, None), format!("{plain} -- Int 1"));
    assert_eq!(head(PG15, Some(Kind::Find)), format!("{plain} -- Int 1"));
    let update = format!(r#"{plain} ORDER BY "id" FOR NO KEY UPDATE -- Int 1"#);
    assert_eq!(head(PG15, Some(Kind::Update)), update);
    assert_eq!(head(PG15, Some(Kind::Delete)), format!(r#"{plain} ORDER BY "id" FOR UPDATE -- Int 1"#));
}

#[test]
fn a_locked_find_keeps_its_own_order_and_a_key_of_two_columns_is_ordered_by_both() {
    let query =
        Query { order: vec![order(Node::Column(NAME), true, Nulls::Smallest)], limit: Some(2), ..some() };
    assert_eq!(
        shown(PG15, |sql| find(sql, &THINGS, &query, &[ID], Some(Kind::Delete)).expect("a query")),
        r#"SELECT "id" FROM "things" WHERE "n" = $1 ORDER BY "name" DESC LIMIT $2 FOR UPDATE -- Int 1; Int 2"#
    );
    let all = Query::default();
    assert_eq!(
        shown(PG15, |sql| find(sql, &PAIRS, &all, &[2], Some(Kind::Update)).expect("a query")),
        r#"SELECT "c2" FROM "o" ORDER BY "t", "k0" FOR NO KEY UPDATE"#
    );
}

#[test]
fn rows_are_found_each_by_values_of_the_types_that_the_database_has() {
    let values = vec![Value::Int(1), "a".into(), Value::Int(2), "b".into()];
    let by = RowSet { columns: vec![0, 1].into(), values };
    assert_eq!(
        shown(PG15, |sql| find_each(sql, &PAIRS, &by, &[2], Some(Kind::Update), 9).expect("a query")),
        "SELECT \"v\".\"n\" - 1, \"t\".\"c2\" FROM \"o\" AS \"t\", \
         unnest($1::int8[], coalesce($2, ARRAY(SELECT \"k0\" FROM \"o\" LIMIT 0))) WITH ORDINALITY AS \"v\"(\"k0\", \"k1\", \"n\") \
         WHERE \"t\".\"t\" = \"v\".\"k0\" AND \"t\".\"k0\" = \"v\".\"k1\" ORDER BY \"t\".\"t\", \"t\".\"k0\" LIMIT $3 \
         FOR NO KEY UPDATE OF \"t\" -- Int[1,2]; Text {\"a\",\"b\"}; Int 9"
    );
    assert_eq!(
        shown(SQLITE, |sql| find_by(sql, &PAIRS, &by.columns, by.row(1), &[2])),
        r#"SELECT "c2" FROM "o" WHERE "t" = ? AND "k0" = ? -- Int 2; Text b"#
    );
}

#[test]
fn nulls_are_the_smallest_and_a_column_without_them_says_nothing() {
    let order = |column, descending, nulls| order(Node::Column(column), descending, nulls);
    for (column, descending, nulls, sqlite, postgres) in [
        (N, false, Nulls::Smallest, r#""n""#, r#""n" NULLS FIRST"#),
        (N, true, Nulls::Smallest, r#""n" DESC"#, r#""n" DESC NULLS LAST"#),
        (N, false, Nulls::First, r#""n" NULLS FIRST"#, r#""n" NULLS FIRST"#),
        (N, true, Nulls::First, r#""n" DESC NULLS FIRST"#, r#""n" DESC NULLS FIRST"#),
        (N, false, Nulls::Last, r#""n" NULLS LAST"#, r#""n" NULLS LAST"#),
        (NAME, false, Nulls::Smallest, r#""name""#, r#""name""#),
        (NAME, true, Nulls::First, r#""name" DESC NULLS FIRST"#, r#""name" DESC"#),
        (DOC, false, Nulls::Smallest, r#""doc""#, r#"("doc"::text COLLATE "C") NULLS FIRST"#),
    ] {
        assert_eq!(ordered(SQLITE, order(column, descending, nulls)), sqlite);
        assert_eq!(ordered(PG15, order(column, descending, nulls)), postgres);
    }
}

#[test]
fn an_expression_can_be_ordered_by() {
    let sum =
        |column| Node::arith(tripline_core::Arith::Add, Node::Column(column), Node::Literal(Value::Int(1)));
    let by = |node| order(node, false, Nulls::Smallest);
    assert_eq!(ordered(PG15, by(sum(N))), r#"("n" + $1) NULLS FIRST"#);
    assert_eq!(ordered(PG15, by(sum(ID))), r#"("id" + $1)"#);
    let is_null = Node::IsNull(Box::new(Node::Column(N)));
    assert_eq!(ordered(PG15, by(is_null.clone())), r#"("n" IS NULL)"#);
    assert_eq!(ordered(SQLITE, by(is_null)), r#""n" IS NULL"#);
}

#[test]
fn limits_and_offsets() {
    for (limit, offset, sqlite, postgres) in [
        (Some(2), None, " LIMIT ? -- Int 2", " LIMIT $1 -- Int 2"),
        (Some(2), Some(3), " LIMIT ? OFFSET ? -- Int 2; Int 3", " LIMIT $1 OFFSET $2 -- Int 2; Int 3"),
        (None, Some(3), " LIMIT -1 OFFSET ? -- Int 3", " OFFSET $1 -- Int 3"),
        (Some(u64::MAX), None, " LIMIT ? -- Int 9223372036854775807", " LIMIT $1 -- Int 9223372036854775807"),
    ] {
        let query = Query { limit, offset, ..Query::default() };
        for (dialect, window) in [(SQLITE, sqlite), (PG15, postgres)] {
            let found = shown(dialect, |sql| find(sql, &TOKENS, &query, &[0], None).expect("a query"));
            assert_eq!(found, format!(r#"SELECT "i""d" FROM "to""ken"{window}"#));
        }
    }
}

#[test]
fn counts_and_exists() {
    let (query, limited) = (some(), Query { limit: Some(5), ..some() });
    let counted = |dialect, query| text(dialect, |sql| count(sql, &THINGS, query).expect("a query"));
    assert_eq!(counted(SQLITE, &query), r#"SELECT count(*) FROM "things" WHERE "n" = ?"#);
    assert_eq!(counted(PG15, &query), r#"SELECT count(*) FROM "things" WHERE "n" = $1"#);
    let inner = r#"SELECT count(*) FROM (SELECT 1 FROM "things" WHERE "n" = "#;
    assert_eq!(counted(SQLITE, &limited), format!("{inner}? LIMIT ?)"));
    assert_eq!(counted(PG15, &limited), format!("{inner}$1 LIMIT $2) AS \"c\""));
    let exist = |dialect| text(dialect, |sql| exists(sql, &THINGS, &query).expect("a query"));
    assert_eq!(exist(SQLITE), r#"SELECT EXISTS (SELECT 1 FROM "things" WHERE "n" = ?)"#);
    assert_eq!(exist(PG15), r#"SELECT EXISTS (SELECT 1 FROM "things" WHERE "n" = $1)"#);
}
