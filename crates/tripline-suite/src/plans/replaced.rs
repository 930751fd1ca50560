//! Creates that a plan hook makes upserts (L34).

use tripline::{
    AfterCreate, AfterUpdate, BeforeCreate, BeforeSave, Change, CreatePlan, OnPlanCreate, PlanCreate, Saves,
    create, prelude::*,
};

use crate::Recorder;

/// A login with the e-mail of another one is that one. Who signs in is noted by a plan, too.
#[derive(Table, Clone, Debug)]
#[table(name = "logins")]
struct Login {
    #[key]
    id: Id<Login>,
    #[unique]
    email: String,
    name: String,
    #[default(1)]
    times: i64,
    #[set_by_hook]
    seen: bool,
}

#[derive(Table, Clone, Debug)]
#[table(name = "sign_ins")]
struct SignIn {
    #[key]
    id: Id<SignIn>,
    email: String,
}

impl BeforeCreate for Login {
    async fn before_create(tx: &mut Tx<'_>, logins: &mut [NewLogin]) -> Result<()> {
        for login in logins {
            let name = login.name.get().cloned().unwrap_or_default();
            Recorder::of(tx).note(format!("before {name}"));
            login.name.set(format!("<{name}>"));
            login.seen.set(false);
        }
        Ok(())
    }
}

impl PlanCreate for Login {
    fn plan_create(plan: &mut CreatePlan<'_, Login>) -> Result<()> {
        let emails: Vec<String> =
            plan.drafts()?.iter().filter_map(|login| login.email.get().cloned()).collect();
        for email in emails {
            plan.after(create(NewSignIn { email: email.into(), ..Default::default() }));
        }
        plan.upsert(|l| l.email).set_existing(|l| l.times.add(1));
        Ok(())
    }
}

impl AfterCreate for Login {
    async fn after_create(tx: &mut Tx<'_>, logins: &[Login]) -> Result<()> {
        Recorder::of(tx).note(format!("created {}", logins.len()));
        Ok(())
    }
}

impl AfterUpdate for Login {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<Login>]) -> Result<()> {
        Recorder::of(tx).note(format!("updated {}", changes.len()));
        Ok(())
    }
}

/// An observer makes creates of it upserts, outside of its own hooks.
#[derive(Table, Clone, Debug)]
#[table(name = "secrets")]
struct Secret {
    #[key]
    id: Id<Secret>,
    #[unique]
    email: String,
    password: String,
    #[set_by_hook]
    made_by: String,
}

#[derive(Observer)]
#[observes(Secret)]
struct ByEmail;

impl OnPlanCreate<Secret> for ByEmail {
    fn plan_create(&self, plan: &mut CreatePlan<'_, Secret>) -> Result<()> {
        plan.upsert(|s| s.email);
        Ok(())
    }
}

impl BeforeSave for Secret {
    async fn before_save(tx: &mut Tx<'_>, saves: &mut Saves<'_, Secret>) -> Result<()> {
        *tx.local::<usize>()? += 1;
        for mut save in saves.iter_mut() {
            if let Some(password) = save.get(|s| s.password)? {
                save.set(|s| s.password, format!("h({password})"))?;
            }
        }
        Ok(())
    }
}

impl BeforeCreate for Secret {
    async fn before_create(_: &mut Tx<'_>, secrets: &mut [NewSecret]) -> Result<()> {
        for secret in secrets {
            let password = secret.password.get().cloned().unwrap_or_default();
            secret.made_by.set(password);
        }
        Ok(())
    }
}

impl PlanCreate for Secret {
    fn plan_create(plan: &mut CreatePlan<'_, Secret>) -> Result<()> {
        if plan.drafts()?.iter().any(|secret| secret.email.get().is_some_and(|email| email == "bad")) {
            return Err(Error::reject("not this one"));
        }
        if let Some(recorder) = plan.actor::<Recorder>() {
            recorder.note(format!("own plan, implicit {}", plan.is_implicit()));
        }
        Ok(())
    }
}

impl AfterCreate for Secret {
    async fn after_create(tx: &mut Tx<'_>, _: &[Secret]) -> Result<()> {
        let saves = *tx.local::<usize>()?;
        Recorder::of(tx).note(format!("created after {saves} saves"));
        Ok(())
    }
}

/// Nothing else is attached: it stays one statement.
#[derive(Table, Clone, Debug)]
#[table(name = "counters")]
struct Counter {
    #[key]
    id: Id<Counter>,
    #[unique]
    name: String,
    #[default(0)]
    n: i64,
}

impl PlanCreate for Counter {
    fn plan_create(plan: &mut CreatePlan<'_, Counter>) -> Result<()> {
        plan.upsert(|c| c.name);
        Ok(())
    }
}

fn login(email: &str, name: &str) -> NewLogin {
    NewLogin { email: email.into(), name: name.into(), ..Default::default() }
}

cases! {
    async fn l34_a_create_made_an_upsert_runs_each_hook_once(engine) {
        let db = engine.db(tables![Login, SignIn]).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let first = watched.create(login("a", "Ada")).await.unwrap();
        assert_eq!((first.name.as_str(), first.times, first.seen), ("<Ada>", 1, false));
        assert_eq!(recorder.take(), ["before Ada", "created 1"]);
        let rows = watched.create(vec![login("b", "Bob"), login("a", "Countess")]).await.unwrap();
        let rows: Vec<_> = rows.iter().map(|row| (&*row.email, &*row.name, row.times, row.seen)).collect();
        assert_eq!(rows, [("b", "<Bob>", 1, false), ("a", "<Ada>", 2, false)]);
        assert_eq!(recorder.take(), ["before Bob", "before Countess", "updated 1", "created 1"]);
        // What was planned around the create ran once each time.
        assert_eq!(db.find::<SignIn>().count().await.unwrap(), 3);
    }

    async fn l34_l44_an_upsert_that_is_planned_to_be_one_stays_one(engine) {
        let db = engine.db(tables![Login, SignIn]).await;
        let upsert = || db.create(login("a", "Ada")).on_conflict(|l| l.email).do_update().set(|l| l.name.set("again"));
        assert_eq!(upsert().await.unwrap().name, "<Ada>");
        let row = upsert().await.unwrap();
        assert_eq!((row.name.as_str(), row.times), ("again", 1));
        assert_eq!(db.find::<SignIn>().count().await.unwrap(), 1);
    }

    async fn l34_without_hooks_that_upsert_is_one_statement(engine) {
        let db = engine.db(tables![Counter]).await;
        let counter = |n: i64| NewCounter { name: "x".into(), n: n.into(), ..Default::default() };
        db.create(counter(1)).await.unwrap();
        db.log.take();
        // The row gets what the draft gives.
        assert_eq!(db.create(counter(2)).await.unwrap().n, 2);
        let sent = db.log.take();
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert!(sent[0].contains("ON CONFLICT"), "{sent:?}");
        // Also inside of a transaction.
        assert_eq!(db.tx(async |tx| tx.create(vec![counter(3)]).await).await.unwrap()[0].n, 3);
        assert_eq!(db.find::<Counter>().count().await.unwrap(), 1);
    }

    async fn l34_hooks_of_the_create_alone_go_along(engine) {
        let db = engine.db(tables![Login, SignIn]).await;
        let noted = Recorder::default();
        let create = |name: &str| {
            let of_hook = noted.clone();
            let create = db.create(login("a", name)).before_create(async |_, drafts| {
                drafts[0].name.set("Lovelace");
                Ok(())
            });
            create.after_create(async move |_, rows| {
                of_hook.note(rows[0].name.clone());
                Ok(())
            })
        };
        assert_eq!(create("Ada").await.unwrap().name, "Lovelace");
        // The second row is not created: its hook is not skipped without a word.
        let error = create("Countess").await.unwrap_err();
        assert!(error.to_string().contains("would not run for a row that is there"), "{error}");
        assert_eq!(noted.take(), ["Lovelace"]);
    }

    async fn l34_all_plan_hooks_run_and_rows_that_are_there_get_what_the_caller_gave(engine) {
        let db = engine.connect(tables![Secret], |c| c.observe(ByEmail)).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        let secret = |email: &str, password: &str| NewSecret {
            email: email.into(),
            password: password.into(),
            ..Default::default()
        };
        let first = watched.create(secret("a", "x")).await.unwrap();
        assert_eq!((first.password.as_str(), first.made_by.as_str()), ("h(x)", "x"));
        // What the before-save hook left in the operation's state is there after the create.
        assert_eq!(recorder.take(), ["own plan, implicit false", "created after 1 saves"]);
        let again = watched.create(secret("a", "y")).await.unwrap();
        // Hashed once, by the update's own hooks; what a create's hook fills in stays as it was.
        assert_eq!((again.id, again.password.as_str(), again.made_by.as_str()), (first.id, "h(y)", "x"));
        assert_eq!(recorder.take(), ["own plan, implicit false"]);
        let refused = watched.create(secret("bad", "z")).await.unwrap_err();
        assert!(refused.is_rejected());
        let upsert = watched.create(secret("bad", "z")).on_conflict(|s| s.email).do_update().await;
        assert!(upsert.unwrap_err().is_rejected());
        watched.create(secret("b", "z")).on_conflict(|s| s.email).do_update().await.unwrap();
        let noted = recorder.take();
        assert_eq!(noted[noted.len() - 2..], ["own plan, implicit false", "created after 1 saves"]);
        let refreshed = watched.create(secret("a", "z")).refreshed().await.unwrap_err();
        assert!(refreshed.to_string().contains("read again"), "{refreshed}");
    }

    async fn l26_l34_an_upsert_by_columns_that_are_not_unique_is_an_error(engine) {
        let db = engine.db(tables![Wrong]).await;
        let error = db.create(NewWrong { name: "a".into(), ..Default::default() }).await.unwrap_err();
        let Error::Hook(hook) = &error else { panic!("{error:?}") };
        assert_eq!((hook.phase, hook.table), (tripline::Phase::PlanCreate, "wrongs"));
        assert!(error.to_string().contains("not by `name`"), "{error}");
    }
}

/// Its plan is no good.
#[derive(Table, Clone, Debug)]
#[table(name = "wrongs")]
struct Wrong {
    #[key]
    id: Id<Wrong>,
    name: String,
}

impl PlanCreate for Wrong {
    fn plan_create(plan: &mut CreatePlan<'_, Wrong>) -> Result<()> {
        plan.upsert(|w| w.name);
        Ok(())
    }
}
