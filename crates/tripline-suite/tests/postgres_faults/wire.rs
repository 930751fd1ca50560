//! What is on the wire: flights are sent before anything is answered, and nothing else is sent.

use std::sync::{Arc, Mutex};

use tripline::prelude::*;
use tripline_testpg::{Cut, Direction, Gate, Proxy, has_text};

use crate::common::{Place, Plain, letter, plain, proxy, soon};

/// Lists the messages to the server, each as a word: its command, if it has a text of ours, else its tag.
fn listen(proxy: &Proxy) -> Arc<Mutex<Vec<String>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let list = heard.clone();
    proxy.cut_when(Direction::ToServer, move |message| {
        let word = ["BEGIN", "INSERT", "UPDATE", "COMMIT"].into_iter().find(|word| has_text(message, word));
        let tag = char::from(message.first().copied().unwrap_or_default()).to_string();
        list.lock().unwrap().push(word.map_or(tag, str::to_owned));
        Cut::Forward
    });
    heard
}

#[tokio::test]
async fn l32_a_flight_is_sent_before_any_of_it_is_answered() {
    let (place, proxy) = (Place::new().await, proxy());
    let db = place.open_through(&proxy, "pool_size=1").await;
    let heard = listen(&proxy);
    let gate = Gate::new();
    let held = gate.clone();
    proxy.cut_when(Direction::ToClient, move |_| Cut::Hold(held.clone()));
    let before = async |tx: &mut Tx<'_>, _: &mut [crate::common::NewLetter]| {
        tx.create(plain(1)).pipelined().await?;
        tx.update::<Plain>().all_rows().set(|p| p.n.add(1)).pipelined().await
    };
    let create = async { db.create(letter("a")).before_create(before).await.unwrap() };
    let all_sent = async {
        while !heard.lock().unwrap().iter().any(|word| word == "COMMIT") {
            tokio::task::yield_now().await;
        }
        gate.open();
    };
    soon(async { tokio::join!(create, all_sent) }).await;
    let heard: Vec<String> = heard.lock().unwrap().iter().filter(|word| word.len() > 1).cloned().collect();
    // Each is prepared beside, the first time.
    assert_eq!(heard[..5], ["BEGIN", "INSERT", "UPDATE", "INSERT", "COMMIT"]);
    assert_eq!(heard[5..], ["INSERT", "UPDATE", "INSERT"]);
    assert_eq!(db.find::<Plain>().one().await.unwrap().n, 2);
}

#[tokio::test]
async fn a_connection_that_is_taken_and_given_back_hears_nothing_of_that() {
    let (place, proxy) = (Place::new().await, proxy());
    let db = place.open_through(&proxy, "pool_size=1").await;
    let row = db.create(plain(1)).await.unwrap();
    for _ in 0..2 {
        db.find::<Plain>().by_key(row.id).await.unwrap();
    }
    let heard = listen(&proxy);
    for _ in 0..3 {
        assert_eq!(db.find::<Plain>().by_key(row.id).await.unwrap().as_ref(), Some(&row));
    }
    // Bind, execute, and sync: the execution of a prepared statement.
    assert_eq!(heard.lock().unwrap().concat(), "BESBESBES");
}
