//! What an open transaction sends: its statements, with what of BEGIN and savepoints is due, and the writes that travel
//! with them.

use tripline_core::{
    Access, Answer, Begin, Commit, End, Error, Flight, Kept, Kind, Position, Result, Statement, Step,
};

use super::TxState;
use crate::{lifecycle::explain::Dry, tx::Pending};

impl TxState {
    /// Sends statements, with what of BEGIN and savepoints is due.
    pub(crate) async fn send(&mut self, steps: &mut [Step<'_>]) -> Result<()> {
        let begin = self.begin().await?;
        let sent = self.fly(begin, steps, End::None).await;
        if self.bare.is_some() {
            return self.sent_bare(sent);
        }
        sent.map(drop)
    }

    /// After a statement that is by itself.
    fn sent_bare(&mut self, sent: Result<Commit>) -> Result<()> {
        if let (Err(Error::CommitUnknown(_)), Access::Write) = (&sent, self.mode.access) {
            // Whoever looks whether it was must not ask a copy that is behind.
            self.db.saw(Some(Position::UNKNOWN));
        }
        let commit = sent?;
        match self.mode.access {
            // What it wrote is committed; the end waits until that is durable.
            Access::Write => self.committed = Some(commit),
            Access::Read if self.bare == Some(Position::UNKNOWN) => self.db.found(commit.position),
            Access::Read => self.db.saw(commit.position),
        }
        Ok(())
    }

    /// Sends an operation's last statement, with COMMIT if nobody must see its result before (L32).
    pub(crate) async fn send_last(&mut self, step: &mut Step<'_>) -> Result<()> {
        if !self.carries {
            return self.send(std::slice::from_mut(step)).await;
        }
        let begin = self.begin().await?;
        self.committed = Some(self.fly(begin, std::slice::from_mut(step), End::Commit).await?);
        Ok(())
    }

    /// What of BEGIN and savepoints is due before the next statement.
    pub(super) async fn begin(&mut self) -> Result<Begin> {
        if self.session.is_none() && self.is_dry() {
            let inside = (self.opened > 0).then_some(self.mode);
            self.session = Some(Box::new(Dry { db: self.db.clone(), inside }));
        }
        if self.session.is_none() {
            let seen = self.bare.filter(|_| self.mode.access == Access::Read);
            self.session = Some(self.db.inner.driver.lease(self.mode.access, seen).await?);
        }
        if self.bare.is_some() {
            return Ok(Begin::default());
        }
        let begin = Begin {
            transaction: (self.opened == 0).then_some(self.mode),
            savepoints: self.opened.max(1)..self.level + 1,
        };
        // Also if it fails: how far it went only the session knows, and it rolls back whatever is there.
        self.opened = self.level + 1;
        Ok(begin)
    }

    pub(super) async fn fly(&mut self, begin: Begin, steps: &mut [Step<'_>], end: End) -> Result<Commit> {
        let node = self.trace_flight();
        let sent = self.fly_traced(begin, steps, end).await;
        self.trace_flown(node, &sent);
        sent
    }

    async fn fly_traced(&mut self, begin: Begin, steps: &mut [Step<'_>], end: End) -> Result<Commit> {
        let session = self.session.as_mut().ok_or(Error::Closed)?;
        let transcript =
            self.trace.as_mut().filter(|trace| !trace.is_full()).map(|trace| &mut trace.transcript);
        let last = end == End::Commit;
        if self.pending.is_empty() && (!last || self.trailing.is_empty()) {
            return session.send(Flight { begin, steps, end, transcript }).await;
        }
        let mut pending = std::mem::take(&mut self.pending);
        let mut trailing = if last { std::mem::take(&mut self.trailing) } else { Vec::new() };
        let mut all: Vec<Step<'_>> = pending.iter_mut().map(Pending::step).collect();
        let first = all.len();
        // Their statements are not needed here any more, only their answers.
        let nothing = || Step::new(Statement::Schema { text: "" });
        all.extend(steps.iter_mut().map(|step| std::mem::replace(step, nothing())));
        all.extend(trailing.iter_mut().map(Pending::step));
        let sent = session.send(Flight { begin, steps: &mut all, end, transcript }).await;
        let mut answers = all.drain(..).map(|step| step.answer).collect::<Vec<Answer>>().into_iter();
        let ahead: Vec<Answer> = answers.by_ref().take(first).collect();
        for (step, answer) in steps.iter_mut().zip(answers.by_ref()) {
            step.answer = answer;
        }
        let failed = sent.as_ref().err().map(Error::code);
        for (pending, answer) in pending.into_iter().zip(ahead).chain(trailing.into_iter().zip(answers)) {
            match failed {
                None => {
                    self.trace_rows(pending.node(), answer.count);
                    self.landed.extend(pending.land(answer));
                }
                Some(code) => self.trace_end(pending.node().unwrap_or(0), Some(code)),
            }
        }
        sent
    }

    /// Sends what is kept for the next flight; an operation like any other, since it may fail, or be dropped half-way.
    pub(crate) async fn flush(&mut self, depth: usize) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let node = self.current_node();
        self.begin_operation(Kept { table: "", kind: Kind::Find }, node);
        let flushed = self.send(&mut []).await;
        self.end_operation(depth, flushed)
    }
}
