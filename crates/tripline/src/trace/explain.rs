//! [`Explain`]: what an operation would do.

use std::{fmt, time::Duration};

use super::{Span, What};

/// What an operation would do: the hooks that would run, in their order, with what each is attached to; the operations
/// that plan hooks, cascades and upserts would add; and the SQL statements, by round trips.
///
/// What hooks with I/O would do is not known before they run: of what they write, nothing is here. It is explained for
/// one row that is there, and for the values that the caller gave.
///
/// ```
/// # use tripline::{*, prelude::*};
/// # #[derive(Table, Clone, Debug)]
/// # struct User { #[key] id: Id<User>, name: String }
/// # impl AfterCreate for User {
/// #     async fn after_create(_: &mut Tx<'_>, _: &[User]) -> Result<()> { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let db = Db::open("sqlite::memory:").tables(tables![User]).connect().await?;
/// let explain = db.create(NewUser { name: "Ada".into(), ..Default::default() }).explain().await?;
/// println!("{explain}");
/// assert_eq!(explain.outline(), ["transaction", "  create users", "    after_create User"]);
/// assert_eq!(explain.statements().len(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct Explain {
    /// The steps.
    pub root: Span,
}

impl Explain {
    /// Operations and hooks, a line each: see [`Trace::outline`](crate::Trace::outline).
    pub fn outline(&self) -> Vec<String> {
        let mut lines = Vec::new();
        super::show::outline(&self.root, 0, &mut lines);
        lines
    }

    /// The SQL statements, in order; one that is executed for several rows once.
    pub fn statements(&self) -> Vec<&str> {
        self.flights().into_iter().flatten().collect()
    }

    /// The SQL statements, by those that are sent together.
    pub fn flights(&self) -> Vec<Vec<&str>> {
        let mut flights = Vec::new();
        collect(&self.root, &mut flights);
        // The tree has them where they belong, not in the order in which they are sent.
        flights.sort_by_key(|(began, _)| *began);
        flights.into_iter().map(|(_, statements)| statements).collect()
    }
}

fn collect<'s>(span: &'s Span, flights: &mut Vec<(Duration, Vec<&'s str>)>) {
    if let What::Flight { statements } = &span.what {
        flights.push((span.began, statements.iter().map(|sql| sql.text.as_str()).collect()));
    }
    span.children.iter().for_each(|child| collect(child, flights));
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}
