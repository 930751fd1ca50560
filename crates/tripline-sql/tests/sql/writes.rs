//! Writes as both dialects write them.

use tripline_core::{Arith, Compare, Node, RowSet, Slot, TableRef, Value};
use tripline_sql::{
    Keys, Target, advance_keys, delete, insert, insert_many, insert_one, update, update_each, update_with_old,
};

use crate::{
    shown::{PG15, PG18, SQLITE, shown, text},
    tables::*,
};

fn keys(columns: &'static [u16], values: impl IntoIterator<Item = Value>) -> RowSet {
    let mut keys = RowSet::new(columns);
    keys.values.extend(values);
    keys
}

fn patch(table: TableRef, set: impl IntoIterator<Item = (u16, Slot)>) -> Vec<Slot> {
    let mut patch = vec![Slot::Unset; table.columns.len()];
    for (column, slot) in set {
        patch[usize::from(column)] = slot;
    }
    patch
}

fn to(value: impl Into<Value>) -> Slot {
    Slot::To(value.into())
}

fn plus(column: u16, by: Value) -> Slot {
    Slot::Expr(Box::new(Node::arith(Arith::Add, Node::Column(column), Node::Literal(by))))
}

fn above(column: u16, least: i64) -> Node {
    Node::compare(Compare::Gt, Node::Column(column), Node::Literal(Value::Int(least)))
}

#[test]
fn inserts_of_one_row() {
    let sqlite = text(SQLITE, |sql| insert(sql, &PAIRS));
    assert_eq!(sqlite, r#"INSERT INTO "o" ("t", "k0", "c2") VALUES (?, ?, ?)"#);
    let row = [Value::Int(1), "a".into(), Value::Null];
    assert_eq!(
        shown(PG15, |sql| insert_one(sql, &PAIRS, &row)),
        r#"INSERT INTO "o" ("t", "k0", "c2") VALUES ($1, $2, $3) -- Int 1; Text a; Int null"#
    );
    let none = [Value::Null];
    assert_eq!(
        shown(PG15, |sql| insert_one(sql, &TOKENS, &none)),
        r#"INSERT INTO "to""ken" DEFAULT VALUES RETURNING "i""d""#
    );
    let given = [Value::Int(7)];
    assert_eq!(
        shown(PG15, |sql| insert_one(sql, &TOKENS, &given)),
        r#"INSERT INTO "to""ken" ("i""d") VALUES ($1) -- Int 7"#
    );
    let egg = [Value::Null, Value::Int(1)];
    assert_eq!(
        shown(PG15, |sql| insert_one(sql, &EGGS, &egg)),
        r#"INSERT INTO "eggs" ("hen") VALUES ($1) RETURNING "id" -- Int 1"#
    );
}

#[test]
fn inserts_of_many_rows() {
    let rows = [1.into(), "a".into(), Value::Null, 2.into(), "b".into(), 3.into()];
    let pairs = r#"INSERT INTO "o" ("t", "k0", "c2") SELECT unnest($1::int8[]), unnest($2::text[]), unnest($3::int8[])"#;
    assert_eq!(
        shown(PG15, |sql| insert_many(sql, &PAIRS, &rows)),
        format!("{pairs} -- Int[1,2]; Text[a,b]; Int[null,3]")
    );
    let eggs = [Value::Null, 1.into(), Value::Null, 2.into()];
    assert_eq!(
        shown(PG15, |sql| insert_many(sql, &EGGS, &eggs)),
        r#"INSERT INTO "eggs" ("hen") SELECT unnest($1::int8[]) RETURNING "id" -- Int[1,2]"#
    );
    let tokens = [Value::Null, Value::Null];
    assert_eq!(
        shown(PG15, |sql| insert_many(sql, &TOKENS, &tokens)),
        r#"INSERT INTO "to""ken" SELECT FROM generate_series(1, $1::int8) RETURNING "i""d" -- Int 2"#
    );
    let things = text(PG15, |sql| insert_many(sql, &THINGS, &[]));
    let types = [
        "int8",
        "text",
        "text",
        "int8",
        "float8",
        "bool",
        "text",
        "json",
        "bytea",
        "timestamptz",
        "date",
        "uuid",
        "int8",
    ];
    let types: Vec<String> =
        types.iter().enumerate().map(|(i, ty)| format!("unnest(${}::{ty}[])", i + 1)).collect();
    assert!(things.ends_with(&format!("\"parent\") SELECT {}", types.join(", "))), "{things}");
}

#[test]
fn keys_that_the_database_assigns() {
    assert_eq!(
        shown(PG15, |sql| advance_keys(sql, &TOKENS, 7)),
        "WITH \"s\" AS MATERIALIZED (SELECT pg_get_serial_sequence($1, $2)::regclass AS \"s\"), \
         \"g\" AS MATERIALIZED (SELECT \"s\", $3::int8 AS \"to\", \
         $3::int8 - coalesce(pg_sequence_last_value(\"s\"), 0) AS \"gap\" FROM \"s\" \
         WHERE has_sequence_privilege(\"s\", 'USAGE') AND has_sequence_privilege(\"s\", 'UPDATE')) \
         SELECT CASE WHEN \"gap\" <= 100000 THEN nextval(\"s\") ELSE \
         (SELECT setval(\"s\", greatest(\"to\", coalesce(pg_sequence_last_value(\"s\"), 0))) \
         FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, 8390884987320757861)) AS \"l\" OFFSET 0) AS \"l\" \
         WHERE \"l\".\"l\" IS NOT NULL) END \
         FROM \"g\", generate_series(1, CASE WHEN \"gap\" > 100000 THEN 1 ELSE \"gap\" END) \
         -- Text \"to\"\"ken\"; Text i\"d; Int 7"
    );
    assert_eq!(text(PG15, |sql| advance_keys(sql, &PAIRS, 7)), "");
    assert_eq!(text(PG15, |sql| advance_keys(sql, &TOKENS, 0)), "");
}

#[test]
fn updates() {
    let patch = patch(
        &THINGS,
        [(NOTE, to(Value::Null)), (N, plus(N, 1.into())), (REAL, plus(REAL, Value::Float(0.5)))],
    );
    let (filter, key) = (above(N, 0), [Value::Int(7)]);
    let written = |dialect, filter, keys, returning: &'static [u16]| {
        shown(dialect, |sql| {
            update(sql, &THINGS, &patch, Target { filter, keys, returning }).expect("an update");
        })
    };
    assert_eq!(
        written(SQLITE, Some(&filter), Keys::Any, &[]).split(" -- ").next(),
        Some(r#"UPDATE "things" SET "note" = ?, "n" = ("n" + ?), "real" = ("real" + ?) WHERE "n" > ?"#)
    );
    let set =
        r#"UPDATE "things" SET "note" = $1, "n" = ("n" + $2), "real" = NULLIF("real" + $3, 'NaN'::float8)"#;
    let params = "-- Text null; Int 1; Float 0.5";
    assert_eq!(
        written(PG15, Some(&filter), Keys::Any, &[]),
        format!(r#"{set} WHERE "n" > $4 {params}; Int 0"#)
    );
    assert_eq!(
        written(PG15, Some(&filter), Keys::One(&key), &[ID, NAME]),
        format!(r#"{set} WHERE "id" = $4 AND ("n" > $5) RETURNING "id", "name" {params}; Int 7; Int 0"#)
    );
    let many = keys(&[ID], [7.into(), 8.into()]);
    assert_eq!(
        written(PG18, Some(&filter), Keys::Many(&many), &[]),
        format!(r#"{set} WHERE "id" = ANY($4) AND ("n" > $5) {params}; Int[7,8]; Int 0"#)
    );
    assert_eq!(written(PG15, None, Keys::Any, &[]), format!("{set} {params}"));
}

#[test]
fn a_value_that_an_expression_is_goes_into_its_column() {
    let patch = patch(&THINGS, [(KIND, Slot::Expr(Box::new(Node::Literal(Value::Null))))]);
    assert_eq!(
        shown(PG15, |sql| update(sql, &THINGS, &patch, Target::default()).expect("an update")),
        r#"UPDATE "things" SET "kind" = $1 -- Enum null"#
    );
}

#[test]
fn keys_of_two_columns() {
    let pairs = keys(&[0, 1], [1.into(), "a".into(), 2.into(), "b".into()]);
    let one = &pairs.values[..2];
    let written = |dialect, keys| {
        shown(dialect, |sql| {
            delete(sql, &PAIRS, Target { keys, returning: &[2], ..Target::default() }).expect("a delete")
        })
    };
    let head = r#"DELETE FROM "o" WHERE "#;
    assert_eq!(
        written(SQLITE, Keys::One(one)),
        format!(r#"{head}"t" = ? AND "k0" = ? RETURNING "c2" -- Int 1; Text a"#)
    );
    assert_eq!(
        written(PG15, Keys::One(one)),
        format!(r#"{head}"t" = $1 AND "k0" = $2 RETURNING "c2" -- Int 1; Text a"#)
    );
    let many = r#"("t", "k0") IN (SELECT * FROM unnest($1::int8[], $2::text[])) RETURNING "c2""#;
    assert_eq!(written(PG15, Keys::Many(&pairs)), format!("{head}{many} -- Int[1,2]; Text[a,b]"));
}

#[test]
fn sqlite_writes_row_by_row() {
    let pairs = keys(&[0, 1], []);
    let patch = patch(&PAIRS, [(2, to(1))]);
    let mut sql = tripline_sql::Sql::new(SQLITE, String::new());
    let target = Target { keys: Keys::Many(&pairs), ..Target::default() };
    assert!(delete(&mut sql, &PAIRS, target).is_err());
    assert!(update_with_old(&mut sql, &PAIRS, &patch, Target::default(), &[2], None).is_err());
    assert!(!update_each(&mut sql, &PAIRS, None, &patch, &pairs, &[]).expect("an answer"));
}

#[test]
fn updates_that_give_back_what_was_before() {
    let patch = patch(&PAIRS, [(2, plus(2, 1.into()))]);
    let (filter, key) = (above(2, 0), [1.into(), "a".into()]);
    let target = |keys, returning| Target { filter: Some(&filter), keys, returning };
    let written = |dialect, target, limit| {
        shown(dialect, |sql| {
            update_with_old(sql, &PAIRS, &patch, target, &[1, 2], limit).expect("an update");
        })
    };
    assert_eq!(
        written(PG18, target(Keys::One(&key), &[0, 2]), Some(9)),
        r#"UPDATE "o" AS "t" SET "c2" = ("c2" + $1) WHERE "t" = $2 AND "k0" = $3 AND ("c2" > $4) RETURNING WITH (OLD AS "o") "t", "c2", "o"."k0", "o"."c2" -- Int 1; Int 1; Text a; Int 0"#
    );
    assert_eq!(
        written(PG18, target(Keys::Any, &[]), None),
        r#"UPDATE "o" AS "t" SET "c2" = ("c2" + $1) WHERE "c2" > $2 RETURNING WITH (OLD AS "o") "o"."k0", "o"."c2" -- Int 1; Int 0"#
    );
    let set = r#"UPDATE "o" AS "t" SET "c2" = ("t"."c2" + $"#;
    let join = r#"FROM "p" WHERE "t"."t" = "p"."t" AND "t"."k0" = "p"."k0" RETURNING"#;
    let locked = r#"WITH "p" AS MATERIALIZED (SELECT "t", "k0", "c2" FROM "o" WHERE"#;
    assert_eq!(
        written(PG15, target(Keys::One(&key), &[0, 2]), Some(9)),
        format!(
            r#"{locked} "t" = $1 AND "k0" = $2 AND ("c2" > $3) ORDER BY "t", "k0" LIMIT $4 FOR NO KEY UPDATE) {set}5) {join} "t"."t", "t"."c2", "p"."k0", "p"."c2" -- Int 1; Text a; Int 0; Int 9; Int 1"#
        )
    );
    assert_eq!(
        written(PG15, target(Keys::Any, &[]), None),
        format!(
            r#"{locked} "c2" > $1 ORDER BY "t", "k0" FOR NO KEY UPDATE) {set}2) {join} "p"."k0", "p"."c2" -- Int 0; Int 1"#
        )
    );
    // Another table, and the two sources of rows have the names that they have otherwise.
    let patch = self::patch(&EGGS, [(1, to(2))]);
    assert_eq!(
        shown(PG15, |sql| update_with_old(sql, &EGGS, &patch, Target::default(), &[1], None)
            .expect("an update")),
        r#"WITH "o" AS MATERIALIZED (SELECT "id", "hen" FROM "eggs" ORDER BY "id" FOR NO KEY UPDATE) UPDATE "eggs" AS "t" SET "hen" = $1 FROM "o" WHERE "t"."id" = "o"."id" RETURNING "o"."hen" -- Int 2"#
    );
}

#[test]
fn a_patch_for_each_row() {
    let three = keys(&[ID], [1.into(), 2.into(), 3.into()]);
    let all = [
        patch(&THINGS, [(NAME, to("a")), (N, to(10))]),
        patch(&THINGS, [(NAME, to("b"))]),
        patch(&THINGS, [(NAME, Slot::Default("c".into())), (N, to(Value::Null))]),
    ]
    .concat();
    let filter = above(N, 0);
    let each = |patches, filter, returning: &'static [u16]| {
        shown(PG15, |sql| {
            assert!(update_each(sql, &THINGS, filter, patches, &three, returning).expect("an update"));
        })
    };
    assert_eq!(
        each(&all, Some(&filter), &[ID, N]),
        r#"UPDATE "things" AS "t" SET "name" = "v"."c1", "n" = CASE WHEN "v"."s3" THEN "v"."c3" ELSE "t"."n" END FROM unnest($1::int8[], $2::text[], $3::int8[], $4::bool[]) AS "v"("k0", "c1", "c3", "s3") WHERE "t"."id" = "v"."k0" AND ("t"."n" > $5) RETURNING "t"."id", "t"."n" -- Int[1,2,3]; Text[a,b,c]; Int[10,null,null]; Bool[true,false,true]; Int 0"#
    );
    // A row for which nothing is set is not written.
    let some = [
        patch(&THINGS, [(N, to(1))]),
        patch(&THINGS, []),
        patch(&THINGS, [(DOC, to(Value::Json("{}".into())))]),
    ]
    .concat();
    let written = each(&some, None, &[]);
    assert!(written.contains(r#" WHERE "t"."id" = "v"."k0" AND ("v"."s3" OR "v"."s7") -- "#), "{written}");
}

#[test]
fn a_patch_for_each_row_of_a_key_of_two_columns() {
    let pairs = keys(&[0, 1], [1.into(), "a".into(), 2.into(), "b".into()]);
    let patches = [patch(&PAIRS, [(2, to(5))]), patch(&PAIRS, [(2, to(6))])].concat();
    assert_eq!(
        shown(PG15, |sql| {
            assert!(update_each(sql, &PAIRS, None, &patches, &pairs, &[]).expect("an update"));
        }),
        r#"UPDATE "o" AS "t" SET "c2" = "v"."c2" FROM unnest($1::int8[], $2::text[], $3::int8[]) AS "v"("k0", "k1", "c2") WHERE "t"."t" = "v"."k0" AND "t"."k0" = "v"."k1" -- Int[1,2]; Text[a,b]; Int[5,6]"#
    );
}

#[test]
fn what_one_statement_cannot_say_is_left_to_the_driver() {
    let one = keys(&[ID], [1.into()]);
    for patch in [patch(&THINGS, [(N, plus(N, 1.into()))]), patch(&THINGS, [])] {
        let written = text(PG15, |sql| {
            assert!(!update_each(sql, &THINGS, None, &patch, &one, &[]).expect("an answer"));
        });
        assert_eq!(written, "");
    }
}
