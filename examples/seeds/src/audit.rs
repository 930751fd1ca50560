//! An audit log of whatever changes, with what it was and what it is.
//!
//! *After change*, by an observer of all tables: tables that are added later are in the log, too. It is in the write's
//! transaction, so there is neither a change without an entry nor an entry without a change. A log that lives somewhere else
//! would use `OnAfterChangeCommit`.

use tripline::{AnyRow, OnAfterChange, RowChange, prelude::*};

#[derive(Table, Clone, Debug)]
#[table(name = "audit")]
pub struct Entry {
    #[key]
    pub id: Id<Entry>,
    pub who: Option<String>,
    pub what: String,
    pub table: String,
    /// The columns that differ, with their values before and after.
    pub diff: String,
    #[created_at]
    pub at: jiff::Timestamp,
}

/// Who works: the actor of this example.
#[derive(Clone, Debug)]
pub struct Person(pub String);

#[derive(Observer)]
#[observes(all)]
pub struct Auditor;

impl OnAfterChange<AnyRow> for Auditor {
    async fn after_change(&self, tx: &mut Tx<'_>, changes: &[RowChange<AnyRow>]) -> Result<()> {
        let Some(table) = tx.operation().map(|operation| operation.table.name) else { return Ok(()) };
        // Its own entries change a table as well.
        if table == "audit" {
            return Ok(());
        }
        let who = tx.actor::<Person>().map(|person| person.0.clone());
        let mut entries = Vec::new();
        for change in changes {
            entries.push(NewEntry {
                who: who.clone().into(),
                what: change.kind.to_string().into(),
                table: table.into(),
                diff: diff(change)?.into(),
                ..Default::default()
            });
        }
        tx.create(entries).await.map(drop)
    }
}

/// A line for each column that differs. What is secret stays secret.
fn diff(change: &RowChange<AnyRow>) -> Result<String> {
    let Some(row) = change.new.as_ref().or(change.old.as_ref()) else { return Ok(String::new()) };
    let mut lines = Vec::new();
    for (column, _) in row.iter() {
        if !change.modified_column(column)? {
            continue;
        }
        let shown = |row: &Option<AnyRow>| match row.as_ref().and_then(|row| row.get(column)) {
            Some(_) if row.as_ref().is_some_and(|row| row.is_secret(column)) => "<secret>".to_owned(),
            Some(value) => format!("{value:?}"),
            None => "-".to_owned(),
        };
        lines.push(format!("{column}: {} -> {}", shown(&change.old), shown(&change.new)));
    }
    Ok(lines.join("\n"))
}

#[derive(Table, Clone)]
pub struct Account {
    #[key]
    pub id: Id<Account>,
    pub name: String,
    pub plan: Option<String>,
    #[secret]
    pub token: String,
}
