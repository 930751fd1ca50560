//! Create, find, count, exists, update, delete: what they give, on `Db`, `Tx` and `Read` alike.

use tripline::{On, prelude::*};

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "users")]
pub struct User {
    #[key]
    pub id: Id<User>,
    pub name: String,
    #[unique]
    pub email: String,
    pub age: Option<i64>,
    #[default(0)]
    pub posts: i64,
}

#[derive(Row, Clone, Debug, PartialEq)]
#[row(of = User)]
struct UserName {
    id: Id<User>,
    #[row(column = name)]
    called: String,
}

#[derive(Table, Clone, Debug, PartialEq)]
struct Seat {
    #[key]
    row: String,
    #[key]
    number: i32,
    taken: bool,
}

pub fn user(name: &str, age: impl Into<Option<i64>>) -> NewUser {
    NewUser {
        name: name.into(),
        email: format!("{name}@x.org").into(),
        age: age.into().into(),
        ..Default::default()
    }
}

fn names(users: &[User]) -> Vec<&str> {
    users.iter().map(|u| u.name.as_str()).collect()
}

async fn three(db: &Db) -> Result<Vec<User>> {
    db.create(vec![user("ada", 36), user("bob", None), user("cy", 20)]).await
}

cases! {
    async fn a_created_row_comes_back_with_its_key_and_defaults(engine) {
        let db = engine.db(tables![User]).await;
        let ada = db.create(user("ada", 36)).await.unwrap();
        assert_eq!((ada.name.as_str(), ada.age, ada.posts), ("ada", Some(36), 0));
        assert_eq!(db.find::<User>().by_key(ada.id).await.unwrap(), Some(ada));
    }

    async fn rows_of_one_create_come_back_in_the_order_of_their_drafts(engine) {
        let db = engine.db(tables![User]).await;
        let mut drafts: Vec<NewUser> = (0..2500).map(|i| user(&format!("u{i}"), i)).collect();
        // A key that the caller gives is kept, in the middle of assigned ones.
        drafts[1000].id = Id::new(1_000_000).into();
        let users = db.create(drafts).await.unwrap();
        assert_eq!(users.len(), 2500);
        assert!(users.iter().enumerate().all(|(i, u)| u.name == format!("u{i}")));
        assert_eq!(users[1000].id.get(), 1_000_000);
        for wanted in [&users[999], &users[1000], &users[2499]] {
            assert_eq!(db.find::<User>().by_key(wanted.id).await.unwrap().as_ref(), Some(wanted));
        }
    }

    async fn l1_any_number_of_rows_is_one_flight_on_postgresql(engine) {
        let db = engine.db(tables![User]).await;
        db.log.take();
        let users = db.create((0..4_500).map(|i| user(&format!("u{i}"), i)).collect::<Vec<_>>()).await.unwrap();
        let sent = db.log.take_flights();
        if engine.is_postgres() {
            let words = sent[0].iter().map(|sql| sql.split(' ').next().unwrap()).collect::<Vec<_>>();
            assert_eq!((sent.len(), words), (1, vec!["BEGIN", "INSERT", "COMMIT"]));
            assert!(sent[0][1].ends_with(" x 3"), "{sent:?}");
        }
        assert!(users.iter().enumerate().all(|(i, u)| u.name == format!("u{i}")));
        for i in [0, 1_999, 2_000, 3_999, 4_499] {
            assert_eq!(db.find::<User>().by_key(users[i].id).await.unwrap().as_ref(), Some(&users[i]));
        }
    }

    async fn of_rows_in_several_statements_all_are_created_or_none(engine) {
        let db = engine.db(tables![User]).await;
        for twice in [0, 2_400, 4_499] {
            let mut drafts: Vec<NewUser> = (0..4_500).map(|i| user(&format!("u{i}"), i)).collect();
            drafts.push(user(&format!("u{twice}"), None));
            let error = db.create(drafts).await.unwrap_err();
            let Error::Unique(violation) = &error else { panic!("{error:?}") };
            assert!(violation.table == "users" && violation.columns == ["email"], "{violation:?}");
            assert_eq!(db.find::<User>().count().await.unwrap(), 0);
        }
    }

    async fn a_create_of_no_rows_does_nothing(engine) {
        let db = engine.db(tables![User]).await;
        assert_eq!(db.create(Vec::<NewUser>::new()).await.unwrap(), []);
    }

    async fn a_key_is_never_given_twice(engine) {
        let db = engine.db(tables![User]).await;
        let last = three(&db).await.unwrap()[2].id;
        db.delete::<User>().by_key(last).await.unwrap();
        assert!(db.create(user("dee", None)).await.unwrap().id > last);
    }

    async fn keys_go_on_behind_one_that_the_caller_gave(engine) {
        let db = engine.db(tables![User]).await;
        let given = |name: &str, id: i64| NewUser { id: Id::new(id).into(), ..user(name, None) };
        let keys = |users: Vec<User>| users.into_iter().map(|user| user.id.get()).collect::<Vec<_>>();
        db.create(given("ada", 7)).await.unwrap();
        assert_eq!(db.create(user("bob", None)).await.unwrap().id, Id::new(8));
        let mixed = vec![given("cy", 3), given("dee", 20), user("eve", None), user("fay", None)];
        assert_eq!(keys(db.create(mixed).await.unwrap()), [3, 20, 21, 22]);
        // A far one, too.
        assert_eq!(keys(db.create(vec![given("gus", 5_000_000), user("hal", None)]).await.unwrap()), [5_000_000, 5_000_001]);
    }

    async fn find_filters_orders_and_pages(engine) {
        let db = engine.db(tables![User]).await;
        three(&db).await.unwrap();
        let find = || db.find::<User>().order(|u| u.age.desc());
        assert_eq!(names(&find().await.unwrap()), ["ada", "cy", "bob"]);
        assert_eq!(names(&find().order(|u| u.name.asc()).limit(1).offset(1).await.unwrap()), ["cy"]);
        assert_eq!(names(&find().offset(2).await.unwrap()), ["bob"]);
        let adults = find().filter(|u| u.age.gte(18)).filter(|u| u.name.ne("cy")).await.unwrap();
        assert_eq!(names(&adults), ["ada"]);
    }

    async fn nulls_are_smallest_unless_said_otherwise(engine) {
        let db = engine.db(tables![User]).await;
        three(&db).await.unwrap();
        let find = || db.find::<User>();
        assert_eq!(names(&find().order(|u| u.age.asc()).await.unwrap()), ["bob", "cy", "ada"]);
        assert_eq!(names(&find().order(|u| u.age.asc().nulls_last()).await.unwrap()), ["cy", "ada", "bob"]);
        assert_eq!(names(&find().order(|u| u.age.desc().nulls_first()).await.unwrap()), ["bob", "ada", "cy"]);
    }

    async fn first_one_by_key_count_and_exists(engine) {
        let db = engine.db(tables![User]).await;
        let users = three(&db).await.unwrap();
        let named = |name: &'static str| db.find::<User>().filter(move |u| u.name.eq(name));
        assert_eq!(named("ada").first().await.unwrap().as_ref(), Some(&users[0]));
        assert_eq!(named("zoe").first().await.unwrap(), None);
        assert_eq!(named("bob").one().await.unwrap(), users[1]);
        assert!(matches!(named("zoe").one().await, Err(Error::NotFound(_))));
        assert!(matches!(db.find::<User>().one().await, Err(Error::NotUnique(_))));
        assert_eq!(db.find::<User>().count().await.unwrap(), 3);
        assert_eq!(db.find::<User>().limit(2).count().await.unwrap(), 2);
        assert!(named("cy").exists().await.unwrap() && !named("zoe").exists().await.unwrap());
    }

    async fn a_row_type_reads_only_its_columns(engine) {
        let db = engine.db(tables![User]).await;
        let users = three(&db).await.unwrap();
        db.log.take();
        let bob = db.find::<User>().by_key(users[1].id).rows::<UserName>().await.unwrap().unwrap();
        assert_eq!(bob, UserName { id: users[1].id, called: "bob".into() });
        assert_eq!(db.log.take(), [engine.sql(r#"SELECT "id", "name" FROM "users" WHERE "id" = ?"#)]);
    }

    async fn update_gives_the_number_of_rows_or_the_rows(engine) {
        let db = engine.db(tables![User]).await;
        let users = three(&db).await.unwrap();
        let n = db.update::<User>().filter(|u| u.age.is_not_null()).set(|u| u.posts.add(2)).await.unwrap();
        assert_eq!(n, 2);
        let set = |u: UserCols| u.age.set(None::<i64>);
        let ada = db.update::<User>().by_key(users[0].id).set(set).rows::<User>().await.unwrap();
        assert_eq!(ada, [User { age: None, posts: 2, ..users[0].clone() }]);
        let name = db.update::<User>().by_key(users[2].id).set(|u| u.posts.mul(5)).rows::<UserName>().await.unwrap();
        assert_eq!(name[0].called, "cy");
        assert_eq!(db.find::<User>().by_key(users[2].id).await.unwrap().unwrap().posts, 10);
    }

    async fn an_update_that_sets_nothing_does_nothing(engine) {
        let db = engine.db(tables![User]).await;
        three(&db).await.unwrap();
        db.log.take();
        assert_eq!(db.update::<User>().all_rows().await.unwrap(), 0);
        assert!(db.log.take().is_empty());
    }

    async fn delete_gives_the_number_of_rows_or_the_rows_as_they_were(engine) {
        let db = engine.db(tables![User]).await;
        let users = three(&db).await.unwrap();
        assert_eq!(db.delete::<User>().by_key(users[0].id).rows::<User>().await.unwrap(), users[..1]);
        assert_eq!(db.delete::<User>().by_key(users[0].id).await.unwrap(), 0);
        assert_eq!(db.delete::<User>().all_rows().await.unwrap(), 2);
    }

    async fn update_and_delete_of_all_rows_must_be_said(engine) {
        let db = engine.db(tables![User]).await;
        three(&db).await.unwrap();
        db.log.take();
        let update = db.update::<User>().set(|u| u.posts.set(1)).await;
        assert!(matches!(update, Err(Error::Unfiltered(_))), "{update:?}");
        assert!(matches!(db.delete::<User>().await, Err(Error::Unfiltered(_))));
        assert!(db.log.take().is_empty());
        assert_eq!(db.update::<User>().set(|u| u.posts.set(1)).all_rows().await.unwrap(), 3);
    }

    async fn a_key_of_two_columns_is_a_tuple(engine) {
        let db = engine.db(tables![Seat]).await;
        let seat = |number: i32| NewSeat { row: "A".into(), number: number.into(), taken: false.into() };
        db.create(vec![seat(1), seat(2)]).await.unwrap();
        let key = ("A".to_owned(), 2);
        assert_eq!(db.update::<Seat>().by_key(key.clone()).set(|s| s.taken.set(true)).await.unwrap(), 1);
        assert!(db.find::<Seat>().by_key(key.clone()).await.unwrap().unwrap().taken);
        assert_eq!(db.find::<Seat>().filter(|s| s.taken.eq(true)).one().await.unwrap().number, 2);
        assert!(matches!(db.create(seat(1)).await, Err(Error::Unique(_))));
    }

    async fn one_function_serves_database_transaction_and_read(engine) {
        async fn named<'x>(on: impl Into<On<'x>>, name: &str) -> Result<u64> {
            on.into().find::<User>().filter(|u| u.name.eq(name)).count().await
        }
        let db = engine.db(tables![User]).await;
        three(&db).await.unwrap();
        assert_eq!(named(&*db, "ada").await.unwrap(), 1);
        assert_eq!(db.tx(async |tx| named(&mut *tx, "ada").await).await.unwrap(), 1);
        assert_eq!(db.read(async |read| named(&mut *read, "ada").await).await.unwrap(), 1);
    }

    async fn a_table_that_is_not_listed_is_an_error(engine) {
        let db = engine.db(tables![User]).await;
        assert!(matches!(db.find::<Seat>().await, Err(Error::UnknownTable(table)) if &*table == "seats"));
    }

    async fn sql_of_ones_own_reads_writes_and_keeps_off_transactions(engine) {
        let db = engine.db(tables![User]).await;
        three(&db).await.unwrap();
        let rows = db.raw_query("SELECT name, age FROM users WHERE age > $1 ORDER BY age", [21.into()]).await.unwrap();
        assert_eq!((rows.len(), rows.get::<String>(0, 0).unwrap(), rows.get::<i64>(0, 1).unwrap()), (1, "ada".into(), 36));
        assert_eq!(rows.columns(), ["name", "age"]);
        // A column has a name only if it is given one, and what that would be is the engine's affair.
        assert_eq!(db.raw_query("SELECT 1 + 1", []).await.unwrap().columns(), [engine.either("1 + 1", "?column?")]);
        assert!(rows.get::<i64>(0, 0).is_err() && rows.get::<i64>(7, 0).is_err());
        assert_eq!(db.raw_execute("UPDATE users SET posts = 9", []).await.unwrap(), 3);
        let settings = engine.either(
            ["PRAGMA synchronous = OFF", "ATTACH ':memory:' AS x"],
            ["SET synchronous_commit = off", "LISTEN users"],
        );
        for forbidden in ["COMMIT", "ROLLBACK", "SAVEPOINT a", "BEGIN"].into_iter().chain(settings) {
            let error = db
                .tx(async |tx| {
                    tx.update::<User>().set(|u| u.posts.set(0)).all_rows().await?;
                    tx.raw_execute(forbidden, []).await
                })
                .await;
            assert!(matches!(error, Err(Error::Invalid(_))), "{forbidden}: {error:?}");
        }
        assert!(db.raw_query("SELECT $1", []).await.is_err());
        // PostgreSQL does not mind a value that no parameter asks for.
        assert_eq!(db.raw_query("SELECT $1", [1.into(), 2.into()]).await.is_ok(), engine.is_postgres());
        assert!(db.raw_query("SELECT 1; SELECT 2", []).await.is_err());
        assert_eq!(db.find::<User>().filter(|u| u.posts.eq(9)).count().await.unwrap(), 3);
    }

    async fn parameters_of_ones_own_sql_are_numbered_on_every_engine(engine) {
        let db = engine.db(tables![User]).await;
        three(&db).await.unwrap();
        let sql = "SELECT name FROM users WHERE (name = $2 OR age < $1) AND name <> $3 AND age > $1 - 10";
        let rows = db.raw_query(sql, [30.into(), "ada".into(), "bob".into()]).await.unwrap();
        let mut names: Vec<String> = (0..rows.len()).map(|i| rows.get(i, 0).unwrap()).collect();
        names.sort();
        assert_eq!(names, ["ada"], "`cy` is 20, which is not more than 20");
        let sql = "UPDATE users SET posts = $2 WHERE name = $1";
        assert_eq!(db.raw_execute(sql, ["bob".into(), 7.into()]).await.unwrap(), 1);
        assert_eq!(db.find::<User>().filter(|u| u.posts.eq(7)).one().await.unwrap().name, "bob");
    }

    async fn reading_sql_may_not_write(engine) {
        let db = engine.db(tables![User]).await;
        three(&db).await.unwrap();
        let written = db.raw_query("DELETE FROM users", []).await;
        assert!(matches!(written, Err(Error::Invalid(_))), "{written:?}");
        let inside = db.tx(async |tx| tx.raw_query("DELETE FROM users RETURNING id", []).await).await;
        assert!(matches!(inside, Err(Error::Invalid(_))), "{inside:?}");
        assert_eq!(db.find::<User>().count().await.unwrap(), 3);
    }

    async fn a_database_answers_pings_until_it_is_closed(engine) {
        let db = engine.db(tables![User]).await;
        db.ping().await.unwrap();
        db.close().await.unwrap();
        assert!(matches!(db.ping().await, Err(Error::Closed)));
        assert!(matches!(db.create(user("ada", None)).await, Err(Error::Closed)));
    }
}
