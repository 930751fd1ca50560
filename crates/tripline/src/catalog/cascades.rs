//! Which foreign keys the engine cascades itself (L45): those onto tables whose rows something is attached to.

use tripline_core::{Action, Kind, Result, TableRef};

use super::{Attached, setup};

/// What the delete of a row does to rows of another table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cascade {
    pub(crate) child: TableRef,
    /// The child's column that refers.
    pub(crate) column: u16,
    /// The column it refers to.
    pub(crate) target: u16,
    pub(crate) action: Action,
    /// Whether it leads back to the table it starts from.
    pub(crate) cyclic: bool,
}

/// A foreign key that says what a delete does.
#[derive(Clone, Copy)]
struct Edge {
    parent: TableRef,
    cascade: Cascade,
    by_engine: bool,
}

/// Tells each table what its deletes make the engine do; gives the foreign keys by which it does.
pub(super) fn attach(tables: &mut [(TableRef, Attached)]) -> Vec<(TableRef, u16)> {
    let mut edges: Vec<Edge> =
        tables.iter().flat_map(|(table, attached)| starting(table, attached)).collect();
    // A database that deletes rows would go on to rows that refer to those.
    while let Some(i) = edges.iter().position(|edge| {
        let goes_on = |next: &Edge| next.by_engine && std::ptr::eq(next.parent, edge.cascade.child);
        !edge.by_engine && edge.cascade.action == Action::Cascade && edges.iter().any(goes_on)
    }) {
        edges[i].by_engine = true;
    }
    edges.retain(|edge| edge.by_engine);
    for i in 0..edges.len() {
        edges[i].cascade.cyclic = reaches(&edges, edges[i].cascade.child, edges[i].parent);
    }
    for (table, attached) in tables {
        let own = edges.iter().filter(|edge| std::ptr::eq(edge.parent, *table));
        attached.cascades = own.map(|edge| edge.cascade).collect();
    }
    edges.iter().map(|edge| (edge.cascade.child, edge.cascade.column)).collect()
}

/// Rows that are elsewhere cannot be found here by what they refer to, nor locked.
pub(super) fn refuse_resolved(tables: &[(TableRef, Attached)]) -> Result<()> {
    let resolved = |table: TableRef, kind: Kind| {
        let attached =
            tables.iter().find(|(known, _)| std::ptr::eq(*known, table)).map(|(_, attached)| attached);
        attached.and_then(|attached| attached.hooks(kind)).is_some_and(|hooks| hooks.resolver.is_some())
    };
    for (parent, attached) in tables {
        for cascade in &attached.cascades {
            let child = cascade.child;
            let kind = if cascade.action == Action::Cascade { Kind::Delete } else { Kind::Update };
            let elsewhere = match () {
                () if resolved(child, kind) => child,
                () if resolved(parent, Kind::Delete) => *parent,
                () => continue,
            };
            return Err(setup(format!(
                "`{}.{}` cascades from table `{}`, but rows of `{}` are resolved elsewhere: cascade there, or by a hook",
                child.name,
                child.columns[usize::from(cascade.column)].name,
                parent.name,
                elsewhere.name
            )));
        }
    }
    Ok(())
}

fn starting(table: TableRef, attached: &Attached) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (column, desc) in (0..).zip(table.columns) {
        let Some(reference) = &desc.references else { continue };
        let by_engine = match reference.on_delete {
            Action::Cascade => attached.delete.iter().next().is_some(),
            Action::SetNull | Action::SetDefault => attached.update.iter().next().is_some(),
            _ => continue,
        };
        let parent = reference.table();
        let target = parent.column(reference.target()).unwrap_or_default();
        let cascade = Cascade { child: table, column, target, action: reference.on_delete, cyclic: false };
        edges.push(Edge { parent, cascade, by_engine });
    }
    edges
}

/// Whether deletes of rows of one table come to rows of the other.
fn reaches(edges: &[Edge], from: TableRef, to: TableRef) -> bool {
    let (mut known, mut next) = (vec![from], 0);
    while let Some(&table) = known.get(next) {
        if std::ptr::eq(table, to) {
            return true;
        }
        next += 1;
        for edge in edges.iter().filter(|edge| std::ptr::eq(edge.parent, table)) {
            let child = edge.cascade.child;
            if !known.iter().any(|k| std::ptr::eq(*k, child)) {
                known.push(child);
            }
        }
    }
    false
}
