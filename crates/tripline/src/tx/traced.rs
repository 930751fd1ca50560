//! What a transaction notes for its trace.

use std::sync::PoisonError;

use tripline_core::{Commit, HookName, Kept, Phase, Result};

use super::TxState;
use crate::trace::{
    Root, Scope,
    recording::{Changed, Event, Recording},
};

impl TxState {
    /// Whether it is only explained.
    pub(crate) fn is_dry(&self) -> bool {
        self.explained.is_some()
    }

    /// Hands over what is explained, before the transaction is ended.
    pub(crate) fn keep_explained(&mut self) {
        _ = self.trace_kept();
    }

    /// Notes a hook that would follow the commit.
    pub(crate) fn explain_follower(&mut self, event: Event) {
        if let Some(trace) = &mut self.trace {
            trace.following.push(event);
        }
    }

    /// Notes that a hook begins; gives its place.
    #[inline]
    pub(crate) fn trace_hook(&mut self, under: u32, phase: Phase, hook: HookName, scope: Scope) -> u32 {
        self.trace.as_mut().map_or(0, |trace| trace.begin_hook(under, phase, hook, scope))
    }

    /// Notes how it ended.
    pub(crate) fn trace_end(&mut self, place: u32, failed: Option<&'static str>) {
        if let Some(trace) = &mut self.trace {
            trace.end(place, failed);
        }
    }

    /// Notes which columns a hook changed.
    pub(crate) fn trace_changed(&mut self, place: u32, changes: Changed) {
        if let Some(trace) = &mut self.trace {
            trace.change(place, changes);
        }
    }

    /// Notes that an operation begins, once: it may be taken up again.
    pub(crate) fn trace_operation(&mut self, known: &mut Option<u32>, under: u32, operation: Kept) -> u32 {
        match *known {
            None => {
                let event = Event::Operation { operation, rows: None };
                let place = self.trace.as_mut().map_or(0, |trace| trace.begin(under, event));
                *known.insert(place)
            }
            Some(place) => {
                // A plan hook may have made it another one.
                let node = self.trace.as_mut().and_then(|trace| trace.node(place));
                if let Some(Event::Operation { operation: known, .. }) = node.map(|node| &mut node.event) {
                    *known = operation;
                }
                place
            }
        }
    }

    /// Notes that an operation ended well.
    pub(crate) fn trace_rows(&mut self, place: Option<u32>, count: u64) {
        let (Some(trace), Some(place)) = (&mut self.trace, place) else { return };
        trace.end(place, None);
        if let Some(Event::Operation { rows, .. }) = trace.node(place).map(|node| &mut node.event) {
            *rows = Some(count);
        }
    }

    pub(super) fn trace_root(&mut self, root: Root) {
        if let Some(node) = self.trace.as_mut().and_then(|trace| trace.node(0)) {
            node.event = Event::Root(root);
        }
    }

    /// Notes that statements are sent, by the operation in progress.
    pub(super) fn trace_flight(&mut self) -> u32 {
        let under = self.current_node();
        // An embedded database is asked so often, and answers so soon, that the clock would be a part of the time.
        let timed = self.db.inner.traits.remote || self.is_dry();
        let Some(trace) = &mut self.trace else { return 0 };
        let from = trace.transcript.begin_flight() as u32;
        let event = Event::Flight { from, to: from, answered: false };
        if timed { trace.begin(under, event) } else { trace.note(under, event) }
    }

    pub(super) fn trace_flown(&mut self, place: u32, sent: &Result<Commit>) {
        let timed = self.db.inner.traits.remote || self.is_dry();
        let Some(trace) = self.trace.as_mut().filter(|_| place > 0) else { return };
        let sent_to = trace.transcript.len() as u32;
        if timed {
            trace.end(place, None);
        }
        if let Err(error) = sent {
            trace.fail(place, error.code());
        }
        let Some(node) = trace.node(place) else { return };
        if let Event::Flight { to, answered, .. } = &mut node.event {
            (*to, *answered) = (sent_to, true);
        }
    }

    /// The transaction is done; gives what follows it as the cause of that.
    pub(super) fn trace_done(&mut self, failed: Option<&'static str>) -> Option<(u64, u32)> {
        self.trace_end(0, failed);
        self.trace_kept()
    }

    /// Hands the recording over as it is.
    pub(super) fn trace_kept(&mut self) -> Option<(u64, u32)> {
        let mut trace: Box<Recording> = self.trace.take()?;
        if let Some(explained) = &self.explained {
            trace.follow();
            *explained.lock().unwrap_or_else(PoisonError::into_inner) = Some(trace);
            return None;
        }
        let cause = (trace.id, 0);
        self.db.keep_trace(trace);
        Some(cause)
    }
}
