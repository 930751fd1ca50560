//! [`Program`]: what is run.

use proptest::{collection::vec, option, prelude::*};

/// The tables: `a` and `b` have an observer of their own, `c` has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    A,
    B,
    C,
}

/// What a hook is attached to, from the outside in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    Of,
    Own,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before this kind of write.
    Before,
    BeforeAny,
    /// After this kind of write.
    After,
    AfterAny,
    /// After the commit of this kind of write.
    Commit,
}

/// What an operation does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Rows with these keys; each has its key as its number.
    Create(Vec<i64>),
    /// Rows whose number is below get another.
    Update {
        below: i64,
        n: i64,
    },
    /// Rows whose number is below go.
    Delete {
        below: i64,
    },
    Count,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Op {
    pub table: Which,
    pub work: Work,
    /// In a savepoint of its own.
    pub savepoint: bool,
    /// Without hooks.
    pub bare: bool,
    /// Whoever asks for it ignores its error.
    pub ignored: bool,
}

/// How a piece of code ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Good,
    Fail,
    Panic,
    /// It never ends: whoever waits goes away.
    Hang,
}

/// A step of a transaction.
#[derive(Clone, Debug)]
pub enum Step {
    Op(Op),
    Batch(Vec<Op>),
    Nested { steps: Vec<Step>, end: End, ignored: bool },
}

/// What the application asks, one after the other.
#[derive(Clone, Debug)]
pub enum Statement {
    Op(Op),
    Batch(Vec<Op>),
    Tx { steps: Vec<Step>, end: End },
}

/// What a hook does, where it runs for an operation that is not too deep.
#[derive(Clone, Debug)]
pub struct Reaction {
    pub table: Which,
    pub scope: Scope,
    pub when: When,
    pub op: Option<Op>,
    pub end: End,
}

/// Hooks, and what runs them.
#[derive(Clone, Debug)]
pub struct Program {
    pub script: Vec<Reaction>,
    pub statements: Vec<Statement>,
}

/// Operations made in hooks make others up to this depth.
pub(super) const DEPTH: usize = 2;

impl Program {
    /// What a hook does for an operation at this depth.
    pub fn reaction(&self, table: Which, scope: Scope, when: When, depth: usize) -> Option<&Reaction> {
        // What hooks after a commit do runs beside what follows their own commits: only one level of that is certain.
        let deepest = if when == When::Commit { 1 } else { DEPTH };
        let is_it = |r: &&Reaction| r.table == table && r.scope == scope && r.when == when;
        self.script.iter().find(is_it).filter(|_| depth <= deepest)
    }
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![Just(Which::A), Just(Which::B), Just(Which::C)]
}

fn work() -> impl Strategy<Value = Work> {
    prop_oneof![
        4 => vec(0..6i64, 1..4).prop_map(Work::Create),
        3 => (0..7i64, 0..7i64).prop_map(|(below, n)| Work::Update { below, n }),
        2 => (0..5i64).prop_map(|below| Work::Delete { below }),
        1 => Just(Work::Count),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    (which(), work(), prop::bool::weighted(0.2), prop::bool::weighted(0.15), prop::bool::weighted(0.3))
        .prop_map(|(table, work, savepoint, bare, ignored)| Op { table, work, savepoint, bare, ignored })
}

/// Operations with hooks: others travel together where there is a server, and their errors are those of all of them.
fn batch() -> impl Strategy<Value = Vec<Op>> {
    let hooked = op().prop_filter("it only reads", |op| !matches!(op.work, Work::Count));
    vec(hooked.prop_map(|op| Op { bare: false, ..op }), 1..4)
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![12 => Just(End::Good), 3 => Just(End::Fail), 1 => Just(End::Panic), 1 => Just(End::Hang)]
}

fn step() -> impl Strategy<Value = Step> {
    let leaf = prop_oneof![5 => op().prop_map(Step::Op), 1 => batch().prop_map(Step::Batch)];
    leaf.prop_recursive(2, 8, 3, |inner| {
        (vec(inner, 1..4), end(), prop::bool::weighted(0.5)).prop_map(|(steps, end, ignored)| Step::Nested {
            steps,
            end,
            ignored,
        })
    })
}

/// Outside of transactions: many rows without hooks would be a transaction on one engine, and a statement on the other.
fn alone(op: Op) -> Op {
    match &op.work {
        Work::Create(keys) if keys.len() > 1 => Op { bare: false, ..op },
        _ => op,
    }
}

fn statement() -> impl Strategy<Value = Statement> {
    let alone = op().prop_map(alone);
    prop_oneof![
        3 => alone.prop_map(Statement::Op),
        1 => batch().prop_map(Statement::Batch),
        4 => (vec(step(), 0..5), end()).prop_map(|(steps, end)| Statement::Tx { steps, end }),
    ]
}

fn reaction() -> impl Strategy<Value = Reaction> {
    let scope = prop_oneof![Just(Scope::All), Just(Scope::Of), Just(Scope::Own)];
    let when = prop_oneof![
        Just(When::Before),
        Just(When::BeforeAny),
        Just(When::After),
        Just(When::AfterAny),
        Just(When::Commit),
    ];
    (which(), scope, when, option::weighted(0.8, op()), end()).prop_map(|(table, scope, when, op, end)| {
        // Nobody waits for what follows a commit.
        let end = if when == When::Commit && end == End::Hang { End::Good } else { end };
        let op = if when == When::Commit { op.map(alone) } else { op };
        Reaction { table, scope, when, op, end }
    })
}

/// Random programs.
pub fn program() -> impl Strategy<Value = Program> {
    (vec(reaction(), 0..5), vec(statement(), 1..5))
        .prop_map(|(script, statements)| Program { script, statements })
}
