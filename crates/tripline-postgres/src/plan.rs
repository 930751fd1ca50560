//! [`Plan`]: the requests that a flight becomes, and what each is for.

use tripline_core::{Access, Begin, End, Isolation, Mode, Result, Step, Transcript};

use crate::{flight::Request, steps};

/// What a request of a flight is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Begins a transaction, and may answer its id.
    Begin,
    /// Opens or closes a savepoint, or rolls back.
    Control,
    /// Part of the step with this index.
    Step(usize),
    /// Goes beside a step.
    Aside,
    /// Commits.
    Commit,
    /// Asks where the commit stands.
    Position,
    /// Asks how far a replica has come.
    Replayed,
}

/// The requests of a flight, in the order in which they are sent.
#[derive(Debug, Default)]
pub(crate) struct Plan<'s> {
    pub(crate) roles: Vec<Role>,
    pub(crate) requests: Vec<Request<'s>>,
}

/// When the primary is asked where its log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Never,
    AfterWrites,
    Always,
}

/// What a flight finds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The server's major version.
    pub(crate) version: u32,
    /// The transaction that is open.
    pub(crate) open: Option<Mode>,
    /// Whether a transaction that writes shall know its id.
    pub(crate) asks_id: bool,
    /// When someone who reads from copies must know how far they have to be.
    pub(crate) asks_position: Asks,
    /// Whether a replica must say how far it has come.
    pub(crate) asks_replayed: bool,
}

/// The requests of this flight.
pub(crate) fn plan<'s>(found: Found, begin: &Begin, steps: &'s [Step<'_>], end: End) -> Result<Plan<'s>> {
    let mut plan = Plan::default();
    if let Some(mode) = begin.transaction {
        // An id that would be answered together with the commit is of no use.
        let asks_id = found.asks_id && mode.access == Access::Write && end != End::Commit;
        plan.control(Role::Begin, begin_text(mode, asks_id));
    }
    for level in begin.savepoints.clone() {
        plan.control(Role::Control, format!("SAVEPOINT s{level}"));
    }
    let inside = begin.transaction.or(found.open);
    for (i, step) in steps.iter().enumerate() {
        match inside {
            Some(Mode { access: Access::Write, .. }) if steps::only_reads(step) => {
                plan.reading_step(i, step, found.version)?;
            }
            _ => plan.step(i, step, found.version)?,
        }
    }
    let writes = match inside {
        None => {
            plan.make_one(steps.iter().any(steps::only_reads));
            !steps.iter().all(steps::is_read)
        }
        Some(mode) => end == End::Commit && mode.access == Access::Write,
    };
    plan.end(end);
    if found.asks_replayed {
        // Before all else: what it has replayed by then, the read sees.
        plan.roles.insert(0, Role::Replayed);
        plan.requests.insert(0, Request::Control("SELECT pg_last_wal_replay_lsn()".to_owned()));
    }
    if found.asks_position == Asks::Always || writes && found.asks_position == Asks::AfterWrites {
        plan.control(Role::Position, "SELECT pg_current_wal_insert_lsn()");
    }
    Ok(plan)
}

fn begin_text(mode: Mode, asks_id: bool) -> String {
    let mut text = "BEGIN".to_owned();
    match mode.isolation {
        Isolation::RepeatableRead => text.push_str(" ISOLATION LEVEL REPEATABLE READ"),
        Isolation::Serializable => text.push_str(" ISOLATION LEVEL SERIALIZABLE"),
        _ => {}
    }
    if mode.access == Access::Read {
        text.push_str(" READ ONLY");
    }
    if asks_id {
        text.push_str("; SELECT pg_current_xact_id()");
    }
    text
}

impl<'s> Plan<'s> {
    /// Writes down its statements.
    pub(crate) fn transcribe(&self, transcript: &mut Transcript) {
        self.requests.iter().for_each(|request| transcript.add(request.text()));
    }

    fn control(&mut self, role: Role, sql: impl Into<String>) {
        self.roles.push(role);
        self.requests.push(Request::Control(sql.into()));
    }

    fn step(&mut self, index: usize, step: &'s Step<'_>, version: u32) -> Result<()> {
        steps::requests(step, version, &mut self.requests)?;
        let new = &self.requests[self.roles.len()..];
        let role = |request: &Request<'_>| if request.is_aside() { Role::Aside } else { Role::Step(index) };
        self.roles.extend(new.iter().map(role));
        Ok(())
    }

    /// A statement of the application's own that may only read, inside a transaction that may write.
    fn reading_step(&mut self, index: usize, step: &'s Step<'_>, version: u32) -> Result<()> {
        self.control(Role::Control, "SAVEPOINT r");
        self.control(Role::Control, "SET TRANSACTION READ ONLY");
        self.step(index, step, version)?;
        self.control(Role::Control, "RELEASE r");
        Ok(())
    }

    /// Outside of transactions: what is one operation but several statements, or may only read, becomes one.
    fn make_one(&mut self, only_reads: bool) {
        let parts = self.roles.iter().filter(|role| matches!(role, Role::Step(_))).count();
        if !only_reads && parts < 2 {
            return;
        }
        let begin = if only_reads { "BEGIN READ ONLY" } else { "BEGIN" };
        self.roles.insert(0, Role::Begin);
        self.requests.insert(0, Request::Control(begin.to_owned()));
        self.control(Role::Commit, "COMMIT");
    }

    fn end(&mut self, end: End) {
        match end {
            End::None => {}
            End::Release(level) => self.control(Role::Control, format!("RELEASE s{level}")),
            End::RollbackTo(level) => {
                self.control(Role::Control, format!("ROLLBACK TO s{level}"));
                self.control(Role::Control, format!("RELEASE s{level}"));
            }
            End::Commit => self.control(Role::Commit, "COMMIT"),
            End::Rollback => self.control(Role::Control, "ROLLBACK"),
        }
    }
}
