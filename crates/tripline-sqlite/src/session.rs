//! [`SqliteSession`]: a leased connection that sends flights, and [`Lease`], which gives it back however it ends.

use std::{mem, sync::Arc, time::Duration};

use tokio::{sync::OwnedMutexGuard, time::Instant};
use tripline_core::{
    Access, Answer, Begin, BoxFuture, Commit, Durability, End, Error, Flight, Mode, Reply, Result, Session,
    Step,
};

use crate::{
    Shared,
    connection::Connection,
    errors::{Trouble, busy},
    execute::OwnedRead,
    limits::Limits,
};

/// A leased connection.
pub(crate) struct SqliteSession {
    /// `None` only while a read runs on a blocking thread, or after that thread panicked.
    lease: Option<Lease>,
}

/// A connection that goes back to where it came from when dropped, without an open transaction.
pub(crate) struct Lease {
    shared: Arc<Shared>,
    held: Held,
}

enum Held {
    Writer(OwnedMutexGuard<Option<Connection>>),
    Reader(Option<Box<Connection>>),
}

impl Lease {
    pub(crate) fn writer(shared: Arc<Shared>, writer: OwnedMutexGuard<Option<Connection>>) -> Self {
        Lease { shared, held: Held::Writer(writer) }
    }

    pub(crate) fn reader(shared: Arc<Shared>, reader: Box<Connection>) -> Self {
        Lease { shared, held: Held::Reader(Some(reader)) }
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        match &mut self.held {
            Held::Writer(writer) => writer.as_mut(),
            Held::Reader(reader) => reader.as_deref_mut(),
        }
        .ok_or(Error::Closed)
    }

    /// Sends the flight, as far as it goes without waiting.
    fn fly(&mut self, flight: &mut Flight<'_, '_>) -> Result<Commit, Trouble> {
        let connection = self.connection()?;
        connection.begin_flight();
        let was_open = connection.in_transaction();
        begin(connection, &flight.begin)?;
        // Whatever ends outside a transaction has committed.
        let mut wrote = false;
        for step in &mut *flight.steps {
            connection.execute(step, true)?;
            wrote |= !was_open && flight.begin == Begin::default();
        }
        end(connection, flight.end)?;
        let committed = flight.end == End::Commit || (wrote && matches!(self.held, Held::Writer(_)));
        let durability = if committed { self.durability() } else { Durability::Now };
        Ok(Commit { durability, position: None })
    }

    fn durability(&self) -> Durability {
        match &self.shared.syncer {
            Some(syncer) if matches!(self.held, Held::Writer(_)) => Durability::Later(syncer.wait()),
            _ => Durability::Now,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        match &mut self.held {
            Held::Writer(writer) => {
                // A connection that cannot roll back would keep the lock for ever: it is closed, which frees it.
                if writer.as_mut().is_some_and(|connection| connection.roll_back().is_err()) {
                    **writer =
                        Connection::open(&self.shared.options, &self.shared.tables, Access::Write).ok();
                }
            }
            Held::Reader(reader) => match reader.take().map(|mut reader| (reader.roll_back(), reader)) {
                Some((Ok(()), reader)) => self.shared.readers.give_back(reader),
                broken => {
                    drop(broken);
                    self.shared.readers.lost();
                }
            },
        }
    }
}

impl SqliteSession {
    pub(crate) fn new(lease: Lease) -> Self {
        SqliteSession { lease: Some(lease) }
    }

    /// Waits for what kept the flight from going through: another process, or a read that takes long.
    async fn fly_later(&mut self, mut flight: Flight<'_, '_>, mut trouble: Trouble) -> Result<Commit> {
        let lease = self.lease.as_mut().ok_or(Error::Closed)?;
        let limit = lease.shared.options.busy_timeout;
        let deadline = Instant::now() + limit;
        let mut pause = Duration::from_micros(500);
        loop {
            match trouble {
                Trouble::Failed(error) => return Err(error),
                Trouble::Long => return self.fly_on_blocking_thread(flight).await,
                Trouble::Busy if Instant::now() >= deadline => return Err(busy(limit)),
                Trouble::Busy => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(20));
                }
            }
            let lease = self.lease.as_mut().ok_or(Error::Closed)?;
            match attempt(lease, &mut flight) {
                Ok(commit) => return Ok(commit),
                Err(again) => trouble = again,
            }
        }
    }

    /// Runs the flight's steps on a blocking thread, from the one that took long; what came before is answered.
    async fn fly_on_blocking_thread(&mut self, mut flight: Flight<'_, '_>) -> Result<Commit> {
        for step in &mut *flight.steps {
            let read = OwnedRead::of(&step.statement).map_err(failed)?;
            let read = read.ok_or_else(|| Error::invalid("a long write cannot be moved"))?;
            let lease = self.lease.take().ok_or(Error::Closed)?;
            let (lease, answer) = run_blocking(lease, read).await?;
            self.lease = Some(lease);
            step.answer = answer?;
        }
        let lease = self.lease.as_mut().ok_or(Error::Closed)?;
        let rest = Flight {
            begin: Begin::default(),
            steps: &mut [],
            end: mem::take(&mut flight.end),
            transcript: None,
        };
        attempt(lease, &mut { rest }).map_err(failed)
    }
}

impl Session for SqliteSession {
    fn send<'a, 's: 'a>(&'a mut self, mut flight: Flight<'a, 's>) -> Reply<'a, Result<Commit>> {
        let Some(lease) = self.lease.as_mut() else { return Reply::now(Err(Error::Closed)) };
        match attempt(lease, &mut flight) {
            Ok(commit) => Reply::now(Ok(commit)),
            Err(Trouble::Failed(error)) => Reply::now(Err(error)),
            Err(trouble) => Reply::Later(Box::pin(self.fly_later(flight, trouble))),
        }
    }

    fn abandon(self: Box<Self>) -> Option<BoxFuture<'static, ()>> {
        // The lease rolls back when it is dropped, and that is at once.
        None
    }
}

/// Sends the flight, and writes it down where someone wants to know.
fn transcribed(lease: &mut Lease, flight: &mut Flight<'_, '_>) -> Result<Commit, Trouble> {
    if let Some(transcript) = &mut flight.transcript {
        *lease.connection()?.transcript.borrow_mut() = Some(mem::take(*transcript));
    }
    let sent = lease.fly(flight);
    if let Some(transcript) = &mut flight.transcript
        && let Ok(connection) = lease.connection()
    {
        **transcript = connection.transcript.borrow_mut().take().unwrap_or_default();
    }
    sent
}

/// Sends the flight; if another connection is in the way, leaves everything as it was before, where that can be.
fn attempt(lease: &mut Lease, flight: &mut Flight<'_, '_>) -> Result<Commit, Trouble> {
    let was_open = lease.connection()?.in_transaction();
    let sent = transcribed(lease, flight);
    if let Err(Trouble::Busy) = sent {
        // A read inside a transaction can be tried again, all else is undone by undoing the transaction.
        if was_open
            && flight.steps.iter().any(|step| OwnedRead::of(&step.statement).is_ok_and(|r| r.is_none()))
        {
            return Err(Trouble::Failed(busy(lease.shared.options.busy_timeout)));
        }
        if !was_open {
            lease.connection()?.roll_back()?;
        }
        flight.steps.iter_mut().for_each(|step: &mut Step<'_>| step.answer = Answer::default());
    }
    if let Err(Trouble::Long) = sent {
        // What was begun stays, for the steps that are run again.
        flight.begin = Begin::default();
        flight.steps.iter_mut().for_each(|step: &mut Step<'_>| step.answer = Answer::default());
    }
    sent
}

fn begin(connection: &Connection, begin: &Begin) -> Result<(), Trouble> {
    let control = |sql: &str| connection.control(sql).map_err(|error| connection.trouble(error, None, sql));
    match begin.transaction {
        None => {}
        Some(Mode { access: Access::Write, .. }) => control("BEGIN IMMEDIATE")?,
        Some(Mode { access: Access::Read, .. }) => control("BEGIN")?,
    }
    begin.savepoints.clone().try_for_each(|level| control(&format!("SAVEPOINT s{level}")))
}

fn end(connection: &mut Connection, end: End) -> Result<(), Trouble> {
    let control = |sql: &str| connection.control(sql).map_err(|error| connection.trouble(error, None, sql));
    match end {
        End::None => Ok(()),
        End::Commit => control("COMMIT"),
        End::Rollback => connection.roll_back().map_err(Trouble::Failed),
        End::Release(level) => control(&format!("RELEASE s{level}")),
        End::RollbackTo(level) => {
            control(&format!("ROLLBACK TO s{level}"))?;
            control(&format!("RELEASE s{level}"))
        }
    }
}

/// Runs a read on a blocking thread. If nobody waits any more, it is interrupted there, and its lease dropped.
async fn run_blocking(mut lease: Lease, read: OwnedRead) -> Result<(Lease, Result<Answer>)> {
    struct CancelOnDrop(Option<Arc<Limits>>);
    impl Drop for CancelOnDrop {
        fn drop(&mut self) {
            if let Some(limits) = &self.0 {
                limits.cancel();
            }
        }
    }
    let limits = lease.connection()?.limits.clone();
    limits.start(false);
    let mut task = tokio::task::spawn_blocking(move || {
        let answer =
            lease.connection().and_then(|connection| connection.execute_owned(&read).map_err(failed));
        (lease, answer)
    });
    // Dropped before the task, which may hold the connection: once that is given back, it may run another's statement.
    let mut cancel = CancelOnDrop(Some(limits));
    let done = (&mut task).await;
    cancel.0 = None;
    done.map_err(|_| Error::Closed)
}

fn failed(trouble: Trouble) -> Error {
    match trouble {
        Trouble::Failed(error) => error,
        Trouble::Busy | Trouble::Long => busy(Duration::ZERO),
    }
}
