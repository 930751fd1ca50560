//! [`Recording`]: what a transaction does, noted while it does it; and [`Ring`], which keeps the last ones.
//!
//! A recording is flat, and its memory is used again, so that it can always be on: noting something is a push to a list
//! and a look at the clock. A step is short, since what is kept of the last ones is more than the processor's nearest
//! memory holds; what only some steps have stands in lists of its own. Trees are made of it when somebody asks. Where something belongs is known by value (a hook's
//! frame, the operation in progress), never by a counter that somebody must put back: what was dropped half-way just
//! stays open.

use std::{
    collections::VecDeque,
    num::NonZeroU64,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use tripline_core::{ColumnSet, HookName, Kept, Phase, TableRef, Transcript};

use super::{Root, Scope};
use crate::warnings::Warning;

/// What is noted.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Root(Root),
    Operation {
        operation: Kept,
        rows: Option<u64>,
    },
    Hook {
        phase: Phase,
        hook: HookName,
        scope: Scope,
    },
    /// SQL statements sent together, by their places in the transcript.
    Flight {
        from: u32,
        to: u32,
        answered: bool,
    },
}

/// Columns that a hook changed.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) table: TableRef,
    pub(crate) columns: ColumnSet,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) under: u32,
    pub(crate) event: Event,
    /// In nanoseconds, as the next one: 500 years are enough.
    began: u64,
    /// None while it runs, and if it was dropped.
    took: Option<NonZeroU64>,
}

impl Node {
    pub(crate) fn began(&self) -> Duration {
        Duration::from_nanos(self.began)
    }

    /// None while it runs, and if it was dropped.
    pub(crate) fn took(&self) -> Option<Duration> {
        self.took.map(|took| Duration::from_nanos(took.get()))
    }
}

/// What one transaction did, or what followed one.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) id: u64,
    /// The recording and the node that led to it.
    pub(crate) cause: Option<(u64, u32)>,
    began: Instant,
    /// The last time that was looked at, in nanoseconds from then.
    last: u64,
    /// The operation of which a hook ended then, if nothing happened since: its next hook follows at once, and a look
    /// at the clock takes as long as a small hook.
    at_hook_of: Option<u32>,
    pub(crate) nodes: Vec<Node>,
    /// The codes of the errors that some ended with.
    pub(crate) failed: Vec<(u32, &'static str)>,
    /// What some hooks changed.
    pub(crate) changed: Vec<(u32, Changed)>,
    pub(crate) transcript: Transcript,
    /// What of it will not work well.
    pub(crate) warnings: Vec<Warning>,
    /// How many steps were too many.
    pub(crate) left_out: u64,
    /// Of what is only explained: the hooks that would follow the commit.
    pub(crate) following: Vec<Event>,
}

impl Recording {
    pub(crate) fn new(id: u64, cause: Option<(u64, u32)>, root: Root) -> Box<Recording> {
        let mut recording = Box::new(Recording {
            id,
            cause,
            began: Instant::now(),
            last: 0,
            at_hook_of: None,
            nodes: Vec::with_capacity(16),
            failed: Vec::new(),
            changed: Vec::new(),
            transcript: Transcript::default(),
            warnings: Vec::new(),
            left_out: 0,
            following: Vec::new(),
        });
        recording.start(Event::Root(root));
        recording
    }

    fn again(&mut self, id: u64, cause: Option<(u64, u32)>, root: Root) {
        (self.id, self.cause, self.began, self.last) = (id, cause, Instant::now(), 0);
        self.at_hook_of = None;
        self.nodes.clear();
        self.failed.clear();
        self.changed.clear();
        self.transcript.clear();
        self.warnings.clear();
        self.left_out = 0;
        self.start(Event::Root(root));
    }

    fn start(&mut self, event: Event) {
        self.nodes.push(Node { under: 0, event, began: 0, took: None });
    }

    /// By the clock, in nanoseconds from the beginning.
    fn elapsed(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// Notes that something begins; gives its place.
    pub(crate) fn begin(&mut self, under: u32, event: Event) -> u32 {
        self.last = self.elapsed();
        self.note(under, event)
    }

    /// Notes that a hook begins. Inlined, as [`note`](Self::note), so that the step is written where it stays: to write it
    /// somewhere else first takes as long as a small hook.
    #[inline]
    pub(crate) fn begin_hook(&mut self, under: u32, phase: Phase, hook: HookName, scope: Scope) -> u32 {
        if self.at_hook_of != Some(under) {
            self.last = self.elapsed();
        }
        self.note(under, Event::Hook { phase, hook, scope })
    }

    /// Whether no more is noted.
    pub(crate) fn is_full(&self) -> bool {
        self.nodes.len() >= MOST_NODES
    }

    /// Notes what takes too little time to look at the clock for it.
    #[inline]
    pub(crate) fn note(&mut self, under: u32, event: Event) -> u32 {
        self.at_hook_of = None;
        if self.is_full() {
            self.left_out += 1;
            return LEFT_OUT;
        }
        self.nodes.push(Node { under, event, began: self.last, took: None });
        (self.nodes.len() - 1) as u32
    }

    /// When it began, by the system's clock, as that is now.
    pub(crate) fn at(&self) -> SystemTime {
        SystemTime::now().checked_sub(self.began.elapsed()).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Notes that it ended.
    pub(crate) fn end(&mut self, place: u32, failed: Option<&'static str>) {
        let now = self.elapsed();
        (self.last, self.at_hook_of) = (now, None);
        if let Some(node) = self.nodes.get_mut(place as usize)
            && node.took.is_none()
        {
            node.took = NonZeroU64::new(now.saturating_sub(node.began)).or(Some(NonZeroU64::MIN));
            if let Some(code) = failed {
                self.failed.push((place, code));
            }
            if matches!(node.event, Event::Hook { .. }) {
                self.at_hook_of = Some(node.under);
            }
        }
    }

    /// Puts the hooks that would follow the commit after it.
    pub(crate) fn follow(&mut self) {
        if self.following.is_empty() {
            return;
        }
        let after = self.note(0, Event::Root(Root::AfterCommit));
        for event in std::mem::take(&mut self.following) {
            self.note(after, event);
        }
    }

    /// Notes what a hook changed.
    pub(crate) fn change(&mut self, place: u32, changed: Changed) {
        if (place as usize) < self.nodes.len() {
            self.changed.push((place, changed));
        }
    }

    /// Notes that it failed, of what has no end of its own.
    pub(crate) fn fail(&mut self, place: u32, code: &'static str) {
        if (place as usize) < self.nodes.len() {
            self.failed.push((place, code));
        }
    }

    pub(crate) fn node(&mut self, place: u32) -> Option<&mut Node> {
        self.nodes.get_mut(place as usize)
    }
}

/// The last recordings, and memory for the next ones.
#[derive(Debug)]
pub(crate) struct Ring {
    capacity: usize,
    next: AtomicU64,
    kept: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    last: VecDeque<Box<Recording>>,
    #[expect(clippy::vec_box, reason = "a recording keeps its place in memory while it goes round")]
    spare: Vec<Box<Recording>>,
}

/// A transaction of more steps than this is recorded up to there: what goes on for hours must not fill the memory.
const MOST_NODES: usize = 8_192;

/// The place of what is left out.
const LEFT_OUT: u32 = u32::MAX;

/// Recordings of more than so many nodes are not used again: their memory would be kept for ever.
const USUAL_NODES: usize = 1_024;

impl Ring {
    pub(crate) fn new(capacity: usize) -> Ring {
        Ring { capacity, next: AtomicU64::new(1), kept: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new recording; none if none are kept.
    pub(crate) fn start(&self, cause: Option<(u64, u32)>, root: Root) -> Option<Box<Recording>> {
        if self.capacity == 0 {
            return None;
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let spare = self.lock().spare.pop();
        Some(match spare {
            Some(mut recording) => {
                recording.again(id, cause, root);
                recording
            }
            None => Recording::new(id, cause, root),
        })
    }

    /// Keeps a recording that is done, in place of the oldest one.
    pub(crate) fn keep(&self, recording: Box<Recording>) {
        let mut kept = self.lock();
        kept.last.push_back(recording);
        if kept.last.len() > self.capacity
            && let Some(oldest) = kept.last.pop_front()
            && oldest.nodes.len() <= USUAL_NODES
        {
            kept.spare.push(oldest);
        }
    }

    /// Looks at all that are kept, the oldest first.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&VecDeque<Box<Recording>>) -> T) -> T {
        look(&self.lock().last)
    }
}
