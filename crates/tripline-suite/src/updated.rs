//! What hooks see of updated rows, whichever way they come from the database (L40, L42).

use std::sync::{Arc, Mutex};

use tripline::{
    AfterSave, AfterUpdate, AfterUpdateCommit, AnyRow, BeforeCreate, BeforeUpdateRows, Change, Edit, Kind,
    PlanUpdate, UpdatePlan, prelude::*,
};

use crate::Recorder;

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "accounts")]
struct Account {
    #[key]
    id: Id<Account>,
    name: String,
    cents: i64,
    rate: f64,
    note: Option<String>,
}

/// Old and new cents, and which columns changed.
fn shown(change: &Change<Account>) -> String {
    let changed: String = [("n", change.modified(|a| a.name)), ("c", change.modified(|a| a.cents))]
        .into_iter()
        .chain([("r", change.modified(|a| a.rate)), ("o", change.modified(|a| a.note))])
        .filter_map(|(letter, changed)| changed.then_some(letter))
        .collect();
    format!("{} {} to {}: {changed}", change.new.name, change.old.cents, change.new.cents)
}

fn account(name: &str, cents: i64) -> NewAccount {
    NewAccount { name: name.into(), cents: cents.into(), rate: 0.1.into(), ..Default::default() }
}

async fn stored(db: &Db) -> Vec<Account> {
    db.find::<Account>().order(|a| a.id.asc()).await.unwrap()
}

cases! {
    async fn l40_computed_values_are_seen_as_they_are_stored(engine) {
        let db = engine.db(tables![Account]).await;
        db.create(vec![account("a", 1), account("b", -5), account("c", i64::MAX / 3)]).await.unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let of_hook = seen.clone();
        let printed = Arc::new(Mutex::new(String::new()));
        let of_print = printed.clone();
        let rows = db
            .update::<Account>()
            .filter(|a| a.cents.lt(i64::MAX))
            .set(|a| a.cents.mul(3))
            .set(|a| a.rate.add(0.2))
            .set(|a| a.note.set(Some("tripled".into())))
            .after_update(async move |_, changes: &[Change<Account>]| {
                *of_print.lock().unwrap() = format!("{:?}", changes[0]);
                of_hook.lock().unwrap().extend(changes.iter().map(|change| (shown(change), change.new.clone())));
                Ok(())
            })
            .rows::<Account>()
            .await
            .unwrap();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        let (texts, mut new): (Vec<String>, Vec<Account>) = seen.into_iter().unzip();
        new.sort_by_key(|account| account.id.get());
        assert_eq!(new, stored(&db).await);
        assert_eq!(rows.len(), 3);
        assert!(texts.contains(&"b -5 to -15: cro".to_owned()), "{texts:?}");
        let printed = printed.lock().unwrap().clone();
        assert!(printed.ends_with(r#"modified: ["cents", "rate", "note"] }"#), "{printed}");
    }

    async fn l22_l42_what_is_computed_from_columns_that_no_hook_asks_for_is_right(engine) {
        let db = engine.db(tables![Meter]).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let meter = |name: &str| NewMeter { name: name.into(), reads: 1.into(), total: 5.into(), ..Default::default() };
        db.create(vec![meter("plain"), meter("writes")]).await.unwrap();
        let of = async |name: &'static str| {
            let rows = watched.update::<Meter>().filter(|m| m.name.eq(name)).set(|m| m.total.add(2)).rows::<Totals>();
            rows.await.unwrap().pop().unwrap()
        };
        let plain = of("plain").await;
        assert_eq!((plain.total, plain.reads), (7, 2));
        // A hook that adds to the same column of the same row, before the caller's addition.
        let writes = of("writes").await;
        assert_eq!((writes.total, writes.reads), (107, 2));
        assert_eq!(recorder.take(), ["saved 7", "saved 107"]);
        let stored = db.find::<Meter>().order(|m| m.id.asc()).await.unwrap();
        let stored: Vec<_> = stored.iter().map(|meter| (meter.total, meter.reads)).collect();
        assert_eq!(stored, [(7, 2), (107, 2)]);
    }

    async fn l14_what_overflows_is_the_databases_error(engine) {
        let db = engine.db(tables![Account]).await;
        db.create(account("a", i64::MAX)).await.unwrap();
        let update = db.update::<Account>().all_rows().set(|a| a.cents.add(1));
        let error = update.after_update(async |_, _: &[Change<Account>]| Ok(())).await.unwrap_err();
        assert!(!error.is_rejected(), "{error}");
        assert_eq!(stored(&db).await[0].cents, i64::MAX);
    }

    async fn l21_rows_whose_patch_is_empty_are_not_updated_and_not_seen(engine) {
        let db = engine.db(tables![Account, Picky]).await;
        let picky = |n: i64| NewPicky { n: n.into(), text: "as it was".into(), ..Default::default() };
        db.create(vec![picky(1), picky(2), picky(3)]).await.unwrap();
        let recorder = Recorder::default();
        let updated = db.as_actor(recorder.clone()).update::<Picky>().all_rows().set(|p| p.text.set("new")).await.unwrap();
        db.drain().await.unwrap();
        let rows = db.find::<Picky>().order(|p| p.n.asc()).await.unwrap();
        let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!((updated, texts), (2, vec!["new", "as it was", "new"]));
        let notes = recorder.take();
        assert_eq!(notes, ["after 1 as it was new", "after 3 as it was new", "commit 1 as it was new", "commit 3 as it was new"]);
    }

    async fn l40_after_hooks_know_what_was_given(engine) {
        let db = engine.db(tables![Draw]).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let draw = |card: &str| NewDraw { card: card.into(), ..Default::default() };
        let drafts = vec![draw("ace"), NewDraw { suit: "none".into(), ..draw("two") }, draw("joker")];
        watched.create(drafts).await.unwrap();
        // A default is not given; what a before-hook sets is.
        assert_eq!(recorder.take(), ["ace card", "two card suit", "joker card suit"]);
        watched.update::<Draw>().filter(|d| d.card.ne("two")).set(|d| d.suit.set("hearts")).await.unwrap();
        assert_eq!(recorder.take(), ["ace suit", "joker suit"]);
        // On PostgreSQL rows now stand in another order than their keys do.
        watched.update::<Draw>().filter(|d| d.card.eq("two")).set(|d| d.suit.set("clubs")).await.unwrap();
        recorder.take();
        // Patches of their own; the row whose patch became empty is not seen. On-update values are not given.
        let update = watched.update::<Draw>().all_rows().set(|d| d.suit.set("spades"));
        let update = update.before_update_rows(async |_, edits| {
            edits.iter_mut().filter(|edit| edit.old.card == "ace").for_each(|edit| edit.patch.suit.unset());
            edits.iter_mut().filter(|edit| edit.old.card == "joker").for_each(|edit| edit.patch.card.set("fool"));
            Ok(())
        });
        assert_eq!(update.await.unwrap(), 2);
        let mut noted = recorder.take();
        noted.sort();
        assert_eq!(noted, ["fool card suit", "two suit"]);
    }

    async fn l40_l44_what_was_given_is_that_of_rows_that_an_upsert_has_created(engine) {
        let db = engine.db(tables![Ticket]).await;
        let ticket = |code: &str, note: Option<&str>| {
            let note = note.map_or(Field::Unset, |note| Some(note.to_owned()).into());
            NewTicket { code: code.into(), note, ..Default::default() }
        };
        db.create(ticket("real", None)).await.unwrap();
        // The first draft turns out to be a row that is there, after its before-create hook.
        let drafts = vec![ticket("alias", Some("x")), ticket("new", None), ticket("other", Some("y"))];
        let seen = Arc::new(Mutex::new(Vec::new()));
        let of_hook = seen.clone();
        let upsert = db.create(drafts).after_create(async move |tx, rows: &[Ticket]| {
            let given = tx.given::<Ticket>()?;
            let notes = rows.iter().enumerate().map(|(i, row)| (row.code.clone(), given.is_set(i, |t| t.note)));
            of_hook.lock().unwrap().extend(notes);
            Ok(())
        });
        upsert.on_conflict(|t| t.code).do_update().await.unwrap();
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen, [("new".to_owned(), false), ("other".to_owned(), true)]);
    }

    async fn l40_only_after_hooks_know_what_was_given_and_only_of_their_own_table(engine) {
        let db = engine.db(tables![Account, Picky]).await;
        let create = db.create(account("a", 1)).after_create(async |tx, _| tx.given::<Picky>().map(drop));
        assert!(create.await.unwrap_err().to_string().contains("not of `pickies`"));
        let create = db.create(account("a", 1)).before_create(async |tx, _| tx.given::<Account>().map(drop));
        assert!(matches!(create.await.unwrap_err().root(), Error::Invalid(_)));
        let create = db.create(account("a", 1)).after_create(async |tx, _| {
            let given = tx.given::<AnyRow>()?;
            assert_eq!((given.is_set_column(0, "name")?, given.is_set_column(0, "note")?), (true, false));
            given.is_set_column(0, "nome").map(drop)
        });
        assert!(create.await.unwrap_err().to_string().contains("no column `nome`"));
    }

    async fn l40_rows_that_a_trigger_keeps_from_an_update_that_hooks_see_are_an_error(engine) {
        // On PostgreSQL the statement says which rows it wrote.
        if engine.is_postgres() {
            return;
        }
        let db = engine.db(tables![Account]).await;
        db.create(vec![account("a", 1), account("b", 2)]).await.unwrap();
        let trigger = "CREATE TRIGGER keep BEFORE UPDATE ON accounts WHEN old.cents = 2 BEGIN SELECT RAISE(IGNORE); END";
        db.raw_execute(trigger, []).await.unwrap();
        let update = db.update::<Account>().all_rows().set(|a| a.name.set("x"));
        let error = update.after_update(async |_, _: &[Change<Account>]| Ok(())).await.unwrap_err();
        assert!(error.to_string().contains("1 of the 2 rows"), "{error}");
        assert_eq!(stored(&db).await[0].name, "a");
        // Nobody sees the rows: a number is all there is to tell.
        assert_eq!(db.update::<Account>().all_rows().set(|a| a.name.set("x")).await.unwrap(), 1);
    }
}

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "draws")]
struct Draw {
    #[key]
    id: Id<Draw>,
    card: String,
    #[default("none")]
    suit: String,
    #[updated_at]
    at: jiff::Timestamp,
}

impl BeforeCreate for Draw {
    async fn before_create(_: &mut Tx<'_>, draws: &mut [NewDraw]) -> Result<()> {
        for draw in draws.iter_mut().filter(|draw| draw.card.get().is_some_and(|card| card == "joker")) {
            draw.suit.set("any");
        }
        Ok(())
    }
}

impl AfterSave for Draw {
    async fn after_save(tx: &mut Tx<'_>, draws: &[Draw]) -> Result<()> {
        let given = tx.given::<Draw>()?;
        for (row, draw) in draws.iter().enumerate() {
            let columns = [
                ("card", given.is_set(row, |d| d.card)),
                ("suit", given.is_set(row, |d| d.suit)),
                ("at", given.is_set(row, |d| d.at)),
            ];
            let columns = columns.into_iter().filter(|(_, given)| *given).map(|(column, _)| column);
            Recorder::of(tx).note(columns.fold(draw.card.clone(), |text, column| text + " " + column));
        }
        Ok(())
    }
}

/// Its plan computes what the caller did not ask for; its hooks see little of it.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "meters", hook_rows(MeterId, Total))]
struct Meter {
    #[key]
    id: Id<Meter>,
    name: String,
    reads: i64,
    total: i64,
}

#[derive(Row, Clone, Debug)]
#[row(of = Meter)]
struct MeterId {
    id: Id<Meter>,
}

#[derive(Row, Clone, Debug)]
#[row(of = Meter)]
struct Total {
    total: i64,
}

#[derive(Row, Clone, Debug)]
#[row(of = Meter)]
struct Totals {
    reads: i64,
    total: i64,
}

impl BeforeUpdateRows for MeterId {
    async fn before_update_rows(tx: &mut Tx<'_>, edits: &mut [Edit<MeterId>]) -> Result<()> {
        let ids: Vec<_> = edits.iter().map(|edit| edit.old.id).collect();
        let writes = tx.find::<Meter>().filter(|m| m.id.is_in(ids).and(m.name.eq("writes"))).await?;
        for meter in writes {
            tx.update::<Meter>().by_key(meter.id).set(|m| m.total.add(100)).without_hooks().await?;
        }
        Ok(())
    }
}

impl PlanUpdate for Meter {
    fn plan_update(plan: &mut UpdatePlan<'_, Meter>) -> Result<()> {
        plan.set(|m| m.reads.add(1));
        Ok(())
    }
}

impl AfterSave for Total {
    async fn after_save(tx: &mut Tx<'_>, totals: &[Total]) -> Result<()> {
        if tx.operation().is_some_and(|operation| operation.kind == Kind::Update) {
            Recorder::of(tx).note(format!("saved {}", totals[0].total));
        }
        Ok(())
    }
}

/// Another one's alias is that one.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "tickets")]
struct Ticket {
    #[key]
    id: Id<Ticket>,
    #[unique]
    code: String,
    note: Option<String>,
}

impl BeforeCreate for Ticket {
    async fn before_create(_: &mut Tx<'_>, tickets: &mut [NewTicket]) -> Result<()> {
        for ticket in
            tickets.iter_mut().filter(|ticket| ticket.code.get().is_some_and(|code| code == "alias"))
        {
            ticket.code.set("real");
        }
        Ok(())
    }
}

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "pickies")]
struct Picky {
    #[key]
    id: Id<Picky>,
    n: i64,
    text: String,
}

impl BeforeUpdateRows for Picky {
    async fn before_update_rows(_: &mut Tx<'_>, edits: &mut [Edit<Picky>]) -> Result<()> {
        for edit in edits.iter_mut().filter(|edit| edit.old.n == 2) {
            edit.patch.text.unset();
        }
        Ok(())
    }
}

impl AfterUpdate for Picky {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Picky>]) -> Result<()> {
        for Change { old, new, .. } in changes {
            Recorder::of(tx).note(format!("after {} {} {}", old.n, old.text, new.text));
        }
        Ok(())
    }
}

impl AfterUpdateCommit for Picky {
    async fn after_update_commit(db: &Db, changes: &[Change<Picky>]) -> Result<()> {
        for Change { old, new, .. } in changes {
            Recorder::of_db(db).note(format!("commit {} {} {}", old.n, old.text, new.text));
        }
        Ok(())
    }
}
