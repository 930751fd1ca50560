//! A hook counts the posts of each user.

use tripline::AfterCreate;
use tripline::prelude::*;

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
#[table(name = "posts", hook_rows(PostAuthor))]
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

impl From<bench_protocol::NewPost> for NewPost {
    fn from(post: bench_protocol::NewPost) -> Self {
        let bench_protocol::NewPost { user_id, title, body, likes } = post;
        NewPost {
            user_id: Id::new(user_id).into(),
            title: title.into(),
            body: body.into(),
            likes: likes.into(),
            ..Default::default()
        }
    }
}

/// What the hook has to see.
#[derive(Row, Debug)]
#[row(of = Post)]
pub struct PostAuthor {
    user_id: Id<User>,
}

impl AfterCreate for PostAuthor {
    async fn after_create(tx: &mut Tx<'_>, posts: &[PostAuthor]) -> Result<()> {
        for post in posts {
            tx.update::<User>().by_key(post.user_id).set(|u| u.post_count.add(1)).await?;
        }
        Ok(())
    }
}
