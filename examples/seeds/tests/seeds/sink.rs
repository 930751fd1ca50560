use seeds::sink::{Archive, NewTeam, Team};
use tripline::{Db, Error, assert_trace, tables};

use crate::place::Place;

async fn open(place: &Place) -> (Db, Db) {
    let archive = place.db(tables![Team]).await;
    let sink = Archive(archive.clone());
    (place.connect(tables![Team], |c| c.sink("archive", sink)).await, archive)
}

fn team(name: &str) -> NewTeam {
    NewTeam { name: name.into(), ..Default::default() }
}

everywhere! {
    async fn a_sink_takes_what_is_sent_to_its_database(place) {
        let (db, archive) = open(&place).await;
        db.create(team("here")).await.unwrap();
        let made = db.create(vec![team("one"), team("two")]).on_database("archive").await.unwrap();
        assert_eq!((made[0].name.as_str(), made.len()), ("one", 2));
        let first = db.find::<Team>().filter(|t| t.name.ne("x")).order(|t| t.name.desc()).limit(1);
        assert_eq!(first.on_database("archive").await.unwrap()[0].name, "two");
        // The hooks of tables are those of their own database.
        assert_eq!(db.find::<Team>().one().await.unwrap().name, "HERE");
        assert_eq!(archive.find::<Team>().count().await.unwrap(), 2);
        db.tx(async |tx| tx.create(team("three")).on_database("archive").await).await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create teams",
            "    plan_create Archive",
            "    resolve_create Archive",
        ]);
    }

    async fn what_a_sink_refuses_or_does_not_know_is_an_error(place) {
        let (db, archive) = open(&place).await;
        let many = db.create(vec![team("x"); 101]).on_database("archive").await.unwrap_err();
        assert!(many.is_rejected(), "{many}");
        let delete = db.delete::<Team>().all_rows().on_database("archive").await.unwrap_err();
        assert!(delete.to_string().contains("does not resolve delete"), "{delete}");
        let nowhere = db.create(team("x")).on_database("nowhere").await.unwrap_err();
        assert!(matches!(nowhere, Error::UnknownDatabase("nowhere")), "{nowhere}");
        assert_eq!(archive.find::<Team>().count().await.unwrap(), 0);
        assert_eq!(db.find::<Team>().count().await.unwrap(), 0);
    }
}
