//! Tables described at run time: the same operations, engine and hooks (T5).

use tripline::{
    Action, AnyKey, AnyRow, AnyTable, AnyValues, Change, ColumnDef, ColumnType, OnAfterCreate, OnAfterDelete,
    OnAfterUpdate, OnBeforeCreate, TableDef, Value, create_in, find_in, prelude::*,
};

use crate::Recorder;

/// Notes what happens to rows, whatever they are; titles are tidied up before.
#[derive(Observer)]
#[observes(all)]
struct Clerk;

impl OnBeforeCreate<AnyRow> for Clerk {
    async fn before_create(&self, _: &mut Tx<'_>, drafts: &mut [AnyValues]) -> Result<()> {
        for draft in drafts {
            if let Some(Value::Text(title)) = draft.get("title")?.cloned() {
                if title.is_empty() {
                    return Err(Error::reject("without a title"));
                }
                draft.set("title", Value::from(title.trim()))?;
            }
        }
        Ok(())
    }
}

impl OnAfterCreate<AnyRow> for Clerk {
    async fn after_create(&self, tx: &mut Tx<'_>, rows: &[AnyRow]) -> Result<()> {
        Recorder::of(tx).note(format!("created {} of {}", rows.len(), rows[0].table().name));
        Ok(())
    }
}

impl OnAfterUpdate<AnyRow> for Clerk {
    async fn after_update(&self, tx: &mut Tx<'_>, changes: &[Change<AnyRow>]) -> Result<()> {
        for change in changes {
            let text = format!("title changed {}", change.modified_column("title")?);
            Recorder::of(tx).note(text);
        }
        Ok(())
    }
}

impl OnAfterDelete<AnyRow> for Clerk {
    async fn after_delete(&self, tx: &mut Tx<'_>, rows: &[AnyRow]) -> Result<()> {
        Recorder::of(tx).note(format!("deleted {} of {}", rows.len(), rows[0].table().name));
        Ok(())
    }
}

#[derive(Table, Clone, Debug)]
#[table(name = "owners")]
struct Owner {
    #[key]
    id: Id<Owner>,
    title: String,
}

fn notes() -> AnyTable {
    TableDef::new("notes")
        .column(ColumnDef::new("id", ColumnType::Int).assigned_key())
        .column(ColumnDef::new("title", ColumnType::Text).unique())
        .column(ColumnDef::choice("status", ["open", "done"]).default("open"))
        .column(ColumnDef::new("rank", ColumnType::Int).default(0))
        .column(ColumnDef::new("due", ColumnType::Date).nullable())
        .column(ColumnDef::new("made", ColumnType::Timestamp).created_at())
        .column(ColumnDef::new("code", ColumnType::Text).nullable().secret())
        .check("rank_is_small", |n| n.col("rank").lt(100))
        .build()
        .expect("a table")
}

fn lines(notes: AnyTable) -> AnyTable {
    TableDef::new("lines")
        .column(ColumnDef::new("note", ColumnType::Int).key().references(notes, Action::Cascade))
        .column(ColumnDef::new("n", ColumnType::Int).key())
        .column(ColumnDef::new("title", ColumnType::Text))
        .build()
        .expect("a table")
}

fn title(row: &AnyRow) -> &str {
    match row.get("title") {
        Some(Value::Text(title)) => title,
        _ => "",
    }
}

async fn open(engine: &crate::Engine) -> (crate::TestDb, AnyTable, Db, Recorder) {
    let (notes, lines) = (notes(), lines(notes()));
    let db = engine
        .connect(tables![Owner], |c| c.table(notes).table(lines).observe_in([notes, lines], Clerk))
        .await;
    let recorder = Recorder::default();
    let watched = db.as_actor(recorder.clone());
    (db, notes, watched, recorder)
}

cases! {
    async fn t5_operations_are_built_from_names_and_values(engine) {
        let (db, notes, ..) = open(&engine).await;
        let made = db.create_in(notes, notes.values([("title", " milk ")]).unwrap()).await.unwrap();
        assert_eq!((title(&made), made.get("status"), made.get("rank")),
            ("milk", Some(&Value::from("open")), Some(&Value::Int(0))));
        let many = ["bread", "tea"].map(|t| notes.values([("title", Value::from(t)), ("rank", 5.into())]).unwrap());
        assert_eq!(db.create_in(notes, many).await.unwrap().len(), 2);
        let ordered = db.find_in(notes).order(|n| n.col("rank").desc()).order(|n| n.col("title").asc()).await.unwrap();
        assert_eq!(ordered.iter().map(title).collect::<Vec<_>>(), ["bread", "tea", "milk"]);
        let id = made.get("id").unwrap().clone();
        assert_eq!(title(&db.find_in(notes).by_key(id.clone()).one().await.unwrap()), "milk");
        let n = db.update_in(notes).filter(|n| n.col("rank").gte(5)).set(|n| n.col("rank").add(2)).await.unwrap();
        let rows = db.update_in(notes).by_key(id).set(|n| n.col("status").set("done")).rows::<AnyRow>().await.unwrap();
        assert_eq!((n, rows[0].get("status")), (2, Some(&Value::from("done"))));
        let found = db
            .find_in(notes)
            .filter(|n| n.col("title").is_in(["tea", "bread"]).and(n.col("due").is_null()).and(n.col("title").contains("e")))
            .count();
        assert_eq!(found.await.unwrap(), 2);
        assert_eq!(db.delete_in(notes).filter(|n| n.col("title").starts_with("b")).await.unwrap(), 1);
        let (left, _) = db.batch((find_in(notes).count(), create_in(notes, notes.values([("title", "x")]).unwrap()))).await.unwrap();
        assert_eq!(left, 2);
    }

    async fn t5_unknown_names_and_wrong_types_are_typed_errors(engine) {
        let (db, notes, ..) = open(&engine).await;
        let said = |error: Error| match error {
            Error::Invalid(invalid) => (invalid.table, invalid.column, invalid.reason),
            error => panic!("{error:?}"),
        };
        let unknown = Some("notes");
        assert_eq!(said(db.find_in(notes).filter(|n| n.col("titel").eq("a")).await.unwrap_err()), (unknown, None, "no column `titel`".into()));
        assert_eq!(said(db.find_in(notes).order(|n| n.col("titel").asc()).await.unwrap_err()).2, "no column `titel`");
        assert_eq!(said(db.update_in(notes).all_rows().set(|n| n.col("titel").set("a")).await.unwrap_err()).2, "no column `titel`");
        assert_eq!(said(notes.values([("titel", "a")]).unwrap_err()).2, "no column `titel`");
        let wrong = db.find_in(notes).filter(|n| n.col("rank").eq("high")).await.unwrap_err();
        assert_eq!(said(wrong), (unknown, Some("rank"), "a value of type text does not fit".into()));
        let wrong = db.create_in(notes, notes.values([("title", Value::Int(1))]).unwrap()).await.unwrap_err();
        assert_eq!(said(wrong).1, Some("title"));
        assert_eq!(said(db.find_in(notes).filter(|n| n.col("status").eq("lost")).await.unwrap_err()).1, Some("status"));
        assert_eq!(said(db.find_in(notes).filter(|n| n.col("due").eq(Value::Null)).await.unwrap_err()).1, Some("due"));
        assert!(said(db.find_in(notes).by_key("x").await.unwrap_err()).2.contains("is no `id`"));
        assert!(said(db.find_in(notes).by_key(AnyKey(vec![])).await.unwrap_err()).2.contains("its key has 1 values"));
        let others = db.create_in(notes, lines(notes).values([("n", 1)]).unwrap()).await.unwrap_err();
        assert!(said(others).2.contains("not of table `notes`"));
        assert!(matches!(db.table("nowhere"), Err(Error::UnknownTable(name)) if &*name == "nowhere"));
    }

    async fn m5_t5_empty_conditions_never_mean_all_rows(engine) {
        let (db, notes, ..) = open(&engine).await;
        db.create_in(notes, notes.values([("title", "a")]).unwrap()).await.unwrap();
        let none: Vec<tripline::Expr<AnyRow>> = Vec::new();
        assert!(matches!(db.delete_in(notes).await, Err(Error::Unfiltered(_))));
        assert!(matches!(db.delete_in(notes).filter(|_| tripline::Expr::all(none)).await, Err(Error::Unfiltered(_))));
        let none: Vec<tripline::Expr<AnyRow>> = Vec::new();
        assert!(matches!(db.delete_in(notes).filter(|_| tripline::Expr::any(none)).await, Err(Error::Invalid(_))));
        assert_eq!(db.delete_in(notes).filter(|n| n.col("title").is_in(Vec::<Value>::new())).await.unwrap(), 0);
        assert_eq!(db.find_in(notes).count().await.unwrap(), 1);
    }

    async fn t5_constraints_defaults_and_checks_hold(engine) {
        let (db, notes, ..) = open(&engine).await;
        let note = |t: &str, rank: i64| notes.values([("title", Value::from(t)), ("rank", rank.into())]).unwrap();
        db.create_in(notes, note("a", 1)).await.unwrap();
        let error = db.create_in(notes, note("a", 1)).await.unwrap_err();
        assert!(matches!(error.root(), Error::Unique(v) if v.columns == ["title"]), "{error:?}");
        let error = db.create_in(notes, note("b", 100)).await.unwrap_err();
        assert!(matches!(error.root(), Error::Check(v) if v.constraint.as_deref() == Some("rank_is_small")), "{error:?}");
        let error = db.create_in(notes, AnyValues::new(notes)).await.unwrap_err();
        assert!(matches!(error.root(), Error::Required(v) if v.columns == ["title"]), "{error:?}");
        let read_only = notes.values([("title", Value::from("c")), ("made", Value::Timestamp(jiff::Timestamp::UNIX_EPOCH))]);
        let error = db.create_in(notes, read_only.unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::ReadOnly(_)), "{error:?}");
        let secret = notes.values([("title", "d"), ("code", "hunter2")]).unwrap();
        let row = db.create_in(notes, secret).await.unwrap();
        assert!(!format!("{row:?}").contains("hunter2"));
    }

    async fn t5_hooks_run_cascades_included(engine) {
        let (db, notes, watched, recorder) = open(&engine).await;
        let lines = lines(notes);
        let note = watched.create_in(notes, notes.values([("title", "a")]).unwrap()).await.unwrap();
        let id = note.get("id").unwrap().clone();
        let line = |n: i64| lines.values([("note", id.clone()), ("n", n.into()), ("title", "l".into())]).unwrap();
        watched.create_in(lines, vec![line(1), line(2)]).await.unwrap();
        watched.update_in(notes).by_key(id.clone()).set(|n| n.col("rank").set(3)).await.unwrap();
        watched.delete_in(notes).by_key(id.clone()).await.unwrap();
        assert_eq!(recorder.take(), ["created 1 of notes", "created 2 of lines", "title changed false", "deleted 2 of lines", "deleted 1 of notes"]);
        let rejected = watched.create_in(notes, notes.values([("title", "")]).unwrap()).await.unwrap_err();
        assert!(rejected.is_rejected());
        // They are not those of other tables.
        watched.create(NewOwner { title: " x ".into(), ..Default::default() }).await.unwrap();
        assert!(recorder.take().is_empty());
        assert_eq!(db.find::<Owner>().one().await.unwrap().title, " x ");
    }

    async fn t5_a_typed_table_is_also_one_of_names(engine) {
        let (db, ..) = open(&engine).await;
        let owners = db.table("owners").unwrap();
        db.create_in(owners, owners.values([("title", "a")]).unwrap()).await.unwrap();
        assert_eq!(db.find::<Owner>().one().await.unwrap().title, "a");
        assert_eq!(db.tables().map(AnyTable::name).collect::<Vec<_>>(), ["owners", "notes", "lines"]);
        let upsert = db.create_in(owners, owners.values([("id", Value::Int(1)), ("title", "b".into())]).unwrap());
        let row = upsert.on_conflict(|o| o.col("id")).do_update().await.unwrap();
        assert_eq!(title(&row), "b");
    }

    async fn t5_the_same_definition_is_the_same_table(_engine) {
        assert!(std::ptr::eq(notes().desc(), notes().desc()));
        let wrong = |def: TableDef| def.build().unwrap_err().to_string();
        let id = || ColumnDef::new("id", ColumnType::Int).assigned_key();
        assert!(wrong(TableDef::new("x")).contains("needs a key"));
        assert!(wrong(TableDef::new("x").column(id()).column(id())).contains("there twice"));
        assert!(wrong(TableDef::new("x").column(id()).column(ColumnDef::new("a", ColumnType::Int).default("b"))).contains("not of its type"));
        assert!(wrong(TableDef::new("x").column(id()).unique(["b"])).contains("an index of `b`"));
        assert!(wrong(TableDef::new("x").column(id()).check("c", |x| x.col("y").eq(1))).contains("no column `y`"));
    }
}
