//! The two tables, once for each set of hooks: hooks belong to a struct, so each set is structs of its own over the same
//! tables.

#![allow(dead_code, reason = "most columns are read only to be measured")]

pub mod awaited;
pub mod counted;
pub mod hooked;
pub mod plain;
pub mod planned;
pub mod watched;

/// The drafts of a module's users.
macro_rules! draft_users {
    () => {
        impl From<bench_protocol_postgres::NewUser> for NewUser {
            fn from(user: bench_protocol_postgres::NewUser) -> Self {
                let bench_protocol_postgres::NewUser { name, email, age, post_count } = user;
                NewUser {
                    name: name.into(),
                    email: email.into(),
                    age: age.into(),
                    post_count: post_count.into(),
                    ..Default::default()
                }
            }
        }
    };
}

/// The drafts of a module's posts.
macro_rules! draft_posts {
    () => {
        impl From<bench_protocol_postgres::NewPost> for NewPost {
            fn from(post: bench_protocol_postgres::NewPost) -> Self {
                let bench_protocol_postgres::NewPost { user_id, title, body, likes } = post;
                NewPost {
                    user_id: Id::new(user_id).into(),
                    title: title.into(),
                    body: body.into(),
                    likes: likes.into(),
                    ..Default::default()
                }
            }
        }
    };
}

use {draft_posts, draft_users};
