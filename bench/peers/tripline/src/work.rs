//! The works of this peer: those of all peers, and what only a layer with hooks has.

use bench_protocol::{Named, Work};

/// One kind of measured work.
#[derive(Clone, Copy, Debug)]
pub enum PeerWork {
    /// What every peer has.
    Shared(Work),
    /// [`Work::InsertMany`] with a hook before and one after that look at every row.
    InsertManyHooks,
    /// [`Work::InsertCounter`], with no traces kept.
    InsertCounterUntraced,
    /// All of 10,000 users updated by one call.
    Update(Updates),
    /// [`Work::InsertOne`] in memory, with this many observers that do nothing. The difference
    /// between two numbers of them is what a hook costs by itself.
    Hooks(Hooks, usize),
}

/// What hooks an update has.
#[derive(Clone, Copy, Debug)]
pub enum Updates {
    None,
    /// Three that see no rows.
    Rowless,
    /// Three, two of which see rows.
    Rows,
}

/// When the observers that do nothing are called.
#[derive(Clone, Copy, Debug)]
pub enum Hooks {
    Before,
    After,
}

const OWN: [(&str, PeerWork); 9] = [
    ("insert_many_hooks", PeerWork::InsertManyHooks),
    ("insert_counter_untraced", PeerWork::InsertCounterUntraced),
    ("update_10000", PeerWork::Update(Updates::None)),
    ("update_10000_rowless", PeerWork::Update(Updates::Rowless)),
    ("update_10000_hooks", PeerWork::Update(Updates::Rows)),
    ("hooks_1", PeerWork::Hooks(Hooks::After, 1)),
    ("hooks_11", PeerWork::Hooks(Hooks::After, 11)),
    ("before_1", PeerWork::Hooks(Hooks::Before, 1)),
    ("before_11", PeerWork::Hooks(Hooks::Before, 11)),
];

impl Named for PeerWork {
    fn from_name(name: &str) -> Option<Self> {
        let own = OWN.into_iter().find(|(own, _)| *own == name).map(|(_, work)| work);
        own.or_else(|| Work::from_name(name).map(PeerWork::Shared))
    }
}
