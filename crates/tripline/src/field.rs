//! [`Field`]: what a draft or a patch says about one column.

use std::fmt;

use tripline_core::{Node, Result, Slot};

use crate::types::Type;

/// What a draft or patch says about a column: nothing, or a value.
///
/// Drafts are partial: what is not said is filled in by defaults and hooks, and checked when those are done (L26).
///
/// ```
/// use tripline::Field;
/// let mut name: Field<String> = "Ada".into();
/// assert_eq!(name.get().map(String::as_str), Some("Ada"));
/// name.unset();
/// assert!(!name.is_set());
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Field<T> {
    /// Nothing was said.
    #[default]
    Unset,
    /// The engine's default: `get` gives it, `is_set` is false (L27).
    Default(T),
    /// This value.
    To(T),
    /// A value computed by the database from the row that is updated.
    Expr(Box<Node>),
}

impl<T> Field<T> {
    /// Gives a value.
    pub fn set(&mut self, value: impl Into<Field<T>>) {
        *self = value.into();
    }

    /// Takes back what was said: a create falls back on the default, an update leaves the column alone.
    pub fn unset(&mut self) {
        *self = Field::Unset;
    }

    /// The value, where it is known: given or a default, but not computed by the database.
    pub fn get(&self) -> Option<&T> {
        match self {
            Field::Default(value) | Field::To(value) => Some(value),
            Field::Unset | Field::Expr(_) => None,
        }
    }

    /// Whether the caller or a hook gave it (L22). A default does not count.
    pub fn is_set(&self) -> bool {
        matches!(self, Field::To(_) | Field::Expr(_))
    }
}

impl<T: PartialEq> Field<T> {
    /// Whether it was given and differs from the old value (L22); an expression counts as different.
    pub fn modified(&self, old: &T) -> bool {
        match self {
            Field::Unset | Field::Default(_) => false,
            Field::To(value) => value != old,
            Field::Expr(_) => true,
        }
    }
}

impl<T: Type> Field<T> {
    #[doc(hidden)]
    pub fn into_slot(self) -> Result<Slot> {
        Ok(match self {
            Field::Unset => Slot::Unset,
            Field::Default(value) => Slot::Default(value.encode()?),
            Field::To(value) => Slot::To(value.encode()?),
            Field::Expr(node) => Slot::Expr(node),
        })
    }

    #[doc(hidden)]
    pub fn from_slot(slot: Slot) -> Result<Self> {
        let decode = |value| T::decode(value).map_err(|m| tripline_core::Error::invalid(m.to_string()));
        Ok(match slot {
            Slot::Unset => Field::Unset,
            Slot::Default(value) => Field::Default(decode(value)?),
            Slot::To(value) => Field::To(decode(value)?),
            Slot::Expr(node) => Field::Expr(node),
        })
    }
}

impl<T: fmt::Debug> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Unset => f.write_str("unset"),
            Field::Default(value) => write!(f, "default {value:?}"),
            Field::To(value) => value.fmt(f),
            Field::Expr(_) => f.write_str("computed"),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Field::To(value)
    }
}

#[diagnostic::do_not_recommend]
impl<T> From<T> for Field<Option<T>> {
    fn from(value: T) -> Self {
        Field::To(Some(value))
    }
}

#[diagnostic::do_not_recommend]
impl From<&str> for Field<String> {
    fn from(value: &str) -> Self {
        Field::To(value.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl From<&str> for Field<Option<String>> {
    fn from(value: &str) -> Self {
        Field::To(Some(value.to_owned()))
    }
}
