//! Tables as they are made: constraints are real ones, and named.

use tripline::{AfterUpdate, Change, prelude::*};

use crate::Recorder;

#[derive(Table, Clone, Debug)]
#[table(
    name = "shops",
    unique(city, name),
    index(name = "shops_by_size", columns(size, city)),
    check(size_positive = |s| s.size.gt(0)),
    check(named = |s| s.name.ne("it's")),
)]
struct Shop {
    #[key]
    id: Id<Shop>,
    name: String,
    #[index]
    city: String,
    size: i64,
    #[default(Kind::Small)]
    kind: Kind,
    open: bool,
    #[references(Shop, on_delete = set_null)]
    parent: Option<Id<Shop>>,
    #[unique(name = "one_code")]
    code: Option<String>,
}

#[derive(TextEnum, Clone, Copy, Debug, PartialEq)]
enum Kind {
    Small,
    #[text("very-large")]
    VeryLarge,
}

#[derive(Table, Clone, Debug)]
#[table(name = "parents")]
struct Parent {
    #[key]
    id: Id<Parent>,
}

#[derive(Table, Clone, Debug)]
#[table(name = "children")]
struct Child {
    #[key]
    id: Id<Child>,
    #[references(Parent, on_delete = cascade)]
    parent: Id<Parent>,
}

#[derive(Table, Clone, Debug)]
#[table(name = "hooked_children")]
struct HookedChild {
    #[key]
    id: Id<HookedChild>,
    #[references(Shop, column = "code", on_update = cascade)]
    shop: String,
}

impl AfterUpdate for HookedChild {
    async fn after_update(tx: &mut Tx<'_>, _: &[Change<HookedChild>]) -> Result<()> {
        Recorder::of(tx).note("updated");
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "others")]
struct Other {
    #[key]
    id: Id<Other>,
    name: String,
    status: String,
}

/// Its key is another table's: nobody but the caller knows it.
#[derive(Table, Clone, Debug)]
#[table(name = "bios")]
struct Bio {
    #[key]
    #[references(Parent)]
    parent: Id<Parent>,
    text: String,
}

#[derive(Table, Clone, Debug)]
#[table(name = "mistyped")]
struct Mistyped {
    #[key]
    id: Id<Mistyped>,
    #[references(Parent)]
    parent: String,
}

#[derive(Table, Clone, Debug)]
#[table(name = "unspecific")]
struct Unspecific {
    #[key]
    id: Id<Unspecific>,
    #[references(Other, column = "name")]
    other: String,
}

#[derive(Table, Clone, Debug)]
#[table(name = "PARENTS")]
struct Shouting {
    #[key]
    id: Id<Shouting>,
}

#[derive(Table, Clone, Debug)]
#[table(name = "orphans")]
struct Orphan {
    #[key]
    id: Id<Orphan>,
    #[set_by_hook]
    name: String,
}

/// SQLite keeps the text of definitions.
async fn in_sqlite(db: &Db) {
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY name";
    let table = r#"CREATE TABLE "shops" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  "name" TEXT NOT NULL,
  "city" TEXT NOT NULL,
  "size" INTEGER NOT NULL,
  "kind" TEXT NOT NULL DEFAULT 'small',
  "open" INTEGER NOT NULL,
  "parent" INTEGER,
  "code" TEXT,
  CONSTRAINT "one_code" UNIQUE ("code"),
  CONSTRAINT "shops_city_name_key" UNIQUE ("city", "name"),
  CONSTRAINT "shops_kind_check" CHECK ("kind" IN ('small', 'very-large')),
  CONSTRAINT "shops_open_check" CHECK ("open" IN (0, 1)),
  CONSTRAINT "shops_parent_fk" FOREIGN KEY ("parent") REFERENCES "shops" ("id") ON DELETE SET NULL ON UPDATE NO ACTION,
  CONSTRAINT "size_positive" CHECK ("size" > 0),
  CONSTRAINT "named" CHECK ("name" <> 'it''s')
) STRICT"#;
    let by_city = r#"CREATE INDEX "shops_city_idx" ON "shops" ("city")"#;
    let by_size = r#"CREATE INDEX "shops_by_size" ON "shops" ("size", "city")"#;
    assert_eq!(lines(db, sql).await, [table, by_size, by_city]);
}

/// PostgreSQL keeps what they mean.
async fn in_postgres(db: &Db) {
    let columns = [
        // By default, as identity.
        "id bigint not null d",
        "name text C not null",
        "city text C not null",
        "size bigint not null",
        "kind text C not null 'small'::text",
        "open boolean not null",
        "parent bigint",
        "code text C",
    ];
    assert_eq!(lines(db, POSTGRES_COLUMNS).await, columns);
    let constraints = [
        "named CHECK ((name <> 'it''s'::text))",
        "one_code UNIQUE (code)",
        "shops_city_name_key UNIQUE (city, name)",
        "shops_kind_check CHECK ((kind = ANY (ARRAY['small'::text, 'very-large'::text])))",
        "shops_parent_fk FOREIGN KEY (parent) REFERENCES shops(id) ON DELETE SET NULL",
        "shops_pkey PRIMARY KEY (id)",
        "size_positive CHECK ((size > 0))",
    ];
    assert_eq!(lines(db, POSTGRES_CONSTRAINTS).await, constraints);
    let by_city = "CREATE INDEX shops_city_idx ON public.shops USING btree (city)";
    let by_size = "CREATE INDEX shops_by_size ON public.shops USING btree (size, city)";
    assert_eq!(lines(db, POSTGRES_INDEXES).await, [by_size, by_city]);
}

const POSTGRES_COLUMNS: &str = "SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), collname,
    CASE WHEN attnotnull THEN 'not null' END, NULLIF(attidentity, ''), pg_get_expr(adbin, adrelid))
    FROM pg_attribute LEFT JOIN pg_collation c ON c.oid = attcollation
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = 'shops'::regclass AND attnum > 0 ORDER BY attnum";

/// From version 18 on columns that are not null are constraints, too.
const POSTGRES_CONSTRAINTS: &str = "SELECT concat(conname, ' ', pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE conrelid = 'shops'::regclass AND contype <> 'n' ORDER BY conname COLLATE \"C\"";

/// Those that are no constraint's.
const POSTGRES_INDEXES: &str = "SELECT indexdef FROM pg_indexes WHERE tablename = 'shops'
    AND indexname NOT IN (SELECT conname FROM pg_constraint) ORDER BY indexname COLLATE \"C\"";

/// A text for each row of the database's own catalog.
async fn lines(db: &Db, sql: &str) -> Vec<String> {
    let rows = db.raw_query(sql, []).await.unwrap();
    (0..rows.len()).map(|i| rows.get::<String>(i, 0).unwrap()).collect()
}

cases! {
    async fn constraints_and_indexes_are_in_the_database_by_name(engine) {
        let db = engine.db(tables![Shop]).await;
        if engine.is_postgres() { in_postgres(&db).await } else { in_sqlite(&db).await }
    }

    async fn a_column_that_the_database_does_not_have_is_an_error_and_never_a_text(engine) {
        let other = engine.db(tables![Other]).await;
        other.raw_execute("DROP TABLE others", []).await.unwrap();
        let strict = engine.either(" STRICT", "");
        let create = format!("CREATE TABLE others (id INTEGER PRIMARY KEY, name TEXT){strict}");
        other.raw_execute(&create, []).await.unwrap();
        other.raw_execute("INSERT INTO others (id, name) VALUES (1, 'a')", []).await.unwrap();
        let named = |o: OtherCols| o.status.ne("archived");
        assert!(other.find::<Other>().await.is_err());
        assert!(other.find::<Other>().filter(named).count().await.is_err());
        assert!(other.update::<Other>().filter(named).set(|o| o.name.set("b")).await.is_err());
        assert!(other.delete::<Other>().filter(named).await.is_err());
        assert_eq!(other.raw_query("SELECT name FROM others", []).await.unwrap().get::<String>(0, 0).unwrap(), "a");
    }

    async fn creating_tables_twice_changes_nothing(engine) {
        let db = engine.db(tables![Shop]).await;
        let shop = NewShop { name: "a".into(), city: "x".into(), size: 1.into(), open: true.into(), ..Default::default() };
        db.create(shop).await.unwrap();
        db.create_tables().await.unwrap();
        assert_eq!(db.find::<Shop>().one().await.unwrap().kind, Kind::Small);
    }

    async fn a_database_cascade_removes_rows_of_a_table_without_hooks(engine) {
        let db = engine.db(tables![Parent, Child]).await;
        let parent = db.create(NewParent::default()).await.unwrap();
        db.create(NewChild { parent: parent.id.into(), ..Default::default() }).await.unwrap();
        db.delete::<Parent>().by_key(parent.id).await.unwrap();
        assert_eq!(db.find::<Child>().count().await.unwrap(), 0);
    }

    async fn a_key_that_refers_to_another_table_is_the_callers_to_give(engine) {
        let db = engine.db(tables![Parent, Bio]).await;
        let parent = db.create(NewParent::default()).await.unwrap().id;
        let bio = NewBio { text: "a".into(), ..Default::default() };
        assert!(matches!(db.create(bio.clone()).await, Err(Error::Required(_))));
        assert_eq!(db.create(NewBio { parent: parent.into(), ..bio }).await.unwrap().parent, parent);
    }

    async fn l45_an_update_that_the_database_would_cascade_onto_hooks_is_refused_at_connect(engine) {
        let error = Db::open(&engine.url().await).tables(tables![Shop, HookedChild]).connect().await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.code(), "setup");
        assert!(text.contains("hooked_children.shop") && text.contains("HookedChild") && text.contains("restrict"), "{text}");
    }

    async fn tables_that_do_not_fit_together_are_refused_at_connect(engine) {
        for (tables, needle) in [
            (tables![Child], "`parents`, which is not listed"),
            (tables![Parent, Parent], "listed twice"),
            (tables![Orphan], "`orphans.name` is set by a hook"),
            (tables![Parent, Mistyped], "`mistyped.parent` is of another type than `parents.id`"),
            (tables![Other, Unspecific], "`others.name`, which is neither"),
            (tables![Parent, Shouting], "listed twice"),
        ] {
            let error = Db::open(&engine.url().await).tables(tables).connect().await.unwrap_err().to_string();
            assert!(error.contains(needle), "{error}");
        }
        for url in ["host=h password=secret", "mysql://root:secret@host/db", "sqlite://", "sqlite:///nowhere/at/all/x.db", "sqlite::memory:?durability=some"] {
            let error = Db::open(url).connect().await.unwrap_err();
            assert!(error.code() == "setup" && !error.to_string().contains("secret"), "{error}");
        }
    }
}
