//! The matrix of write paths and hooks: every way to write runs every hook of its kind, once, with all rows.
//!
//! A path is a variant of [`Path`]; the compiler asks for its row in each `match` below.

use tripline::prelude::*;

use crate::{
    Recorder,
    order::{NewNote, Note, note},
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
}

/// Where the operation is asked.
#[derive(Clone, Copy, Debug)]
enum Place {
    Db,
    Tx,
    NestedTx,
    Savepoint,
    AfterHook,
}

const PATHS: [Path; 10] = [
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
];

const PLACES: [Place; 5] = [Place::Db, Place::Tx, Place::NestedTx, Place::Savepoint, Place::AfterHook];

/// A table without hooks, for operations made in a hook of one operation.
#[derive(Table, Clone, Debug)]
#[table(name = "triggers")]
struct Trigger {
    #[key]
    id: Id<Trigger>,
}

impl Path {
    /// How many rows it writes, of the two that are there.
    fn rows(self) -> usize {
        match self {
            Path::CreateOne | Path::CreateRefreshed | Path::UpdateByKey | Path::DeleteByKey => 1,
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
            Path::CreateOne | Path::CreateMany | Path::CreateRows | Path::CreateRefreshed => &[
                "own before_create",
                "own before_save",
                "own before_any",
                "own after_any",
                "own after_change",
                "own after_save",
                "text after_create",
                "own after_create",
            ],
            Path::Update | Path::UpdateByKey | Path::UpdateRows => &[
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

    async fn write(self, on: tripline::On<'_>, savepoint: bool) -> Result<()> {
        /// Asks for the savepoint on the builder, where the place is that.
        macro_rules! write {
            ($builder:expr) => {
                if savepoint { $builder.savepoint().await.map(drop) } else { $builder.await.map(drop) }
            };
        }
        let two: Vec<NewNote> = vec![note("x"), note("y")];
        match self {
            Path::CreateOne => write!(on.create(note("x"))),
            Path::CreateMany => write!(on.create(two)),
            Path::CreateRows => write!(on.create(two).rows::<crate::order::NoteText>()),
            Path::CreateRefreshed => write!(on.create(note("x")).refreshed()),
            Path::Update => write!(on.update::<Note>().set(|n| n.text.set("z")).all_rows()),
            Path::UpdateByKey => write!(on.update::<Note>().by_key(Id::new(1)).set(|n| n.text.set("z"))),
            Path::UpdateRows => {
                write!(on.update::<Note>().filter(|n| n.text.ne("q")).set(|n| n.text.set("z")).rows::<Note>())
            }
            Path::Delete => write!(on.delete::<Note>().all_rows()),
            Path::DeleteByKey => write!(on.delete::<Note>().by_key(Id::new(1))),
            Path::DeleteRows => write!(on.delete::<Note>().filter(|n| n.text.ne("q")).rows::<Note>()),
        }
    }
}

impl Place {
    async fn write(self, db: &Db, path: Path) -> Result<()> {
        match self {
            Place::Db => path.write(db.into(), false).await,
            Place::Tx => db.tx(async |tx| path.write((&mut *tx).into(), false).await).await,
            Place::NestedTx => {
                db.tx(async |tx| tx.tx(async |tx| path.write((&mut *tx).into(), false).await).await).await
            }
            Place::Savepoint => db.tx(async |tx| path.write((&mut *tx).into(), true).await).await,
            Place::AfterHook => {
                let hook = async move |tx: &mut Tx<'_>, _: &[Trigger]| path.write(tx.into(), false).await;
                db.create(NewTrigger::default()).after_create(hook).await.map(drop)
            }
        }
    }
}

cases! {
    async fn l15_every_path_in_every_place_runs_every_hook_once_with_all_rows(engine) {
        for place in PLACES {
            for path in PATHS {
                let recorder = Recorder::default();
                let db = engine.db(tables![Note, Trigger]).await;
                db.create(vec![note("a"), note("b")]).without_hooks().await.unwrap();
                place.write(&db.as_actor(recorder.clone()), path).await.unwrap();
                let noted = recorder.take();
                let names: Vec<&str> = noted.iter().map(|n| n.rsplit_once(' ').unwrap().0).collect();
                assert_eq!(names, path.hooks(), "{path:?} in {place:?}");
                let rows = |n: &&String| n.ends_with(&format!(" {}", path.rows()));
                let counted = noted.iter().filter(|n| n.contains("after_") || n.contains("_rows"));
                assert!(counted.clone().all(|n| rows(&n)), "{path:?} in {place:?}: {noted:?}");
            }
        }
    }
}
