//! Cascades onto more rows than a statement has parameters.

use tripline::{AfterDelete, AfterUpdate, BeforeUpdateRows, Change, Edit, prelude::*};
use uuid::Uuid;

use crate::Recorder;

/// Known by a UUID, which SQLite has no list of.
#[derive(Table, Clone, Debug)]
#[table(name = "devices")]
struct Device {
    #[key]
    id: Id<Device, Uuid>,
}

/// Deleted with its device.
#[derive(Table, Clone, Debug)]
#[table(name = "signals")]
struct Signal {
    #[key]
    id: Id<Signal>,
    #[index]
    #[references(Device, on_delete = cascade)]
    device: Id<Device, Uuid>,
    strength: i64,
}

impl AfterDelete for Signal {
    async fn after_delete(tx: &mut Tx<'_>, signals: &[Signal]) -> Result<()> {
        let sum: i64 = signals.iter().map(|signal| signal.strength).sum();
        Recorder::of(tx).note(format!("signals gone {} of {sum}", signals.len()));
        Ok(())
    }
}

/// Forgets its device; each row gets values of its own.
#[derive(Table, Clone, Debug)]
#[table(name = "owners")]
struct Owner {
    #[key]
    id: Id<Owner>,
    #[index]
    #[references(Device, on_delete = set_null)]
    device: Option<Id<Device, Uuid>>,
    n: i64,
}

impl BeforeUpdateRows for Owner {
    async fn before_update_rows(_: &mut Tx<'_>, rows: &mut [Edit<Owner>]) -> Result<()> {
        rows.iter_mut().for_each(|edit| edit.patch.n.set(-edit.old.n));
        Ok(())
    }
}

impl AfterUpdate for Owner {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Owner>]) -> Result<()> {
        let forgot =
            changes.iter().all(|change| change.new.device.is_none() && change.new.n == -change.old.n);
        Recorder::of(tx).note(format!("owners left {}, each by itself: {forgot}", changes.len()));
        Ok(())
    }
}

/// A tree whose rows are known by two columns.
#[derive(Table, Clone, Debug)]
#[table(name = "folders")]
struct Folder {
    #[key]
    shelf: i64,
    #[key]
    place: String,
    #[unique]
    code: i64,
    #[index]
    #[references(Folder, column = "code", on_delete = cascade)]
    inside: Option<i64>,
}

impl AfterDelete for Folder {
    async fn after_delete(tx: &mut Tx<'_>, folders: &[Folder]) -> Result<()> {
        Recorder::of(tx).note(format!("folders gone {}", folders.len()));
        Ok(())
    }
}

/// How many rows.
const ROWS: u64 = 40_000;

fn device(n: u64) -> Id<Device, Uuid> {
    Id::new(Uuid::from_u64_pair(n.wrapping_mul(0x9E37_79B9_7F4A_7C15), n))
}

async fn devices(engine: &crate::Engine, tables: Vec<tripline::TableEntry>) -> crate::TestDb {
    let db = engine.db(tables).await;
    let rows: Vec<NewDevice> = (0..ROWS).map(|n| NewDevice { id: device(n).into() }).collect();
    db.create(rows).await.unwrap();
    db
}

cases! {
    /// L15, L45.
    async fn l45_many_rows_above_take_few_statements(engine) {
        let db = devices(&engine, tables![Device, Signal]).await;
        let signal = |n: u64| {
            NewSignal { device: device(n).into(), strength: (n as i64).into(), ..Default::default() }
        };
        db.create((0..ROWS).map(signal).collect::<Vec<_>>()).await.unwrap();
        db.log.take();
        let recorder = Recorder::default();
        let gone = db.as_actor(recorder.clone()).delete::<Device>().filter(|d| d.id.ne(device(7))).await.unwrap();
        let sent = db.log.take();
        assert_eq!(gone, ROWS - 1);
        assert_eq!(recorder.take(), [format!("signals gone {} of {}", ROWS - 1, ROWS * (ROWS - 1) / 2 - 7)]);
        assert_eq!(sent.len(), 6, "{sent:?}");
        assert_eq!(db.find::<Device>().one().await.unwrap().id, device(7));
        assert_eq!(db.find::<Signal>().one().await.unwrap().strength, 7);
    }

    /// L21, L45.
    async fn l45_many_rows_that_get_values_of_their_own_take_few_statements(engine) {
        let db = devices(&engine, tables![Device, Owner]).await;
        let owner =
            |n: u64| NewOwner { device: device(n).into(), n: (n as i64).into(), ..Default::default() };
        db.create((1..=ROWS / 4).map(owner).collect::<Vec<_>>()).await.unwrap();
        db.log.take();
        let recorder = Recorder::default();
        db.as_actor(recorder.clone()).delete::<Device>().all_rows().await.unwrap();
        let sent = db.log.take();
        assert_eq!(recorder.take(), ["owners left 10000, each by itself: true"]);
        // On SQLite others get a turn after a thousand rows.
        assert_eq!(sent.len(), engine.either(15, 6), "{sent:?}");
        assert_eq!(db.find::<Owner>().filter(|o| o.device.is_null().and(o.n.lt(0))).count().await.unwrap(), ROWS / 4);
    }

    /// L45.
    async fn l45_many_rows_of_a_tree_with_a_key_of_two_columns_are_one_operation(engine) {
        let db = engine.db(tables![Folder]).await;
        let folder = |code: i64| NewFolder {
            shelf: (code % 9).into(),
            place: format!("it's \"{code}\"").into(),
            code: code.into(),
            inside: (code > 0).then_some(code / 200).into(),
        };
        db.create((0..ROWS as i64).map(folder).collect::<Vec<_>>()).await.unwrap();
        db.log.take();
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        watched.delete::<Folder>().filter(|f| f.code.eq(3)).await.unwrap();
        // 600 to 799 are inside of 3, and 120,000 on would be inside of those.
        assert_eq!(recorder.take(), ["folders gone 200", "folders gone 1"]);
        watched.delete::<Folder>().filter(|f| f.code.eq(0)).await.unwrap();
        assert_eq!(recorder.take(), ["folders gone 39798", "folders gone 1"]);
        assert_eq!(db.find::<Folder>().count().await.unwrap(), 0);
        let sent = db.log.take();
        assert!(sent.len() <= 26, "{sent:?}");
    }
}
