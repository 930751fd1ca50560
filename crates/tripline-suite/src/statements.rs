//! Which SQL statements are sent, which of them together, and whether in a transaction (L1, L2). How many each path
//! takes is in `docs/statements.md`.

use tripline::{
    AfterCreate, AfterDelete, AfterUpdate, BeforeCreate, BeforeDeleteRows, BeforeUpdateRows, Change, Edit,
    TableEntry, prelude::*,
};

use crate::{Engine, TestDb};

#[derive(Table, Clone, Debug)]
struct Plain {
    #[key]
    id: Id<Plain>,
    text: String,
    n: i64,
}

#[derive(Table, Clone, Debug)]
#[table(name = "befores")]
struct Before {
    #[key]
    id: Id<Before>,
    text: String,
}

impl BeforeCreate for Before {
    async fn before_create(_: &mut Tx<'_>, _: &mut [NewBefore]) -> Result<()> {
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "watched", hook_rows(WatchedText))]
struct Watched {
    #[key]
    id: Id<Watched>,
    text: String,
    n: i64,
}

#[derive(Row, Clone, Debug)]
#[row(of = Watched)]
struct WatchedText {
    text: String,
}

impl AfterCreate for WatchedText {
    async fn after_create(_: &mut Tx<'_>, rows: &[WatchedText]) -> Result<()> {
        assert_eq!(rows[0].text, "a");
        Ok(())
    }
}

impl AfterUpdate for WatchedText {
    async fn after_update(_: &mut Tx<'_>, _: &[Change<WatchedText>]) -> Result<()> {
        Ok(())
    }
}

impl AfterDelete for WatchedText {
    async fn after_delete(_: &mut Tx<'_>, _: &[WatchedText]) -> Result<()> {
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "edited")]
struct Edited {
    #[key]
    id: Id<Edited>,
    n: i64,
}

impl BeforeUpdateRows for Edited {
    async fn before_update_rows(_: &mut Tx<'_>, rows: &mut [Edit<Edited>]) -> Result<()> {
        for edit in rows {
            if edit.old.n < 10 {
                edit.patch.n.set(edit.old.n * 100);
            }
        }
        Ok(())
    }
}

impl BeforeDeleteRows for Edited {
    async fn before_delete_rows(_: &mut Tx<'_>, _: &[Edited]) -> Result<()> {
        Ok(())
    }
}

fn plain(text: &str) -> NewPlain {
    NewPlain { text: text.into(), n: 0.into(), ..Default::default() }
}

/// A database whose statements do not depend on where its server is.
async fn db(engine: &Engine, tables: Vec<TableEntry>) -> TestDb {
    engine.connect(tables, |c| c.postgres_options(|o| o.resolve_commits = false)).await
}

/// Asserts what was sent since the last look: the flights, each with its statements.
macro_rules! assert_sent {
    ($db:expr, $engine:expr, [$([$($both:expr),+]),*]) => {
        assert_sent!($db, $engine, sqlite [$([$($both),+]),*], postgres [$([$($engine.sql($both)),+]),*])
    };
    ($db:expr, $engine:expr, sqlite [$([$($lite:expr),+]),*], postgres [$([$($pg:expr),+]),*]) => {{
        let sqlite: Vec<Vec<String>> = vec![$(vec![$($lite.to_string()),+]),*];
        let postgres: Vec<Vec<String>> = vec![$(vec![$($pg.to_string()),+]),*];
        assert_eq!($db.log.take_flights(), $engine.either(sqlite, postgres));
    }};
}

cases! {
    async fn l1_a_write_with_nothing_attached_is_one_statement_without_a_transaction(engine) {
        let db = db(&engine, tables![Plain]).await;
        db.create(plain("a")).await.unwrap();
        assert_sent!(db, engine,
            sqlite [[r#"INSERT INTO "plains" ("id", "text", "n") VALUES (?, ?, ?)"#]],
            postgres [[r#"INSERT INTO "plains" ("text", "n") VALUES ($1, $2) RETURNING "id""#]]);
        db.update::<Plain>().filter(|p| p.text.eq("a")).set(|p| p.n.add(1)).await.unwrap();
        assert_sent!(db, engine, [[r#"UPDATE "plains" SET "n" = ("n" + ?) WHERE "text" = ?"#]]);
        db.update::<Plain>().by_key(Id::new(1)).set(|p| p.n.set(1)).rows::<Plain>().await.unwrap();
        assert_sent!(db, engine, [[r#"UPDATE "plains" SET "n" = ? WHERE "id" = ? RETURNING "id", "text", "n""#]]);
        db.delete::<Plain>().by_key(Id::new(1)).await.unwrap();
        assert_sent!(db, engine, [[r#"DELETE FROM "plains" WHERE "id" = ?"#]]);
    }

    async fn l1_several_rows_are_one_statement_run_for_each_or_one_for_all(engine) {
        let db = db(&engine, tables![Plain]).await;
        db.create(vec![plain("a"), plain("b"), plain("c")]).await.unwrap();
        let insert = r#"INSERT INTO "plains" ("id", "text", "n") VALUES (?, ?, ?) x 3"#;
        let all = r#"INSERT INTO "plains" ("text", "n") SELECT unnest($1::text[]), unnest($2::int8[]) RETURNING "id""#;
        assert_sent!(db, engine, sqlite [["BEGIN IMMEDIATE", insert], ["COMMIT"]], postgres [[all]]);
    }

    async fn reads_are_one_statement(engine) {
        let db = db(&engine, tables![Plain]).await;
        db.find::<Plain>().filter(|p| p.n.gt(1).and(p.text.starts_with("a"))).order(|p| p.n.desc()).limit(3).await.unwrap();
        let find = r#"SELECT "id", "text", "n" FROM "plains" WHERE "n" > ? AND ("text" >= ? AND "text" < ?) ORDER BY "n" DESC LIMIT ?"#;
        assert_sent!(db, engine, [[find]]);
        db.find::<Plain>().filter(|p| p.n.is_in([1, 2])).count().await.unwrap();
        assert_sent!(db, engine,
            sqlite [[r#"SELECT count(*) FROM "plains" WHERE "n" IN (?, ?)"#]],
            postgres [[r#"SELECT count(*) FROM "plains" WHERE "n" = ANY($1)"#]]);
        db.find::<Plain>().filter(|p| (p.n.eq(1).or(p.n.eq(2))).and(!p.text.is_null())).exists().await.unwrap();
        let exists = r#"SELECT EXISTS (SELECT 1 FROM "plains" WHERE ("n" = ? OR "n" = ?) AND (NOT ("text" IS NULL)))"#;
        assert_sent!(db, engine, [[exists]]);
    }

    async fn l2_a_hook_makes_the_operation_a_transaction(engine) {
        let db = db(&engine, tables![Before]).await;
        db.create(NewBefore { text: "a".into(), ..Default::default() }).await.unwrap();
        let insert = r#"INSERT INTO "befores" ("id", "text") VALUES (?, ?)"#;
        let returning = r#"INSERT INTO "befores" ("text") VALUES ($1) RETURNING "id""#;
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", insert], ["COMMIT"]],
            postgres [["BEGIN", returning, "COMMIT"]]);
        // A hook that runs for creates costs updates nothing.
        db.update::<Before>().by_key(Id::new(1)).set(|b| b.text.set("b")).await.unwrap();
        assert_sent!(db, engine, [[r#"UPDATE "befores" SET "text" = ? WHERE "id" = ?"#]]);
    }

    async fn l2_l32_only_a_hook_that_sees_the_result_keeps_commit_from_flying_along(engine) {
        let db = db(&engine, tables![Plain]).await;
        let insert = r#"INSERT INTO "plains" ("id", "text", "n") VALUES (?, ?, ?)"#;
        let returning = r#"INSERT INTO "plains" ("text", "n") VALUES ($1, $2) RETURNING "id""#;
        db.create(plain("a")).after_create(async |_, _| Ok(())).await.unwrap();
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", insert], ["COMMIT"]],
            postgres [["BEGIN", returning], ["COMMIT"]]);
        db.create(plain("a")).after_create_commit(async |_, _| Ok(())).await.unwrap();
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", insert], ["COMMIT"]],
            postgres [["BEGIN", returning, "COMMIT"]]);
    }

    async fn l17_refreshed_rows_are_read_before_the_commit(engine) {
        let db = db(&engine, tables![Plain]).await;
        db.create(plain("a")).refreshed().await.unwrap();
        let read = engine.sql(r#"SELECT "id", "text", "n" FROM "plains" WHERE "id" = ?"#);
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", r#"INSERT INTO "plains" ("id", "text", "n") VALUES (?, ?, ?)"#], [read], ["COMMIT"]],
            postgres [["BEGIN", r#"INSERT INTO "plains" ("text", "n") VALUES ($1, $2) RETURNING "id""#], [read], ["COMMIT"]]);
    }

    async fn l2_a_transaction_begins_at_its_first_statement(engine) {
        let db = db(&engine, tables![Plain]).await;
        db.tx(async |_| Ok(())).await.unwrap();
        assert!(db.log.take().is_empty());
        db.tx(async |tx| tx.tx(async |tx| tx.create(plain("a")).await.map(drop)).await).await.unwrap();
        let insert = r#"INSERT INTO "plains" ("id", "text", "n") VALUES (?, ?, ?)"#;
        let returning = r#"INSERT INTO "plains" ("text", "n") VALUES ($1, $2) RETURNING "id""#;
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", "SAVEPOINT s1", insert], ["RELEASE s1"], ["COMMIT"]],
            postgres [["BEGIN", "SAVEPOINT s1", returning], ["RELEASE s1"], ["COMMIT"]]);
        db.read(async |read| read.find::<Plain>().count().await).await.unwrap();
        let count = r#"SELECT count(*) FROM "plains""#;
        assert_sent!(db, engine,
            sqlite [["BEGIN", count], ["COMMIT"]],
            postgres [["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", count], ["COMMIT"]]);
    }

    async fn l3_an_operation_inside_a_transaction_is_no_savepoint(engine) {
        let db = db(&engine, tables![Before]).await;
        let before = |text: &str| NewBefore { text: text.into(), ..Default::default() };
        let result: Result<()> = db
            .tx(async |tx| {
                tx.create(before("a")).await?;
                tx.update::<Before>().all_rows().set(|b| b.text.set("b")).await?;
                Err(Error::reject("no"))
            })
            .await;
        assert!(result.unwrap_err().is_rejected());
        let (insert, update) = (r#"INSERT INTO "befores" ("id", "text") VALUES (?, ?)"#, r#"UPDATE "befores" SET "text" = ?"#);
        let returning = r#"INSERT INTO "befores" ("text") VALUES ($1) RETURNING "id""#;
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", insert], [update], ["ROLLBACK"]],
            postgres [["BEGIN", returning], [engine.sql(update)], ["ROLLBACK"]]);
    }

    async fn l23_l42_old_rows_are_read_once_and_only_the_columns_asked_for(engine) {
        let db = db(&engine, tables![Watched]).await;
        db.create(NewWatched { text: "a".into(), n: 1.into(), ..Default::default() }).await.unwrap();
        db.log.take();
        db.update::<Watched>().filter(|w| w.n.eq(1)).set(|w| w.text.set("b")).await.unwrap();
        let old = r#"SELECT "id", "text" FROM "watched" WHERE "n" = ? LIMIT ?"#;
        // The new ones are known then.
        let update = r#"UPDATE "watched" SET "text" = ? WHERE "n" = ?"#;
        // PostgreSQL gives both in one statement, in its newer versions without reading first.
        let both = if engine.postgres_version() < 18 {
            r#"WITH "o" AS MATERIALIZED (SELECT "id", "text" FROM "watched" WHERE "n" = $1 ORDER BY "id" LIMIT $2 FOR NO KEY UPDATE) UPDATE "watched" AS "t" SET "text" = $3 FROM "o" WHERE "t"."id" = "o"."id" RETURNING "t"."id", "t"."text", "o"."id", "o"."text""#
        } else {
            r#"UPDATE "watched" AS "t" SET "text" = $1 WHERE "n" = $2 RETURNING WITH (OLD AS "o") "id", "text", "o"."id", "o"."text""#
        };
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", old], [update], ["COMMIT"]],
            postgres [["BEGIN", both], ["COMMIT"]]);
        db.delete::<Watched>().filter(|w| w.n.eq(1)).await.unwrap();
        let delete = r#"DELETE FROM "watched" WHERE "n" = ? RETURNING "text""#;
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", delete], ["COMMIT"]],
            postgres [["BEGIN", engine.sql(delete)], ["COMMIT"]]);
    }

    async fn l21_patches_that_differ_are_one_statement_run_for_each_row_or_one_with_a_list(engine) {
        let db = db(&engine, tables![Edited]).await;
        db.create(vec![1, 2, 30].into_iter().map(|n| NewEdited { n: n.into(), ..Default::default() }).collect::<Vec<_>>())
            .await
            .unwrap();
        db.log.take();
        db.update::<Edited>().set(|e| e.n.set(7)).all_rows().await.unwrap();
        let each = r#"UPDATE "edited" AS "t" SET "n" = "v"."c1" FROM unnest($1::int8[], $2::int8[]) AS "v"("k0", "c1") WHERE "t"."id" = "v"."k0""#;
        assert_sent!(db, engine,
            sqlite [
                ["BEGIN IMMEDIATE", r#"SELECT "id", "n" FROM "edited" LIMIT ?"#],
                [r#"UPDATE "edited" SET "n" = ? WHERE "id" = ? x 3"#],
                ["COMMIT"]
            ],
            postgres [
                ["BEGIN", r#"SELECT "id", "n" FROM "edited" ORDER BY "id" LIMIT $1 FOR NO KEY UPDATE"#],
                [each, "COMMIT"]
            ]);
        let n: Vec<i64> = db.find::<Edited>().order(|e| e.id.asc()).await.unwrap().iter().map(|e| e.n).collect();
        assert_eq!(n, [100, 200, 7]);
        // Patches that come out the same are one update.
        db.log.take();
        db.update::<Edited>().filter(|e| e.n.gte(10)).set(|e| e.n.set(50)).await.unwrap();
        assert_sent!(db, engine,
            sqlite [
                ["BEGIN IMMEDIATE", r#"SELECT "id", "n" FROM "edited" WHERE "n" >= ? LIMIT ?"#],
                [r#"UPDATE "edited" SET "n" = ? WHERE "n" >= ?"#],
                ["COMMIT"]
            ],
            postgres [
                ["BEGIN", r#"SELECT "id", "n" FROM "edited" WHERE "n" >= $1 ORDER BY "id" LIMIT $2 FOR NO KEY UPDATE"#],
                [r#"UPDATE "edited" SET "n" = $1 WHERE "id" = ANY($2) AND ("n" >= $3)"#, "COMMIT"]
            ]);
    }

    async fn l16_nothing_to_write_sends_no_write(engine) {
        let db = db(&engine, tables![Edited]).await;
        let old = r#"SELECT "id", "n" FROM "edited" LIMIT ?"#;
        let locked = r#"SELECT "id", "n" FROM "edited" ORDER BY "id" LIMIT $1 FOR"#;
        db.update::<Edited>().set(|e| e.n.set(7)).all_rows().await.unwrap();
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", old], ["COMMIT"]],
            postgres [["BEGIN", format!("{locked} NO KEY UPDATE")], ["COMMIT"]]);
        db.delete::<Edited>().all_rows().await.unwrap();
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", old], ["COMMIT"]],
            postgres [["BEGIN", format!("{locked} UPDATE")], ["COMMIT"]]);
    }

    async fn l62_without_hooks_is_the_plain_statement(engine) {
        let db = db(&engine, tables![Before]).await;
        db.create(NewBefore { text: "a".into(), ..Default::default() }).without_hooks().await.unwrap();
        assert_sent!(db, engine,
            sqlite [[r#"INSERT INTO "befores" ("id", "text") VALUES (?, ?)"#]],
            postgres [[r#"INSERT INTO "befores" ("text") VALUES ($1) RETURNING "id""#]]);
    }

    async fn sql_of_ones_own_that_reads_is_kept_from_writing_in_the_same_flight(engine) {
        let db = db(&engine, tables![Plain]).await;
        db.raw_query("SELECT 1", []).await.unwrap();
        // The first time its types have to be asked for.
        assert_sent!(db, engine,
            sqlite [["SELECT 1"]],
            postgres [["BEGIN READ ONLY", "PREPARE SELECT 1"], ["SELECT 1", "COMMIT"]]);
        db.raw_query("SELECT 1", []).await.unwrap();
        assert_sent!(db, engine, sqlite [["SELECT 1"]], postgres [["BEGIN READ ONLY", "SELECT 1", "COMMIT"]]);
        db.tx(async |tx| {
            tx.raw_execute("DELETE FROM plains", []).await?;
            tx.raw_query("SELECT 1", []).await
        })
        .await
        .unwrap();
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", "DELETE FROM plains"], ["SELECT 1"], ["COMMIT"]],
            postgres [
                ["BEGIN", "DELETE FROM plains"],
                ["SAVEPOINT r", "SET TRANSACTION READ ONLY", "SELECT 1", "RELEASE r"],
                ["COMMIT"]
            ]);
    }

    async fn tables_are_created_in_one_transaction(engine) {
        let db = db(&engine, tables![Plain, Before]).await;
        for drop in ["DROP TABLE plains", "DROP TABLE befores"] {
            db.raw_execute(drop, []).await.unwrap();
        }
        db.log.take();
        db.create_tables().await.unwrap();
        let flights = db.log.take_flights();
        let starts = |flight: &[String]| flight.iter().map(|sql| sql.split(" (").next().unwrap().to_owned()).collect::<Vec<_>>();
        let (plains, befores) = (r#"CREATE TABLE IF NOT EXISTS "plains""#, r#"CREATE TABLE IF NOT EXISTS "befores""#);
        // On PostgreSQL whoever else creates tables is waited for first.
        let lock = "SELECT pg_advisory_xact_lock(8390884987320757861)";
        assert_eq!(starts(&flights[0]), engine.either(vec!["BEGIN IMMEDIATE", plains, befores], vec!["BEGIN", lock, plains, befores]));
        assert_eq!(flights[1..], [["COMMIT"]]);
        db.create_tables().await.unwrap();
        assert_eq!(db.log.take_flights().len(), engine.either(2, 0), "what is there needs no transaction");
    }

    async fn a_transaction_that_stays_open_knows_its_id_if_the_answer_to_its_commit_could_be_lost(engine) {
        let db = engine.connect(tables![Plain], |c| c.postgres_options(|o| o.resolve_commits = true)).await;
        let insert = r#"INSERT INTO "plains" ("id", "text", "n") VALUES (?, ?, ?)"#;
        let returning = r#"INSERT INTO "plains" ("text", "n") VALUES ($1, $2) RETURNING "id""#;
        db.tx(async |tx| tx.create(plain("a")).await).await.unwrap();
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", insert], ["COMMIT"]],
            postgres [["BEGIN; SELECT pg_current_xact_id()", returning], ["COMMIT"]]);
        // An id that would come back with the commit's own answer is of no use.
        db.create(plain("a")).before_create(async |_, _| Ok(())).await.unwrap();
        assert_sent!(db, engine,
            sqlite [["BEGIN IMMEDIATE", insert], ["COMMIT"]],
            postgres [["BEGIN", returning, "COMMIT"]]);
    }
}
