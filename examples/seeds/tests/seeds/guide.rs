//! What the guide shows of the sign-up is what is printed.

use seeds::welcome::{Mailer, NewUser, Organization, Profile, User};
use tokio::sync::mpsc::unbounded_channel;
use tripline::{Db, tables};

/// Without times and line numbers.
fn lasting(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let (before, after) = line.split_once("  [").unwrap_or((line, ""));
        let after = after.split_once(']').map_or("", |(_, after)| after);
        let line = format!("{before}{after}");
        let place = line.rsplit_once(".rs:");
        place.map_or(line.clone(), |(before, _)| format!("{before}.rs)")).trim_end().to_owned()
    };
    text.lines().map(line).filter(|line| !line.is_empty()).collect()
}

fn shown(printed: &str) {
    let chapter = include_str!("../../../../docs/guide/traces.md");
    let printed = lasting(printed);
    let blocks: Vec<Vec<String>> =
        chapter.split("```").map(|block| lasting(block.trim_start_matches("text\n"))).collect();
    assert!(
        blocks.contains(&printed),
        "docs/guide/traces.md does not show this:\n\n{}\n",
        printed.join("\n")
    );
}

#[tokio::test]
async fn the_chapter_on_traces_shows_what_is_printed() {
    let (sender, _mails) = unbounded_channel();
    let open = Db::open("sqlite::memory:").tables(tables![User, Profile, Organization]);
    let db = open.observe(Mailer(sender)).connect().await.unwrap();
    db.create_tables().await.unwrap();
    let user = |name: &str, email: &str| NewUser {
        name: name.into(),
        email: email.into(),
        password: "hunter2".into(),
        ..Default::default()
    };
    let explained = db.create(user("Ada", "ada@x.org")).explain().await.unwrap().to_string();
    println!("{explained}");
    db.create(user("Ada", "ada@x.org")).await.unwrap();
    db.drain().await.unwrap();
    let ran = db.last_trace().unwrap().to_string();
    println!("{ran}");
    db.create(user("a/b", "bob@x.org")).await.unwrap_err();
    let failed = db.last_trace().unwrap().to_string();
    println!("{failed}");
    [explained, ran, failed].iter().for_each(|printed| shown(printed));
}
