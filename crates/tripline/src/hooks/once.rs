//! Hooks of one operation: async closures, called at most once.
//!
//! Stored closures that can be called again would have to be `AsyncFn`, whose futures stable Rust cannot say to be
//! `Send`; for `FnOnce` closures it can, by [`AsyncOnce`].

use std::panic::Location;

use tripline_core::{BoxFuture, Phase, Result};

use super::{Reads, body::Body};
use crate::{Db, Tx};

/// A hook of one operation.
pub(crate) struct OnceHook {
    pub(crate) phase: Phase,
    pub(crate) reads: Reads,
    pub(crate) place: &'static Location<'static>,
    /// Taken when it is called.
    pub(crate) call: Option<OnceCall>,
}

pub(crate) enum OnceCall {
    InTx(Box<InTxOnce>),
    Ended(Box<EndedOnce>),
}

pub(crate) type InTxOnce =
    dyn for<'a, 't> FnOnce(&'a mut Tx<'t>, &'a mut Body) -> BoxFuture<'a, Result<()>> + Send;
pub(crate) type EndedOnce = dyn for<'a> FnOnce(&'a Db, &'a mut Body) -> BoxFuture<'a, Result<()>> + Send;

impl std::fmt::Debug for OnceHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at {}", self.phase, self.place)
    }
}

/// An async closure of two parameters whose future can be named, and so be required to be `Send`.
#[doc(hidden)]
pub trait AsyncOnce<A, B, R>: AsyncFnOnce(A, B) -> R + FnOnce(A, B) -> Self::Future {
    /// What a call gives.
    type Future: Future<Output = R>;
}

impl<F, A, B, R, Fut> AsyncOnce<A, B, R> for F
where
    F: AsyncFnOnce(A, B) -> R + FnOnce(A, B) -> Fut,
    Fut: Future<Output = R>,
{
    type Future = Fut;
}

/// Methods of a builder that attach a hook to its operation.
macro_rules! once {
    ($builder:ident: $(
        $(#[doc = $doc:literal])*
        $call:ident($handle:ident, $kind:ident) $phase:ident reads $reads:ident;
    )*) => {
        $(
            $(#[doc = $doc])*
            ///
            /// Runs innermost: after other before-hooks, before other after-hooks (L11).
            #[track_caller]
            pub fn $call<F>(mut self, hook: F) -> Self
            where
                F: Send + 'static,
                for<'a, 't, 'r> F: AsyncFnOnce(
                        $crate::hooks::once::handle!($handle, 'a, 't),
                        $crate::hooks::once::arg!('r, $kind, T),
                    ) -> Result<()>
                    + AsyncOnce<
                        $crate::hooks::once::handle!($handle, 'a, 't),
                        $crate::hooks::once::arg!('r, $kind, T),
                        Result<()>,
                        Future: Send,
                    >,
            {
                self.ask.once.push(OnceHook {
                    phase: Phase::$phase,
                    reads: $crate::hooks::macros::reads!($reads, T),
                    place: std::panic::Location::caller(),
                    call: Some($crate::hooks::once::boxed!($handle, $kind, T, hook)),
                });
                self
            }
        )*
    };
}

macro_rules! handle {
    (tx, $a:lifetime, $t:lifetime) => { &$a mut $crate::Tx<$t> };
    (read, $a:lifetime, $t:lifetime) => { &$a mut $crate::Read<$t> };
    (db, $a:lifetime, $t:lifetime) => { &$a $crate::Db };
}

/// Of a table, not of a row type: by its own draft and patch, which are the same but, under a higher-ranked bound,
/// not to the compiler.
macro_rules! arg {
    ($life:lifetime, drafts, $table:ident) => { &$life mut [<$table as $crate::Table>::New] };
    ($life:lifetime, patch, $table:ident) => { &$life mut <$table as $crate::Table>::Patch };
    ($life:lifetime, $kind:ident, $table:ident) => { $crate::hooks::macros::arg!($life, $kind, $table) };
}

macro_rules! boxed {
    (tx, drafts, $row:ident, $hook:ident) => {
        OnceCall::InTx(Box::new(move |tx, body| {
            Box::pin(async move {
                let drafts = body.drafts::<<$row as $crate::Table>::New>()?;
                $hook(tx, drafts).await
            })
        }))
    };
    (tx, patch, $row:ident, $hook:ident) => {
        OnceCall::InTx(Box::new(move |tx, body| {
            Box::pin(async move {
                let patch = &mut body.drafts::<<$row as $crate::Table>::Patch>()?[0];
                $hook(tx, patch).await
            })
        }))
    };
    (tx, edits, $row:ident, $hook:ident) => {
        OnceCall::InTx(Box::new(move |tx, body| {
            Box::pin(async move {
                let mut edits = body.edits::<$row>()?;
                let done = $hook(tx, &mut edits[..]).await;
                body.put_edits(edits)?;
                done
            })
        }))
    };
    (read, $kind:ident, $row:ident, $hook:ident) => {
        OnceCall::InTx(Box::new(move |tx, body| {
            Box::pin(async move {
                $crate::hooks::macros::typed!($kind, $row, body, arg);
                $hook(&mut $crate::Read(tx.reborrow()), arg).await
            })
        }))
    };
    (tx, $kind:ident, $row:ident, $hook:ident) => {
        OnceCall::InTx(Box::new(move |tx, body| {
            Box::pin(async move {
                $crate::hooks::macros::typed!($kind, $row, body, arg);
                $hook(tx, arg).await
            })
        }))
    };
    (db, $kind:ident, $row:ident, $hook:ident) => {
        OnceCall::Ended(Box::new(move |db, body| {
            Box::pin(async move {
                $crate::hooks::macros::typed!($kind, $row, body, arg);
                $hook(db, arg).await
            })
        }))
    };
}

pub(crate) use {arg, boxed, handle, once};
