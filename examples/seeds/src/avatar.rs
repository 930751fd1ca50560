//! A user's image is also the avatar of its profile.
//!
//! *After update*, on a row type of two columns: the engine reads only those before the update, and `modified` is exact,
//! also where the new value was computed. A name that changes costs no second write.

use tripline::{AfterUpdate, Change, prelude::*};

#[derive(Table, Clone, Debug)]
#[table(hook_rows(UserImage))]
pub struct User {
    #[key]
    pub id: Id<User>,
    pub name: String,
    pub image: Option<String>,
}

#[derive(Row, Clone, Debug)]
#[row(of = User)]
pub struct UserImage {
    pub id: Id<User>,
    pub image: Option<String>,
}

#[derive(Table, Clone, Debug)]
#[table(check(avatar_is_a_file = |p| p.avatar.is_null().or(p.avatar.contains("."))))]
pub struct Profile {
    #[key]
    #[references(User, on_delete = cascade)]
    pub user: Id<User>,
    pub avatar: Option<String>,
}

impl AfterUpdate for UserImage {
    async fn after_update(tx: &mut Tx<'_>, changes: &[Change<UserImage>]) -> Result<()> {
        for change in changes.iter().filter(|change| change.modified(|u| u.image)) {
            let image = change.new.image.clone();
            tx.update::<Profile>().by_key(change.new.id).set(|p| p.avatar.set(image)).await?;
        }
        Ok(())
    }
}
