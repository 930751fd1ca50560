//! The matrix of write paths and hooks: every way to write runs every hook of its kind, once, with all rows; wherever it
//! is asked for, typed and by names.
//!
//! A path is a variant of [`Path`], a place one of [`Place`]; the compiler asks for their rows in each `match` below.

use tripline::{
    AnyOperation, AnyRow, AnyTable, CreatePlan, On, PlanCreate, Value, create, create_in, delete, delete_in,
    prelude::*, update, update_in,
};

use crate::{
    Recorder,
    order::{NewNote, Note, NoteText, note},
};

/// The ways to write.
#[derive(Clone, Copy, Debug)]
enum Path {
    CreateOne,
    CreateMany,
    CreateRows,
    CreateRefreshed,
    Update,
    UpdateByKey,
    UpdateRows,
    Delete,
    DeleteByKey,
    DeleteRows,
    UpsertNew,
    UpsertThere,
    CreateIfNew,
}

/// Where the operation is asked.
#[derive(Clone, Copy, Debug)]
enum Place {
    Db,
    Tx,
    NestedTx,
    Savepoint,
    Batch,
    TxBatch,
    Planned,
    AfterHook,
    AfterCommit,
}

/// How it is written down.
#[derive(Clone, Copy, Debug)]
enum Form {
    Typed,
    /// By names and values.
    Dynamic(AnyTable),
}

const PATHS: [Path; 13] = [
    Path::CreateOne,
    Path::CreateMany,
    Path::CreateRows,
    Path::CreateRefreshed,
    Path::Update,
    Path::UpdateByKey,
    Path::UpdateRows,
    Path::Delete,
    Path::DeleteByKey,
    Path::DeleteRows,
    Path::UpsertNew,
    Path::UpsertThere,
    Path::CreateIfNew,
];

const PLACES: [Place; 9] = [
    Place::Db,
    Place::Tx,
    Place::NestedTx,
    Place::Savepoint,
    Place::Batch,
    Place::TxBatch,
    Place::Planned,
    Place::AfterHook,
    Place::AfterCommit,
];

/// A table without hooks, for operations made in a hook of one operation; and with a plan, for planned ones.
#[derive(Table, Clone, Debug)]
#[table(name = "triggers")]
struct Trigger {
    #[key]
    id: Id<Trigger>,
    /// The path that is planned, by its place in the list; and whether by names.
    path: Option<i64>,
    #[default(false)]
    dynamic: bool,
}

impl PlanCreate for Trigger {
    fn plan_create(plan: &mut CreatePlan<'_, Trigger>) -> Result<()> {
        let draft = &plan.drafts()?[0];
        let dynamic = draft.dynamic.get() == Some(&true);
        let Some(Some(path)) = draft.path.get().copied() else { return Ok(()) };
        let form = if dynamic { Form::Dynamic(AnyTable::of::<Note>()) } else { Form::Typed };
        plan.after(PATHS[path as usize].detached(form));
        Ok(())
    }
}

/// What each path is, typed.
macro_rules! operations {
    ($path:expr, $do:ident, [$($on:tt)*], $update:expr, $delete:expr, |$n:ident| $text:expr, |$k:ident| $key:expr, $row:ty) => {{
        let two = || vec![note("x"), note("y")];
        let with_key = |key| NewNote { id: Id::new(key).into(), ..note("x") };
        match $path {
            Path::CreateOne => $do!($($on)* create(note("x"))),
            Path::CreateMany => $do!($($on)* create(two())),
            Path::CreateRows => $do!($($on)* create(two()).rows::<NoteText>()),
            Path::CreateRefreshed => $do!($($on)* create(note("x")).refreshed()),
            Path::Update => $do!($update.set(|$n| $text.set("z")).all_rows()),
            Path::UpdateByKey => $do!($update.by_key(Id::new(1)).set(|$n| $text.set("z"))),
            Path::UpdateRows => $do!($update.filter(|$n| $text.ne("q")).set(|$n| $text.set("z")).rows::<$row>()),
            Path::Delete => $do!($delete.all_rows()),
            Path::DeleteByKey => $do!($delete.by_key(Id::new(1))),
            Path::DeleteRows => $do!($delete.filter(|$n| $text.ne("q")).rows::<$row>()),
            Path::UpsertNew => $do!($($on)* create(with_key(7)).on_conflict(|$k| $key).do_update()),
            Path::UpsertThere => $do!($($on)* create(with_key(1)).on_conflict(|$k| $key).do_update()),
            Path::CreateIfNew => $do!($($on)* create(with_key(7)).on_conflict(|$k| $key).do_nothing()),
        }
    }};
}

/// The same, by names and values.
macro_rules! dynamic {
    ($path:expr, $do:ident, $table:ident, [$($on:tt)*], $update:expr, $delete:expr) => {{
        let one = |text: &str| $table.values([("text", text)]).expect("values");
        let two = || vec![one("x"), one("y")];
        let with_key = |key: i64| {
            $table.values([("id", Value::Int(key)), ("text", Value::from("x"))]).expect("values")
        };
        match $path {
            Path::CreateOne => $do!($($on)* create_in($table, one("x"))),
            Path::CreateMany => $do!($($on)* create_in($table, two())),
            Path::CreateRows => $do!($($on)* create_in($table, two()).rows::<AnyRow>()),
            Path::CreateRefreshed => $do!($($on)* create_in($table, one("x")).refreshed()),
            Path::Update => $do!($update.set(|n| n.col("text").set("z")).all_rows()),
            Path::UpdateByKey => $do!($update.by_key(1).set(|n| n.col("text").set("z"))),
            Path::UpdateRows => {
                $do!($update.filter(|n| n.col("text").ne("q")).set(|n| n.col("text").set("z")).rows::<AnyRow>())
            }
            Path::Delete => $do!($delete.all_rows()),
            Path::DeleteByKey => $do!($delete.by_key(1)),
            Path::DeleteRows => $do!($delete.filter(|n| n.col("text").ne("q")).rows::<AnyRow>()),
            Path::UpsertNew => $do!($($on)* create_in($table, with_key(7)).on_conflict(|n| n.col("id")).do_update()),
            Path::UpsertThere => $do!($($on)* create_in($table, with_key(1)).on_conflict(|n| n.col("id")).do_update()),
            Path::CreateIfNew => $do!($($on)* create_in($table, with_key(7)).on_conflict(|n| n.col("id")).do_nothing()),
        }
    }};
}

impl Path {
    /// How many rows it writes, of the two that are there.
    fn rows(self) -> usize {
        match self {
            Path::CreateOne
            | Path::CreateRefreshed
            | Path::UpdateByKey
            | Path::DeleteByKey
            | Path::UpsertNew
            | Path::UpsertThere
            | Path::CreateIfNew => 1,
            Path::CreateMany
            | Path::CreateRows
            | Path::Update
            | Path::UpdateRows
            | Path::Delete
            | Path::DeleteRows => 2,
        }
    }

    /// The hooks that must run.
    fn hooks(self) -> &'static [&'static str] {
        match self {
            Path::CreateOne
            | Path::CreateMany
            | Path::CreateRows
            | Path::CreateRefreshed
            | Path::UpsertNew
            | Path::CreateIfNew => &[
                "own before_create",
                "own before_save",
                "own before_any",
                "own after_any",
                "own after_change",
                "own after_save",
                "text after_create",
                "own after_create",
            ],
            Path::Update | Path::UpdateByKey | Path::UpdateRows | Path::UpsertThere => &[
                "own before_update",
                "own before_update_rows",
                "own before_save",
                "own before_any",
                "own after_any",
                "own after_change",
                "own after_save",
                "own after_update",
            ],
            Path::Delete | Path::DeleteByKey | Path::DeleteRows => &[
                "own before_delete",
                "own before_delete_rows",
                "own before_any",
                "own after_any",
                "own after_change",
                "own after_delete",
            ],
        }
    }

    /// The operation on this database or transaction, or on none yet.
    async fn write(self, form: Form, on: On<'_>, savepoint: bool) -> Result<()> {
        /// Asks for the savepoint on the builder, where the place is that.
        macro_rules! write {
            ($builder:expr) => {
                if savepoint { $builder.savepoint().await.map(drop) } else { $builder.await.map(drop) }
            };
        }
        match form {
            Form::Typed => {
                operations!(
                    self,
                    write,
                    [on.],
                    on.update::<Note>(),
                    on.delete::<Note>(),
                    |n| n.text,
                    |n| n.id,
                    Note
                )
            }
            Form::Dynamic(table) => {
                dynamic!(self, write, table, [on.], on.update_in(table), on.delete_in(table))
            }
        }
    }

    fn detached(self, form: Form) -> AnyOperation {
        macro_rules! any {
            ($builder:expr) => {
                AnyOperation::of($builder)
            };
        }
        match form {
            Form::Typed => {
                operations!(self, any, [], update::<Note>(), delete::<Note>(), |n| n.text, |n| n.id, Note)
            }
            Form::Dynamic(table) => {
                dynamic!(self, any, table, [], update_in(table), delete_in(table))
            }
        }
    }
}

impl Place {
    async fn write(self, db: &Db, path: Path, form: Form) -> Result<()> {
        match self {
            Place::Db => path.write(form, db.into(), false).await,
            Place::Tx => db.tx(async |tx| path.write(form, (&mut *tx).into(), false).await).await,
            Place::NestedTx => {
                let nested = async |tx: &mut Tx<'_>| path.write(form, tx.into(), false).await;
                db.tx(async |tx| tx.tx(nested).await).await
            }
            Place::Savepoint => db.tx(async |tx| path.write(form, (&mut *tx).into(), true).await).await,
            Place::Batch => db.batch(vec![path.detached(form)]).await.map(drop),
            Place::TxBatch => db.tx(async |tx| tx.batch(vec![path.detached(form)]).await.map(drop)).await,
            Place::Planned => {
                let place = PATHS.iter().position(|other| *other as u8 == path as u8).map(|i| i as i64);
                let dynamic = matches!(form, Form::Dynamic(_));
                let trigger =
                    NewTrigger { path: place.into(), dynamic: dynamic.into(), ..Default::default() };
                db.create(trigger).await.map(drop)
            }
            Place::AfterHook => {
                let hook =
                    async move |tx: &mut Tx<'_>, _: &[Trigger]| path.write(form, tx.into(), false).await;
                db.create(NewTrigger::default()).after_create(hook).await.map(drop)
            }
            Place::AfterCommit => {
                let hook = async move |db: &Db, _: &[Trigger]| path.write(form, db.into(), false).await;
                db.create(NewTrigger::default()).after_create_commit(hook).await?;
                db.drain().await
            }
        }
    }
}

cases! {
    async fn l15_t5_every_path_in_every_place_and_form_runs_every_hook_once_with_all_rows(engine) {
        let db = engine.db(tables![Note, Trigger]).await;
        for place in PLACES {
            for path in PATHS {
                for form in [Form::Typed, Form::Dynamic(db.table("notes").unwrap())] {
                    let recorder = Recorder::default();
                    db.raw_execute("DELETE FROM notes", []).await.unwrap();
                    let two = [1, 2].map(|id| NewNote { id: Id::new(id).into(), ..note("a") });
                    db.create(Vec::from(two)).without_hooks().await.unwrap();
                    place.write(&db.as_actor(recorder.clone()), path, form).await.unwrap();
                    let noted = recorder.take();
                    let names: Vec<&str> = noted.iter().map(|n| n.rsplit_once(' ').unwrap().0).collect();
                    assert_eq!(names, path.hooks(), "{path:?} in {place:?}, {form:?}");
                    let rows = |n: &&String| n.ends_with(&format!(" {}", path.rows()));
                    let counted = noted.iter().filter(|n| n.contains("after_") || n.contains("_rows"));
                    assert!(counted.clone().all(|n| rows(&n)), "{path:?} in {place:?}, {form:?}: {noted:?}");
                }
            }
        }
    }
}
