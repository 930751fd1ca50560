//! Operations sent to another database (L65), and warnings of what will not work well (X5).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tripline::{
    AfterCreate, AfterUpdate, AnyRow, AnyValues, BeforeCreate, Change, Lints, OnAfterChange, OnBeforeCreate,
    OnResolveCreate, OnResolveFind, Resolving, RowChange, Warning, Writes, prelude::*, writes,
};

use crate::Recorder;

#[derive(Table, Clone, Debug)]
#[table(name = "events")]
struct Event {
    #[key]
    id: Id<Event>,
    what: String,
}

impl BeforeCreate for Event {
    async fn before_create(tx: &mut Tx<'_>, _: &mut [NewEvent]) -> Result<()> {
        Recorder::of(tx).note("own before_create");
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "plains")]
struct Plain {
    #[key]
    id: Id<Plain>,
    n: i64,
}

/// Takes what is sent to it, of whatever table.
#[derive(Observer, Clone, Default)]
#[observes(all)]
struct Analytics(Arc<Mutex<Vec<AnyRow>>>);

impl OnBeforeCreate<AnyRow> for Analytics {
    async fn before_create(&self, tx: &mut Tx<'_>, drafts: &mut [AnyValues]) -> Result<()> {
        let operation = tx.operation().unwrap();
        let text = format!("{} to {:?}, {} drafts", operation.table.name, operation.database, drafts.len());
        Recorder::of(tx).note(text);
        Ok(())
    }
}

impl OnResolveCreate<AnyRow> for Analytics {
    async fn resolve_create(
        &self,
        _: &Resolving<'_, AnyRow>,
        drafts: &mut [AnyValues],
    ) -> Result<Vec<AnyRow>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = Vec::new();
        for draft in drafts {
            let id = kept.len() as i64 + 1;
            draft.set("id", id.into())?;
            made.push(AnyRow::from_values(draft)?);
            kept.extend(made.last().cloned());
        }
        Ok(made)
    }
}

impl OnResolveFind<AnyRow> for Analytics {
    async fn resolve_find(&self, ask: &Resolving<'_, AnyRow>) -> Result<Vec<AnyRow>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let table = ask.operation().table;
        ask.choose(kept.into_iter().filter(|row| std::ptr::eq(row.table(), table)).collect())
    }
}

/// A log of everything.
#[derive(Observer)]
#[observes(all)]
struct Audit;

impl OnAfterChange<AnyRow> for Audit {
    async fn after_change(&self, _: &mut Tx<'_>, _: &[RowChange<AnyRow>]) -> Result<()> {
        Ok(())
    }
}

/// Two tables whose hooks say that they write each other.
#[derive(Table, Clone, Debug)]
#[table(name = "pings")]
struct Ping {
    #[key]
    id: Id<Ping>,
    n: i64,
}

#[derive(Table, Clone, Debug)]
#[table(name = "pongs")]
struct Pong {
    #[key]
    id: Id<Pong>,
    n: i64,
}

impl AfterCreate for Ping {
    const WRITES: Writes = writes![update Pong];

    async fn after_create(tx: &mut Tx<'_>, pings: &[Ping]) -> Result<()> {
        for ping in pings {
            tx.update::<Pong>().filter(|p| p.n.eq(ping.n)).set(|p| p.n.add(1)).without_hooks().await?;
        }
        Ok(())
    }
}

impl AfterUpdate for Pong {
    const WRITES: Writes = writes![create Ping];

    async fn after_update(_: &mut Tx<'_>, _: &[Change<Pong>]) -> Result<()> {
        Ok(())
    }
}

fn event(what: &str) -> NewEvent {
    NewEvent { what: what.into(), ..Default::default() }
}

/// Where warnings go, by their kinds.
fn noting(warnings: &Recorder) -> impl Fn(&Warning) + Send + Sync + 'static {
    let warnings = warnings.clone();
    move |warning| warnings.note(warning.to_string())
}

cases! {
    async fn l65_a_sink_takes_what_is_sent_to_its_database(engine) {
        let sink = Analytics::default();
        let db = engine.connect(tables![Event, Plain], |c| c.sink("analytics", sink.clone())).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let made = watched.create(vec![event("a"), event("b")]).on_database("analytics").await.unwrap();
        assert_eq!(made.iter().map(|e| e.what.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(recorder.take(), [r#"events to Some("analytics"), 2 drafts"#]);
        let found = db.find::<Event>().filter(|e| e.what.eq("b")).on_database("analytics").await.unwrap();
        assert_eq!((found.len(), found[0].id), (1, Id::new(2)));
        db.create(NewPlain { n: 1.into(), ..Default::default() }).on_database("analytics").await.unwrap();
        assert_eq!(sink.0.lock().unwrap().len(), 3);
        // The database itself has none of it; and what is its own passes no sink.
        assert_eq!(db.find::<Event>().count().await.unwrap(), 0);
        watched.create(event("c")).await.unwrap();
        assert_eq!(recorder.take(), ["own before_create"]);
    }

    async fn l65_what_no_sink_takes_is_an_error(engine) {
        let db = engine.connect(tables![Event, Plain], |c| c.sink("analytics", Analytics::default())).await;
        let nowhere = db.create(event("a")).on_database("nowhere").await.unwrap_err();
        assert!(matches!(nowhere, Error::UnknownDatabase("nowhere")), "{nowhere:?}");
        let unresolved = db.delete::<Event>().all_rows().on_database("analytics").await.unwrap_err();
        assert!(unresolved.to_string().contains("does not resolve delete of table `events`"), "{unresolved}");
        let twice = Db::open(&engine.url().await)
            .tables(tables![Event])
            .sink("analytics", Analytics::default())
            .sink("analytics", Analytics::default());
        assert!(twice.connect().await.unwrap_err().to_string().contains("two sinks"));
    }

    async fn x5_an_observer_of_all_tables_is_warned_about_with_what_it_costs(engine) {
        let warnings = Recorder::default();
        engine.connect(tables![Event, Plain, Ping], |c| c.observe(Audit).on_warning(noting(&warnings))).await;
        let noted = warnings.take();
        assert_eq!(noted.len(), 1, "{noted:?}");
        assert!(noted[0].contains("Audit`, registered at ") && noted[0].contains("sinks.rs:"), "{noted:?}");
        assert!(noted[0].contains("(after_change): for that, operations of 1 of them are transactions"), "{noted:?}");
    }

    async fn x5_a_declared_cycle_of_hooks_is_found_when_connecting(engine) {
        let warnings = Recorder::default();
        engine.connect(tables![Ping, Pong], |c| c.on_warning(noting(&warnings))).await;
        let noted = warnings.take();
        assert_eq!(noted.len(), 1, "{noted:?}");
        assert!(noted[0].starts_with("hooks lead back to themselves: create pings, the hook of"), "{noted:?}");
        assert!(noted[0].contains("update pongs, the hook of"), "{noted:?}");
    }

    async fn x5_what_ran_and_will_not_work_well_is_in_its_trace(engine) {
        let warnings = Recorder::default();
        let lints = Lints { holds_writer: Duration::ZERO, ..Lints::default() };
        let db = engine.connect(tables![Ping, Pong], |c| c.on_warning(noting(&warnings)).lints(lints)).await;
        warnings.take();
        let pings = (0..12).map(|n| NewPing { n: n.into(), ..Default::default() }).collect::<Vec<_>>();
        db.create(pings).await.unwrap();
        let trace = db.last_trace().unwrap();
        let repeated = |w: &Warning| matches!(w, Warning::Repeated { times: 12, sql, .. } if sql.starts_with("UPDATE"));
        assert!(trace.warnings.iter().any(repeated), "{trace}");
        assert_eq!(trace.warnings.iter().any(|w| matches!(w, Warning::HoldsWriter { .. })), !engine.is_postgres());
        assert!(trace.to_string().contains("warning: the hook of"), "{trace}");
        assert_eq!(warnings.take().len(), trace.warnings.len());
        // One row, one statement: nothing to say.
        let lints = Lints { holds_writer: Duration::from_secs(9), ..lints };
        let calm = engine.connect(tables![Ping, Pong], |c| c.on_warning(|_| {}).lints(lints)).await;
        calm.create(NewPing { n: 1.into(), ..Default::default() }).await.unwrap();
        assert_eq!(calm.last_trace().unwrap().warnings, []);
        let many = Lints { statements_per_row: 0, ..lints };
        let many = engine.connect(tables![Ping, Pong], |c| c.on_warning(|_| {}).lints(many)).await;
        many.create(NewPing { n: 1.into(), ..Default::default() }).await.unwrap();
        let found = many.last_trace().unwrap().warnings;
        assert!(matches!(found[..], [Warning::ManyStatements { statements: 1, rows: 1, .. }]), "{found:?}");
    }
}
