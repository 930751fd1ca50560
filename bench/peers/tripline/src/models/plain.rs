//! Without hooks.

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

impl From<bench_protocol::NewUser> for NewUser {
    fn from(user: bench_protocol::NewUser) -> Self {
        let bench_protocol::NewUser { name, email, age, post_count } = user;
        NewUser {
            name: name.into(),
            email: email.into(),
            age: age.into(),
            post_count: post_count.into(),
            ..Default::default()
        }
    }
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
