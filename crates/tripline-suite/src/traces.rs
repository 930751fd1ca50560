//! Traces of what ran (X2), and explanations of what would (X1).

use tripline::{
    AfterCreate, AfterCreateCommit, AfterUpdate, AnyRow, BeforeCreate, BeforeUpdateRows, Change, CreatePlan,
    Edit, FilterReads, OnAfterCreate, PlanCreate, ReadPlan, Root, Scope, Span, SpanOutcome, What,
    assert_trace, prelude::*, update,
};

#[derive(Table, Clone)]
#[table(name = "people")]
struct Person {
    #[key]
    id: Id<Person>,
    name: String,
    #[default(String::new())]
    slug: String,
    #[secret]
    password: String,
}

impl BeforeCreate for Person {
    async fn before_create(_: &mut Tx<'_>, people: &mut [NewPerson]) -> Result<()> {
        for person in people {
            let name = person.name.get().cloned().unwrap_or_default();
            if name == "nobody" {
                return Err(Error::reject("who?"));
            }
            person.slug.set(name.to_lowercase());
            person.password.set("hunter2");
        }
        Ok(())
    }
}

impl AfterCreate for Person {
    async fn after_create(tx: &mut Tx<'_>, people: &[Person]) -> Result<()> {
        for person in people {
            tx.create(NewHome { person: person.id.into(), ..Default::default() }).await?;
        }
        Ok(())
    }
}

impl AfterCreateCommit for Person {
    async fn after_create_commit(db: &Db, people: &[Person]) -> Result<()> {
        db.create(NewHome { person: people[0].id.into(), ..Default::default() }).await.map(drop)
    }
}

impl FilterReads for Person {
    fn filter_reads(reads: &mut ReadPlan<'_, Person>) -> Result<()> {
        reads.filter(|p| p.name.ne("hidden"));
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "homes")]
struct Home {
    #[key]
    id: Id<Home>,
    #[references(Person, on_delete = cascade)]
    person: Id<Person>,
    #[default(0)]
    rooms: i64,
}

impl PlanCreate for Home {
    fn plan_create(plan: &mut CreatePlan<'_, Home>) -> Result<()> {
        plan.after(update::<Counter>().all_rows().set(|c| c.n.add(1)));
        Ok(())
    }
}

impl BeforeUpdateRows for Home {
    async fn before_update_rows(_: &mut Tx<'_>, _: &mut [Edit<Home>]) -> Result<()> {
        Ok(())
    }
}

impl AfterUpdate for Home {
    async fn after_update(_: &mut Tx<'_>, _: &[Change<Home>]) -> Result<()> {
        Ok(())
    }
}

impl tripline::AfterDelete for Home {
    async fn after_delete(_: &mut Tx<'_>, _: &[Home]) -> Result<()> {
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "counters")]
struct Counter {
    #[key]
    id: Id<Counter>,
    n: i64,
}

#[derive(Observer)]
#[observes(all)]
struct Watch;

impl OnAfterCreate<AnyRow> for Watch {
    async fn after_create(&self, _: &mut Tx<'_>, _: &[AnyRow]) -> Result<()> {
        Ok(())
    }
}

fn person(name: &str) -> NewPerson {
    NewPerson { name: name.into(), ..Default::default() }
}

async fn people(engine: &crate::Engine) -> crate::TestDb {
    engine.connect(tables![Person, Home, Counter], |c| c.trace_changes(true)).await
}

/// All steps, in order.
fn steps(span: &Span) -> Vec<&Span> {
    std::iter::once(span).chain(span.children.iter().flat_map(steps)).collect()
}

fn flights(span: &Span) -> Vec<Vec<String>> {
    let texts = |step: &Span| match &step.what {
        What::Flight { statements } => Some(statements.iter().map(|sql| sql.text.clone()).collect()),
        _ => None,
    };
    steps(span).into_iter().filter_map(texts).collect()
}

cases! {
    async fn x2_a_trace_is_the_tree_of_what_ran_also_after_the_commit(engine) {
        let db = people(&engine).await;
        db.create(person("Ada")).await.unwrap();
        db.drain().await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create people",
            "    before_create Person",
            "    after_create Person",
            "      create homes",
            "        plan_create Home",
            "          update counters",
            "  after commit",
            "    after_create_commit Person",
            "      transaction",
            "        create homes",
            "          plan_create Home",
            "            update counters",
        ]);
        assert_eq!(db.find::<Home>().count().await.unwrap(), 2);
    }

    async fn x2_a_trace_has_rows_times_statements_and_changed_columns_but_no_values(engine) {
        let db = people(&engine).await;
        db.log.take();
        db.create(vec![person("Ada"), person("Bob")]).await.unwrap();
        let sent = db.log.take_flights();
        let trace = db.traces().into_iter().find(|t| t.outline().get(1).is_some_and(|line| line == "  create people")).unwrap();
        let all = steps(&trace.root);
        let What::Operation { rows, table, .. } = &all[1].what else { panic!("{trace}") };
        assert_eq!((*table, *rows), ("people", Some(2)));
        let before = all.iter().find_map(|step| match &step.what {
            What::Hook { changed, scope: Scope::Table, .. } if !changed.is_empty() => Some(changed.clone()),
            _ => None,
        });
        assert_eq!(before.unwrap(), ["slug", "password"]);
        assert!(all.iter().all(|step| step.outcome == SpanOutcome::Done), "{trace}");
        let timed = |step: &&Span| engine.is_postgres() || !matches!(step.what, What::Flight { .. });
        assert!(all.iter().copied().filter(timed).all(|step| step.took.is_some()), "{trace}");
        // What follows the commit may have been sent by now, too.
        let own: Vec<String> = flights(&trace.root).concat();
        assert!(sent.concat().len() >= own.len() && own[0].starts_with("BEGIN"), "{trace}");
        assert!(own.contains(&"COMMIT".to_owned()), "{trace}");
        let text = format!("{trace} {trace:?}");
        assert!(!text.contains("hunter2") && !text.contains("Ada"), "{text}");
        db.drain().await.unwrap();
    }

    async fn x2_what_failed_or_was_dropped_says_so(engine) {
        let db = people(&engine).await;
        db.create(person("nobody")).await.unwrap_err();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction: hook",
            "  create people: hook",
            "    before_create Person: rejected",
        ]);
        let saved = db.tx(async |tx| {
            let failed = tx.tx(async |tx| tx.create(person("nobody")).await).await;
            assert!(failed.is_err());
            tx.create(NewCounter { n: 1.into(), ..Default::default() }).await
        });
        saved.await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create people: hook",
            "    before_create Person: rejected",
            "  create counters",
        ]);
        let waits = db.create(person("Ada")).after_create(async |_, _| std::future::pending().await);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), waits.into_future()).await.is_err());
        let trace = db.last_trace().unwrap();
        assert_trace!(trace, [
            "transaction: dropped",
            "  create people: dropped",
            "    before_create Person",
            "    after_create (operation): dropped",
        ]);
    }

    async fn x2_reads_with_hooks_and_raw_sql_in_transactions_are_traced(engine) {
        let db = people(&engine).await;
        db.tx(async |tx| {
            tx.raw_execute("DELETE FROM counters", []).await?;
            tx.find::<Person>().count().await
        })
        .await
        .unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  sql, update",
            "  count people",
            "    filter_reads Person",
        ]);
    }

    async fn x2_one_statement_with_nothing_attached_leaves_no_trace(engine) {
        let db = people(&engine).await;
        let before = db.traces().len();
        db.create(NewCounter { n: 1.into(), ..Default::default() }).await.unwrap();
        db.find::<Counter>().await.unwrap();
        assert_eq!(db.traces().len(), before);
    }

    async fn x2_the_last_traces_are_kept(engine) {
        let db = engine.connect(tables![Person, Home, Counter], |c| c.traces(3)).await;
        for _ in 0..5 {
            db.tx(async |tx| tx.find::<Counter>().count().await).await.unwrap();
        }
        let ids: Vec<u64> = db.traces().iter().map(|trace| trace.id).collect();
        assert_eq!(ids.len(), 3);
        assert!(ids[0] + 1 == ids[1] && ids[1] + 1 == ids[2], "{ids:?}");
        let none = engine.connect(tables![Person, Home, Counter], |c| c.traces(0)).await;
        none.create(person("Ada")).await.unwrap();
        assert!(none.traces().is_empty());
    }

    async fn x1_explain_says_what_would_run_and_does_nothing(engine) {
        let db = engine.connect(tables![Person, Home, Counter], |c| c.observe(Watch)).await;
        db.log.take();
        let explain = db.create(person("nobody")).after_create(async |_, _| Ok(())).explain().await.unwrap();
        assert_eq!(explain.outline(), [
            "transaction",
            "  create people",
            "    before_create Person",
            "    after_create (operation)",
            "    after_create Person",
            "    after_create Watch",
            "  after commit",
            "    after_create_commit Person",
        ]);
        let text = explain.to_string();
        assert!(text.contains("tripline_suite::traces::Watch (observer of all tables at "), "{text}");
        assert!(text.contains("traces.rs:"), "{text}");
        assert_eq!(explain.root.what, What::Root(Root::Transaction));
        let statements = explain.statements();
        assert!(statements[0].starts_with("BEGIN") && statements[1].starts_with("INSERT"), "{statements:?}");
        assert_eq!(statements[2], "COMMIT");
        assert!(db.log.take().is_empty());
        assert_eq!(db.find::<Person>().count().await.unwrap(), 0);
    }

    async fn x1_explain_counts_the_flights_that_are_needed(engine) {
        let db = people(&engine).await;
        let id = db.create(person("Ada")).await.unwrap().id;
        db.drain().await.unwrap();
        db.log.take();
        let home = || NewHome { person: id.into(), ..Default::default() };
        let explain = db.create(home()).explain().await.unwrap();
        assert_eq!(explain.outline(), ["transaction", "  create homes", "    plan_create Home", "      update counters"]);
        assert_eq!(explain.flights().len(), engine.either(3, 1), "{explain}");
        db.create(home()).await.unwrap();
        assert_eq!(db.log.take(), explain.statements());
        // One statement is one statement.
        let plain = db.find::<Counter>().filter(|c| c.n.gt(1)).explain().await.unwrap();
        assert_eq!((plain.outline(), plain.flights().len()), (vec!["read".into(), "  find counters".into()], 1));
        db.find::<Counter>().filter(|c| c.n.gt(1)).await.unwrap();
        assert_eq!(db.log.take(), plain.statements());
        let by_key = db.find::<Person>().by_key(id).explain().await.unwrap();
        assert!(by_key.outline().contains(&"    filter_reads Person".to_owned()), "{by_key}");
    }

    async fn x1_explain_shows_old_rows_cascades_and_upserts(engine) {
        let db = people(&engine).await;
        let update = db.update::<Home>().all_rows().set(|h| h.rooms.add(1)).explain().await.unwrap();
        assert_eq!(update.outline()[2..], ["    before_update_rows Home", "    after_update Home"]);
        assert!(update.statements()[1].starts_with("SELECT"), "{update}");
        let delete = db.delete::<Person>().all_rows().explain().await.unwrap();
        assert_eq!(delete.outline(), ["transaction", "  delete people", "    delete homes", "      after_delete Home"]);
        let upsert = db.create(NewPerson { id: Id::new(1).into(), ..person("Ada") }).on_conflict(|p| p.id).do_update().explain().await.unwrap();
        let outline = upsert.outline();
        assert_eq!(outline[1..4], ["  upsert people", "    update people", "    create people"]);
        assert_eq!(db.find::<Home>().count().await.unwrap(), 0);
        // Inside of a transaction it does nothing to that.
        let inside = db.tx(async |tx| tx.delete::<Person>().all_rows().explain().await).await.unwrap();
        assert!(!inside.statements().iter().any(|sql| sql.starts_with("BEGIN") || *sql == "COMMIT"), "{inside}");
    }

    async fn x1_x2_traces_and_explanations_are_data_too(engine) {
        let db = people(&engine).await;
        db.create(person("Ada")).await.unwrap();
        db.drain().await.unwrap();
        let json = serde_json::to_value(db.last_trace().unwrap()).unwrap();
        assert_eq!(json["root"]["what"], "root");
        let create = &json["root"]["children"][0];
        assert_eq!((&create["what"], &create["kind"], &create["table"], &create["rows"]),
            (&"operation".into(), &"create".into(), &"people".into(), &1.into()));
        let hook = &create["children"][0];
        assert_eq!((&hook["phase"], &hook["changed"][0]), (&"before_create".into(), &"slug".into()));
        assert!(hook["hook"].as_str().unwrap().contains("Person"), "{hook}");
        let explain = serde_json::to_value(db.create(person("Ada")).explain().await.unwrap()).unwrap();
        assert_eq!(explain["root"]["children"][0]["outcome"]["is"], "planned");
    }
}
