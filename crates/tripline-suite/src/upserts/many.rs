//! Upserts of more rows than a statement has parameters.

use tripline::{AfterCreate, AfterUpdate, BeforeCreate, BeforeUpdateRows, Change, Edit, prelude::*};
use uuid::Uuid;

use crate::Recorder;

/// Known by a UUID, which SQLite has no list of.
#[derive(Table, Clone, Debug)]
#[table(name = "readings")]
struct Reading {
    #[key]
    id: Id<Reading, Uuid>,
    value: i64,
    #[default(0)]
    #[set_by_hook]
    changes: i64,
}

/// Known by two columns.
#[derive(Table, Clone, Debug)]
#[table(name = "seats", unique(hall, place))]
struct Seat {
    #[key]
    id: Id<Seat>,
    hall: i64,
    place: String,
    guest: i64,
}

impl BeforeCreate for Reading {
    async fn before_create(tx: &mut Tx<'_>, readings: &mut [NewReading]) -> Result<()> {
        Recorder::of(tx).note(format!("before create of {}", readings.len()));
        Ok(())
    }
}

impl BeforeUpdateRows for Reading {
    async fn before_update_rows(tx: &mut Tx<'_>, rows: &mut [Edit<Reading>]) -> Result<()> {
        for edit in rows.iter_mut() {
            edit.patch.changes.set(edit.old.changes + 1);
        }
        Recorder::of(tx).note(format!("before update of {}", rows.len()));
        Ok(())
    }
}

impl AfterCreate for Reading {
    async fn after_create(tx: &mut Tx<'_>, readings: &[Reading]) -> Result<()> {
        let sum: i64 = readings.iter().map(|reading| reading.value).sum();
        Recorder::of(tx).note(format!("created {} of {sum}", readings.len()));
        Ok(())
    }
}

impl AfterUpdate for Reading {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Reading>]) -> Result<()> {
        let grown = changes.iter().all(|change| change.new.value == change.old.value + 1);
        Recorder::of(tx).note(format!("updated {}, each by one: {grown}", changes.len()));
        Ok(())
    }
}

impl AfterCreate for Seat {
    async fn after_create(tx: &mut Tx<'_>, seats: &[Seat]) -> Result<()> {
        Recorder::of(tx).note(format!("created {}", seats.len()));
        Ok(())
    }
}

impl AfterUpdate for Seat {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Seat>]) -> Result<()> {
        let paired = changes.iter().all(|change| change.new.guest == -change.old.guest);
        Recorder::of(tx).note(format!("updated {}, each its own: {paired}", changes.len()));
        Ok(())
    }
}

/// How many rows, half of which are there.
const ROWS: i64 = 40_000;

/// How many statements they take at most: a few for all of them on a server, a few for each thousand on SQLite, where
/// others get a turn after so many.
fn most(engine: &crate::Engine) -> usize {
    engine.either(100, 12)
}

fn reading(n: i64, value: i64) -> NewReading {
    let id = Uuid::from_u64_pair((n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15), n as u64);
    NewReading { id: Id::new(id).into(), value: value.into(), ..Default::default() }
}

fn seat(n: i64, guest: i64) -> NewSeat {
    NewSeat { hall: (n % 7).into(), place: format!("{n}").into(), guest: guest.into(), ..Default::default() }
}

cases! {
    /// L15, L44.
    async fn l44_many_rows_by_a_uuid_take_few_statements(engine) {
        let db = engine.db(tables![Reading]).await;
        db.create((0..ROWS / 2).map(|n| reading(n * 2, n * 2)).collect::<Vec<_>>()).await.unwrap();
        db.log.take();
        let recorder = Recorder::default();
        let drafts: Vec<NewReading> = (0..ROWS).map(|n| reading(n, n + 1)).collect();
        let rows =
            db.as_actor(recorder.clone()).create(drafts).on_conflict(|r| r.id).do_update().await.unwrap();
        let sent = db.log.take();
        assert!(sent.len() <= most(&engine), "{}: {:?}", sent.len(), &sent[..20]);
        assert_eq!(recorder.take(), [
            "before update of 20000".to_owned(),
            "updated 20000, each by one: true".to_owned(),
            "before create of 20000".to_owned(),
            format!("created 20000 of {}", (0..ROWS / 2).map(|n| n * 2 + 2).sum::<i64>()),
        ]);
        assert!(rows.iter().zip(0..).all(|(row, n)| (row.value, row.changes) == (n + 1, 1 - n % 2)));
        assert_eq!(db.find::<Reading>().count().await.unwrap(), ROWS as u64);
        assert_eq!(db.find::<Reading>().filter(|r| r.changes.eq(1)).count().await.unwrap(), ROWS as u64 / 2);
    }

    /// L15, L44.
    async fn l44_many_rows_by_two_columns_take_few_statements(engine) {
        let db = engine.db(tables![Seat]).await;
        db.create((0..ROWS / 2).map(|n| seat(n * 2, n)).collect::<Vec<_>>()).await.unwrap();
        db.log.take();
        let recorder = Recorder::default();
        let drafts: Vec<NewSeat> = (0..ROWS).rev().map(|n| seat(n, -(n / 2))).collect();
        let watched = db.as_actor(recorder.clone());
        let upsert = watched.create(drafts).on_conflict(|s| (s.hall, s.place)).do_update();
        let rows = upsert.await.unwrap();
        let sent = db.log.take();
        assert!(sent.len() <= most(&engine), "{}: {:?}", sent.len(), &sent[..20]);
        assert_eq!(recorder.take(), ["updated 20000, each its own: true", "created 20000"]);
        assert!(rows.iter().zip((0..ROWS).rev()).all(|(row, n)| row.place == format!("{n}") && row.guest == -(n / 2)));
        assert_eq!(db.find::<Seat>().filter(|s| s.guest.gt(0)).count().await.unwrap(), 0);
        assert_eq!(db.find::<Seat>().count().await.unwrap(), ROWS as u64);
    }

    async fn l23_l44_the_rows_that_are_there_are_limited_like_others_that_hooks_see(engine) {
        let db = engine.connect(tables![Seat], |connect| connect.max_hook_rows(2_500)).await;
        db.create((0..3_000).map(|n| seat(n, n)).collect::<Vec<_>>()).without_hooks().await.unwrap();
        let upsert = |rows: i64| {
            let drafts = (0..rows).map(|n| seat(n, -n)).collect::<Vec<_>>();
            db.create(drafts).on_conflict(|s| (s.hall, s.place)).do_update()
        };
        let error = upsert(3_000).await.unwrap_err();
        assert!(matches!(error.root(), Error::TooManyRows { limit: 2_500, .. }), "{error:?}");
        assert_eq!(db.find::<Seat>().filter(|s| s.guest.lt(0)).count().await.unwrap(), 0);
        assert_eq!(upsert(2_500).await.unwrap().len(), 2_500);
    }

    async fn l23_l44_rows_that_a_hook_has_written_are_read_again_by_their_keys(engine) {
        let db = engine.db(tables![Seat]).await;
        db.create((0..3_000).map(|n| seat(n, n)).collect::<Vec<_>>()).await.unwrap();
        let drafts = (0..3_000).map(|n| seat(n, -n)).collect::<Vec<_>>();
        let upsert = db.create(drafts).on_conflict(|s| (s.hall, s.place)).do_update();
        let rows = upsert
            .before_update_rows(async |tx, edits| {
                let gone: Vec<_> = edits.iter().filter(|edit| edit.old.guest >= 2_990).map(|edit| edit.old.id).collect();
                tx.delete::<Seat>().filter(|s| s.id.is_in(gone)).await.map(drop)
            })
            .await
            .unwrap();
        assert_eq!(rows.len(), 3_000);
        let left = db.find::<Seat>().filter(|s| s.guest.lte(0)).count().await.unwrap();
        assert_eq!((left, db.find::<Seat>().count().await.unwrap()), (2_990, 2_990));
    }
}
