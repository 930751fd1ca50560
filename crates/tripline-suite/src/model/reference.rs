//! What a program must do: the rules of the lifecycle, as a function.

use std::collections::BTreeMap;

use super::{
    program::{End, Op, Program, Reaction, Scope, Statement, Step, When, Which, Work},
    tables::Outcome,
};

/// What a program must leave.
pub fn expected(program: &Program) -> Outcome {
    let mut model = Model { program, rows: BTreeMap::new() };
    let mut outcome = Outcome::default();
    for statement in &program.statements {
        let (result, trace) = model.statement(statement);
        outcome.results.push(result);
        outcome.traces.extend(trace);
    }
    outcome.rows = model.rows.into_iter().map(|((table, key), n)| (table, key, n)).collect();
    outcome
}

type Rows = BTreeMap<(Which, i64), i64>;

struct Model<'p> {
    program: &'p Program,
    rows: Rows,
}

/// Why something did not end well.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Error(&'static str),
    /// A panic, or nobody waits any more.
    Gone(&'static str),
}

type Done = Result<(), Stop>;

/// A step of a trace: its words, how deep it stands, how it ended.
struct Line {
    level: usize,
    text: String,
    ended: Option<Option<&'static str>>,
}

/// A transaction that is open.
struct Open {
    lines: Vec<Line>,
    /// How many nested transactions are open.
    level: usize,
    /// At which level something failed that nobody has rolled back.
    poison: Option<usize>,
    /// Operations that wrote, in their order.
    queue: Vec<Wrote>,
    /// Those that were rolled back with a nested transaction.
    undone: Vec<Wrote>,
}

#[derive(Clone)]
struct Wrote {
    table: Which,
    kind: &'static str,
    /// How many operations led to it, itself included.
    depth: usize,
}

impl Open {
    fn begin(&mut self, level: usize, text: String) -> usize {
        self.lines.push(Line { level, text, ended: None });
        self.lines.len() - 1
    }

    fn end(&mut self, line: usize, done: &Done) {
        self.lines[line].ended = match done {
            Ok(()) => Some(None),
            Err(Stop::Error(code)) => Some(Some(code)),
            Err(Stop::Gone(_)) => None,
        };
    }
}

fn outline(lines: &[Line]) -> Vec<String> {
    let shown = |line: &Line| {
        let ended = match line.ended {
            Some(None) => String::new(),
            Some(Some(code)) => format!(": {code}"),
            None => ": dropped".to_owned(),
        };
        format!("{}{}{ended}", "  ".repeat(line.level), line.text)
    };
    lines.iter().map(shown).collect()
}

fn kind(work: &Work) -> &'static str {
    match work {
        Work::Create(_) => "create",
        Work::Update { .. } => "update",
        Work::Delete { .. } => "delete",
        Work::Count => "count",
    }
}

fn name(table: Which) -> &'static str {
    match table {
        Which::A => "a",
        Which::B => "b",
        Which::C => "c",
    }
}

/// A hook's words in a trace.
fn hook(table: Which, scope: Scope, phase: &str) -> String {
    let scope = match (scope, table) {
        (Scope::All, _) => "All",
        (Scope::Of, _) => "Of",
        (Scope::Own, Which::A) => "A",
        (Scope::Own, Which::B) => "B",
        (Scope::Own, Which::C) => "C",
    };
    format!("{phase} {scope}")
}

/// The scopes that a table has, from the outside in (L11).
fn scopes(table: Which) -> &'static [Scope] {
    match table {
        Which::C => &[Scope::All, Scope::Own],
        _ => &[Scope::All, Scope::Of, Scope::Own],
    }
}

impl<'p> Model<'p> {
    fn statement(&mut self, statement: &'p Statement) -> (&'static str, Option<Vec<String>>) {
        match statement {
            // Nothing is attached: one statement, without a trace.
            Statement::Op(op) if op.bare || matches!(op.work, Work::Count) => {
                let before = self.rows.clone();
                let result = self.write(op);
                if result.is_err() {
                    self.rows = before;
                }
                (code(&result.map(drop)), None)
            }
            // Outside of transactions there is nothing that a savepoint could save.
            Statement::Op(op) => self.transaction(|model, open| model.plain(open, op, 1, 0)),
            Statement::Batch(ops) => self.transaction(|model, open| model.batch(open, ops, 1, 0)),
            Statement::Tx { steps, end } => self.transaction(|model, open| {
                model.steps(open, steps, 1, 0)?;
                finish(*end, 1)
            }),
        }
    }

    /// A transaction, and what follows it.
    fn transaction(
        &mut self,
        body: impl FnOnce(&mut Self, &mut Open) -> Done,
    ) -> (&'static str, Option<Vec<String>>) {
        let (done, lines) = self.whole(0, body);
        (code(&done), Some(outline(&lines)))
    }

    fn whole(&mut self, level: usize, body: impl FnOnce(&mut Self, &mut Open) -> Done) -> (Done, Vec<Line>) {
        let before = self.rows.clone();
        let mut open =
            Open { lines: Vec::new(), level: 0, poison: None, queue: Vec::new(), undone: Vec::new() };
        let root = open.begin(level, "transaction".to_owned());
        let mut done = body(self, &mut open);
        // A poisoned transaction cannot commit (L6).
        if done.is_ok() && open.poison.is_some() {
            done = Err(Stop::Error("poisoned"));
        }
        open.end(root, &done);
        let (mut queue, mut undone) = (open.queue, open.undone);
        if done.is_err() {
            self.rows = before;
            undone.append(&mut queue);
        }
        let mut lines = open.lines;
        self.follow(level + 1, queue, undone, &mut lines);
        (done, lines)
    }

    /// After the end (L50, L54).
    fn follow(&mut self, level: usize, queue: Vec<Wrote>, undone: Vec<Wrote>, lines: &mut Vec<Line>) {
        if queue.is_empty() && undone.is_empty() {
            return;
        }
        let text = if queue.is_empty() { "after rollback" } else { "after commit" };
        lines.push(Line { level, text: text.to_owned(), ended: Some(None) });
        for wrote in queue {
            for scope in scopes(wrote.table).iter().rev() {
                let text = hook(wrote.table, *scope, &format!("after_{}_commit", wrote.kind));
                let place = lines.len();
                lines.push(Line { level: level + 1, text, ended: Some(None) });
                let reaction = self.program.reaction(wrote.table, *scope, When::Commit, wrote.depth);
                let Some(Reaction { op, end, .. }) = reaction else { continue };
                let mut done = Ok(());
                if let Some(op) = op {
                    // A transaction of its own (L52).
                    let plain = op.bare || matches!(op.work, Work::Count);
                    done = if plain {
                        let before = self.rows.clone();
                        self.write(op).map(drop).inspect_err(|_| self.rows = before)
                    } else {
                        let (done, own) = self
                            .whole(level + 2, |model, open| model.plain(open, op, level + 3, wrote.depth));
                        lines.extend(own);
                        done
                    };
                    if op.ignored && matches!(done, Err(Stop::Error(_))) {
                        done = Ok(());
                    }
                }
                // A panic there is an error like any other (L51).
                let ended = done.and_then(|()| finish(*end, wrote.depth)).map_err(|stop| match stop {
                    Stop::Error(code) => code,
                    Stop::Gone(_) => "custom",
                });
                lines[place].ended = Some(ended.err());
            }
        }
        for wrote in undone {
            for scope in scopes(wrote.table).iter().rev() {
                let text = hook(wrote.table, *scope, "after_rollback");
                lines.push(Line { level: level + 1, text, ended: Some(None) });
            }
        }
    }

    fn steps(&mut self, open: &mut Open, steps: &'p [Step], line: usize, depth: usize) -> Done {
        for step in steps {
            match step {
                Step::Op(op) => ignoring(op.ignored, self.op(open, op, line, depth))?,
                Step::Batch(ops) => self.batch(open, ops, line, depth)?,
                Step::Nested { steps, end, ignored } => {
                    let nested = self.nested(open, |model, open| {
                        model.steps(open, steps, line, depth)?;
                        finish(*end, depth + 1)
                    });
                    ignoring(*ignored, nested)?;
                }
            }
        }
        Ok(())
    }

    fn batch(&mut self, open: &mut Open, ops: &'p [Op], line: usize, depth: usize) -> Done {
        ops.iter().try_for_each(|op| self.op(open, op, line, depth))
    }

    /// A savepoint (L4).
    fn nested(&mut self, open: &mut Open, body: impl FnOnce(&mut Self, &mut Open) -> Done) -> Done {
        if open.poison.is_some() {
            return Err(Stop::Error("poisoned"));
        }
        let (rows, mark) = (self.rows.clone(), open.queue.len());
        open.level += 1;
        let mut done = body(self, open);
        if let Err(Stop::Gone(_)) = done {
            return done;
        }
        if done.is_ok() && open.poison.is_some() {
            done = Err(Stop::Error("poisoned"));
        }
        if done.is_err() {
            self.rows = rows;
            let undone = open.queue.split_off(mark);
            open.undone.extend(undone);
            open.poison = open.poison.filter(|level| *level < open.level);
        }
        open.level -= 1;
        done
    }

    fn op(&mut self, open: &mut Open, op: &'p Op, line: usize, depth: usize) -> Done {
        if op.savepoint {
            return self.nested(open, |model, open| model.plain(open, op, line, depth));
        }
        self.plain(open, op, line, depth)
    }

    fn plain(&mut self, open: &mut Open, op: &'p Op, line: usize, depth: usize) -> Done {
        if open.poison.is_some() {
            return Err(Stop::Error("poisoned"));
        }
        let place = open.begin(line, format!("{} {}", kind(&op.work), name(op.table)));
        let done = self.phases(open, op, line, depth + 1);
        open.end(place, &done);
        if let (Err(Stop::Error(_)), None) = (&done, open.poison) {
            open.poison = Some(open.level);
        }
        done
    }

    /// Before, write, after (L10 to L16).
    fn phases(&mut self, open: &mut Open, op: &'p Op, line: usize, depth: usize) -> Done {
        let (table, what) = (op.table, kind(&op.work));
        if op.bare || what == "count" {
            return self.write(op).map(drop);
        }
        for scope in scopes(table) {
            for (when, phase) in
                [(When::Before, format!("before_{what}")), (When::BeforeAny, "before_any".to_owned())]
            {
                self.hook(open, table, *scope, when, &phase, line + 1, depth)?;
            }
        }
        let count = self.write(op)?;
        if count > 0 {
            open.queue.push(Wrote { table, kind: what, depth });
        }
        for scope in scopes(table).iter().rev() {
            self.hook(open, table, *scope, When::AfterAny, "after_any", line + 1, depth)?;
            if count > 0 {
                self.hook(open, table, *scope, When::After, &format!("after_{what}"), line + 1, depth)?;
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a hook is all of this")]
    fn hook(
        &mut self,
        open: &mut Open,
        table: Which,
        scope: Scope,
        when: When,
        phase: &str,
        line: usize,
        depth: usize,
    ) -> Done {
        let place = open.begin(line, hook(table, scope, phase));
        let mut done = match self.program.reaction(table, scope, when, depth) {
            None => Ok(()),
            Some(Reaction { op, end, .. }) => {
                let made = match op {
                    Some(op) => ignoring(op.ignored, self.op(open, op, line + 1, depth)),
                    None => Ok(()),
                };
                made.and_then(|()| finish(*end, depth))
            }
        };
        // An error that was ignored is not gone (L6).
        if done.is_ok() && open.poison.is_some() {
            done = Err(Stop::Error("poisoned"));
        }
        open.end(place, &done);
        done.map_err(|stop| match stop {
            Stop::Error(_) => Stop::Error("hook"),
            gone => gone,
        })
    }

    /// The rows; gives how many were written.
    fn write(&mut self, op: &Op) -> Result<usize, Stop> {
        let table = op.table;
        let below = |rows: &Rows, below: i64| -> Vec<(Which, i64)> {
            rows.iter().filter(|((t, _), n)| *t == table && **n < below).map(|(key, _)| *key).collect()
        };
        match &op.work {
            Work::Create(keys) => {
                for key in keys {
                    if self.rows.insert((table, *key), *key).is_some() {
                        return Err(Stop::Error("unique"));
                    }
                }
                Ok(keys.len())
            }
            Work::Update { below: limit, n } => {
                let chosen = below(&self.rows, *limit);
                chosen.iter().for_each(|key| _ = self.rows.insert(*key, *n));
                Ok(chosen.len())
            }
            Work::Delete { below: limit } => {
                let chosen = below(&self.rows, *limit);
                chosen.iter().for_each(|key| _ = self.rows.remove(key));
                Ok(chosen.len())
            }
            Work::Count => Ok(0),
        }
    }
}

fn finish(end: End, depth: usize) -> Done {
    match end {
        // Further down it could be in what follows a commit, where nobody goes away.
        End::Hang if depth > 1 => Ok(()),
        End::Good => Ok(()),
        End::Fail => Err(Stop::Error("rejected")),
        End::Panic => Err(Stop::Gone("panicked")),
        End::Hang => Err(Stop::Gone("hung")),
    }
}

fn ignoring(ignored: bool, done: Done) -> Done {
    match done {
        Err(Stop::Error(_)) if ignored => Ok(()),
        done => done,
    }
}

fn code(done: &Done) -> &'static str {
    match done {
        Ok(()) => "ok",
        Err(Stop::Error(code) | Stop::Gone(code)) => code,
    }
}
