//! Time limits of statements, kept by SQLite's progress handler.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// How long a read runs on the runtime's thread before it is moved to a blocking one.
pub const INLINE_BUDGET: Duration = Duration::from_millis(2);

/// How many instructions of SQLite's virtual machine pass between two looks at the clock: some 20 µs.
pub(crate) const INSTRUCTIONS: i32 = 2_000;

/// What the progress handler of one connection looks at.
#[derive(Debug)]
pub(crate) struct Limits {
    base: Instant,
    /// When the handler first ran for this statement, in microseconds since `base`; 0 before.
    began: AtomicU64,
    statement: Option<u64>,
    inline: AtomicBool,
    cancelled: AtomicBool,
    reason: AtomicU8,
}

/// Why a statement was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupted {
    TooLongInline,
    StatementTimeout,
    Cancelled,
    /// Not by the handler.
    Elsewhere,
}

impl Limits {
    pub(crate) fn new(statement: Option<Duration>) -> Self {
        Limits {
            base: Instant::now(),
            began: AtomicU64::new(0),
            statement: statement.map(|limit| limit.as_micros() as u64),
            inline: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            reason: AtomicU8::new(0),
        }
    }

    /// Before each statement.
    pub(crate) fn start(&self, inline: bool) {
        self.began.store(0, Relaxed);
        self.inline.store(inline, Relaxed);
        self.cancelled.store(false, Relaxed);
        self.reason.store(0, Relaxed);
    }

    /// Ends the running statement, from another thread.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// The handler: true interrupts.
    pub(crate) fn exceeded(&self) -> bool {
        let now = (self.base.elapsed().as_micros() as u64).max(1);
        let began = match self.began.load(Relaxed) {
            0 => {
                self.began.store(now, Relaxed);
                now
            }
            began => began,
        };
        let reason = if self.cancelled.load(Relaxed) {
            3
        } else if self.statement.is_some_and(|limit| now - began >= limit) {
            2
        } else if self.inline.load(Relaxed) && now - began >= INLINE_BUDGET.as_micros() as u64 {
            1
        } else {
            return false;
        };
        self.reason.store(reason, Relaxed);
        true
    }

    pub(crate) fn reason(&self) -> Interrupted {
        match self.reason.load(Relaxed) {
            1 => Interrupted::TooLongInline,
            2 => Interrupted::StatementTimeout,
            3 => Interrupted::Cancelled,
            _ => Interrupted::Elsewhere,
        }
    }

    pub(crate) fn statement(&self) -> Duration {
        Duration::from_micros(self.statement.unwrap_or_default())
    }
}
