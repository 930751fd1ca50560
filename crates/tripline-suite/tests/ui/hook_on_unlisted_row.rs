//! A hook is attached to a row type that its table does not list.

use tripline::{AfterUpdate, Change, prelude::*};

#[derive(Table, Clone, Debug)]
struct User {
    #[key]
    id: Id<User>,
    name: String,
    age: i64,
    image: Option<String>,
}

#[derive(Row)]
#[row(of = User)]
struct UserImage {
    id: Id<User>,
    image: Option<String>,
}

impl AfterUpdate for UserImage {
    async fn after_update(_: &mut Tx<'_>, changes: &[Change<UserImage>]) -> Result<()> {
        for change in changes {
            println!("{:?}: {:?}", change.new.id, change.new.image);
        }
        Ok(())
    }
}

fn main() {}
