//! The in-memory evaluator: the same answers as the databases give, with SQL's three-valued logic.

use std::cmp::Ordering;

use crate::{Arith, Compare, Invalid, Node, Nulls, Order, Value};

/// Whether a row fulfils a condition: true, false, or unknown because of a null.
pub type Truth = Option<bool>;

/// Whether the condition is true for the row; unknown counts as not fulfilled, as in a WHERE clause.
pub fn holds<'v>(node: &Node, column: &dyn Fn(u16) -> &'v Value) -> Result<bool, Invalid> {
    Ok(truth(node, column)? == Some(true))
}

/// The value of an expression for the row whose columns `column` gives.
///
/// Conditions give `Bool` or, where unknown, `Null`. An overflow of integers is an error, as it is in the
/// databases' strict tables.
pub fn evaluate<'v>(node: &Node, column: &dyn Fn(u16) -> &'v Value) -> Result<Value, Invalid> {
    Ok(match node {
        Node::Column(index) => column(*index).clone(),
        Node::Literal(value) => value.clone(),
        Node::Arith(op, pair) => arith(*op, &evaluate(&pair.0, column)?, &evaluate(&pair.1, column)?)?,
        condition => truth(condition, column)?.map_or(Value::Null, Value::Bool),
    })
}

fn truth<'v>(node: &Node, column: &dyn Fn(u16) -> &'v Value) -> Result<Truth, Invalid> {
    Ok(match node {
        Node::Compare(op, pair) => compare(*op, &evaluate(&pair.0, column)?, &evaluate(&pair.1, column)?)?,
        Node::In(node, list) => {
            let value = evaluate(node, column)?;
            let mut found = Some(false);
            for item in list {
                match compare(Compare::Eq, &value, item)? {
                    Some(true) => return Ok(Some(true)),
                    Some(false) => {}
                    None => found = None,
                }
            }
            found
        }
        Node::InRows(columns, rows) => {
            let mut found = Some(false);
            for row in rows.chunks_exact(columns.len().max(1)) {
                match is_row(columns, row, column)? {
                    Some(true) => return Ok(Some(true)),
                    Some(false) => {}
                    None => found = None,
                }
            }
            found
        }
        Node::IsNull(node) => Some(evaluate(node, column)?.is_null()),
        Node::Like(node, pattern) => match evaluate(node, column)? {
            Value::Null => None,
            Value::Text(text) => Some(pattern.matches(&text).map_err(Invalid::new)?),
            other => return Err(Invalid::new(format!("a pattern needs text, not {}", other.type_name()))),
        },
        Node::And(nodes) => {
            let mut all = Some(true);
            for node in nodes {
                match truth(node, column)? {
                    Some(false) => return Ok(Some(false)),
                    Some(true) => {}
                    None => all = None,
                }
            }
            all
        }
        Node::Or(nodes) => {
            let mut any = Some(false);
            for node in nodes {
                match truth(node, column)? {
                    Some(true) => return Ok(Some(true)),
                    Some(false) => {}
                    None => any = None,
                }
            }
            any
        }
        Node::Not(node) => truth(node, column)?.map(|t| !t),
        Node::Column(_) | Node::Literal(_) | Node::Arith(..) => match evaluate(node, column)? {
            Value::Null => None,
            Value::Bool(b) => Some(b),
            other => return Err(Invalid::new(format!("a condition needs bool, not {}", other.type_name()))),
        },
    })
}

/// Whether the columns have the values of this row.
fn is_row<'v>(columns: &[u16], row: &[Value], column: &dyn Fn(u16) -> &'v Value) -> Result<Truth, Invalid> {
    let mut same = Some(true);
    for (index, value) in columns.iter().zip(row) {
        match compare(Compare::Eq, column(*index), value)? {
            Some(false) => return Ok(Some(false)),
            Some(true) => {}
            None => same = None,
        }
    }
    Ok(same)
}

fn compare(op: Compare, left: &Value, right: &Value) -> Result<Truth, Invalid> {
    if left.is_null() || right.is_null() {
        return Ok(None);
    }
    let order = order(left, right).ok_or_else(|| {
        Invalid::new(format!("{} cannot be compared with {}", left.type_name(), right.type_name()))
    })?;
    Ok(Some(match op {
        Compare::Eq => order == Ordering::Equal,
        Compare::Ne => order != Ordering::Equal,
        Compare::Gt => order == Ordering::Greater,
        Compare::Gte => order != Ordering::Less,
        Compare::Lt => order == Ordering::Less,
        Compare::Lte => order != Ordering::Greater,
    }))
}

/// Which of two rows comes first, as the databases order them.
pub fn ordering<'v>(
    orders: &[Order],
    left: &dyn Fn(u16) -> &'v Value,
    right: &dyn Fn(u16) -> &'v Value,
) -> Result<Ordering, Invalid> {
    for Order { by, descending, nulls } in orders {
        let (left, right) = (evaluate(by, left)?, evaluate(by, right)?);
        let first = match nulls {
            Nulls::Smallest => !descending,
            Nulls::First => true,
            Nulls::Last => false,
        };
        let found = match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => {
                if first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, true) => {
                if first {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (false, false) => {
                let found = order(&left, &right).ok_or_else(|| {
                    Invalid::new(format!("{} cannot be ordered with {}", left.type_name(), right.type_name()))
                })?;
                if *descending { found.reverse() } else { found }
            }
        };
        if found != Ordering::Equal {
            return Ok(found);
        }
    }
    Ok(Ordering::Equal)
}

/// Text is ordered by code point, which is the order of its bytes in UTF-8.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    Some(match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b)?,
        (Value::Text(a), Value::Text(b)) | (Value::Json(a), Value::Json(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        _ => return None,
    })
}

fn arith(op: Arith, left: &Value, right: &Value) -> Result<Value, Invalid> {
    Ok(match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (Value::Int(a), Value::Int(b)) => Value::Int(
            match op {
                Arith::Add => a.checked_add(*b),
                Arith::Sub => a.checked_sub(*b),
                Arith::Mul => a.checked_mul(*b),
            }
            .ok_or_else(|| Invalid::new("the result does not fit an integer of 64 bits"))?,
        ),
        (Value::Float(a), Value::Float(b)) => Value::Float(match op {
            Arith::Add => a + b,
            Arith::Sub => a - b,
            Arith::Mul => a * b,
        }),
        _ => {
            return Err(Invalid::new(format!(
                "no arithmetic between {} and {}",
                left.type_name(),
                right.type_name()
            )));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(node: Node) -> Value {
        evaluate(&node, &|_| &Value::Null).unwrap()
    }

    #[test]
    fn a_null_makes_a_comparison_unknown_and_logic_follows_sql() {
        let unknown = Node::compare(Compare::Eq, Node::Column(0), Node::Literal(Value::Int(1)));
        let yes = Node::Literal(Value::Bool(true));
        let no = Node::Literal(Value::Bool(false));
        assert_eq!(value(unknown.clone()), Value::Null);
        assert_eq!(value(unknown.clone().and(no)), Value::Bool(false));
        assert_eq!(value(unknown.clone().or(yes)), Value::Bool(true));
        assert_eq!(value(Node::Not(Box::new(unknown))), Value::Null);
    }

    #[test]
    fn a_list_with_null_is_unknown_unless_found_and_an_empty_list_is_false() {
        let is_in = |list| value(Node::In(Box::new(Node::Literal(Value::Int(1))), list));
        assert_eq!(is_in(vec![Value::Int(1), Value::Null]), Value::Bool(true));
        assert_eq!(is_in(vec![Value::Int(2), Value::Null]), Value::Null);
        assert_eq!(value(Node::In(Box::new(Node::Column(0)), vec![])), Value::Bool(false));
    }

    #[test]
    fn a_row_of_a_list_is_compared_column_by_column() {
        let (one, two) = (Value::Int(1), Value::Int(2));
        let listed = Node::InRows(vec![0, 1], vec![one.clone(), two.clone(), two.clone(), two.clone()]);
        let is_in = |left: &Value, right: &Value| {
            evaluate(&listed, &|column| if column == 0 { left } else { right }).unwrap()
        };
        assert_eq!(is_in(&one, &two), Value::Bool(true));
        assert_eq!(is_in(&two, &one), Value::Bool(false));
        assert_eq!(is_in(&Value::Null, &one), Value::Bool(false));
        assert_eq!(is_in(&Value::Null, &two), Value::Null);
        assert_eq!(value(Node::InRows(vec![0, 1], Vec::new())), Value::Bool(false));
    }

    #[test]
    fn overflow_is_an_error() {
        let node = Node::arith(Arith::Add, Node::Literal(Value::Int(i64::MAX)), Node::Literal(Value::Int(1)));
        assert!(evaluate(&node, &|_| &Value::Null).is_err());
    }
}
