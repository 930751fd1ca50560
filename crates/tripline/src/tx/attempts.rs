//! [`TxOptions`], and transactions that are run again.

use std::{
    hash::{BuildHasher, RandomState},
    pin::pin,
    time::Duration,
};

use tripline_core::{Access, Isolation, Mode, Result};

use super::{Tx, TxState};
use crate::{Db, beside, spans::Live};

/// How a transaction runs; see [`Db::tx_with`].
///
/// ```
/// use tripline::{Isolation, TxOptions};
/// let options = TxOptions { isolation: Isolation::Serializable, retries: 5, ..Default::default() };
/// assert!(!options.read_only);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TxOptions {
    /// What it sees of others. SQLite's transactions are serializable, whatever is asked for.
    pub isolation: Isolation,
    /// Whether it only reads: a write in it is an error.
    pub read_only: bool,
    /// How often the closure is run again after a serialization failure or a deadlock.
    pub retries: u32,
}

/// The longest pause before the first further attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

/// The longest pause before any further attempt.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

impl Db {
    /// Runs a transaction with options, again from the beginning if the database asks for that.
    ///
    /// After a serialization failure or a deadlock (PostgreSQL's 40001 and 40P01, also from COMMIT itself) the whole
    /// closure is called again, up to `retries` times, after a short pause of random length. Of an attempt that failed
    /// nothing remains: its writes are rolled back, and neither its after-commit nor its after-rollback hooks run
    /// (L9). What the closure does outside of the transaction it does again; so it should do nothing there. It should
    /// give the database's error back as it is: one that it makes a text of, with [`Error::custom`](crate::Error::custom),
    /// is not known for what it was, and ends the transaction.
    ///
    /// The closure owns what it captures (`async move`, with clones of what it shares), and may only read it, as it may
    /// be called several times. Then its future can be spawned, too; what it captures has no borrows in it then.
    ///
    /// ```
    /// # use tripline::{*, prelude::*};
    /// # #[derive(Table, Clone, Debug)]
    /// # struct Account { #[key] id: Id<Account>, cents: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let db = Db::open("sqlite::memory:").tables(tables![Account]).connect().await?;
    /// # db.create_tables().await?;
    /// # let id = db.create(NewAccount { cents: 500.into(), ..Default::default() }).await?.id;
    /// let options = TxOptions { isolation: Isolation::Serializable, retries: 5, ..Default::default() };
    /// let left = db
    ///     .tx_with(options, async move |tx| {
    ///         let account = tx.find::<Account>().filter(|a| a.id.eq(id)).one().await?;
    ///         tx.update::<Account>().by_key(id).set(|a| a.cents.set(account.cents - 100)).await?;
    ///         Ok(account.cents - 100)
    ///     })
    ///     .await?;
    /// # assert_eq!(left, 400);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn tx_with<F, R>(&self, options: TxOptions, transaction: F) -> Result<R>
    where
        F: for<'a, 't> AsyncFn(&'a mut Tx<'t>) -> Result<R>,
    {
        beside::check(self.id(), None)?;
        let access = if options.read_only { Access::Read } else { Access::Write };
        let mode = Mode { access, isolation: options.isolation };
        let mut pause = FIRST_PAUSE;
        for attempt in 0.. {
            self.usable()?;
            let mut state = TxState::new(self, mode);
            state.again = attempt < options.retries;
            let live = Live::transaction();
            let result = {
                let mut tx = Tx::outermost(&mut state, self);
                beside::inside(self.id(), None, pin!(live.around(transaction(&mut tx)))).await
            };
            match live.ends(state.end(result)).await {
                Err(error) if attempt < options.retries && error.is_transient() => {}
                result => return result,
            }
            tokio::time::sleep(random_part(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        unreachable!("the last attempt returns")
    }
}

/// A random part of a pause: two that met once should not meet again.
fn random_part(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(0);
    pause.mul_f64(random as f64 / u64::MAX as f64)
}
