//! [`Node`]: conditions and computed values over one table's columns.

use crate::{Pattern, Value};

/// An expression over the columns of one row.
///
/// Drivers write it as SQL, [`crate::evaluate`] computes it in memory; both give the same answer, which a
/// property test holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Node {
    /// The value of a column, by its index in the table.
    Column(u16),
    /// A value.
    Literal(Value),
    /// A comparison; null on either side makes it unknown.
    Compare(Compare, Box<(Node, Node)>),
    /// Whether the value is one of a list. An empty list is false for every value, also for null.
    In(Box<Node>, Vec<Value>),
    /// Whether the values of these columns are one of a list of rows, which stand one after the other. None of them is
    /// null. So the engine names rows, however many.
    InRows(Vec<u16>, Vec<Value>),
    /// Whether the value is null: never unknown.
    IsNull(Box<Node>),
    /// Whether the text matches the pattern; case counts.
    Like(Box<Node>, Pattern),
    /// True if all are; an empty one is true.
    And(Vec<Node>),
    /// True if one is; an empty one is an error when it is checked, never "all rows".
    Or(Vec<Node>),
    /// The opposite; unknown stays unknown.
    Not(Box<Node>),
    /// A number computed from two.
    Arith(Arith, Box<(Node, Node)>),
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
}

/// The operations on numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arith {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
}

impl Node {
    /// `left op right`.
    pub fn compare(op: Compare, left: Node, right: Node) -> Node {
        Node::Compare(op, Box::new((left, right)))
    }

    /// `left op right`.
    pub fn arith(op: Arith, left: Node, right: Node) -> Node {
        Node::Arith(op, Box::new((left, right)))
    }

    /// Both conditions. Two conjunctions become one, so that filters added one by one stay flat.
    pub fn and(self, other: Node) -> Node {
        match (self, other) {
            (Node::And(mut all), Node::And(more)) => {
                all.extend(more);
                Node::And(all)
            }
            (Node::And(mut all), one) => {
                all.push(one);
                Node::And(all)
            }
            (one, other) => Node::And(vec![one, other]),
        }
    }

    /// Either condition.
    pub fn or(self, other: Node) -> Node {
        match (self, other) {
            (Node::Or(mut all), one) => {
                all.push(one);
                Node::Or(all)
            }
            (one, other) => Node::Or(vec![one, other]),
        }
    }

    /// Calls `f` for this node and all below it.
    pub fn visit(&self, f: &mut dyn FnMut(&Node)) {
        f(self);
        match self {
            Node::Column(_) | Node::Literal(_) | Node::InRows(..) => {}
            Node::Compare(_, pair) | Node::Arith(_, pair) => {
                pair.0.visit(f);
                pair.1.visit(f);
            }
            Node::In(node, _) | Node::IsNull(node) | Node::Like(node, _) | Node::Not(node) => node.visit(f),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|n| n.visit(f)),
        }
    }
}
