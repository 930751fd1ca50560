//! Places where no database can be opened: an error that says so, when connecting.

use std::fs;

use tripline::{Connect, prelude::*};

use crate::common::{Place, connect, note, notes};

async fn refused(connect: Connect) -> String {
    match connect.connect().await {
        Err(Error::Setup(why)) => why.into(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let place = Place::new();
    let text = "not a database, but something that someone may want to keep\n".repeat(100);
    fs::write(place.file(), &text).unwrap();
    for parameters in ["", "mode=rw", "durability=strict"] {
        let why = refused(place.connect(parameters)).await;
        assert!(why.contains("app.db") && why.contains("not a database"), "{why}");
    }
    assert_eq!(fs::read_to_string(place.file()).unwrap(), text);
    assert_eq!(fs::read_dir(place.folder()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_folder_and_places_below_no_folder_are_refused() {
    let place = Place::new();
    fs::write(place.folder().join("text"), "text").unwrap();
    for file in ["", "missing/app.db", "text/app.db"] {
        let file = place.folder().join(file);
        let why = refused(connect(&file, "")).await;
        assert!(why.contains(&*file.to_string_lossy()), "{why}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_place_that_may_not_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.open("").await.close().await.unwrap();
    let locked = |mode| {
        fs::set_permissions(place.file(), fs::Permissions::from_mode(mode & 0o666)).unwrap();
        fs::set_permissions(place.folder(), fs::Permissions::from_mode(mode)).unwrap();
    };
    locked(0o555);
    // Root may write everywhere.
    let is_root = fs::write(place.folder().join("probe"), "").is_ok();
    let outcomes =
        [place.connect("").connect().await, connect(&place.folder().join("new.db"), "").connect().await];
    locked(0o755);
    for outcome in outcomes {
        assert!(is_root || matches!(outcome, Err(Error::Setup(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_missing_file_is_made_only_if_that_is_wanted() {
    let place = Place::new();
    refused(place.connect("mode=rw")).await;
    assert!(!place.file().exists());
    place.open("mode=rwc").await.create(note("a")).await.unwrap();
    let db = place.connect("mode=rw").connect().await.unwrap();
    assert_eq!(notes(&db).await, ["a"]);
}
