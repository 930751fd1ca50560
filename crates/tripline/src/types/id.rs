//! [`Id`]: a key that knows its table.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
};

use tripline_core::{ColumnType, DefaultDesc, Mismatch, Result, Value};
use uuid::Uuid;

use super::{Input, Type};

/// The key of a row of table `T`: `Id<User>` is a 64-bit integer that the database assigns and never gives twice;
/// `Id<User, Uuid>` is a UUID of version 7 that the engine makes.
///
/// The key of another table is a type error, in filters, drafts and functions of your own.
///
/// ```
/// # use tripline::Id;
/// # struct User; struct Post;
/// let ada: Id<User> = Id::new(1);
/// assert_eq!(ada.get(), 1);
/// ```
pub struct Id<T, K = i64>(K, PhantomData<fn() -> T>);

impl<T, K> Id<T, K> {
    /// The key with this value, for one that comes from outside: a URL, a message.
    pub const fn new(key: K) -> Self {
        Id(key, PhantomData)
    }
}

impl<T, K: Copy> Id<T, K> {
    /// The plain value, for the way out.
    pub const fn get(self) -> K {
        self.0
    }
}

#[diagnostic::do_not_recommend]
impl<T: 'static> Type for Id<T> {
    type Base = Self;
    const COLUMN: ColumnType = ColumnType::Int;
    const FALLIBLE: bool = false;
    const KEY_DEFAULT: DefaultDesc = DefaultDesc::Assigned;

    fn encode(self) -> Result<Value> {
        Ok(Value::Int(self.0))
    }

    fn decode(value: Value) -> Result<Self, Mismatch> {
        i64::decode(value).map(Id::new)
    }
}

#[diagnostic::do_not_recommend]
impl<T: 'static> Type for Id<T, Uuid> {
    type Base = Self;
    const COLUMN: ColumnType = ColumnType::Uuid;
    const FALLIBLE: bool = false;
    const KEY_DEFAULT: DefaultDesc = DefaultDesc::UuidV7;

    fn encode(self) -> Result<Value> {
        Ok(Value::Uuid(self.0))
    }

    fn decode(value: Value) -> Result<Self, Mismatch> {
        Uuid::decode(value).map(Id::new)
    }
}

#[diagnostic::do_not_recommend]
impl<T, K> Input<Id<T, K>> for Id<T, K> {
    fn into_input(self) -> Self {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T, K> Input<Option<Id<T, K>>> for Id<T, K> {
    fn into_input(self) -> Option<Self> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T, K: Copy> Input<Id<T, K>> for &Id<T, K> {
    fn into_input(self) -> Id<T, K> {
        *self
    }
}

// By hand, since a derive would ask the same of `T`, which is only a name here.
impl<T, K: Clone> Clone for Id<T, K> {
    fn clone(&self) -> Self {
        Id(self.0.clone(), PhantomData)
    }
}

impl<T, K: Copy> Copy for Id<T, K> {}

impl<T, K: PartialEq> PartialEq for Id<T, K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T, K: Eq> Eq for Id<T, K> {}

impl<T, K: PartialOrd> PartialOrd for Id<T, K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

impl<T, K: Ord> Ord for Id<T, K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T, K: Hash> Hash for Id<T, K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T, K: fmt::Debug> fmt::Debug for Id<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T, K: fmt::Display> fmt::Display for Id<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "json")]
impl<T, K: serde::Serialize> serde::Serialize for Id<T, K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(feature = "json")]
impl<'de, T, K: serde::Deserialize<'de>> serde::Deserialize<'de> for Id<T, K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        K::deserialize(deserializer).map(Id::new)
    }
}
