//! Spans of `tracing`: their names are stable, and what users log in a hook is inside of it.

use std::{cell::RefCell, fmt::Write, sync::Once};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id as SpanId, Record},
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};
use tripline::{AfterCreate, AfterCreateCommit, CreatePlan, PlanCreate, create, prelude::*};

#[derive(Table, Clone, Debug)]
#[table(name = "people")]
struct Person {
    #[key]
    id: Id<Person>,
    #[unique]
    name: String,
}

impl AfterCreate for Person {
    async fn after_create(tx: &mut Tx<'_>, people: &[Person]) -> Result<()> {
        tracing::info!("in the hook");
        for person in people {
            tx.create(NewHome { person: person.id.into(), ..Default::default() }).await?;
        }
        Ok(())
    }
}

impl AfterCreateCommit for Person {
    async fn after_create_commit(db: &Db, _: &[Person]) -> Result<()> {
        tracing::info!("after the commit");
        db.find::<Home>().count().await.map(drop)
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "homes")]
struct Home {
    #[key]
    id: Id<Home>,
    #[references(Person)]
    person: Id<Person>,
}

impl PlanCreate for Home {
    fn plan_create(plan: &mut CreatePlan<'_, Home>) -> Result<()> {
        tracing::info!("planned");
        plan.after(create(NewNote { text: "moved".into(), ..Default::default() }));
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "notes")]
struct Note {
    #[key]
    id: Id<Note>,
    text: String,
}

thread_local! {
    /// Of each thread, and so of each test: what was logged, with the spans that it is in, and the spans that closed.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn push(line: String) {
    LINES.with_borrow_mut(|lines| lines.push(line));
}

fn take() -> Vec<String> {
    LINES.take()
}

struct Lines;

/// A span's fields, as a text.
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() != "message" {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &SpanId, context: Context<'_, S>) {
        let mut fields = Fields(String::new());
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &SpanId, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_follows_from(&self, id: &SpanId, follows: &SpanId, context: Context<'_, S>) {
        let name = |id| context.span(id).unwrap().name();
        push(format!("{} follows from {}", name(id), name(follows)));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != module_path!() {
            return;
        }
        let names: Vec<_> = context.event_scope(event).unwrap().from_root().map(|span| span.name()).collect();
        push(names.join(" > "));
    }

    fn on_close(&self, id: SpanId, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        push(format!("{}{}", span.name(), span.extensions().get::<Fields>().unwrap().0));
    }
}

async fn database() -> Result<Db> {
    static LISTENS: Once = Once::new();
    LISTENS.call_once(|| {
        tracing::subscriber::set_global_default(Registry::default().with(Lines)).expect("no other is set");
    });
    let db = Db::open("sqlite::memory:").tables(tables![Person, Home, Note]).connect().await?;
    db.create_tables().await?;
    Ok(db)
}

#[tokio::test(flavor = "current_thread")]
async fn x2_what_a_hook_logs_is_inside_of_its_span_and_those_of_its_operation() -> Result<()> {
    let db = database().await?;
    take();
    db.tx(async |tx| tx.create(NewPerson { name: "Ada".into(), ..Default::default() }).await).await?;
    db.drain().await?;
    assert_eq!(
        take(),
        [
            "tripline.transaction > tripline.operation > tripline.hook",
            "tripline.transaction > tripline.operation > tripline.hook > tripline.operation > tripline.hook",
            "tripline.hook phase=plan_create hook=spans::Home db.operation.name=create db.collection.name=\"homes\"",
            "tripline.operation db.operation.name=create db.collection.name=\"notes\" rows=1",
            "tripline.operation db.operation.name=create db.collection.name=\"homes\" rows=1",
            "tripline.hook phase=after_create hook=spans::Person db.operation.name=create db.collection.name=\"people\"",
            "tripline.operation db.operation.name=create db.collection.name=\"people\" rows=1",
            "tripline.following follows from tripline.transaction",
            "tripline.transaction",
            "tripline.following > tripline.hook",
            "tripline.operation db.operation.name=count db.collection.name=\"homes\" rows=1",
            "tripline.hook phase=after_create_commit hook=spans::Person db.operation.name=create \
             db.collection.name=\"people\"",
            "tripline.following",
        ]
    );
    Ok(())
}

#[tokio::test(flavor = "current_thread")]
async fn x2_a_span_says_with_which_error_it_ended() -> Result<()> {
    let db = database().await?;
    let ada = || NewPerson { name: "Ada".into(), ..Default::default() };
    db.create(ada()).await?;
    db.drain().await?;
    take();
    let twice = db.tx(async |tx| tx.create(ada()).await).await;
    assert!(matches!(twice, Err(Error::Unique(_))), "{twice:?}");
    assert_eq!(
        take(),
        [
            "tripline.operation db.operation.name=create db.collection.name=\"people\" error.type=\"unique\"",
            "tripline.transaction error.type=\"unique\"",
        ]
    );
    Ok(())
}
