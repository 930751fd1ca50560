use seeds::third_party::{NewRepository, Remote, Repository, Service};
use tripline::{Db, Id, StatementLog, assert_trace, tables};

use crate::place::Place;

fn service() -> Service {
    let all = [("tripline", 5, false), ("secret", 9, true), ("flights", 3, false)];
    let repositories = all.iter().zip(1..).map(|((name, stars, private), id)| Repository {
        id: Id::new(id),
        name: (*name).into(),
        stars: *stars,
        private: *private,
    });
    Service { repositories: repositories.collect(), ..Service::default() }
}

async fn open(place: &Place, service: Service) -> (Db, StatementLog) {
    let log = StatementLog::default();
    let tables = tables![Repository];
    let db = place.connect(tables, |c| c.observe(Remote(service)).statement_log(log.clone())).await;
    log.take();
    (db, log)
}

everywhere! {
    async fn rows_of_a_service_are_read_like_rows_of_a_table(place) {
        let service = service();
        let (db, log) = open(&place, service.clone()).await;
        let most = db.find::<Repository>().order(|r| r.stars.desc()).await.unwrap();
        assert_eq!(most.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["tripline", "flights"]);
        assert_eq!(db.find::<Repository>().filter(|r| r.stars.gt(3)).count().await.unwrap(), 1);
        assert!(db.find::<Repository>().by_key(Id::new(2)).await.unwrap().is_none());
        // The filter for reads holds for the service, too; the database was not asked.
        assert_eq!(*service.asked.lock().await, 3);
        assert!(log.take().is_empty());
    }

    async fn a_service_that_is_down_is_an_error_that_names_the_resolver(place) {
        let (db, _) = open(&place, Service::default()).await;
        let error = db.tx(async |tx| tx.find::<Repository>().limit(1).await).await.unwrap_err();
        assert!(error.to_string().contains("repositories"), "{error}");
        assert!(error.root().to_string().ends_with("the service is down"), "{error}");
        assert_trace!(db.last_trace().unwrap(), [
            "transaction: hook",
            "  find repositories: hook",
            "    filter_reads Repository",
            "    resolve_find Remote: custom",
        ]);
    }

    async fn what_nobody_resolves_is_the_databases(place) {
        let (db, log) = open(&place, service()).await;
        db.create(NewRepository { name: "x".into(), stars: 1.into(), private: false.into(), ..Default::default() }).await.unwrap();
        assert_eq!(log.take().len(), 1);
        assert_eq!(db.find::<Repository>().count().await.unwrap(), 2);
    }
}
