//! [`On`]: what an operation is asked of. The builders' one border: `Db`, `Tx` and `Read` give the same ones.

use crate::{
    AnyRow, AnyTable, Create, Db, Delete, Find, Read, Tx, Update, ops::create::Drafts, table::Table,
};

/// What an operation is asked of: a database or a transaction.
///
/// A function that works on either takes `impl Into<On<'_>>`.
///
/// ```
/// # use tripline::{*, prelude::*};
/// # #[derive(Table, Clone, Debug)]
/// # struct User { #[key] id: Id<User>, name: String }
/// async fn named<'x>(on: impl Into<On<'x>>, name: &str) -> Result<Vec<User>> {
///     on.into().find::<User>().filter(|u| u.name.eq(name)).await
/// }
/// # async fn both(db: &Db) -> Result<()> {
/// named(db, "Ada").await?;
/// db.tx(async |tx| named(&mut *tx, "Ada").await).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum On<'x> {
    /// A database: the operation is complete in itself.
    Db(&'x Db),
    /// A transaction: the operation is part of it.
    Tx(Tx<'x>),
}

/// What a builder has in place of [`On`] that is not bound to a database yet: the operation is data, for plans and batches.
/// To run it, ask a [`Db`] or [`Tx`] instead: `db.find::<User>()`.
#[derive(Clone, Copy, Debug)]
pub struct Detached;

impl<'x> From<&'x Db> for On<'x> {
    fn from(db: &'x Db) -> Self {
        On::Db(db)
    }
}

impl<'x> From<&'x mut Tx<'_>> for On<'x> {
    fn from(tx: &'x mut Tx<'_>) -> Self {
        On::Tx(tx.reborrow())
    }
}

impl<'x> From<&'x mut Read<'_>> for On<'x> {
    fn from(read: &'x mut Read<'_>) -> Self {
        On::Tx(Tx { only_reads: true, ..read.0.reborrow() })
    }
}

/// The reading operations of a handle.
macro_rules! reads {
    ($handle:ident, $($receiver:tt)*) => {
        /// Finds rows; see [`Find`].
        pub fn find<T: Table>($($receiver)*) -> Find<T, On<'_>> {
            Find::new(On::from($handle), T::DESC)
        }

        /// Finds rows of a table known at run time; see [`Find`].
        pub fn find_in($($receiver)*, table: AnyTable) -> Find<AnyRow, On<'_>> {
            Find::new(On::from($handle), table.0)
        }
    };
}

/// The writing operations of a handle.
macro_rules! writes {
    ($handle:ident, $($receiver:tt)*) => {
        /// Creates a row from a draft, or rows from a list of drafts; see [`Create`].
        pub fn create<D: Drafts>($($receiver)*, drafts: D) -> Create<D::Table, On<'_>, D::Number> {
            Create::new(On::from($handle), drafts)
        }

        /// Updates rows; see [`Update`].
        pub fn update<T: Table>($($receiver)*) -> Update<T, On<'_>> {
            Update::new(On::from($handle), T::DESC)
        }

        /// Deletes rows; see [`Delete`].
        pub fn delete<T: Table>($($receiver)*) -> Delete<T, On<'_>> {
            Delete::new(On::from($handle), T::DESC)
        }

        /// Creates a row, or rows, of a table known at run time; see [`Create`].
        pub fn create_in<D: Drafts<Table = AnyRow>>(
            $($receiver)*,
            table: AnyTable,
            drafts: D,
        ) -> Create<AnyRow, On<'_>, D::Number> {
            Create::in_table(On::from($handle), table.0, drafts)
        }

        /// Updates rows of a table known at run time; see [`Update`].
        pub fn update_in($($receiver)*, table: AnyTable) -> Update<AnyRow, On<'_>> {
            Update::new(On::from($handle), table.0)
        }

        /// Deletes rows of a table known at run time; see [`Delete`].
        pub fn delete_in($($receiver)*, table: AnyTable) -> Delete<AnyRow, On<'_>> {
            Delete::new(On::from($handle), table.0)
        }
    };
}

impl Db {
    reads!(self, &self);
    writes!(self, &self);
}

impl Tx<'_> {
    reads!(self, &mut self);
    writes!(self, &mut self);
}

impl Read<'_> {
    reads!(self, &mut self);
}

impl<'x> On<'x> {
    /// The same again, for a function that asks for more than one operation: `on.reborrow().find::<User>()`.
    pub fn reborrow(&mut self) -> On<'_> {
        match self {
            On::Db(db) => On::Db(db),
            On::Tx(tx) => On::Tx(tx.reborrow()),
        }
    }

    /// Finds rows; see [`Find`].
    pub fn find<T: Table>(self) -> Find<T, On<'x>> {
        Find::new(self, T::DESC)
    }

    /// Creates a row from a draft, or rows from a list of drafts; see [`Create`].
    pub fn create<D: Drafts>(self, drafts: D) -> Create<D::Table, On<'x>, D::Number> {
        Create::new(self, drafts)
    }

    /// Updates rows; see [`Update`].
    pub fn update<T: Table>(self) -> Update<T, On<'x>> {
        Update::new(self, T::DESC)
    }

    /// Deletes rows; see [`Delete`].
    pub fn delete<T: Table>(self) -> Delete<T, On<'x>> {
        Delete::new(self, T::DESC)
    }

    /// Finds rows of a table known at run time; see [`Find`].
    pub fn find_in(self, table: AnyTable) -> Find<AnyRow, On<'x>> {
        Find::new(self, table.0)
    }

    /// Creates a row, or rows, of a table known at run time; see [`Create`].
    pub fn create_in<D: Drafts<Table = AnyRow>>(
        self,
        table: AnyTable,
        drafts: D,
    ) -> Create<AnyRow, On<'x>, D::Number> {
        Create::in_table(self, table.0, drafts)
    }

    /// Updates rows of a table known at run time; see [`Update`].
    pub fn update_in(self, table: AnyTable) -> Update<AnyRow, On<'x>> {
        Update::new(self, table.0)
    }

    /// Deletes rows of a table known at run time; see [`Delete`].
    pub fn delete_in(self, table: AnyTable) -> Delete<AnyRow, On<'x>> {
        Delete::new(self, table.0)
    }
}

/// A find that is not bound to a database yet. Awaiting it does not compile: it is data, for plans and batches.
pub fn find<T: Table>() -> Find<T, Detached> {
    Find::new(Detached, T::DESC)
}

/// A create that is not bound to a database yet; see [`find`].
pub fn create<D: Drafts>(drafts: D) -> Create<D::Table, Detached, D::Number> {
    Create::new(Detached, drafts)
}

/// An update that is not bound to a database yet; see [`find`].
pub fn update<T: Table>() -> Update<T, Detached> {
    Update::new(Detached, T::DESC)
}

/// A delete that is not bound to a database yet; see [`find`].
pub fn delete<T: Table>() -> Delete<T, Detached> {
    Delete::new(Detached, T::DESC)
}

/// A find in a table known at run time that is not bound to a database yet; see [`find`].
pub fn find_in(table: AnyTable) -> Find<AnyRow, Detached> {
    Find::new(Detached, table.0)
}

/// A create in a table known at run time that is not bound to a database yet; see [`find`].
pub fn create_in<D: Drafts<Table = AnyRow>>(
    table: AnyTable,
    drafts: D,
) -> Create<AnyRow, Detached, D::Number> {
    Create::in_table(Detached, table.0, drafts)
}

/// An update in a table known at run time that is not bound to a database yet; see [`find`].
pub fn update_in(table: AnyTable) -> Update<AnyRow, Detached> {
    Update::new(Detached, table.0)
}

/// A delete in a table known at run time that is not bound to a database yet; see [`find`].
pub fn delete_in(table: AnyTable) -> Delete<AnyRow, Detached> {
    Delete::new(Detached, table.0)
}
