//! Tables that were made by others, whose columns are of other types than Tripline's own.

use std::str::FromStr;

use jiff::Timestamp;
use tripline::{Json, TextEnum, prelude::*};

use crate::common::{Place, database_code, note, notes, soon};

#[derive(TextEnum, Clone, Copy, Debug, PartialEq)]
enum Mood {
    Sad,
    Happy,
}

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "old")]
struct Old {
    #[key]
    id: i64,
    at: Timestamp,
    price: f64,
    code: String,
    name: String,
    count: i64,
}

const OLD: &str = "CREATE TABLE old (id bigint PRIMARY KEY, at timestamp NOT NULL, price \
                   numeric(20, 6) NOT NULL, code char(5) NOT NULL, name varchar(9) NOT NULL, count numeric(20) NOT NULL)";

fn old(id: i64) -> Old {
    let at = Timestamp::from_str("2024-06-01T12:30:00.123456Z").unwrap();
    Old { id, at, price: 0.1, code: "ab".into(), name: "Ann".into(), count: 7 }
}

fn new(old: Old) -> NewOld {
    NewOld {
        id: old.id.into(),
        at: old.at.into(),
        price: old.price.into(),
        code: old.code.into(),
        name: old.name.into(),
        count: old.count.into(),
    }
}

/// Whatever the time zone that the server would have.
#[tokio::test]
async fn columns_of_like_types_are_written_read_and_compared() {
    let place = Place::new().await;
    place.psql(OLD);
    let name = place.psql("SELECT current_database()");
    place.psql(&format!("ALTER DATABASE {name} SET TimeZone = 'Asia/Kolkata'"));
    let db = Db::open(&place.url()).tables(tables![Old]).connect().await.unwrap();
    assert_eq!(db.create(new(old(1))).await.unwrap(), old(1));
    db.create([new(old(2)), new(old(3))]).await.unwrap();
    assert_eq!(
        place.psql("SELECT DISTINCT at || ' ' || price FROM old"),
        "2024-06-01 12:30:00.123456 0.100000"
    );
    assert_eq!(db.find::<Old>().order(|o| o.id.asc()).await.unwrap(), [old(1), old(2), old(3)]);
    let first = old(1);
    let found = db
        .find::<Old>()
        .filter(|o| o.at.eq(first.at).and(o.price.eq(0.1)).and(o.code.eq("ab")).and(o.count.gt(6)))
        .filter(|o| o.at.is_in([first.at]).and(o.name.eq("Ann")))
        .count();
    assert_eq!(found.await.unwrap(), 3);
    db.update::<Old>().by_key(2).set(|o| o.price.add(0.2)).await.unwrap();
    assert_eq!(db.find::<Old>().by_key(2).await.unwrap().unwrap().price, 0.3);
}

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "moods")]
struct MoodOf {
    #[key]
    id: i64,
    mood: Mood,
}

/// Their type has to be asked for, the first time on each connection.
#[tokio::test]
async fn many_rows_with_a_type_of_the_databases_own_are_read_at_once() {
    let place = Place::new().await;
    place.psql(
        "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE moods (id bigint PRIMARY KEY, mood mood)",
    );
    place.psql("INSERT INTO moods SELECT n, 'sad' FROM generate_series(1, 20000) n");
    let open = async || Db::open(&place.url()).tables(tables![MoodOf]).connect().await.unwrap();
    let alone = soon(open().await.find::<MoodOf>().into_future()).await.unwrap();
    assert_eq!((alone.len(), alone[0].mood), (20_000, Mood::Sad));
    let in_a_transaction = soon(open().await.tx(async |tx| tx.find::<MoodOf>().await)).await.unwrap();
    assert_eq!(in_a_transaction.len(), 20_000);
}

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "names")]
struct Named {
    #[key]
    name: String,
}

#[tokio::test]
async fn citext_is_a_text_that_is_compared_with_case() {
    let place = Place::new().await;
    if place.psql("SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'") == "0" {
        return;
    }
    place.psql("CREATE EXTENSION citext; CREATE TABLE names (name citext PRIMARY KEY)");
    let db = Db::open(&place.url()).tables(tables![Named]).connect().await.unwrap();
    db.create(NewNamed { name: "Ann".into() }).await.unwrap();
    let with_case = |name: &'static str| db.find::<Named>().filter(move |n| n.name.eq(name)).count();
    assert_eq!((with_case("Ann").await.unwrap(), with_case("ann").await.unwrap()), (1, 0));
    assert_eq!(db.find::<Named>().one().await.unwrap().name, "Ann");
}

/// The server would ask for the right to create a table before it looks whether the table is there.
#[tokio::test]
async fn tables_that_are_there_are_used_by_a_role_that_may_not_create_any() {
    let place = Place::new().await;
    place.psql("CREATE ROLE clerk LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk");
    let db = place.open("user=clerk").await;
    db.create_tables().await.unwrap();
    db.create(note("a")).await.unwrap();
    assert_eq!(notes(&db).await, ["a"]);
    place.psql("DROP TABLE letters");
    let error = db.create_tables().await.unwrap_err();
    assert_eq!(database_code(&error), "PostgreSQL 42501", "{error:?}");
    place.open("").await.create_tables().await.unwrap();
    db.create_tables().await.unwrap();
}

#[tokio::test]
async fn a_number_that_a_float_cannot_keep_is_not_read_as_another() {
    let place = Place::new().await;
    place.psql(OLD);
    place.psql("INSERT INTO old VALUES (1, now(), 12345678901234.567891, '', '', 0)");
    let db = Db::open(&place.url()).tables(tables![Old]).connect().await.unwrap();
    let error = db.find::<Old>().await.unwrap_err();
    assert_eq!(error.code(), "decode");
    let text = error.to_string();
    assert!(
        text.contains("`old.price`") && text.contains("`numeric`") && text.contains("15 digits"),
        "{text}"
    );
}

#[derive(Table, Clone, Debug, PartialEq)]
#[table(name = "papers")]
struct Paper {
    #[key]
    id: i64,
    json: Json<Vec<String>>,
    small: i64,
}

/// It is read and written, but its text is the server's, so it is never equal to what serde writes.
#[tokio::test]
async fn jsonb_is_read_and_written_but_not_compared() {
    let place = Place::new().await;
    place.psql("CREATE TABLE papers (id bigint PRIMARY KEY, json jsonb NOT NULL, small smallint NOT NULL)");
    let db = Db::open(&place.url()).tables(tables![Paper]).connect().await.unwrap();
    let words = Json(vec!["a".to_owned(), "b".to_owned()]);
    let paper = |id: i64| NewPaper { id: id.into(), json: words.clone().into(), small: 1.into() };
    db.create(paper(1)).await.unwrap();
    db.create([paper(2), paper(3)]).await.unwrap();
    db.update::<Paper>().by_key(2).set(|p| p.json.set(Json(vec![]))).await.unwrap();
    let found = db.find::<Paper>().order(|p| p.id.asc()).await.unwrap();
    assert_eq!((&found[0].json, &found[1].json, &found[2].json), (&words, &Json(vec![]), &words));
    assert_eq!(db.find::<Paper>().filter(|p| p.json.eq(words.clone())).count().await.unwrap(), 0);
    let too_large = NewPaper { small: 40_000.into(), ..paper(4) };
    assert_eq!(db.create(too_large).await.unwrap_err().code(), "invalid");
}

#[derive(Table, Clone, Debug)]
#[table(name = "people")]
struct Person {
    #[key]
    id: i64,
    mood: Mood,
    tag: String,
}

#[tokio::test]
async fn a_column_of_a_type_that_does_not_go_says_how_it_is_changed() {
    let place = Place::new().await;
    place.psql("CREATE TYPE mood AS ENUM ('sad', 'happy')");
    place.psql("CREATE TABLE people (id bigint PRIMARY KEY, mood mood NOT NULL, tag uuid NOT NULL)");
    place.psql("INSERT INTO people VALUES (1, 'happy', gen_random_uuid())");
    let db = Db::open(&place.url()).tables(tables![Person]).connect().await.unwrap();
    let error = db.find::<Person>().await.unwrap_err().to_string();
    assert!(error.starts_with("a stored value of `people.tag`, which is `uuid` in the database"), "{error}");
    let person = |id: i64| NewPerson { id: id.into(), mood: Mood::Sad.into(), tag: "a".into() };
    let change = |column: &str| format!("`ALTER TABLE \"people\" ALTER COLUMN \"{column}\" TYPE text`");
    for error in [
        db.create(person(2)).await.unwrap_err(),
        db.create([person(2), person(3)]).await.unwrap_err(),
        db.update::<Person>().set(|p| p.mood.set(Mood::Sad)).all_rows().await.unwrap_err(),
        db.find::<Person>().filter(|p| p.mood.eq(Mood::Happy)).count().await.unwrap_err(),
        db.delete::<Person>().filter(|p| p.mood.is_in([Mood::Happy])).await.unwrap_err(),
    ] {
        assert!(["PostgreSQL 42804", "PostgreSQL 42883"].contains(&database_code(&error)), "{error:?}");
        assert!(error.to_string().contains(&change("mood")), "{error}");
    }
    for column in ["mood", "tag"] {
        place.psql(change(column).trim_matches('`'));
    }
    db.create(person(2)).await.unwrap();
    let happy = db.find::<Person>().filter(|p| p.mood.eq(Mood::Happy)).one().await.unwrap();
    assert_eq!((happy.id, happy.mood, happy.tag.len()), (1, Mood::Happy, 36));
}

#[tokio::test]
async fn what_ones_own_sql_answers_and_cannot_be_read_is_named() {
    let place = Place::new().await;
    let db = Db::open(&place.url()).tables(tables![]).connect().await.unwrap();
    let error = db.raw_query("SELECT 1 AS a, point(1, 2) AS place", []).await.unwrap_err();
    assert_eq!(error.code(), "decode");
    let text = error.to_string();
    assert!(
        text.contains("column `place` of the result, which is `point`") && text.contains("cast it"),
        "{text}"
    );
    let error = db.raw_query("SELECT ?", [tripline::Value::Int(1)]).await.unwrap_err().to_string();
    assert!(error.contains("`$1`, `$2`"), "{error}");
}
