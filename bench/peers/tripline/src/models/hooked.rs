//! Hooks before and after that do a little for each row.

use std::hint::black_box;

use tripline::prelude::*;
use tripline::{AfterCreate, BeforeCreate};

/// A user.
#[derive(Table, Debug)]
#[table(name = "users", hook_rows(UserAge))]
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

/// What the hook after the write has to see.
#[derive(Row, Debug)]
#[row(of = User)]
pub struct UserAge {
    age: Option<i64>,
}

impl BeforeCreate for User {
    async fn before_create(_: &mut Tx<'_>, users: &mut [NewUser]) -> Result<()> {
        for user in users {
            if user.name.get().is_none_or(|name| name.trim().len() != name.len()) {
                return Err(Error::custom("a name begins or ends with a space"));
            }
        }
        Ok(())
    }
}

impl AfterCreate for UserAge {
    async fn after_create(_: &mut Tx<'_>, users: &[UserAge]) -> Result<()> {
        let sum: i64 = users.iter().filter_map(|user| user.age).sum();
        black_box(sum);
        Ok(())
    }
}
