//! Observers: values with state that carry hooks for one table or for all.

use tripline_core::TableRef;

use super::{Carrier, Probed};
use crate::table::Row;

/// A value with state that carries hooks, registered with [`Connect::observe`](crate::Connect::observe).
///
/// `#[derive(Observer)]` with `#[observes(User)]`, or `#[observes(all)]` for all tables, whose hooks get
/// [`AnyRow`](crate::AnyRow). Its hooks are the traits whose names begin with `On`.
///
/// ```
/// # use tripline::{*, prelude::*};
/// #[derive(Table, Clone, Debug)]
/// struct User { #[key] id: Id<User>, name: String }
///
/// #[derive(Observer)]
/// #[observes(User)]
/// struct Greeter { greeting: String }
///
/// impl OnAfterCreateCommit<User> for Greeter {
///     async fn after_create_commit(&self, _: &Db, users: &[User]) -> Result<()> {
///         for user in users {
///             println!("{} {}", self.greeting, user.name);
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let db = Db::open("sqlite::memory:").tables(tables![User]).observe(Greeter { greeting: "hello".into() }).connect().await?;
/// # db.create_tables().await?;
/// db.create(NewUser { name: "Ada".into(), ..Default::default() }).await?;
/// # db.drain().await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no observer",
    label = "not an observer",
    note = "add `#[derive(Observer)] #[observes(SomeTable)]` to `{Self}`"
)]
pub trait Observer: Send + Sync + 'static {
    #[doc(hidden)]
    const HOOKS: &'static [Observed];
}

/// What an observer observes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not observe `{R}`",
    label = "hooks for `{R}` would never run",
    note = "list it: `#[observes({R})]` on `{Self}`"
)]
pub trait Observes<R: Row>: Send + Sync + 'static {}

/// An observer's hooks on one table, or on all.
#[doc(hidden)]
#[derive(Debug)]
pub struct Observed {
    /// The table; none for all.
    pub table: Option<fn() -> TableRef>,
    /// The hooks.
    pub hooks: Probed,
}

/// The observer that the engine carries.
pub(crate) fn carried<O: 'static>(carrier: &Carrier) -> &O {
    carrier.downcast_ref().expect("the engine calls a hook with the observer it was registered for")
}
