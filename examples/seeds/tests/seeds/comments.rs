use seeds::comments::{Comment, NewComment, NewPost, Post};
use tripline::{Db, Error, Id, assert_trace, tables};

use crate::place::Place;

async fn posts(place: &Place) -> (Db, [Id<Post>; 2]) {
    let db = place.db(tables![Post, Comment]).await;
    let drafts = ["one", "two"].map(|title| NewPost { title: title.into(), ..Default::default() });
    let posts = db.create(drafts).await.unwrap();
    (db, [posts[0].id, posts[1].id])
}

fn comment(post: Id<Post>, text: &str) -> NewComment {
    NewComment { post: post.into(), text: text.into(), ..Default::default() }
}

/// How many comments each post says that it has, and whether that and the time are right.
async fn counts(db: &Db, posts: [Id<Post>; 2]) -> [i64; 2] {
    let mut counts = [0; 2];
    for (post, count) in posts.into_iter().zip(&mut counts) {
        let post = db.find::<Post>().by_key(post).await.unwrap().unwrap();
        let comments =
            db.find::<Comment>().filter(|c| c.post.eq(post.id)).order(|c| c.created_at.desc()).await.unwrap();
        assert_eq!(post.comments_count, comments.len() as i64);
        assert_eq!(post.last_comment_at, comments.first().map(|comment| comment.created_at));
        *count = post.comments_count;
    }
    counts
}

everywhere! {
    async fn comments_are_counted_however_they_come_and_go(place) {
        let (db, posts) = posts(&place).await;
        let [one, two] = posts;
        let made = db.create(vec![comment(one, "a"), comment(two, "b"), comment(one, "c")]).await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  create comments",
            "    after_change CommentPost",
            "      update posts",
            "      find comments",
            "      update posts",
            "      update posts",
            "      find comments",
            "      update posts",
        ]);
        assert_eq!(counts(&db, posts).await, [2, 1]);
        db.update::<Comment>().by_key(made[0].id).set(|c| c.post.set(two)).await.unwrap();
        assert_eq!(counts(&db, posts).await, [1, 2]);
        db.delete::<Comment>().filter(|c| c.text.is_in(["b", "c"])).await.unwrap();
        assert_eq!(counts(&db, posts).await, [0, 1]);
    }

    async fn a_text_that_changes_counts_nothing(place) {
        let (db, [one, _]) = posts(&place).await;
        db.create(comment(one, "a")).await.unwrap();
        db.update::<Comment>().all_rows().set(|c| c.text.set("b")).await.unwrap();
        assert_trace!(db.last_trace().unwrap(), [
            "transaction",
            "  update comments",
            "    after_change CommentPost",
        ]);
    }

    async fn comments_at_once_are_all_counted(place) {
        let (db, posts) = posts(&place).await;
        let create = |text: &'static str| db.create(comment(posts[0], text));
        let made = tokio::try_join!(create("a"), create("b"), create("c"), create("d"));
        made.unwrap();
        assert_eq!(counts(&db, posts).await, [4, 0]);
    }

    async fn a_count_that_is_refused_undoes_the_comments(place) {
        let (db, posts) = posts(&place).await;
        let error = db.create(vec![comment(posts[0], "spam"); 1_001]).await.unwrap_err();
        assert!(matches!(error.root(), Error::Check(_)), "{error}");
        assert_eq!(counts(&db, posts).await, [0, 0]);
    }
}
