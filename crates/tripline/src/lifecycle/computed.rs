//! Rows as an update leaves them, computed from the old rows and the patches: for databases that nobody else writes
//! meanwhile, and that store what is written as it was given. See ADR 24.

use tripline_core::{Error, Node, Result, RowSet, Slot, Value, evaluate};

use super::run::Inner;

/// The values of these columns as the write will leave them, row by row; none if old rows were not read, or not enough
/// of them.
pub(super) fn updated(run: &mut Inner, columns: &[u16]) -> Result<Option<Vec<Value>>> {
    if run.old_as_of.is_none() || columns.is_empty() {
        return Ok(None);
    }
    let width = run.op.table.columns.len();
    let patches = std::mem::take(run.body.slots.flat()?);
    let rows = columns.iter().map(|column| {
        let position = run.body.old.position(*column);
        let computes = |patch: &[Slot]| match &patch[usize::from(*column)] {
            Slot::Expr(node) => is_computable(node, &run.body.old),
            Slot::Unset => position.is_some(),
            Slot::To(_) | Slot::Default(_) => true,
        };
        patches.chunks_exact(width).all(computes).then_some((usize::from(*column), position))
    });
    let known = rows.collect::<Option<Vec<_>>>().and_then(|from| compute(run, &patches, &from));
    *run.body.slots.flat()? = patches;
    Ok(known)
}

/// The values of these columns, each with its place in the old rows. None if one cannot be computed: the database says
/// then what is wrong with it.
fn compute(run: &Inner, patches: &[Slot], from: &[(usize, Option<usize>)]) -> Option<Vec<Value>> {
    let (table, old, null) = (run.op.table, &run.body.old, Value::Null);
    let width = table.columns.len();
    let mut values = Vec::with_capacity(old.len() * from.len());
    for (i, row) in old.iter().enumerate() {
        let patch = if run.patch_each { &patches[i * width..][..width] } else { patches };
        for (column, position) in from {
            values.push(match &patch[*column] {
                Slot::To(value) | Slot::Default(value) => value.clone(),
                Slot::Unset => row[(*position)?].clone(),
                Slot::Expr(node) => {
                    let value = |column| old.position(column).map_or(&null, |position| &row[position]);
                    let stays =
                        |value: &Value| value.fits(table.columns[*column].ty) && value.unstorable().is_none();
                    evaluate(node, &value).ok().filter(stays)?
                }
            });
        }
    }
    Some(values)
}

/// Whether it is the same in every database, since comparisons may follow a collation of the column's own, and what it is
/// computed from was read.
fn is_computable(node: &Node, old: &RowSet) -> bool {
    let mut computable = true;
    node.visit(&mut |node| {
        computable &= match node {
            Node::Arith(..) | Node::Literal(_) => true,
            Node::Column(column) => old.position(*column).is_some(),
            _ => false,
        };
    });
    computable
}

/// An error if not all of the old rows were updated, whose new rows are computed.
pub(super) fn all_updated(run: &Inner) -> Result<()> {
    let (updated, rows) = (run.body.count, run.body.old.len());
    if updated == rows as u64 {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{updated} of the {rows} rows of {:?} were updated: a trigger of the database keeps some as they were, which \
         does not go with hooks for which rows are read before the update",
        run.op
    )))
}
