//! The numbers in `docs/statements.md`: each line of its table is measured, and each measured path has a line (L1, L2).

use serde::{Deserialize, Serialize};
use tripline::{
    AfterDelete, AfterRollback, AfterSave, BeforeDelete, CreatePlan, Json, Operation, PlanCreate, Undone,
    Value, create, find, prelude::*, update,
};

use crate::{Engine, TestDb};

/// The page.
const PAGE: &str = include_str!("../../../docs/statements.md");

/// Hooks are attached to single operations, where there are such.
#[derive(Table, Clone, Debug)]
#[table(name = "notes")]
struct Note {
    #[key]
    id: Id<Note>,
    #[unique]
    text: String,
    n: i64,
}

/// With hooks that single operations cannot have.
#[derive(Table, Clone, Debug)]
#[table(name = "saved")]
struct Saved {
    #[key]
    id: Id<Saved>,
    n: i64,
}

impl AfterSave for Saved {
    async fn after_save(_: &mut Tx<'_>, _: &[Saved]) -> Result<()> {
        Ok(())
    }
}

impl BeforeDelete for Saved {
    async fn before_delete(_: &mut Tx<'_>, _: &Operation) -> Result<()> {
        Ok(())
    }
}

/// With a hook that is told of what was rolled back.
#[derive(Table, Clone, Debug)]
#[table(name = "tries")]
struct Try {
    #[key]
    id: Id<Try>,
    n: i64,
}

impl AfterRollback for Try {
    async fn after_rollback(_: &Db, _: &Undone) -> Result<()> {
        Ok(())
    }
}

/// Its rows may fail to decode.
#[derive(Table, Clone, Debug)]
#[table(name = "settings")]
struct Setting {
    #[key]
    id: Id<Setting>,
    of: Json<Dark>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Dark {
    dark: bool,
}

/// What is planned to go along with it raises the number of a note.
#[derive(Table, Clone, Debug)]
#[table(name = "planned")]
struct Planned {
    #[key]
    id: Id<Planned>,
}

impl PlanCreate for Planned {
    fn plan_create(plan: &mut CreatePlan<'_, Planned>) -> Result<()> {
        plan.after(update::<Note>().by_key(Id::new(1)).set(|n| n.n.add(1)));
        Ok(())
    }
}

/// What others refer to.
#[derive(Table, Clone, Debug)]
#[table(name = "wholes")]
struct Whole {
    #[key]
    id: Id<Whole>,
}

/// Goes with what it refers to, with its hook.
#[derive(Table, Clone, Debug)]
#[table(name = "parts")]
struct Part {
    #[key]
    id: Id<Part>,
    #[references(Whole, on_delete = cascade)]
    of: Id<Whole>,
}

impl AfterDelete for Part {
    async fn after_delete(_: &mut Tx<'_>, _: &[Part]) -> Result<()> {
        Ok(())
    }
}

fn note(text: &str) -> NewNote {
    NewNote { text: text.into(), n: 0.into(), ..Default::default() }
}

fn two() -> Vec<NewNote> {
    vec![note("x"), note("y")]
}

/// Declares the ways to the database: a name, as the page has it, and what is done.
macro_rules! paths {
    ($db:ident: $($name:literal => $done:expr;)*) => {
        const PATHS: &[&str] = &[$($name),*];

        async fn walk($db: &Db, path: &str) -> Result<()> {
            match path {
                $($name => $done.await.map(drop),)*
                other => panic!("nobody measures `{other}`"),
            }
        }
    };
}

paths! { db:
    "create: one row" => db.create(note("x"));
    "create: one row, its key given" => db.create(NewNote { id: Id::new(7).into(), ..note("x") });
    "create: one row, before-hook" => db.create(note("x")).before_create(async |_, _| Ok(()));
    "create: one row, after-hook" => db.create(note("x")).after_create(async |_, _| Ok(()));
    "create: one row, after-commit hook" => db.create(note("x")).after_create_commit(async |_, _| Ok(()));
    "create: one row, `.refreshed()`" => db.create(note("x")).refreshed();
    "create: two rows" => db.create(two());
    "create: two rows, before-hook" => db.create(two()).before_create(async |_, _| Ok(()));
    "create: two rows, after-hook" => db.create(two()).after_create(async |_, _| Ok(()));
    "create: two rows, `.refreshed()`" => db.create(two()).refreshed();
    "create: no rows" => db.create(Vec::<NewNote>::new());
    "create: with a planned update" => db.create(NewPlanned::default());
    "upsert" => db.create(note("a")).on_conflict(|n| n.text).do_update();
    "upsert: hook, the row is there" => {
        db.create(note("a")).after_create(async |_, _| Ok(())).on_conflict(|n| n.text).do_update()
    };
    "upsert: hook, the row is new" => {
        db.create(note("x")).after_create(async |_, _| Ok(())).on_conflict(|n| n.text).do_update()
    };
    "update" => db.update::<Note>().filter(|n| n.n.gt(0)).set(|n| n.n.add(1));
    "update: by key" => db.update::<Note>().by_key(Id::new(1)).set(|n| n.n.set(7));
    "update: `.rows()`" => db.update::<Note>().all_rows().set(|n| n.n.set(7)).rows::<Note>();
    "update: `.rows()` with JSON" => {
        db.update::<Setting>().all_rows().set(|s| s.of.set(Json(Dark { dark: true }))).rows::<Setting>()
    };
    "update: before-hook" => {
        db.update::<Note>().all_rows().set(|n| n.n.set(7)).before_update(async |_, _| Ok(()))
    };
    "update: after-hook, new rows" => db.update::<Saved>().all_rows().set(|s| s.n.set(7));
    "update: after-hook, old and new rows" => {
        db.update::<Note>().all_rows().set(|n| n.n.set(7)).after_update(async |_, _| Ok(()))
    };
    "update: after-commit hook, old and new rows" => {
        db.update::<Note>().all_rows().set(|n| n.n.set(7)).after_update_commit(async |_, _| Ok(()))
    };
    "update: after-rollback hook" => db.update::<Try>().all_rows().set(|t| t.n.set(7));
    "update: before-hook with rows, one patch for all" => {
        db.update::<Note>().all_rows().set(|n| n.n.set(7)).before_update_rows(async |_, _| Ok(()))
    };
    "update: before-hook with rows, patches that differ" => {
        db.update::<Note>().all_rows().set(|n| n.n.add(7)).before_update_rows(async |_, _| Ok(()))
    };
    "update: before-hook with rows, after-hook" => {
        let update = db.update::<Note>().all_rows().set(|n| n.n.add(7));
        update.before_update_rows(async |_, _| Ok(())).after_update(async |_, _| Ok(()))
    };
    "update: before-hook with rows that creates a row" => {
        let update = db.update::<Note>().by_key(Id::new(1)).set(|n| n.n.set(7));
        update.before_update_rows(async |tx, _| tx.create(note("x")).await.map(drop))
    };
    "update: before-hook with rows, no such row" => {
        db.update::<Note>().by_key(Id::new(9)).set(|n| n.n.set(7)).before_update_rows(async |_, _| Ok(()))
    };
    "update: nothing set" => db.update::<Note>().all_rows();
    "delete" => db.delete::<Note>().filter(|n| n.n.gt(0));
    "delete: by key" => db.delete::<Note>().by_key(Id::new(1));
    "delete: `.rows()`" => db.delete::<Note>().all_rows().rows::<Note>();
    "delete: `.rows()` with JSON" => db.delete::<Setting>().all_rows().rows::<Setting>();
    "delete: before-hook" => db.delete::<Saved>().all_rows();
    "delete: after-hook" => db.delete::<Note>().all_rows().after_delete(async |_, _| Ok(()));
    "delete: after-commit hook" => db.delete::<Note>().all_rows().after_delete_commit(async |_, _| Ok(()));
    "delete: before-hook with rows" => {
        db.delete::<Note>().all_rows().before_delete_rows(async |_, _| Ok(()))
    };
    "delete: cascades onto a table with hooks" => db.delete::<Whole>().all_rows();
    "a write that is refused" => refused(db.create(note("a")));
    "a write that is refused, before-hook" => refused(db.create(note("a")).before_create(async |_, _| Ok(())));
    "a write that is refused, after-hook" => refused(db.create(note("a")).after_create(async |_, _| Ok(())));
    "find" => db.find::<Note>().filter(|n| n.n.gt(0));
    "find: by key" => db.find::<Note>().by_key(Id::new(1));
    "find: after-hook" => db.find::<Note>().after_find(async |_, _| Ok(()));
    "count" => db.find::<Note>().count();
    "exists" => db.find::<Note>().exists();
    "`raw_query`" => db.raw_query("SELECT $1", [Value::Int(1)]);
    "`raw_execute`" => db.raw_execute("DELETE FROM notes WHERE n = $1", [Value::Int(1)]);
    "`db.batch`: a create, an update, a count" => db.batch((
        create(note("x")),
        update::<Note>().by_key(Id::new(1)).set(|n| n.n.add(1)),
        find::<Note>().count(),
    ));
    "`db.tx`: nothing" => db.tx(async |_| Ok(()));
    "`db.tx`: two creates" => db.tx(async |tx| {
        tx.create(note("x")).await?;
        tx.create(note("y")).await
    });
    "`db.tx`: a find and an update" => db.tx(async |tx| {
        tx.find::<Note>().by_key(Id::new(1)).await?;
        tx.update::<Note>().by_key(Id::new(1)).set(|n| n.n.set(7)).await
    });
    "`db.tx`: `raw_query`" => db.tx(async |tx| tx.raw_query("SELECT 1", []).await);
    "`db.tx`: `.pipelined()` twice" => db.tx(async |tx| {
        tx.create(note("x")).pipelined().await?;
        tx.update::<Note>().by_key(Id::new(1)).set(|n| n.n.add(1)).pipelined().await
    });
    "`db.tx`: an error after a create" => refused(db.tx(async |tx| {
        tx.create(note("x")).await?;
        Err::<(), _>(Error::reject("no"))
    }));
    "`tx.tx`: a create" => db.tx(async |tx| tx.tx(async |tx| tx.create(note("x")).await).await);
    "`tx.tx`: a create that is refused" => db.tx(async |tx| {
        refused(tx.tx(async |tx| tx.create(note("a")).await)).await
    });
    "`.savepoint()`: a create" => db.tx(async |tx| tx.create(note("x")).savepoint().await);
    "`db.read`: two counts" => db.read(async |read| {
        read.find::<Note>().count().await?;
        read.find::<Note>().count().await
    });
}

/// The error is what is measured.
async fn refused<T>(write: impl IntoFuture<Output = Result<T>>) -> Result<()> {
    assert!(write.await.is_err());
    Ok(())
}

/// A database with something in it.
async fn filled(engine: &Engine) -> TestDb {
    // Not to depend on where the server is.
    let db = engine
        .connect(tables![Note, Saved, Try, Setting, Planned, Whole, Part], |c| {
            c.postgres_options(|o| o.resolve_commits = false)
        })
        .await;
    let notes = ["a", "b", "c"].into_iter().zip(1..).map(|(text, n)| NewNote { n: n.into(), ..note(text) });
    db.create(notes.collect::<Vec<_>>()).await.unwrap();
    db.create(NewSaved { n: 1.into(), ..Default::default() }).without_hooks().await.unwrap();
    let whole = db.create(NewWhole::default()).await.unwrap();
    db.create(NewPart { of: whole.id.into(), ..Default::default() }).await.unwrap();
    db.create(NewSetting { of: Json(Dark { dark: false }).into(), ..Default::default() }).await.unwrap();
    db.log.take();
    db
}

/// A line of the page's table.
struct Line {
    path: &'static str,
    /// On SQLite, on PostgreSQL, and flights on PostgreSQL.
    numbers: [usize; 3],
}

fn lines() -> Vec<Line> {
    let mut lines = PAGE.lines().skip_while(|line| !line.starts_with("| path |"));
    let header = lines.next().expect("the page has the table");
    assert_eq!(header, "| path | SQLite statements | PostgreSQL statements | PostgreSQL flights |");
    lines.skip(1).take_while(|line| line.starts_with('|')).map(line).collect()
}

fn line(text: &'static str) -> Line {
    let cells: Vec<&str> = text.trim_matches('|').split('|').map(str::trim).collect();
    let [path, numbers @ ..] = &cells[..] else { panic!("{text}") };
    let numbers: Vec<usize> = numbers.iter().map(|n| n.parse().expect(text)).collect();
    Line { path, numbers: numbers.try_into().expect(text) }
}

cases! {
    async fn l1_l2_each_path_takes_the_statements_and_flights_that_the_page_says(engine) {
        let lines = lines();
        // No line without a measured path, no path without a line.
        assert_eq!(lines.iter().map(|line| line.path).collect::<Vec<_>>(), PATHS);
        let mut wrong = Vec::new();
        for Line { path, numbers: [sqlite, postgres, flights] } in lines {
            let db = filled(&engine).await;
            walk(&db, path).await.unwrap_or_else(|error| panic!("{path}: {error}"));
            let sent = db.log.take_flights();
            let counted = sent.iter().flatten().count();
            let right = engine.either(counted == sqlite, (counted, sent.len()) == (postgres, flights));
            if !right {
                wrong.push(format!("{path}: {counted} statements in {} flights: {sent:?}", sent.len()));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
