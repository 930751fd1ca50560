//! Rows by what drafts are known by, as the database compares that.

use tripline_core::{Kind, Result, RowSet, Statement, Step, TableRef, Value};

use crate::lifecycle::{Link, write::ROWS_PER_TURN};

/// What drafts are known by.
pub(super) struct Known {
    values: RowSet,
    /// Whose those are.
    drafts: Vec<usize>,
}

impl Known {
    /// Of these drafts those that a row can be known by: null is never the same as null, and what the column cannot hold
    /// is refused with the rest of the draft.
    pub(super) fn new<'v>(
        table: TableRef,
        target: &[u16],
        drafts: impl Iterator<Item = (usize, &'v [Value])>,
    ) -> Known {
        let can_be = |(column, value): (&u16, &Value)| {
            !value.is_null()
                && value.fits(table.columns[usize::from(*column)].ty)
                && value.unstorable().is_none()
        };
        let mut known = Known { values: RowSet::new(target.to_vec()), drafts: Vec::new() };
        for (i, values) in drafts.filter(|(_, values)| target.iter().zip(*values).all(can_be)) {
            known.values.values.extend_from_slice(values);
            known.drafts.push(i);
        }
        known
    }

    pub(super) fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    pub(super) fn columns(&self) -> &[u16] {
        &self.values.columns
    }
}

/// Reads the rows that are there, with these columns; gives them, and each one's draft. Once there are more than `limit`
/// it may leave out the rest.
pub(super) async fn find_each(
    link: &mut Link<'_, '_>,
    table: TableRef,
    known: &Known,
    columns: Vec<u16>,
    lock: Option<Kind>,
    limit: usize,
) -> Result<(RowSet, Vec<usize>)> {
    // A server gets all at once: in one order of keys, transactions that lock rows do not wait in a circle.
    let at_once = if link.traits().remote { known.drafts.len().max(1) } else { ROWS_PER_TURN };
    let (mut found, mut drafts) = (RowSet::new(columns), Vec::new());
    let turns = known.values.values.chunks(at_once * known.columns().len().max(1));
    for (turn, (values, known_drafts)) in turns.zip(known.drafts.chunks(at_once)).enumerate() {
        if turn > 0 {
            tokio::task::yield_now().await;
        }
        let by = RowSet { columns: known.values.columns.clone(), values: values.to_vec() };
        let (columns, most) = (&*found.columns, (limit as u64).saturating_add(1));
        let mut step = Step::new(Statement::FindEach { table, by: &by, columns, lock, limit: most });
        link.send(&mut step, Kind::Find).await?;
        let answer = std::mem::take(&mut step.answer.values);
        for row in answer.chunks_exact(found.columns.len() + 1) {
            let number = if let Value::Int(number) = row[0] { usize::try_from(number).ok() } else { None };
            if let Some(draft) = number.and_then(|number| known_drafts.get(number)) {
                drafts.push(*draft);
                found.values.extend_from_slice(&row[1..]);
            }
        }
        if drafts.len() > limit {
            break;
        }
    }
    Ok((found, drafts))
}
