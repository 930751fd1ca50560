//! The structs that are read and inserted.

use bench_protocol_postgres::{NewPost, NewUser};
use diesel::pg::Pg;
use diesel::prelude::*;

use crate::schema::{posts, users};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
#[expect(dead_code, reason = "read only to be measured")]
pub struct User {
    id: i64,
    name: String,
    email: String,
    age: Option<i64>,
    post_count: i64,
}

// Values that could be the word DEFAULT make a statement that Diesel does not cache: hence
// `treat_none_as_default_value = false`, also where nothing is optional.

#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct InsertUser {
    name: String,
    email: String,
    age: Option<i64>,
    post_count: i64,
}

impl From<NewUser> for InsertUser {
    fn from(user: NewUser) -> Self {
        let NewUser { name, email, age, post_count } = user;
        InsertUser { name, email, age, post_count }
    }
}

#[derive(Insertable)]
#[diesel(table_name = posts, treat_none_as_default_value = false)]
pub struct InsertPost {
    user_id: i64,
    title: String,
    body: String,
    likes: i64,
}

impl From<NewPost> for InsertPost {
    fn from(post: NewPost) -> Self {
        let NewPost { user_id, title, body, likes } = post;
        InsertPost { user_id, title, body, likes }
    }
}
