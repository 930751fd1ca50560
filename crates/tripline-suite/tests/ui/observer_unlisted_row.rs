//! An observer has a hook for a row type that it does not list.

use tripline::{OnAfterCreate, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
}

#[derive(Table, Clone, Debug)]
struct Post {
    #[key]
    id: Id<Post>,
    title: String,
}

#[derive(Observer)]
#[observes(User)]
struct Audit;

impl OnAfterCreate<Post> for Audit {
    async fn after_create(&self, _: &mut Tx<'_>, posts: &[Post]) -> Result<()> {
        println!("{}", posts.len());
        Ok(())
    }
}

fn main() {}
