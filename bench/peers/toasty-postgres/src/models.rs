//! The models, mapped to tables that were not created by Toasty.

#[derive(Debug, toasty::Model)]
#[table = "users"]
pub struct User {
    #[key]
    #[auto]
    pub id: i64,
    pub name: String,
    pub email: String,
    pub age: Option<i64>,
    pub post_count: i64,
    #[has_many]
    pub posts: toasty::Deferred<Vec<Post>>,
}

#[derive(Debug, toasty::Model)]
#[table = "posts"]
pub struct Post {
    #[key]
    #[auto]
    pub id: i64,
    #[index]
    pub user_id: i64,
    pub title: String,
    pub body: String,
    pub likes: i64,
    #[belongs_to]
    pub user: toasty::Deferred<User>,
}
