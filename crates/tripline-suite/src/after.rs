//! After-hooks (L40 to L43).

use tripline::{
    AfterChange, AfterCreate, AfterDelete, AfterSave, AfterUpdate, AnyRow, Change, Kind, OnAfterChange,
    RowChange, Value, prelude::*,
};

use crate::Recorder;

#[derive(Table, Clone, PartialEq)]
#[table(name = "posts", hook_rows(PostTitle, PostLikes))]
struct Post {
    #[key]
    id: Id<Post>,
    #[references(Author)]
    author: Id<Author>,
    title: String,
    #[default(0)]
    likes: i64,
    #[secret]
    draft_token: Option<String>,
}

#[derive(Table, Clone, Debug)]
#[table(name = "authors")]
struct Author {
    #[key]
    id: Id<Author>,
    #[default(0)]
    posts: i64,
}

#[derive(Row, Clone, Debug)]
#[row(of = Post)]
struct PostTitle {
    title: String,
}

#[derive(Row, Clone, Debug)]
#[row(of = Post)]
struct PostLikes {
    author: Id<Author>,
    likes: i64,
}

impl AfterCreate for PostLikes {
    async fn after_create(tx: &mut Tx<'_>, posts: &[PostLikes]) -> Result<()> {
        for post in posts {
            tx.update::<Author>().by_key(post.author).set(|a| a.posts.add(1)).await?;
        }
        match posts.iter().any(|p| p.likes < 0) {
            true => Err(Error::reject("negative likes")),
            false => Ok(()),
        }
    }
}

impl AfterUpdate for PostTitle {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<PostTitle>]) -> Result<()> {
        for change in changes {
            let (title, likes) = (change.modified(|p| p.title), change.modified(|p| p.likes));
            Recorder::of(tx)
                .note(format!("{} -> {}, title {title}, likes {likes}", change.old.title, change.new.title));
        }
        Ok(())
    }
}

impl AfterSave for PostTitle {
    async fn after_save(tx: &mut Tx<'_>, posts: &[PostTitle]) -> Result<()> {
        Recorder::of(tx).note(format!("saved {}", posts.len()));
        Ok(())
    }
}

impl AfterDelete for Post {
    async fn after_delete(tx: &mut Tx<'_>, posts: &[Post]) -> Result<()> {
        for post in posts {
            Recorder::of(tx).note(format!("deleted {}", post.title));
        }
        match posts.iter().any(|p| p.title == "keep") {
            true => Err(Error::reject("kept")),
            false => Ok(()),
        }
    }
}

impl AfterChange for PostLikes {
    async fn after_change(tx: &mut Tx<'_>, changes: &[RowChange<PostLikes>]) -> Result<()> {
        for change in changes {
            let likes = |row: &Option<PostLikes>| row.as_ref().map(|row| row.likes);
            Recorder::of(tx).note(format!(
                "{} {:?} -> {:?}",
                change.kind,
                likes(&change.old),
                likes(&change.new)
            ));
        }
        Ok(())
    }
}

/// An audit by difference, over all tables.
#[derive(Observer)]
#[observes(all)]
struct Audit(Recorder);

impl OnAfterChange<AnyRow> for Audit {
    async fn after_change(&self, _: &mut Tx<'_>, changes: &[RowChange<AnyRow>]) -> Result<()> {
        for change in changes {
            let row = change.new.as_ref().or(change.old.as_ref()).unwrap();
            let differs = |(column, value): &(&str, &Value)| {
                change.kind != Kind::Update
                    || change.old.as_ref().is_some_and(|old| old.get(column) != Some(*value))
            };
            // The same, asked of the change.
            assert_eq!(change.modified_column("no column").unwrap_err().code(), "invalid");
            let columns: Vec<&str> = row.iter().filter(differs).map(|(column, _)| column).collect();
            self.0.note(format!("{} {} {}", change.kind, row.table().name, columns.join(",")));
        }
        Ok(())
    }
}

async fn author(db: &Db) -> Id<Author> {
    db.create(NewAuthor::default()).await.unwrap().id
}

fn post(author: Id<Author>, title: &str) -> NewPost {
    NewPost { author: author.into(), title: title.into(), ..Default::default() }
}

cases! {
    async fn l40_after_hooks_see_rows_as_stored_and_old_rows(engine) {
        let db = engine.db(tables![Post, Author]).await;
        let recorder = Recorder::default();
        let as_recorder = db.as_actor(recorder.clone());
        let author = author(&db).await;
        as_recorder.create(vec![post(author, "a"), post(author, "b")]).await.unwrap();
        assert_eq!(recorder.take(), ["create None -> Some(0)", "create None -> Some(0)", "saved 2"]);
        assert_eq!(db.find::<Author>().by_key(author).await.unwrap().unwrap().posts, 2);
        as_recorder.update::<Post>().set(|p| p.likes.add(2)).set(|p| p.title.set("b")).all_rows().await.unwrap();
        let expected = [
            "update Some(0) -> Some(2)", "update Some(0) -> Some(2)", "saved 2",
            "a -> b, title true, likes true", "b -> b, title false, likes true",
        ];
        assert_eq!(recorder.take(), expected);
        as_recorder.delete::<Post>().all_rows().await.unwrap();
        assert_eq!(recorder.take(), ["delete Some(2) -> None", "delete Some(2) -> None", "deleted b", "deleted b"]);
    }

    async fn l41_an_error_after_undoes_single_and_bulk_writes(engine) {
        let db = engine.db(tables![Post, Author]).await;
        let author = author(&db).await;
        let bad = || NewPost { likes: (-1).into(), ..post(author, "bad") };
        assert!(db.create(bad()).await.unwrap_err().is_rejected());
        assert!(db.create(vec![post(author, "good"), bad()]).await.unwrap_err().is_rejected());
        assert_eq!(db.find::<Post>().count().await.unwrap(), 0);
        assert_eq!(db.find::<Author>().by_key(author).await.unwrap().unwrap().posts, 0);
        db.create(vec![post(author, "keep"), post(author, "drop")]).await.unwrap();
        assert!(db.delete::<Post>().all_rows().await.unwrap_err().is_rejected());
        assert_eq!(db.find::<Post>().count().await.unwrap(), 2);
    }

    async fn l42_columns_for_hooks_are_not_in_the_callers_rows(engine) {
        let db = engine.db(tables![Post, Author]).await;
        let author = author(&db).await;
        let made = db.create(post(author, "a")).rows::<PostTitle>().await.unwrap();
        assert_eq!(made.title, "a");
        let set = |p: PostCols| p.likes.set(4);
        let updated = db.update::<Post>().set(set).all_rows().rows::<PostLikes>().await.unwrap();
        assert_eq!((updated[0].author, updated[0].likes), (author, 4));
        let gone = db.delete::<Post>().all_rows().rows::<PostTitle>().await.unwrap();
        assert_eq!(gone[0].title, "a");
    }

    async fn l43_delete_hooks_see_the_deleted_rows(engine) {
        let db = engine.db(tables![Post, Author]).await;
        let recorder = Recorder::default();
        let author = author(&db).await;
        db.create(vec![post(author, "a"), post(author, "b")]).await.unwrap();
        db.as_actor(recorder.clone()).delete::<Post>().filter(|p| p.title.eq("b")).await.unwrap();
        assert_eq!(recorder.take(), ["delete Some(0) -> None", "deleted b"]);
    }

    async fn an_observer_of_all_tables_sees_every_row_by_name(engine) {
        let recorder = Recorder::default();
        let audit = Audit(recorder.clone());
        let db = engine.connect(tables![Post, Author], |c| c.observe(audit)).await;
        let author = author(&db).await;
        db.create(post(author, "a")).await.unwrap();
        db.update::<Post>().set(|p| p.title.set("b")).set(|p| p.likes.set(0)).all_rows().await.unwrap();
        db.delete::<Post>().all_rows().await.unwrap();
        let expected = [
            "create authors id,posts", "update authors posts", "create posts id,author,title,likes,draft_token",
            "update posts title", "delete posts id,author,title,likes,draft_token",
        ];
        assert_eq!(recorder.take(), expected);
    }
}
