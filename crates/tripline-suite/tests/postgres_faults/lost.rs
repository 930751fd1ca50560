//! Connections that break around COMMIT: before the server has got it, before its answer has come back, after that.
//! Whatever comes out, hooks say what is stored.

use tripline::prelude::*;
use tripline_testpg::{Cut, Direction, Gate, Proxy, has_text};

use crate::common::{
    Note, Place, Plain, is_lost, letter, letters, note, noted, notes, plain, proxy, recorded, soon,
};

/// Where the connection breaks, once.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Break {
    /// COMMIT, or the write that commits itself, does not reach the server.
    Before,
    /// The server has it and does as it is told, its answer does not come back.
    During,
    /// The answer comes back, but not that the server is ready for more.
    Amidst,
    /// All of the answer comes back, and that is the last of the connection.
    After,
}

impl Break {
    /// Whether the server commits.
    fn stores(self) -> bool {
        self != Break::Before
    }

    /// Breaks the next connection at the message that has this text in it.
    fn at(self, proxy: &Proxy, text: &'static str) {
        let direction = if self == Break::Before { Direction::ToServer } else { Direction::ToClient };
        let (mut met, mut done) = (false, false);
        proxy.cut_when(direction, move |message| {
            met |= has_text(message, text);
            let here = met && !done && (self != Break::After || message.first() == Some(&b'Z'));
            done |= here;
            match self {
                _ if !here => Cut::Forward,
                Break::Before | Break::During => Cut::DropAndClose,
                Break::Amidst | Break::After => Cut::ForwardAndClose,
            }
        });
    }
}

/// Writes a note, whose COMMIT is a flight of its own: by a transaction, or by itself.
async fn write_and_then_commit(db: &Db, in_transaction: bool) -> Result<()> {
    match in_transaction {
        true => db.tx(async |tx| tx.create(note("a")).await.map(drop)).await,
        false => db.create(note("a")).await.map(drop),
    }
}

/// Until this side knows that its connection was closed with the last of an answer, which nobody told it.
async fn until_noticed(proxy: &Proxy) {
    soon(async {
        while proxy.connections() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// That the pool has another connection for whoever comes next, and that what is stored is this.
async fn assert_goes_on(db: &Db, stored: &[&str]) {
    assert_eq!(notes(db).await, stored);
    db.create(note("z")).without_hooks().await.unwrap();
    assert_eq!(db.find::<Note>().count().await.unwrap(), stored.len() as u64 + 1);
}

#[tokio::test]
async fn l7_what_became_of_a_commit_is_found_out_also_with_one_connection() {
    for parameters in ["resolve_commits=true", "resolve_commits=true&pool_size=1"] {
        for place_of_break in [Break::Before, Break::During, Break::Amidst, Break::After] {
            for in_transaction in [true, false] {
                let case = format!("{place_of_break:?}, {in_transaction}, {parameters}");
                let (place, proxy) = (Place::new().await, proxy());
                let (db, recorder) = recorded(&place.open_through(&proxy, parameters).await);
                place_of_break.at(&proxy, "COMMIT");
                let result = soon(write_and_then_commit(&db, in_transaction)).await;
                let said = noted(&db, &recorder).await;
                match place_of_break.stores() {
                    true => {
                        result.expect(&case);
                        assert_eq!(said, ["committed a"], "{case}");
                    }
                    false => {
                        let error = result.expect_err(&case);
                        assert!(is_lost(&error), "{case}: {error:?}");
                        assert_eq!(said, ["rolled back 1"], "{case}");
                    }
                }
                if place_of_break == Break::After {
                    until_noticed(&proxy).await;
                }
                assert_goes_on(&db, if place_of_break.stores() { &["a"] } else { &[] }).await;
            }
        }
    }
}

#[tokio::test]
async fn l7_without_asking_a_lost_answer_is_unknown_and_nothing_follows() {
    for place_of_break in [Break::Before, Break::During, Break::Amidst] {
        for in_transaction in [true, false] {
            let case = format!("{place_of_break:?}, {in_transaction}");
            let (place, proxy) = (Place::new().await, proxy());
            let (db, recorder) = recorded(&place.open_through(&proxy, "resolve_commits=false").await);
            place_of_break.at(&proxy, "COMMIT");
            let error = soon(write_and_then_commit(&db, in_transaction)).await.expect_err(&case);
            let Error::CommitUnknown(cause) = &error else { panic!("{case}: {error:?}") };
            assert!(is_lost(cause), "{case}: {cause:?}");
            assert!(noted(&db, &recorder).await.is_empty(), "{case}");
            assert_goes_on(&db, if place_of_break.stores() { &["a"] } else { &[] }).await;
        }
    }
}

/// The transaction's id would come back with the answer that was lost.
#[tokio::test]
async fn l7_a_write_that_takes_commit_along_is_unknown_when_its_answer_is_lost() {
    for parameters in ["resolve_commits=true", "resolve_commits=false"] {
        for place_of_break in [Break::Before, Break::During, Break::Amidst] {
            let case = format!("{place_of_break:?}, {parameters}");
            let (place, proxy) = (Place::new().await, proxy());
            let (db, recorder) = recorded(&place.open_through(&proxy, parameters).await);
            place_of_break.at(&proxy, "COMMIT");
            let error = soon(db.create(letter("a")).into_future()).await.expect_err(&case);
            assert!(matches!(error, Error::CommitUnknown(_)), "{case}: {error:?}");
            assert!(noted(&db, &recorder).await.is_empty(), "{case}");
            assert_goes_on(&db, &[]).await;
            assert_eq!(letters(&db).await.len(), usize::from(place_of_break.stores()), "{case}");
        }
    }
}

#[tokio::test]
async fn l7_a_statement_that_commits_itself_is_unknown_when_its_answer_is_lost() {
    for place_of_break in [Break::Before, Break::During] {
        let (place, proxy) = (Place::new().await, proxy());
        let db = place.open_through(&proxy, "").await;
        place_of_break.at(&proxy, "INSERT");
        let error = soon(db.create(plain(1)).into_future()).await.unwrap_err();
        assert!(matches!(error, Error::CommitUnknown(_)), "{place_of_break:?}: {error:?}");
        let stored = db.find::<Plain>().count().await.unwrap();
        assert_eq!(stored, u64::from(place_of_break.stores()), "{place_of_break:?}");
    }
}

#[tokio::test]
async fn an_answer_that_came_is_believed_whatever_happens_to_the_connection_then() {
    let (place, proxy) = (Place::new().await, proxy());
    let (db, recorder) = recorded(&place.open_through(&proxy, "resolve_commits=false").await);
    Break::After.at(&proxy, "COMMIT");
    soon(db.create(letter("a")).into_future()).await.unwrap();
    assert_eq!(noted(&db, &recorder).await, ["committed a"]);
    until_noticed(&proxy).await;
    Break::After.at(&proxy, "INSERT");
    soon(db.create(plain(1)).into_future()).await.unwrap();
    until_noticed(&proxy).await;
    assert_goes_on(&db, &[]).await;
    assert_eq!((letters(&db).await.len(), db.find::<Plain>().count().await.unwrap()), (1, 1));
}

/// Nothing was to be committed, so nothing can be unknown.
#[tokio::test]
async fn what_only_reads_is_never_unknown() {
    for (text, place_of_break) in
        [("SELECT", Break::Before), ("SELECT", Break::During), ("COMMIT", Break::Before)]
    {
        let (place, proxy) = (Place::new().await, proxy());
        let db = place.open_through(&proxy, "resolve_commits=false").await;
        if text == "SELECT" {
            place_of_break.at(&proxy, text);
            let error = soon(db.find::<Note>().count()).await.unwrap_err();
            assert!(is_lost(&error), "{place_of_break:?}: {error:?}");
        }
        place_of_break.at(&proxy, text);
        let error = soon(db.read(async |tx| tx.find::<Note>().count().await)).await.unwrap_err();
        assert!(is_lost(&error), "{place_of_break:?} of {text}: {error:?}");
        place_of_break.at(&proxy, text);
        let error = soon(db.raw_query("SELECT count(*) FROM notes", [])).await.unwrap_err();
        assert!(is_lost(&error), "{place_of_break:?} of {text}: {error:?}");
        assert_goes_on(&db, &[]).await;
    }
}

#[tokio::test]
async fn l5_a_connection_that_breaks_amidst_a_transaction_takes_it_along() {
    let (place, proxy) = (Place::new().await, proxy());
    let (db, recorder) = recorded(&place.open_through(&proxy, "").await);
    let error = soon(db.tx(async |tx| {
        tx.create(note("a")).await?;
        proxy.close_all();
        tx.create(note("b")).await.map(drop)
    }))
    .await
    .unwrap_err();
    assert!(is_lost(&error), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    assert_goes_on(&db, &[]).await;
}

/// The savepoint has gone with the connection, so there is nothing to go on from.
#[tokio::test]
async fn l6_a_connection_that_breaks_in_a_savepoint_spoils_all_of_the_transaction() {
    for goes_on in [true, false] {
        let (place, proxy) = (Place::new().await, proxy());
        let (db, recorder) = recorded(&place.open_through(&proxy, "").await);
        let error = soon(db.tx(async |tx| {
            tx.create(note("a")).await?;
            proxy.close_all();
            let caught = tx.create(note("b")).savepoint().await.unwrap_err();
            assert!(is_lost(&caught), "{caught:?}");
            if goes_on {
                let next = tx.create(note("c")).await.unwrap_err();
                assert!(is_lost(next.root()), "{next:?}");
            }
            Ok(())
        }))
        .await
        .unwrap_err();
        assert!(matches!(error, Error::Poisoned(_)) && is_lost(error.root()), "{error:?}");
        assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
        assert_goes_on(&db, &[]).await;
    }
}

/// The server is still busy with COMMIT, so it is ended: else the answer would not stay true.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_a_commit_in_progress_is_ended_before_it_is_said_what_became_of_it() {
    let (place, proxy) = (Place::new().await, proxy());
    place.psql(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    let (db, recorder) =
        recorded(&place.open_through(&proxy, "resolve_commits=true&application_name=busy").await);
    let holder = place.open("").await;
    let error = holder
        .tx(async |tx| {
            tx.raw_query("SELECT pg_advisory_xact_lock(7)", []).await?;
            let writer = db.clone();
            let writing = tokio::spawn(async move { write_and_then_commit(&writer, true).await });
            place.until_waiting("busy");
            proxy.close_all();
            Ok(soon(writing).await.expect("it ends").unwrap_err())
        })
        .await
        .unwrap();
    assert!(is_lost(&error), "{error:?}");
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"]);
    place.until_at_rest("busy");
    assert!(notes(&db).await.is_empty());
}

/// As when a network is gone for a while: all connections break at once, and all that wait for one another's place
/// in the pool would wait for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_commits_that_are_lost_together_are_all_found_out() {
    let (place, proxy) = (Place::new().await, proxy());
    let (db, recorder) = recorded(&place.open_through(&proxy, "resolve_commits=true&pool_size=4").await);
    let gate = Gate::new();
    let hold = gate.clone();
    let mut held = 0;
    let (all_held, mut is_held) = tokio::sync::mpsc::unbounded_channel();
    proxy.cut_when(Direction::ToServer, move |message| {
        if !has_text(message, "COMMIT") || held == 4 {
            return Cut::Forward;
        }
        held += 1;
        all_held.send(()).expect("someone counts");
        Cut::Hold(hold.clone())
    });
    let writing: Vec<_> = (0..4)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { write_and_then_commit(&db, true).await })
        })
        .collect();
    for _ in 0..4 {
        soon(is_held.recv()).await.expect("each sends COMMIT");
    }
    proxy.close_all();
    for writing in writing {
        let error = soon(writing).await.unwrap().unwrap_err();
        assert!(is_lost(&error), "{error:?}");
    }
    assert_eq!(noted(&db, &recorder).await, ["rolled back 1"; 4]);
    assert!(notes(&db).await.is_empty());
    drop(gate);
}
