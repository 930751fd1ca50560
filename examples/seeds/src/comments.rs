//! A post knows how many comments it has and when the last one came.
//!
//! *After change*: one hook for comments that are created, deleted or moved to another post, with the rows before and
//! after. Counting by difference in the write's transaction keeps the number right on all of these paths; `add` is computed
//! by the database, so two transactions at a time both count.

use std::collections::BTreeMap;

use tripline::{AfterChange, RowChange, prelude::*};

#[derive(Table, Clone, Debug)]
#[table(check(comments_are_counted = |p| p.comments_count.gte(0).and(p.comments_count.lte(1_000))))]
pub struct Post {
    #[key]
    pub id: Id<Post>,
    pub title: String,
    #[default(0)]
    pub comments_count: i64,
    pub last_comment_at: Option<jiff::Timestamp>,
}

#[derive(Table, Clone, Debug)]
#[table(hook_rows(CommentPost))]
pub struct Comment {
    #[key]
    pub id: Id<Comment>,
    #[references(Post, on_delete = cascade)]
    pub post: Id<Post>,
    pub text: String,
    #[created_at]
    pub created_at: jiff::Timestamp,
}

#[derive(Row, Clone, Debug)]
#[row(of = Comment)]
pub struct CommentPost {
    pub post: Id<Post>,
    pub created_at: jiff::Timestamp,
}

impl AfterChange for CommentPost {
    async fn after_change(tx: &mut Tx<'_>, changes: &[RowChange<CommentPost>]) -> Result<()> {
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        for change in changes.iter().filter(|change| change.modified(|c| c.post)) {
            if let Some(old) = &change.old {
                *counts.entry(old.post.get()).or_default() -= 1;
            }
            if let Some(new) = &change.new {
                *counts.entry(new.post.get()).or_default() += 1;
            }
        }
        for (post, count) in counts {
            let post = Id::<Post>::new(post);
            // Counting locks the post, so what is the newest comment after that stays the newest until the commit.
            tx.update::<Post>().by_key(post).set(|p| p.comments_count.add(count)).await?;
            let newest = tx.find::<Comment>().filter(|c| c.post.eq(post)).rows::<CommentPost>();
            let newest =
                newest.order(|c| c.created_at.desc()).first().await?.map(|comment| comment.created_at);
            tx.update::<Post>().by_key(post).set(|p| p.last_comment_at.set(newest)).await?;
        }
        Ok(())
    }
}
