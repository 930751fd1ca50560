//! Check: what callers and hooks have made is looked at in full, once (L26).
//!
//! What only the database can know, unique values and foreign keys, it checks itself.

use tripline_core::{
    ColumnDesc, Error, Invalid, Kind, Node, Pattern, PatternPart, Result, Slot, TableRef, Value, Violation,
};

use super::{
    Link,
    run::{Checked, Final, Inner, Run},
};

pub(super) fn check(link: &Link<'_, '_>, mut run: Run<Final>) -> Result<Run<Checked>> {
    let table = run.op.table;
    if let Some(filter) = &run.op.query.filter {
        check_node(table, filter)?;
    }
    if link.is_dry() {
        // What hooks would set is not known.
        return Ok(run.next());
    }
    match run.op.kind {
        Kind::Create => check_drafts(&mut run)?,
        Kind::Upsert => {
            check_drafts(&mut run)?;
            if let Some(update) = run.conflict.as_ref().and_then(|conflict| conflict.update.as_ref()) {
                check_patch(table, &update.set)?;
            }
        }
        Kind::Update => {
            for patch in run.body.slots.flat()?.chunks_exact(table.columns.len().max(1)) {
                check_patch(table, patch)?;
            }
        }
        _ => {}
    }
    Ok(run.next())
}

fn check_drafts(run: &mut Inner) -> Result<()> {
    let table = run.op.table;
    let assigned = table.assigned_key().map(usize::from);
    for row in run.body.slots.flat()?.chunks_exact(table.columns.len().max(1)) {
        let mut missing = Vec::new();
        for (i, (slot, column)) in row.iter().zip(table.columns).enumerate() {
            match slot {
                Slot::To(value) | Slot::Default(value) => check_value(table, column, value)?,
                Slot::Unset if column.nullable || assigned == Some(i) => {}
                Slot::Unset => missing.push(column.name.to_owned()),
                Slot::Expr(_) => {
                    return Err(about(
                        table,
                        column,
                        "a row that does not exist yet has nothing to compute with",
                    ));
                }
            }
        }
        if !missing.is_empty() {
            return Err(Error::Required(Violation::new(table.name, missing, None)));
        }
    }
    Ok(())
}

fn check_patch(table: TableRef, patch: &[Slot]) -> Result<()> {
    for (i, (slot, column)) in patch.iter().zip(table.columns).enumerate() {
        match slot {
            Slot::Unset => {}
            _ if table.is_key(i as u16) => return Err(about(table, column, "a key cannot be changed")),
            Slot::To(value) | Slot::Default(value) => check_value(table, column, value)?,
            Slot::Expr(node) => check_node(table, node)?,
        }
    }
    Ok(())
}

/// Values that are not known to fit when the operation is built, before typed hooks look at them.
pub(super) fn check_given(table: TableRef, slots: &[Slot]) -> Result<()> {
    let columns = table.columns.iter().cycle();
    for (slot, column) in slots.iter().zip(columns) {
        if let Slot::To(value) = slot {
            check_value(table, column, value)?;
        }
    }
    Ok(())
}

fn check_value(table: TableRef, column: &ColumnDesc, value: &Value) -> Result<()> {
    if value.is_null() {
        if column.nullable {
            return Ok(());
        }
        return Err(Error::NotNull(Violation::new(table.name, vec![column.name.to_owned()], None)));
    }
    if !value.fits(column.ty) {
        return Err(about(table, column, &format!("a value of type {} does not fit", value.type_name())));
    }
    match value.unstorable() {
        Some(why) => Err(about(table, column, why)),
        None => Ok(()),
    }
}

/// What has no meaning on some engine, or none at all, is an error on each: never "all rows", never "no rows".
fn check_node(table: TableRef, node: &Node) -> Result<()> {
    let mut wrong: Option<String> = None;
    node.visit(&mut |node| {
        let found = match node {
            Node::Literal(value) => value.unstorable().map(str::to_owned),
            Node::In(_, list) => list.iter().find_map(Value::unstorable).map(str::to_owned),
            Node::InRows(columns, values) if !are_rows(table, columns, values) => {
                Some("rows that do not have the columns they are compared by".to_owned())
            }
            Node::InRows(_, values) => values.iter().find_map(Value::unstorable).map(str::to_owned),
            Node::Like(_, pattern) => unusable(pattern).map(str::to_owned),
            Node::Or(any) if any.is_empty() => Some("none of no conditions: an empty OR".to_owned()),
            Node::Column(column) if usize::from(*column) >= table.columns.len() => {
                Some("a column that the table does not have".to_owned())
            }
            _ => None,
        };
        wrong = wrong.take().or(found);
    });
    match wrong {
        Some(reason) => {
            Err(Error::Invalid(Box::new(Invalid { table: Some(table.name), column: None, reason })))
        }
        None => Ok(()),
    }
}

fn are_rows(table: TableRef, columns: &[u16], values: &[Value]) -> bool {
    let known = columns.iter().all(|column| usize::from(*column) < table.columns.len());
    known && !columns.is_empty() && values.len().is_multiple_of(columns.len())
}

fn unusable(pattern: &Pattern) -> Option<&'static str> {
    match pattern.parts() {
        Err(why) => Some(why),
        Ok(parts) if parts.contains(&PatternPart::Char('\0')) => {
            Some("no text has a NUL character to be matched")
        }
        Ok(_) => None,
    }
}

fn about(table: TableRef, column: &ColumnDesc, reason: &str) -> Error {
    Error::Invalid(Box::new(Invalid {
        table: Some(table.name),
        column: Some(column.name),
        reason: reason.to_owned(),
    }))
}
