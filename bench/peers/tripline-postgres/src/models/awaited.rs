//! As `counted`, but the hook waits for its write.

use tripline::AfterCreate;
use tripline::prelude::*;

use super::draft_posts;

/// A user.
#[derive(Table, Debug)]
#[table(name = "users")]
pub struct User {
    #[key]
    pub id: Id<User>,
    pub name: String,
    pub email: String,
    pub age: Option<i64>,
    #[default(0)]
    pub post_count: i64,
}

/// A post.
#[derive(Table, Debug)]
#[table(name = "posts")]
pub struct Post {
    #[key]
    pub id: Id<Post>,
    #[index]
    #[references(User)]
    pub user_id: Id<User>,
    pub title: String,
    pub body: String,
    #[default(0)]
    pub likes: i64,
}

draft_posts!();

impl AfterCreate for Post {
    async fn after_create(tx: &mut Tx<'_>, posts: &[Post]) -> Result<()> {
        for post in posts {
            tx.update::<User>().by_key(post.user_id).set(|u| u.post_count.add(1)).await?;
        }
        Ok(())
    }
}
