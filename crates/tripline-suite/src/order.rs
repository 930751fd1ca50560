//! In which order hooks run, and how often (L10 to L17).

use tripline::{
    AfterAny, AfterChange, AfterCreate, AfterDelete, AfterSave, AfterUpdate, AnyRow, AnyValues, BeforeAny,
    BeforeCreate, BeforeDelete, BeforeDeleteRows, BeforeSave, BeforeUpdate, BeforeUpdateRows, Change, Edit,
    OnAfterAny, OnAfterChange, OnAfterCreate, OnAfterDelete, OnAfterSave, OnAfterUpdate, OnBeforeAny,
    OnBeforeCreate, OnBeforeDelete, OnBeforeDeleteRows, OnBeforeSave, OnBeforeUpdate, OnBeforeUpdateRows,
    Operation, Outcome, RowChange, Saves, prelude::*,
};

use crate::Recorder;

#[derive(Table, Clone, Debug)]
#[table(name = "notes", hook_rows(NoteText))]
pub struct Note {
    #[key]
    pub id: Id<Note>,
    pub text: String,
}

/// A second row type: hooks of one phase on it are further hooks of the table.
#[derive(Row, Clone, Debug)]
#[row(of = Note)]
pub struct NoteText {
    pub text: String,
}

/// All hooks of one type, which note themselves with the number of rows that they got.
macro_rules! recording {
    ($($hook:ident $call:ident($($arg:ident: $type:ty)?) $count:expr;)*) => {$(
        impl $hook for Note {
            async fn $call(tx: &mut Tx<'_>, $($arg: $type)?) -> Result<()> {
                Recorder::of(tx).note(format!("own {} {}", stringify!($call), $count));
                Ok(())
            }
        }
    )*};
}

recording! {
    BeforeCreate before_create(rows: &mut [NewNote]) rows.len();
    BeforeUpdate before_update(patch: &mut NotePatch) usize::from(patch.text.is_set());
    BeforeUpdateRows before_update_rows(rows: &mut [Edit<Note>]) rows.len();
    BeforeSave before_save(saves: &mut Saves<'_, Note>) saves.iter_mut().count();
    BeforeDelete before_delete(operation: &Operation) operation.kind;
    BeforeDeleteRows before_delete_rows(rows: &[Note]) rows.len();
    BeforeAny before_any(operation: &Operation) operation.kind;
    AfterCreate after_create(rows: &[Note]) rows.len();
    AfterUpdate after_update(changes: &[Change<Note>]) changes.len();
    AfterDelete after_delete(rows: &[Note]) rows.len();
    AfterSave after_save(rows: &[Note]) rows.len();
    AfterChange after_change(changes: &[RowChange<Note>]) changes.len();
    AfterAny after_any(outcome: &Outcome) outcome.rows;
}

impl AfterCreate for NoteText {
    async fn after_create(tx: &mut Tx<'_>, rows: &[NoteText]) -> Result<()> {
        Recorder::of(tx).note(format!("text after_create {}", rows.len()));
        Ok(())
    }
}

/// Observers with all hooks, of one table and of all.
macro_rules! observing {
    ($observer:ident, $observes:ident, $row:ty, $draft:ty, $patch:ty, $table:ty) => {
        #[derive(Observer)]
        #[observes($observes)]
        struct $observer(&'static str);

        observing!(@hooks $observer, $row;
            OnBeforeCreate before_create(rows: &mut [$draft]) rows.len();
            OnBeforeUpdate before_update(_patch: &mut $patch) 1;
            OnBeforeUpdateRows before_update_rows(rows: &mut [Edit<$row>]) rows.len();
            OnBeforeSave before_save(saves: &mut Saves<'_, $table>) saves.iter_mut().count();
            OnBeforeDelete before_delete(operation: &Operation) operation.kind;
            OnBeforeDeleteRows before_delete_rows(rows: &[$row]) rows.len();
            OnBeforeAny before_any(operation: &Operation) operation.kind;
            OnAfterCreate after_create(rows: &[$row]) rows.len();
            OnAfterUpdate after_update(changes: &[Change<$row>]) changes.len();
            OnAfterDelete after_delete(rows: &[$row]) rows.len();
            OnAfterSave after_save(rows: &[$row]) rows.len();
            OnAfterChange after_change(changes: &[RowChange<$row>]) changes.len();
            OnAfterAny after_any(outcome: &Outcome) outcome.rows;
        );
    };
    (@hooks $observer:ident, $row:ty; $($hook:ident $call:ident($arg:ident: $type:ty) $count:expr;)*) => {$(
        impl $hook<$row> for $observer {
            async fn $call(&self, tx: &mut Tx<'_>, $arg: $type) -> Result<()> {
                Recorder::of(tx).note(format!("{} {} {}", self.0, stringify!($call), $count));
                Ok(())
            }
        }
    )*};
}

observing!(OfNotes, Note, Note, NewNote, NotePatch, Note);
observing!(OfAll, all, AnyRow, AnyValues, AnyValues, AnyRow);

pub fn note(text: &str) -> NewNote {
    NewNote { text: text.into(), ..Default::default() }
}

/// What the scopes do: in each scope hook by hook, and of one hook observer by observer (L12, L13).
fn scopes(scopes: &[&[&str]], hooks: &[&str], n: impl std::fmt::Display) -> Vec<String> {
    let mut expected = Vec::new();
    for scope in scopes {
        for hook in hooks {
            let text = if hook.contains(' ') { (*hook).to_owned() } else { format!("{hook} {n}") };
            expected.extend(scope.iter().map(|member| format!("{member} {text}")));
        }
    }
    expected
}

const OUTSIDE_IN: [&[&str]; 3] = [&["all"], &["notes1", "notes2"], &["own"]];
const INSIDE_OUT: [&[&str]; 3] = [&["own"], &["notes2", "notes1"], &["all"]];

async fn observed(engine: &crate::Engine) -> (crate::TestDb, Db, Recorder) {
    let recorder = Recorder::default();
    let db = engine
        .connect(tables![Note], |c| {
            c.observe(OfNotes("notes1")).observe(OfAll("all")).observe(OfNotes("notes2"))
        })
        .await;
    let as_recorder = db.as_actor(recorder.clone());
    (db, as_recorder, recorder)
}

cases! {
    async fn l11_l12_l13_l15_hooks_of_a_create_run_once_from_outside_in_and_back(engine) {
        let (_db, db, recorder) = observed(&engine).await;
        db.create(vec![note("a"), note("b")]).await.unwrap();
        let mut expected = scopes(&OUTSIDE_IN, &["before_create", "before_save", "before_any create"], 2);
        expected.extend(scopes(&INSIDE_OUT[..1], &["after_any", "after_change", "after_save"], 2));
        expected.extend(["text after_create 2".to_owned(), "own after_create 2".to_owned()]);
        expected.extend(scopes(&INSIDE_OUT[1..], &["after_any", "after_change", "after_save", "after_create"], 2));
        assert_eq!(recorder.take(), expected);
    }

    async fn l11_l12_hooks_of_an_update(engine) {
        let (_db, db, recorder) = observed(&engine).await;
        db.create(vec![note("a"), note("b"), note("c")]).await.unwrap();
        recorder.take();
        db.update::<Note>().filter(|n| n.text.ne("c")).set(|n| n.text.set("d")).await.unwrap();
        let before = ["before_update 1", "before_update_rows", "before_save", "before_any update"];
        let mut expected = scopes(&OUTSIDE_IN, &before, 2);
        expected.extend(scopes(&INSIDE_OUT, &["after_any", "after_change", "after_save", "after_update"], 2));
        assert_eq!(recorder.take(), expected);
    }

    async fn l11_l12_hooks_of_a_delete(engine) {
        let (_db, db, recorder) = observed(&engine).await;
        db.create(vec![note("a"), note("b")]).await.unwrap();
        recorder.take();
        db.delete::<Note>().all_rows().await.unwrap();
        let before = ["before_delete delete", "before_delete_rows", "before_any delete"];
        let mut expected = scopes(&OUTSIDE_IN, &before, 2);
        expected.extend(scopes(&INSIDE_OUT, &["after_any", "after_change", "after_delete"], 2));
        assert_eq!(recorder.take(), expected);
    }

    async fn l11_hooks_of_the_operation_are_innermost(engine) {
        let (_db, db, recorder) = observed(&engine).await;
        let (first, second, third) = (recorder.clone(), recorder.clone(), recorder.clone());
        db.create(note("a"))
            .before_create(async move |_, drafts| {
                first.note(format!("operation before {}", drafts.len()));
                Ok(())
            })
            .after_create(async move |_, rows| {
                second.note(format!("operation after 1: {}", rows[0].text));
                Ok(())
            })
            .after_create(async move |_, _| {
                third.note("operation after 2");
                Ok(())
            })
            .await
            .unwrap();
        let noted = recorder.take();
        let inner: Vec<&str> = noted.iter().skip(12).take(4).map(String::as_str).collect();
        assert_eq!(inner, ["operation before 1", "operation after 2", "operation after 1: a", "own after_any 1"]);
    }

    async fn l16_no_rows_no_hooks_that_see_rows(engine) {
        let (_db, db, recorder) = observed(&engine).await;
        db.update::<Note>().filter(|n| n.text.eq("zoe")).set(|n| n.text.set("x")).await.unwrap();
        let noted = recorder.take();
        assert!(noted.iter().all(|n| !n.contains("_rows") && (!n.contains("after") || n.ends_with("after_any 0"))), "{noted:?}");
        assert_eq!(noted.iter().filter(|n| n.contains("after_any 0")).count(), 4);
        db.delete::<Note>().filter(|n| n.text.eq("zoe")).await.unwrap();
        assert!(recorder.take().iter().all(|n| !n.contains("_rows")));
        db.create(Vec::<NewNote>::new()).await.unwrap();
        assert!(recorder.take().iter().all(|n| n.ends_with("after_any 0") || n.ends_with("before_any create")));
    }

    async fn l14_the_first_error_stops_the_phase_and_names_the_hook(engine) {
        let (_db, db, recorder) = observed(&engine).await;
        let error = db
            .create(note("a"))
            .before_create(async |_, _| Err(Error::custom(std::fmt::Error)))
            .before_create(async |_, _| panic!("not called"))
            .await
            .unwrap_err();
        let Error::Hook(hook) = &error else { panic!("{error:?}") };
        assert_eq!((hook.table, hook.operation, hook.phase), ("notes", tripline::Kind::Create, tripline::Phase::BeforeCreate));
        assert!(hook.hook.to_string().contains("order.rs"), "{}", hook.hook);
        // The hook's own error, unchanged.
        assert!(std::error::Error::source(&error).unwrap().is::<std::fmt::Error>());
        assert!(recorder.take().iter().all(|n| n.contains("before")));
    }

    async fn l17_the_caller_gets_the_row_as_the_operation_wrote_it(engine) {
        let db = engine.db(tables![Note]).await;
        let hook = async |tx: &mut Tx<'_>, rows: &[Note]| {
            tx.update::<Note>().by_key(rows[0].id).set(|n| n.text.set("by hook")).without_hooks().await.map(drop)
        };
        assert_eq!(db.create(note("mine")).after_create(hook).await.unwrap().text, "mine");
        assert_eq!(db.create(note("mine")).after_create(hook).refreshed().await.unwrap().text, "by hook");
    }
}
