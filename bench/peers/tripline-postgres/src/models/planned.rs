//! A plan hook counts the posts of each user: no I/O of its own, so that all of it is one flight.

use tripline::prelude::*;
use tripline::{CreatePlan, PlanCreate, update};

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

impl PlanCreate for Post {
    fn plan_create(plan: &mut CreatePlan<'_, Post>) -> Result<()> {
        let authors: Vec<_> = plan.drafts()?.iter().filter_map(|post| post.user_id.get().copied()).collect();
        for author in authors {
            plan.after(update::<User>().by_key(author).set(|u| u.post_count.add(1)));
        }
        Ok(())
    }
}
