//! Resolvers: tables that live somewhere else (L33).

use std::sync::{Arc, Mutex, PoisonError};

use tripline::{
    AfterCreate, AfterDelete, AfterFind, AfterUpdate, BeforeCreate, BeforeFind, Change, CreatePlan,
    FilterReads, FindPlan, OnResolveCount, OnResolveCreate, OnResolveDelete, OnResolveFind, OnResolveUpdate,
    Phase, PlanCreate, PlanFind, ReadPlan, ReadQuery, ResolveFind, ResolveUpdate, Resolved, Resolving,
    create, prelude::*,
};

use crate::Recorder;

/// Lives in a shop, with an interface of its own.
#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "products")]
struct Product {
    #[key]
    id: Id<Product>,
    name: String,
    price: i64,
    note: Option<String>,
}

/// What refers to rows that are elsewhere cannot go with them.
#[derive(Table, Clone, Debug)]
#[table(name = "reviews")]
struct Review {
    #[key]
    id: Id<Review>,
    #[references(Product, on_delete = cascade)]
    product: Id<Product>,
}

impl AfterDelete for Review {
    async fn after_delete(_: &mut Tx<'_>, _: &[Review]) -> Result<()> {
        Ok(())
    }
}

/// Lives in the database.
#[derive(Table, Clone, Debug)]
#[table(name = "lookups")]
struct Lookup {
    #[key]
    id: Id<Lookup>,
    what: String,
}

fn lookup(what: &str) -> NewLookup {
    NewLookup { what: what.into(), ..Default::default() }
}

/// The shop, and how it misbehaves.
#[derive(Observer, Clone, Default)]
#[observes(Product)]
struct Shop {
    products: Arc<Mutex<Vec<Product>>>,
    wrong: bool,
    only_counts: bool,
}

impl Shop {
    fn all(&self) -> Vec<Product> {
        self.products.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl OnResolveFind<Product> for Shop {
    async fn resolve_find(&self, ask: &Resolving<'_, Product>) -> Result<Vec<Product>> {
        tokio::task::yield_now().await;
        if self.wrong { Ok(self.all()) } else { ask.choose(self.all()) }
    }
}

impl OnResolveCount<Product> for Shop {
    async fn resolve_count(&self, ask: &Resolving<'_, Product>) -> Result<u64> {
        Ok(ask.choose(self.all())?.len() as u64)
    }
}

impl OnResolveCreate<Product> for Shop {
    async fn resolve_create(
        &self,
        _: &Resolving<'_, Product>,
        drafts: &mut [NewProduct],
    ) -> Result<Vec<Product>> {
        let mut products = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        let made = drafts.iter().enumerate().map(|(i, draft)| Product {
            id: Id::new((products.len() + i) as i64 + 1),
            name: draft.name.get().cloned().unwrap_or_default(),
            price: draft.price.get().copied().unwrap_or_default(),
            note: draft.note.get().cloned().flatten(),
        });
        let mut made: Vec<Product> = made.collect();
        products.extend(made.iter().cloned());
        if self.wrong {
            made.pop();
        }
        Ok(made)
    }
}

impl OnResolveUpdate<Product> for Shop {
    async fn resolve_update(
        &self,
        ask: &Resolving<'_, Product>,
        patch: &mut ProductPatch,
    ) -> Result<Resolved<Product>> {
        let chosen: Vec<Id<Product>> = ask.choose(self.all())?.iter().map(|p| p.id).collect();
        let mut products = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Vec::new();
        for product in products.iter_mut().filter(|p| chosen.contains(&p.id)) {
            product.price = patch.price.get().copied().unwrap_or(product.price);
            changed.push(product.clone());
        }
        Ok(if self.only_counts { Resolved::Count(changed.len() as u64) } else { Resolved::Rows(changed) })
    }
}

impl OnResolveDelete<Product> for Shop {
    async fn resolve_delete(&self, ask: &Resolving<'_, Product>) -> Result<Resolved<Product>> {
        let gone = ask.choose(self.all())?;
        let mut products = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        products.retain(|product| !gone.contains(product));
        Ok(if ask.wants_rows() { Resolved::Rows(gone) } else { Resolved::Count(gone.len() as u64) })
    }
}

impl BeforeFind for Product {
    async fn before_find(_: &mut Read<'_>, query: &mut ReadQuery<'_, Product>) -> Result<()> {
        query.filter(|p| p.price.lt(1_000));
        Ok(())
    }
}

impl PlanFind for Product {
    fn plan_find(plan: &mut FindPlan<'_, Product>) -> Result<()> {
        if plan.operation().many {
            plan.before(create(lookup("products")));
        }
        Ok(())
    }
}

impl AfterFind for Product {
    async fn after_find(read: &mut Read<'_>, rows: &[Product]) -> Result<()> {
        if let Some(recorder) = read.actor::<Recorder>() {
            recorder.note(format!("found {}", rows.len()));
        }
        Ok(())
    }
}

impl BeforeCreate for Product {
    async fn before_create(_: &mut Tx<'_>, products: &mut [NewProduct]) -> Result<()> {
        products.iter_mut().for_each(|product| product.note.set("new"));
        Ok(())
    }
}

impl PlanCreate for Product {
    fn plan_create(plan: &mut CreatePlan<'_, Product>) -> Result<()> {
        plan.after(create(lookup("created")));
        Ok(())
    }
}

impl AfterCreate for Product {
    async fn after_create(tx: &mut Tx<'_>, products: &[Product]) -> Result<()> {
        Recorder::of(tx).note(format!("created {:?}", products[0].note));
        Ok(())
    }
}

impl AfterDelete for Product {
    async fn after_delete(tx: &mut Tx<'_>, products: &[Product]) -> Result<()> {
        Recorder::of(tx).note(format!("deleted {}", products[0].name));
        Ok(())
    }
}

/// Its finds are answered twice over.
#[derive(Table, Clone, Debug)]
#[table(name = "weathers")]
struct Weather {
    #[key]
    id: Id<Weather>,
    degrees: i64,
}

impl ResolveFind for Weather {
    async fn resolve_find(ask: &Resolving<'_, Weather>) -> Result<Vec<Weather>> {
        if ask.is_implicit() {
            return Err(Error::reject("ask yourself"));
        }
        ask.choose(
            [(1, 20), (2, 25), (3, 15)].map(|(id, degrees)| Weather { id: Id::new(id), degrees }).into(),
        )
    }
}

impl FilterReads for Weather {
    fn filter_reads(reads: &mut ReadPlan<'_, Weather>) -> Result<()> {
        reads.filter(|w| w.degrees.gt(15));
        Ok(())
    }
}

#[derive(Observer)]
#[observes(Weather)]
struct Other;

impl OnResolveFind<Weather> for Other {
    async fn resolve_find(&self, _: &Resolving<'_, Weather>) -> Result<Vec<Weather>> {
        Ok(Vec::new())
    }
}

/// A hook that a resolver cannot serve.
#[derive(Table, Clone, Debug)]
#[table(name = "clocks")]
struct Clock {
    #[key]
    id: Id<Clock>,
    hours: i64,
}

impl ResolveUpdate for Clock {
    async fn resolve_update(_: &Resolving<'_, Clock>, _: &mut ClockPatch) -> Result<Resolved<Clock>> {
        Ok(Resolved::Count(0))
    }
}

impl AfterUpdate for Clock {
    async fn after_update(_: &mut Tx<'_>, _: &[Change<Clock>]) -> Result<()> {
        Ok(())
    }
}

fn product(name: &str, price: i64) -> NewProduct {
    NewProduct { name: name.into(), price: price.into(), ..Default::default() }
}

async fn shop(engine: &crate::Engine, shop: Shop) -> crate::TestDb {
    let db = engine.connect(tables![Product, Lookup], |c| c.observe(shop)).await;
    db.create(vec![product("apple", 3), product("pear", 2), product("ring", 5_000)]).await.unwrap();
    db.log.take();
    db
}

cases! {
    async fn l33_a_resolver_answers_in_the_databases_place(engine) {
        let db = shop(&engine, Shop::default()).await;
        let found = db.find::<Product>().order(|p| p.price.asc()).await.unwrap();
        assert_eq!(found.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["pear", "apple"]);
        let first = db.find::<Product>().order(|p| p.name.desc()).first().await.unwrap().unwrap();
        assert_eq!((first.name.as_str(), first.note.as_deref()), ("pear", Some("new")));
        assert_eq!(db.find::<Product>().filter(|p| p.price.gt(2)).count().await.unwrap(), 2);
        assert!(db.find::<Product>().filter(|p| p.price.gt(2)).exists().await.unwrap());
        let n = db.update::<Product>().filter(|p| p.name.eq("pear")).set(|p| p.price.set(7)).await.unwrap();
        let rows = db.update::<Product>().by_key(Id::new(1)).set(|p| p.price.set(8)).rows::<Product>().await.unwrap();
        assert_eq!((n, rows[0].price), (1, 8));
        assert_eq!(db.delete::<Product>().filter(|p| p.price.lt(100)).await.unwrap(), 2);
        assert_eq!(db.find::<Product>().await.unwrap().len(), 0);
        // Of its table the database never heard.
        assert!(!db.log.take().iter().any(|sql| sql.contains("products")));
    }

    async fn l33_hooks_and_planned_operations_run_around_a_resolver(engine) {
        let db = shop(&engine, Shop::default()).await;
        let recorder = Recorder::default();
        let watched = db.as_actor(recorder.clone());
        db.delete::<Lookup>().all_rows().await.unwrap();
        watched.create(product("fig", 1)).await.unwrap();
        watched.find::<Product>().await.unwrap();
        watched.delete::<Product>().filter(|p| p.name.eq("fig")).await.unwrap();
        assert_eq!(recorder.take(), [r#"created Some("new")"#, "found 3", "deleted fig"]);
        let lookups = db.find::<Lookup>().order(|l| l.id.asc()).await.unwrap();
        assert_eq!(lookups.iter().map(|l| l.what.as_str()).collect::<Vec<_>>(), ["created", "products"]);
        // In a transaction, too.
        let n = db.tx(async |tx| Ok(tx.find::<Product>().await?.len())).await.unwrap();
        assert_eq!(n, 2);
    }

    async fn l33_a_resolver_opens_no_transaction(engine) {
        let db = shop(&engine, Shop::default()).await;
        db.find::<Product>().by_key(Id::new(1)).await.unwrap();
        db.update::<Product>().all_rows().set(|p| p.price.set(1)).await.unwrap();
        assert!(db.log.take().is_empty());
        let weather = engine.db(tables![Weather]).await;
        let warm = weather.find::<Weather>().order(|w| w.degrees.desc()).limit(1).await.unwrap();
        assert_eq!(warm[0].degrees, 25);
        assert!(weather.log.take().is_empty());
    }

    async fn l33_what_a_resolver_gives_has_the_shape_that_was_asked_for(engine) {
        let db = engine.connect(tables![Product, Lookup], |c| c.observe(Shop { wrong: true, ..Shop::default() })).await;
        let error = db.create(vec![product("apple", 3), product("pear", 2)]).await.unwrap_err();
        assert_eq!(error.code(), "invalid");
        assert!(error.to_string().contains("gave 1 rows for 2 drafts"), "{error}");
        assert_eq!(db.find::<Lookup>().count().await.unwrap(), 0);
        let error = db.find::<Product>().by_key(Id::new(1)).await.unwrap_err();
        assert!(error.to_string().contains("gave 2 rows where at most 1 were asked for"), "{error}");
        let counting = shop(&engine, Shop { only_counts: true, ..Shop::default() }).await;
        let update = counting.update::<Product>().all_rows().set(|p| p.price.set(1));
        assert_eq!(update.await.unwrap(), 3);
        let error = counting.update::<Product>().all_rows().set(|p| p.price.set(1)).rows::<Product>().await;
        assert!(error.unwrap_err().to_string().contains("a number where rows were asked for"));
    }

    async fn l14_a_resolvers_error_names_it(engine) {
        let db = engine.db(tables![Weather, Lookup]).await;
        let made = db.create(lookup("a")).after_create(async |tx, _| tx.find::<Weather>().await.map(drop));
        let error = made.await.unwrap_err();
        assert!(error.is_rejected());
        let Error::Hook(outer) = &error else { panic!("{error:?}") };
        let Error::Hook(inner) = &outer.source else { panic!("{error:?}") };
        assert_eq!((inner.table, inner.phase), ("weathers", Phase::ResolveFind));
    }

    async fn l33_resolvers_that_cannot_work_are_found_when_connecting(engine) {
        let url = engine.url().await;
        let two = Db::open(&url).tables(tables![Weather]).observe(Other).connect().await.unwrap_err();
        assert!(two.to_string().contains("two resolvers for find"), "{two}");
        let blind = Db::open(&url).tables(tables![Clock]).connect().await.unwrap_err();
        assert!(blind.to_string().contains("look at rows as they were before"), "{blind}");
        let shop = Shop::default();
        let below = Db::open(&url).tables(tables![Product, Review]).observe(shop).connect().await.unwrap_err();
        assert!(below.to_string().contains("rows of `products` are resolved elsewhere"), "{below}");
    }

    async fn l33_what_a_resolver_is_not_asked_for_is_not_asked_of_the_database(engine) {
        let db = engine.connect(tables![Product], |c| c.observe(Shop::default())).await;
        let product = || NewProduct { name: "tea".into(), price: 3.into(), ..Default::default() };
        let upsert = db.create(product()).on_conflict(|p| p.id).do_update().await.unwrap_err();
        assert!(upsert.to_string().contains("there are no upserts"), "{upsert}");
        let without = db.create(product()).on_conflict(|p| p.id).do_update().without_hooks().await.unwrap_err();
        assert!(without.to_string().contains("there are no upserts"), "{without}");
        let again = db.create(product()).refreshed().await.unwrap_err();
        assert!(again.to_string().contains("there are no rows to be read again"), "{again}");
        let seen = db.update::<Product>().all_rows().set(|p| p.price.set(1)).after_update(async |_, _| Ok(())).await;
        assert!(seen.unwrap_err().to_string().contains("see rows as they were"));
        assert_eq!(db.log.take(), [""; 0]);
    }
}
