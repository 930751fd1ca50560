//! Traces as text, and as data.

use std::fmt;
#[cfg(feature = "json")]
use std::time::Duration;

use tripline_core::HookName;

use super::{Outcome, Root, Scope, Span, Trace, What};
#[cfg(feature = "json")]
use crate::warnings::Warning;

impl Trace {
    /// Operations and hooks, a line each, indented by two spaces for each level: what does not differ from run to run.
    /// Hooks are named by the last part of their type's path; those of one operation are called `(operation)`.
    pub fn outline(&self) -> Vec<String> {
        let mut lines = Vec::new();
        outline(&self.root, 0, &mut lines);
        lines
    }
}

pub(super) fn outline(span: &Span, level: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(level);
    match &span.what {
        What::Flight { .. } => return,
        What::Operation { kind, table: "", .. } => lines.push(format!("{indent}sql, {kind}")),
        what => lines.push(format!("{indent}{}{}", Short(what), Ended(span.outcome))),
    }
    span.children.iter().for_each(|child| outline(child, level + 1, lines));
}

struct Short<'w>(&'w What);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            What::Root(root) => root.fmt(f),
            What::Operation { kind, table, .. } => write!(f, "{kind} {table}"),
            What::Hook { phase, hook: HookName::Type(path), .. } => {
                write!(f, "{phase} {}", path.rsplit("::").next().unwrap_or(path))
            }
            What::Hook { phase, .. } => write!(f, "{phase} (operation)"),
            What::Flight { .. } => f.write_str("sql"),
        }
    }
}

struct Ended(Outcome);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Outcome::Done | Outcome::Planned => Ok(()),
            Outcome::Failed(code) => write!(f, ": {code}"),
            Outcome::Dropped => f.write_str(": dropped"),
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Root::Transaction => "transaction",
            Root::Read => "read",
            Root::Statement => "one statement",
            Root::AfterCommit => "after commit",
            Root::AfterRollback => "after rollback",
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Table => f.write_str("of the table"),
            Scope::Observer(place) => write!(f, "observer at {}:{}", place.file(), place.line()),
            Scope::AllTables(place) => {
                write!(f, "observer of all tables at {}:{}", place.file(), place.line())
            }
            Scope::Operation => f.write_str("of the operation"),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))
    }
}

impl fmt::Display for Span {
    /// A line for each step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(self, 0, f)
    }
}

/// A hook's name alone: a type's path, or a file and line.
pub(crate) struct Path(pub(crate) HookName);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            HookName::Type(path) => f.write_str(path),
            HookName::Place(place) => write!(f, "{}:{}", place.file(), place.line()),
            hook => hook.fmt(f),
        }
    }
}

fn line(span: &Span, level: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let indent = "  ".repeat(level);
    match &span.what {
        What::Root(root) => write!(f, "{indent}{root}")?,
        What::Operation { kind, table: "", .. } => write!(f, "{indent}sql of the application's own, {kind}")?,
        What::Operation { kind, table, rows } => {
            write!(f, "{indent}{kind} {table}")?;
            if let (Some(rows), false) = (rows, span.outcome == Outcome::Planned) {
                write!(f, ", {rows} row{}", if *rows == 1 { "" } else { "s" })?;
            }
        }
        What::Hook { phase, hook, scope, changed } => {
            write!(f, "{indent}{phase} {}", Path(*hook))?;
            if *scope != Scope::Table && *scope != Scope::Operation {
                write!(f, " ({scope})")?;
            }
            if !changed.is_empty() {
                write!(f, ", changed {}", changed.join(", "))?;
            }
        }
        What::Flight { statements } => {
            for (i, sql) in statements.iter().enumerate() {
                write!(f, "{indent}{} {}", if i == 0 { "→" } else { "+" }, sql.text)?;
                if sql.times > 1 {
                    write!(f, " x {}", sql.times)?;
                }
                if i + 1 < statements.len() {
                    writeln!(f)?;
                }
            }
        }
    }
    if let Some(took) = span.took {
        write!(f, "  [{took:.1?}]")?;
    }
    writeln!(f, "{}", Ended(span.outcome))?;
    span.children.iter().try_for_each(|child| line(child, level + 1, f))
}

#[cfg(feature = "json")]
pub(super) fn text<S: serde::Serializer>(
    value: &impl fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(feature = "json")]
pub(super) fn path<S: serde::Serializer>(hook: &HookName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Path(*hook))
}

#[cfg(feature = "json")]
pub(super) fn texts<S: serde::Serializer>(values: &[Warning], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}

#[cfg(feature = "json")]
pub(super) fn timestamp<S: serde::Serializer>(
    at: &jiff::Timestamp,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

#[cfg(feature = "json")]
pub(super) fn micros<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_nanos() as f64 / 1_000.0)
}

#[cfg(feature = "json")]
pub(super) fn some_micros<S: serde::Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => micros(time, serializer),
        None => serializer.serialize_none(),
    }
}
