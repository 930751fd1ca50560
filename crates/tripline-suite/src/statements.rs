//! Which SQL statements are sent, and whether in a transaction (L1, L2). The table is in `docs/statements.md`.

use tripline::{
    AfterCreate, AfterDelete, AfterUpdate, BeforeCreate, BeforeDeleteRows, BeforeUpdateRows, Change, Edit,
    prelude::*,
};

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

cases! {
    async fn l1_a_write_with_nothing_attached_is_one_statement_without_a_transaction(engine) {
        let db = engine.db(tables![Plain]).await;
        db.create(plain("a")).await.unwrap();
        assert_eq!(db.log.take(), [r#"INSERT INTO "plains" ("id", "text", "n") VALUES (?, ?, ?)"#]);
        db.update::<Plain>().filter(|p| p.text.eq("a")).set(|p| p.n.add(1)).await.unwrap();
        assert_eq!(db.log.take(), [r#"UPDATE "plains" SET "n" = ("n" + ?) WHERE "text" = ?"#]);
        db.update::<Plain>().by_key(Id::new(1)).set(|p| p.n.set(1)).rows::<Plain>().await.unwrap();
        assert_eq!(db.log.take(), [r#"UPDATE "plains" SET "n" = ? WHERE "id" = ? RETURNING "id", "text", "n""#]);
        db.delete::<Plain>().by_key(Id::new(1)).await.unwrap();
        assert_eq!(db.log.take(), [r#"DELETE FROM "plains" WHERE "id" = ?"#]);
    }

    async fn l1_several_rows_are_one_statement_run_for_each_in_a_transaction(engine) {
        let db = engine.db(tables![Plain]).await;
        db.create(vec![plain("a"), plain("b"), plain("c")]).await.unwrap();
        let insert = r#"INSERT INTO "plains" ("id", "text", "n") VALUES (?, ?, ?) x 3"#;
        assert_eq!(db.log.take(), ["BEGIN IMMEDIATE", insert, "COMMIT"]);
    }

    async fn reads_are_one_statement(engine) {
        let db = engine.db(tables![Plain]).await;
        db.find::<Plain>().filter(|p| p.n.gt(1).and(p.text.starts_with("a"))).order(|p| p.n.desc()).limit(3).await.unwrap();
        let find = r#"SELECT "id", "text", "n" FROM "plains" WHERE "n" > ? AND ("text" >= ? AND "text" < ?) ORDER BY "n" DESC LIMIT ?"#;
        assert_eq!(db.log.take(), [find]);
        db.find::<Plain>().filter(|p| p.n.is_in([1, 2])).count().await.unwrap();
        assert_eq!(db.log.take(), [r#"SELECT count(*) FROM "plains" WHERE "n" IN (?, ?)"#]);
        db.find::<Plain>().filter(|p| (p.n.eq(1).or(p.n.eq(2))).and(!p.text.is_null())).exists().await.unwrap();
        let exists = r#"SELECT EXISTS (SELECT 1 FROM "plains" WHERE ("n" = ? OR "n" = ?) AND (NOT ("text" IS NULL)))"#;
        assert_eq!(db.log.take(), [exists]);
    }

    async fn l2_a_hook_makes_the_operation_a_transaction(engine) {
        let db = engine.db(tables![Before]).await;
        db.create(NewBefore { text: "a".into(), ..Default::default() }).await.unwrap();
        let insert = r#"INSERT INTO "befores" ("id", "text") VALUES (?, ?)"#;
        assert_eq!(db.log.take(), ["BEGIN IMMEDIATE", insert, "COMMIT"]);
        // A hook that runs for creates costs updates nothing.
        db.update::<Before>().by_key(Id::new(1)).set(|b| b.text.set("b")).await.unwrap();
        assert_eq!(db.log.take(), [r#"UPDATE "befores" SET "text" = ? WHERE "id" = ?"#]);
    }

    async fn l2_a_transaction_begins_at_its_first_statement(engine) {
        let db = engine.db(tables![Plain]).await;
        db.tx(async |_| Ok(())).await.unwrap();
        assert!(db.log.take().is_empty());
        db.tx(async |tx| tx.tx(async |tx| tx.create(plain("a")).await.map(drop)).await).await.unwrap();
        let insert = r#"INSERT INTO "plains" ("id", "text", "n") VALUES (?, ?, ?)"#;
        assert_eq!(db.log.take(), ["BEGIN IMMEDIATE", "SAVEPOINT s1", insert, "RELEASE s1", "COMMIT"]);
        db.read(async |read| read.find::<Plain>().count().await).await.unwrap();
        assert_eq!(db.log.take(), ["BEGIN", r#"SELECT count(*) FROM "plains""#, "COMMIT"]);
    }

    async fn l3_an_operation_inside_a_transaction_is_no_savepoint(engine) {
        let db = engine.db(tables![Before]).await;
        db.tx(async |tx| tx.create(NewBefore { text: "a".into(), ..Default::default() }).await).await.unwrap();
        let insert = r#"INSERT INTO "befores" ("id", "text") VALUES (?, ?)"#;
        assert_eq!(db.log.take(), ["BEGIN IMMEDIATE", insert, "COMMIT"]);
    }

    async fn l23_l42_old_rows_are_read_once_and_only_the_columns_asked_for(engine) {
        let db = engine.db(tables![Watched]).await;
        db.create(NewWatched { text: "a".into(), n: 1.into(), ..Default::default() }).await.unwrap();
        db.log.take();
        db.update::<Watched>().filter(|w| w.n.eq(1)).set(|w| w.text.set("b")).await.unwrap();
        let old = r#"SELECT "id", "text" FROM "watched" WHERE "n" = ? LIMIT ?"#;
        let update = r#"UPDATE "watched" SET "text" = ? WHERE "n" = ? RETURNING "id", "text""#;
        assert_eq!(db.log.take(), ["BEGIN IMMEDIATE", old, update, "COMMIT"]);
        db.delete::<Watched>().filter(|w| w.n.eq(1)).await.unwrap();
        let delete = r#"DELETE FROM "watched" WHERE "n" = ? RETURNING "text""#;
        assert_eq!(db.log.take(), ["BEGIN IMMEDIATE", delete, "COMMIT"]);
    }

    async fn l21_patches_that_differ_are_one_statement_run_for_each_row(engine) {
        let db = engine.db(tables![Edited]).await;
        db.create(vec![1, 2, 30].into_iter().map(|n| NewEdited { n: n.into(), ..Default::default() }).collect::<Vec<_>>())
            .await
            .unwrap();
        db.log.take();
        db.update::<Edited>().set(|e| e.n.set(7)).all_rows().await.unwrap();
        let old = r#"SELECT "id", "n" FROM "edited" LIMIT ?"#;
        assert_eq!(db.log.take(), ["BEGIN IMMEDIATE", old, r#"UPDATE "edited" SET "n" = ? WHERE "id" = ? x 3"#, "COMMIT"]);
        let n: Vec<i64> = db.find::<Edited>().order(|e| e.id.asc()).await.unwrap().iter().map(|e| e.n).collect();
        assert_eq!(n, [100, 200, 7]);
        // Patches that come out the same are one update.
        db.log.take();
        db.update::<Edited>().filter(|e| e.n.gte(10)).set(|e| e.n.set(50)).await.unwrap();
        let old = r#"SELECT "id", "n" FROM "edited" WHERE "n" >= ? LIMIT ?"#;
        assert_eq!(db.log.take(), ["BEGIN IMMEDIATE", old, r#"UPDATE "edited" SET "n" = ? WHERE "n" >= ?"#, "COMMIT"]);
    }

    async fn l16_nothing_to_write_sends_no_write(engine) {
        let db = engine.db(tables![Edited]).await;
        db.update::<Edited>().set(|e| e.n.set(7)).all_rows().await.unwrap();
        db.delete::<Edited>().all_rows().await.unwrap();
        let old = r#"SELECT "id", "n" FROM "edited" LIMIT ?"#;
        assert_eq!(db.log.take(), ["BEGIN IMMEDIATE", old, "COMMIT", "BEGIN IMMEDIATE", old, "COMMIT"]);
    }

    async fn l62_without_hooks_is_the_plain_statement(engine) {
        let db = engine.db(tables![Before]).await;
        db.create(NewBefore { text: "a".into(), ..Default::default() }).without_hooks().await.unwrap();
        assert_eq!(db.log.take(), [r#"INSERT INTO "befores" ("id", "text") VALUES (?, ?)"#]);
    }
}
