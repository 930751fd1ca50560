use seeds::audit::{Account, Auditor, Entry, NewAccount, Person};
use tripline::{Db, Error, assert_trace, tables};

use crate::place::Place;

async fn open(place: &Place) -> Db {
    place.connect(tables![Account, Entry], |c| c.observe(Auditor)).await
}

fn account(name: &str) -> NewAccount {
    NewAccount { name: name.into(), token: "hunter2".into(), ..Default::default() }
}

async fn entries(db: &Db) -> Vec<Entry> {
    db.find::<Entry>().order(|e| e.id.asc()).await.unwrap()
}

everywhere! {
    async fn each_change_is_in_the_log_with_what_differs(place) {
        let db = open(&place).await;
        let ada = db.as_actor(Person("ada".into()));
        let id = ada.create(account("one")).await.unwrap().id;
        ada.update::<Account>().by_key(id).set(|a| a.plan.set("free")).set(|a| a.name.set("one")).await.unwrap();
        db.update::<Account>().by_key(id).set(|a| a.token.set("hunter3")).await.unwrap();
        db.delete::<Account>().by_key(id).await.unwrap();
        let log = entries(&db).await;
        let said: Vec<_> = log.iter().map(|e| (e.who.as_deref(), e.what.as_str(), e.diff.lines().count())).collect();
        assert_eq!(said, [
            (Some("ada"), "create", 4),
            (Some("ada"), "update", 1),
            (None, "update", 1),
            (None, "delete", 4),
        ]);
        assert_eq!(log[1].diff, r#"plan: Null -> Text("free")"#);
        assert_eq!(log[2].diff, "token: <secret> -> <secret>");
        assert!(log.iter().all(|entry| !entry.diff.contains("hunter") && entry.table == "accounts"));
    }

    async fn the_log_is_one_write_for_one_write(place) {
        let db = open(&place).await;
        db.create(vec![account("one"), account("two")]).await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create accounts",
            "    after_change Auditor",
            "      create audit",
            "        after_change Auditor",
        ]);
        assert_eq!(entries(&db).await.len(), 2);
    }

    async fn what_is_undone_is_not_in_the_log(place) {
        let db = open(&place).await;
        let failed = db.tx(async |tx| {
            tx.create(account("one")).await?;
            Err::<(), _>(Error::reject("no"))
        });
        failed.await.unwrap_err();
        assert!(entries(&db).await.is_empty());
        // Nor is there a change without its entry.
        db.create(account("one"))
            .after_create(async |tx, _| tx.delete::<Entry>().all_rows().await.map(drop))
            .after_create(async |_, _| Err(Error::reject("no")))
            .await
            .unwrap_err();
        assert_eq!(db.find::<Account>().count().await.unwrap(), 0);
    }
}
