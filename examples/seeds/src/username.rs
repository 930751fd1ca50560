//! A unique username and a role by e-mail address, on sign-up.
//!
//! *Before create*: both are values of the row itself, so they are there with its first and only write. The username
//! needs to look at other rows, so the hook is one with a transaction; the role needs a list that the application was
//! started with, so it is an observer's. The unique constraint has the last word, also against other programs.

use tripline::{BeforeCreate, OnBeforeCreate, prelude::*};

#[derive(TextEnum, Clone, Copy, Debug, PartialEq)]
pub enum Role {
    User,
    Admin,
}

#[derive(Table, Clone, Debug)]
pub struct User {
    #[key]
    pub id: Id<User>,
    pub name: String,
    #[unique]
    pub email: String,
    #[unique]
    #[set_by_hook]
    pub username: String,
    // Nobody makes himself an admin.
    #[read_only]
    #[default(Role::User)]
    pub role: Role,
}

#[derive(Row)]
#[row(of = User)]
struct Username {
    username: String,
}

impl BeforeCreate for User {
    async fn before_create(tx: &mut Tx<'_>, users: &mut [NewUser]) -> Result<()> {
        let mut given: Vec<String> = Vec::new();
        for user in users {
            let name = user.name.get().map(String::as_str).unwrap_or_default();
            let wanted: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
            let wanted = wanted.to_lowercase();
            if wanted.is_empty() {
                return Err(Error::reject("a name needs a letter or digit"));
            }
            // One find for all of its numbered forms, not one for each, and not of everybody whose name begins so.
            let forms: Vec<String> = (1..=50).map(|n| numbered(&wanted, n)).collect();
            let taken = tx.find::<User>().filter(|u| u.username.is_in(&forms)).rows::<Username>().await?;
            given.extend(taken.into_iter().map(|row| row.username));
            let Some(username) = forms.into_iter().find(|form| !given.contains(form)) else {
                return Err(Error::reject(format!("there are too many called {wanted}")));
            };
            given.push(username.clone());
            user.username.set(username);
        }
        Ok(())
    }
}

fn numbered(name: &str, n: u32) -> String {
    if n == 1 { name.to_owned() } else { format!("{name}{n}") }
}

/// Who is an admin, by e-mail address.
#[derive(Observer)]
#[observes(User)]
pub struct Admins(pub Vec<String>);

impl OnBeforeCreate<User> for Admins {
    async fn before_create(&self, _: &mut Tx<'_>, users: &mut [NewUser]) -> Result<()> {
        for user in users {
            if user.email.get().is_some_and(|email| self.0.contains(email)) {
                user.role.set(Role::Admin);
            }
        }
        Ok(())
    }
}
