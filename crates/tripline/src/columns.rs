//! [`Col`], [`Expr`] and [`Assign`]: conditions and changes, typed by table and column.

use std::marker::PhantomData;

use tripline_core::{Arith, Compare, Node, Nulls, Order, Pattern, Result, Slot};

use crate::types::{Input, Number, Text, Type};

/// A column of table `T` with values of type `V`. It costs nothing: an index.
///
/// `M` is [`Writable`], or [`ReadOnly`] for a column that only hooks may set.
#[derive(Debug)]
pub struct Col<T, V, M = Writable>(u16, PhantomData<fn() -> (T, V, M)>);

impl<T, V, M> Clone for Col<T, V, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, V, M> Copy for Col<T, V, M> {}

/// Marks a column that callers may set.
#[derive(Debug)]
pub enum Writable {}

/// Marks a column that only hooks may set.
#[derive(Debug)]
pub enum ReadOnly {}

/// Says whether callers may set a column.
#[diagnostic::on_unimplemented(
    message = "this column is read-only: only hooks may set it",
    label = "the column is `#[key]`, `#[read_only]`, `#[created_at]` or `#[updated_at]`",
    note = "a before-hook sets it on the draft or patch; a key is given when the row is created, and stays"
)]
pub trait CallerMaySet {}

#[diagnostic::do_not_recommend]
impl CallerMaySet for Writable {}

/// A condition on the rows of table `T`.
#[must_use = "a condition does nothing until it is given to a filter"]
pub struct Expr<T>(pub(crate) Result<Node>, PhantomData<fn() -> T>);

/// A change to one column of table `T`.
#[must_use = "a change does nothing until it is given to `set`"]
pub struct Assign<T>(pub(crate) u16, pub(crate) Result<Slot>, pub(crate) PhantomData<fn() -> T>);

/// One key of an order of the rows of table `T`.
#[must_use = "an order does nothing until it is given to `order`"]
#[derive(Debug)]
pub struct OrderBy<T>(pub(crate) Result<Order>, PhantomData<fn() -> T>);

impl<T> std::fmt::Debug for Expr<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not what it says: its values may be secret.
        f.write_str("Expr(..)")
    }
}

impl<T> std::fmt::Debug for Assign<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Assign(column {}, ..)", self.0)
    }
}

impl<T> Expr<T> {
    pub(crate) fn new(node: Result<Node>) -> Self {
        Expr(node, PhantomData)
    }

    /// A condition from its untyped form: columns by index, values as they are stored.
    pub fn from_node(node: Node) -> Self {
        Expr::new(Ok(node))
    }

    /// The untyped form, to be looked at or evaluated in memory with [`holds`](crate::holds).
    pub fn into_node(self) -> Result<Node> {
        self.0
    }

    /// Both conditions.
    pub fn and(self, other: Expr<T>) -> Expr<T> {
        Expr::new(self.0.and_then(|a| Ok(a.and(other.0?))))
    }

    /// Either condition.
    pub fn or(self, other: Expr<T>) -> Expr<T> {
        Expr::new(self.0.and_then(|a| Ok(a.or(other.0?))))
    }

    /// The opposite; what is unknown because of a null stays unknown, as in SQL.
    #[expect(clippy::should_implement_trait, reason = "it is one: `!condition` is the same")]
    pub fn not(self) -> Expr<T> {
        Expr::new(self.0.map(|node| Node::Not(Box::new(node))))
    }

    /// True if all are; an empty list is true.
    pub fn all(conditions: impl IntoIterator<Item = Expr<T>>) -> Expr<T> {
        Expr::new(conditions.into_iter().map(|c| c.0).collect::<Result<_>>().map(Node::And))
    }

    /// True if one is; an empty list is an error, since it could mean no row or every row.
    pub fn any(conditions: impl IntoIterator<Item = Expr<T>>) -> Expr<T> {
        Expr::new(conditions.into_iter().map(|c| c.0).collect::<Result<_>>().map(Node::Or))
    }
}

impl<T> std::ops::Not for Expr<T> {
    type Output = Expr<T>;

    fn not(self) -> Expr<T> {
        Expr::not(self)
    }
}

impl<T, V, M> Col<T, V, M> {
    #[doc(hidden)]
    pub const fn at(index: u16) -> Self {
        Col(index, PhantomData)
    }

    #[doc(hidden)]
    pub const fn index(self) -> u16 {
        self.0
    }

    fn node(self) -> Node {
        Node::Column(self.0)
    }

    /// Smallest first; null counts as the smallest.
    pub fn asc(self) -> OrderBy<T> {
        OrderBy::new(Ok(self.node()), false)
    }

    /// Largest first; null counts as the smallest.
    pub fn desc(self) -> OrderBy<T> {
        OrderBy::new(Ok(self.node()), true)
    }
}

impl<T> OrderBy<T> {
    /// Nulls before all values.
    pub fn nulls_first(self) -> Self {
        self.nulls(Nulls::First)
    }

    /// Nulls after all values.
    pub fn nulls_last(self) -> Self {
        self.nulls(Nulls::Last)
    }

    pub(crate) fn new(by: Result<Node>, descending: bool) -> Self {
        OrderBy(by.map(|by| Order { by, descending, nulls: Nulls::Smallest }), PhantomData)
    }

    fn nulls(self, nulls: Nulls) -> Self {
        OrderBy(self.0.map(|order| Order { nulls, ..order }), PhantomData)
    }
}

impl<T, V: Type, M> Col<T, V, M> {
    fn compare(self, op: Compare, value: impl Input<V::Base>) -> Expr<T> {
        let value = value.into_input().encode();
        Expr::new(value.map(|value| Node::compare(op, self.node(), Node::Literal(value))))
    }

    /// Equal. A null is equal to nothing: see [`is_null`](Self::is_null).
    pub fn eq(self, value: impl Input<V::Base>) -> Expr<T> {
        self.compare(Compare::Eq, value)
    }

    /// Not equal; not fulfilled where the column is null.
    pub fn ne(self, value: impl Input<V::Base>) -> Expr<T> {
        self.compare(Compare::Ne, value)
    }

    /// Greater.
    pub fn gt(self, value: impl Input<V::Base>) -> Expr<T> {
        self.compare(Compare::Gt, value)
    }

    /// Greater or equal.
    pub fn gte(self, value: impl Input<V::Base>) -> Expr<T> {
        self.compare(Compare::Gte, value)
    }

    /// Less.
    pub fn lt(self, value: impl Input<V::Base>) -> Expr<T> {
        self.compare(Compare::Lt, value)
    }

    /// Less or equal.
    pub fn lte(self, value: impl Input<V::Base>) -> Expr<T> {
        self.compare(Compare::Lte, value)
    }

    /// One of these; an empty list matches nothing.
    pub fn is_in<I: Input<V::Base>>(self, values: impl IntoIterator<Item = I>) -> Expr<T> {
        let values = values.into_iter().map(|value| value.into_input().encode()).collect::<Result<_>>();
        Expr::new(values.map(|values| Node::In(Box::new(self.node()), values)))
    }

    /// None of these; an empty list matches everything.
    pub fn not_in<I: Input<V::Base>>(self, values: impl IntoIterator<Item = I>) -> Expr<T> {
        self.is_in(values).not()
    }

    /// Whether the column is null.
    pub fn is_null(self) -> Expr<T> {
        Expr::new(Ok(Node::IsNull(Box::new(self.node()))))
    }

    /// Whether the column has a value.
    pub fn is_not_null(self) -> Expr<T> {
        self.is_null().not()
    }
}

impl<T, V: Type, M> Col<T, V, M> {
    fn matches(self, pattern: Pattern) -> Expr<T> {
        Expr::new(Ok(Node::Like(Box::new(self.node()), pattern)))
    }

    /// Matches a pattern: `%` is any text, `_` one character, a backslash takes the next one as it is. Case counts.
    pub fn like(self, pattern: impl Into<String>) -> Expr<T>
    where
        V::Base: Text,
    {
        self.matches(Pattern::Like(pattern.into()))
    }

    /// Starts with this text. Nothing in it is special; case counts.
    pub fn starts_with(self, text: impl Into<String>) -> Expr<T>
    where
        V::Base: Text,
    {
        self.matches(Pattern::StartsWith(text.into()))
    }

    /// Ends with this text. Nothing in it is special; case counts.
    pub fn ends_with(self, text: impl Into<String>) -> Expr<T>
    where
        V::Base: Text,
    {
        self.matches(Pattern::EndsWith(text.into()))
    }

    /// Contains this text. Nothing in it is special; case counts.
    pub fn contains(self, text: impl Into<String>) -> Expr<T>
    where
        V::Base: Text,
    {
        self.matches(Pattern::Contains(text.into()))
    }
}

// The bounds stand at the methods, since at the `impl` the compiler would not say what they mean.
impl<T, V: Type, M> Col<T, V, M> {
    /// Sets the column to a value; `None` for null.
    pub fn set(self, value: impl Input<V>) -> Assign<T>
    where
        M: CallerMaySet,
    {
        Assign(self.0, value.into_input().encode().map(Slot::To), PhantomData)
    }

    fn computed(self, op: Arith, by: impl Input<V::Base>) -> Assign<T> {
        let by = by.into_input().encode();
        let node = by.map(|by| Node::arith(op, self.node(), Node::Literal(by)));
        Assign(self.0, node.map(|node| Slot::Expr(Box::new(node))), PhantomData)
    }

    /// Adds to what the row has, in the database: two concurrent additions both count.
    #[expect(clippy::should_implement_trait, reason = "it gives a change, not a value")]
    pub fn add(self, by: impl Input<V::Base>) -> Assign<T>
    where
        V::Base: Number,
        M: CallerMaySet,
    {
        self.computed(Arith::Add, by)
    }

    /// Takes from what the row has, in the database.
    #[expect(clippy::should_implement_trait, reason = "it gives a change, not a value")]
    pub fn sub(self, by: impl Input<V::Base>) -> Assign<T>
    where
        V::Base: Number,
        M: CallerMaySet,
    {
        self.computed(Arith::Sub, by)
    }

    /// Multiplies what the row has, in the database.
    #[expect(clippy::should_implement_trait, reason = "it gives a change, not a value")]
    pub fn mul(self, by: impl Input<V::Base>) -> Assign<T>
    where
        V::Base: Number,
        M: CallerMaySet,
    {
        self.computed(Arith::Mul, by)
    }
}
