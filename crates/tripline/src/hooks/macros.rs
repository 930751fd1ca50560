//! What `hooks!` makes of each line: the trait, the observer's trait, the probes and the glue between typed rows
//! and the engine's plain ones.

/// One line a hook: constant, trait and its bound, observer's trait, function, what it is called with; for an async
/// one also what rows it must see.
macro_rules! hooks {
    ($(
        $(#[doc = $doc:literal])*
        $probe:ident $hook:ident: $bound:ident, $on:ident, $call:ident($($arg:tt)*) $($does:ident $what:ident)?;
    )*) => {
        $($crate::hooks::macros::hook! {
            [$($doc)*] $probe $hook: $bound, $on, $call($($arg)*) $($does $what)?
        })*

        /// How many hooks there are.
        pub(crate) const HOOKS: usize = [$(stringify!($probe)),*].len();

        /// No hook, unless an inherent constant says otherwise.
        #[doc(hidden)]
        #[allow(missing_docs, reason = "each is the constant of the hook of the same name")]
        pub trait NoHook {
            $(const $probe: Option<Hook> = None;)*
        }

        impl<T> NoHook for Probe<T> {}
        impl<O, R> NoHook for ProbeOn<O, R> {}
    };
}

/// The traits and probes of one hook.
macro_rules! hook {
    (
        [$($doc:literal)*] $probe:ident $hook:ident: $bound:ident, $on:ident,
        $call:ident($handle:ident, $arg:ident: $kind:ident) reads $reads:ident
    ) => {
        $(#[doc = $doc])*
        pub trait $hook: $bound {
            /// What it writes, if it says so: see [`Writes`](crate::Writes).
            const WRITES: $crate::Writes = &[];

            /// The hook's body.
            fn $call(
                $handle: $crate::hooks::macros::handle!($handle),
                $arg: $crate::hooks::macros::arg!('_, $kind, Self),
            ) -> impl Future<Output = Result<()>> + Send;
        }

        #[doc = concat!("[`", stringify!($hook), "`] of an observer, for rows `R`.")]
        pub trait $on<R: Row>: Observes<R> {
            /// What it writes, if it says so: see [`Writes`](crate::Writes).
            const WRITES: $crate::Writes = &[];

            /// The hook's body.
            fn $call(
                &self,
                $handle: $crate::hooks::macros::handle!($handle),
                $arg: $crate::hooks::macros::arg!('_, $kind, R),
            ) -> impl Future<Output = Result<()>> + Send;
        }

        impl<R: $hook> Probe<R> {
            pub const $probe: Option<Hook> = Some(Hook {
                phase: Phase::$hook,
                reads: $crate::hooks::macros::reads!($reads, R),
                writes: <R as $hook>::WRITES,
                name: std::any::type_name::<R>,
                call: $crate::hooks::macros::glue!($handle, $kind, R, |_carrier, handle, arg| {
                    R::$call(handle, arg)
                }),
            });
        }

        impl<O: $on<R>, R: Row> ProbeOn<O, R> {
            pub const $probe: Option<Hook> = Some(Hook {
                phase: Phase::$hook,
                reads: $crate::hooks::macros::reads!($reads, R),
                writes: <O as $on<R>>::WRITES,
                name: std::any::type_name::<O>,
                call: $crate::hooks::macros::glue!($handle, $kind, R, |carrier, handle, arg| {
                    $crate::hooks::observer::carried::<O>(carrier).$call(handle, arg)
                }),
            });
        }
    };
    // In the database's place.
    (
        [$($doc:literal)*] $probe:ident $hook:ident: $bound:ident, $on:ident,
        $call:ident($ask:ident $(, $arg:ident: $kind:ident)?) gives $gives:ident
    ) => {
        $(#[doc = $doc])*
        pub trait $hook: $bound {
            /// The hook's body.
            fn $call(
                $ask: &$crate::Resolving<'_, Self::Table>
                $(, $arg: $crate::hooks::macros::arg!('_, $kind, Self))?
            ) -> impl Future<Output = Result<$crate::hooks::macros::gives!($gives, Self)>> + Send;
        }

        #[doc = concat!("[`", stringify!($hook), "`] of an observer, for rows `R`.")]
        pub trait $on<R: Row>: Observes<R> {
            /// The hook's body.
            fn $call(
                &self,
                $ask: &$crate::Resolving<'_, R::Table>
                $(, $arg: $crate::hooks::macros::arg!('_, $kind, R))?
            ) -> impl Future<Output = Result<$crate::hooks::macros::gives!($gives, R)>> + Send;
        }

        impl<R: $hook> Probe<R> {
            pub const $probe: Option<Hook> = Some(Hook {
                phase: Phase::$hook,
                reads: $crate::hooks::macros::reads!(none, R),
                writes: &[],
                name: std::any::type_name::<R>,
                call: $crate::hooks::Call::Resolve(|_carrier, question, body| Box::pin(async move {
                    let ask = $crate::Resolving::new(question);
                    $($crate::hooks::macros::typed!($kind, R, body, $arg);)?
                    let given = R::$call(&ask $(, $arg)?).await?;
                    $crate::hooks::macros::put!($gives, body, given)
                })),
            });
        }

        impl<O: $on<R>, R: Row> ProbeOn<O, R> {
            pub const $probe: Option<Hook> = Some(Hook {
                phase: Phase::$hook,
                reads: $crate::hooks::macros::reads!(none, R),
                writes: &[],
                name: std::any::type_name::<O>,
                call: $crate::hooks::Call::Resolve(|carrier, question, body| Box::pin(async move {
                    let observer = $crate::hooks::observer::carried::<O>(carrier);
                    let ask = $crate::Resolving::new(question);
                    $($crate::hooks::macros::typed!($kind, R, body, $arg);)?
                    let given = observer.$call(&ask $(, $arg)?).await?;
                    $crate::hooks::macros::put!($gives, body, given)
                })),
            });
        }
    };
    // Without I/O.
    (
        [$($doc:literal)*] $probe:ident $hook:ident: $bound:ident, $on:ident, $call:ident($plan:ident: $kind:ident)
    ) => {
        $(#[doc = $doc])*
        pub trait $hook: $bound {
            /// The hook's body.
            fn $call($plan: &mut $crate::hooks::plan::$kind<'_, Self::Table>) -> Result<()>;
        }

        #[doc = concat!("[`", stringify!($hook), "`] of an observer, for rows `R`.")]
        pub trait $on<R: Row>: Observes<R> {
            /// The hook's body.
            fn $call(&self, $plan: &mut $crate::hooks::plan::$kind<'_, R::Table>) -> Result<()>;
        }

        impl<R: $hook> Probe<R> {
            pub const $probe: Option<Hook> = Some(Hook {
                phase: Phase::$hook,
                reads: $crate::hooks::macros::reads!(none, R),
                writes: &[],
                name: std::any::type_name::<R>,
                call: $crate::hooks::Call::Plan(|_carrier, work| {
                    R::$call(&mut $crate::hooks::plan::$kind::new(work))
                }),
            });
        }

        impl<O: $on<R>, R: Row> ProbeOn<O, R> {
            pub const $probe: Option<Hook> = Some(Hook {
                phase: Phase::$hook,
                reads: $crate::hooks::macros::reads!(none, R),
                writes: &[],
                name: std::any::type_name::<O>,
                call: $crate::hooks::Call::Plan(|carrier, work| {
                    let observer = $crate::hooks::observer::carried::<O>(carrier);
                    observer.$call(&mut $crate::hooks::plan::$kind::new(work))
                }),
            });
        }
    };
}

/// What a resolver gives.
macro_rules! gives {
    (rows, $row:ident) => { Vec<<$row as $crate::Row>::Table> };
    (number, $row:ident) => { u64 };
    (resolved, $row:ident) => { $crate::Resolved<<$row as $crate::Row>::Table> };
}

/// Puts it where the database's answer would go.
macro_rules! put {
    (rows, $body:ident, $given:ident) => {
        $body.put_rows($given)
    };
    (number, $body:ident, $given:ident) => {{
        $body.count = $given;
        Ok(())
    }};
    (resolved, $body:ident, $given:ident) => {
        $body.put_resolved($given)
    };
}

macro_rules! handle {
    (tx) => { &mut Tx<'_> };
    (read) => { &mut $crate::Read<'_> };
    (db) => { &Db };
}

macro_rules! arg {
    ($life:lifetime, drafts, $row:ident) => { &$life mut [$crate::hooks::DraftOf<$row>] };
    ($life:lifetime, patch, $row:ident) => { &$life mut $crate::hooks::PatchOf<$row> };
    ($life:lifetime, edits, $row:ident) => { &$life mut [$crate::Edit<$row>] };
    ($life:lifetime, saves, $row:ident) => { &$life mut $crate::Saves<'_, <$row as $crate::Row>::Table> };
    ($life:lifetime, operation, $row:ident) => { &$life $crate::Operation };
    ($life:lifetime, rows, $row:ident) => { &$life [$row] };
    ($life:lifetime, gone, $row:ident) => { &$life [$row] };
    ($life:lifetime, changes, $row:ident) => { &$life [$crate::Change<$row>] };
    ($life:lifetime, row_changes, $row:ident) => { &$life [$crate::RowChange<$row>] };
    ($life:lifetime, outcome, $row:ident) => { &$life $crate::Outcome };
    ($life:lifetime, query, $row:ident) => { &$life mut $crate::ReadQuery<'_, <$row as $crate::Row>::Table> };
    ($life:lifetime, found, $row:ident) => { &$life mut $crate::Found<'_, <$row as $crate::Row>::Table> };
    ($life:lifetime, number, $row:ident) => { u64 };
}

macro_rules! reads {
    (none, $row:ident) => {
        $crate::hooks::Reads { old: None, new: None }
    };
    (old, $row:ident) => {
        $crate::hooks::Reads { old: Some($row::SHAPE), new: None }
    };
    (new, $row:ident) => {
        $crate::hooks::Reads { old: None, new: Some($row::SHAPE) }
    };
    (both, $row:ident) => {
        $crate::hooks::Reads { old: Some($row::SHAPE), new: Some($row::SHAPE) }
    };
}

macro_rules! glue {
    (tx, edits, $row:ident, |$carrier:ident, $handle:ident, $arg:ident| $call:expr) => {
        $crate::hooks::Call::InTx(|$carrier, $handle, body| {
            Box::pin(async move {
                let mut edits = body.edits::<$row>()?;
                let done = {
                    let $arg = &mut edits[..];
                    $call.await
                };
                body.put_edits(edits)?;
                done
            })
        })
    };
    (tx, operation, $row:ident, |$carrier:ident, $handle:ident, $arg:ident| $call:expr) => {
        $crate::hooks::Call::InTx(|$carrier, $handle, _body| {
            Box::pin(async move {
                let $arg = $handle.own_operation()?;
                $call.await
            })
        })
    };
    (read, query, $row:ident, |$carrier:ident, $handle:ident, $arg:ident| $call:expr) => {
        $crate::hooks::Call::InTx(|$carrier, $handle, body| {
            Box::pin(async move {
                let mut query = $crate::ReadQuery::new(body);
                let done = {
                    let ($handle, $arg) = (&mut $crate::Read($handle.reborrow()), &mut query);
                    $call.await
                };
                done.and(query.into_result())
            })
        })
    };
    (read, $kind:ident, $row:ident, |$carrier:ident, $handle:ident, $arg:ident| $call:expr) => {
        $crate::hooks::Call::InTx(|$carrier, $handle, body| {
            Box::pin(async move {
                $crate::hooks::macros::typed!($kind, $row, body, $arg);
                let $handle = &mut $crate::Read($handle.reborrow());
                $call.await
            })
        })
    };
    (tx, $kind:ident, $row:ident, |$carrier:ident, $handle:ident, $arg:ident| $call:expr) => {
        $crate::hooks::Call::InTx(|$carrier, $handle, body| {
            Box::pin(async move {
                $crate::hooks::macros::typed!($kind, $row, body, $arg);
                $call.await
            })
        })
    };
    (db, $kind:ident, $row:ident, |$carrier:ident, $handle:ident, $arg:ident| $call:expr) => {
        $crate::hooks::Call::Ended(|$carrier, $handle, body| {
            Box::pin(async move {
                $crate::hooks::macros::typed!($kind, $row, body, $arg);
                $call.await
            })
        })
    };
}

/// Binds `$arg` to what a hook of this kind is called with.
macro_rules! typed {
    (drafts, $row:ident, $body:ident, $arg:ident) => {
        let $arg = $body.drafts::<$crate::hooks::DraftOf<$row>>()?;
    };
    (patch, $row:ident, $body:ident, $arg:ident) => {
        let $arg = &mut $body.drafts::<$crate::hooks::PatchOf<$row>>()?[0];
    };
    (saves, $row:ident, $body:ident, $arg:ident) => {
        let $arg = &mut $body.saves::<$row>()?;
    };
    (rows, $row:ident, $body:ident, $arg:ident) => {
        let $arg = $body.rows::<$row>()?;
    };
    (gone, $row:ident, $body:ident, $arg:ident) => {
        let $arg = $body.gone::<$row>()?;
    };
    (changes, $row:ident, $body:ident, $arg:ident) => {
        let $arg = $body.changes::<$row>()?;
    };
    (row_changes, $row:ident, $body:ident, $arg:ident) => {
        let $arg = $body.row_changes::<$row>()?;
    };
    (outcome, $row:ident, $body:ident, $arg:ident) => {
        let $arg = &$body.outcome();
    };
    (found, $row:ident, $body:ident, $arg:ident) => {
        let $arg = &mut $crate::Found::new($body);
    };
    (number, $row:ident, $body:ident, $arg:ident) => {
        let $arg = $body.count;
    };
}

pub(crate) use {arg, gives, glue, handle, hook, hooks, put, reads, typed};

/// The hooks of a table and of its listed row types.
#[doc(hidden)]
#[macro_export]
macro_rules! __hooks {
    ($table:ty; $($row:ty),* $(,)?) => {{
        #[allow(unused_imports, reason = "unused where every hook is there")]
        use $crate::__macro::{NoHook as _, Probe};
        &[$crate::__probes!(Probe<$table>) $(, $crate::__probes!(Probe<$row>))*]
    }};
}

/// The hooks of an observer: for all tables, or for the rows of one.
#[doc(hidden)]
#[macro_export]
macro_rules! __observer_hooks {
    (@list $observer:ty; [$($done:tt)*];) => {{
        #[allow(unused_imports, reason = "unused where every hook is there")]
        use $crate::__macro::{NoHook as _, ProbeOn};
        &[$($done)*]
    }};
    (@list $observer:ty; [$($done:tt)*]; all, $($rest:tt)*) => {
        $crate::__observer_hooks!(@list $observer; [$($done)* $crate::__macro::Observed {
            table: ::core::option::Option::None,
            hooks: $crate::__probes!(ProbeOn<$observer, $crate::AnyRow>),
        },]; $($rest)*)
    };
    (@list $observer:ty; [$($done:tt)*]; $row:ty, $($rest:tt)*) => {
        $crate::__observer_hooks!(@list $observer; [$($done)* $crate::__macro::Observed {
            table: ::core::option::Option::Some(|| <<$row as $crate::Row>::Table as $crate::Table>::DESC),
            hooks: $crate::__probes!(ProbeOn<$observer, $row>),
        },]; $($rest)*)
    };
    ($observer:ty; $($what:tt)*) => { $crate::__observer_hooks!(@list $observer; []; $($what)*,) };
}

/// The probes of one type.
#[doc(hidden)]
#[macro_export]
macro_rules! __probes {
    ($probe:ty) => {
        [
            <$probe>::BEFORE_FIND,
            <$probe>::BEFORE_COUNT,
            <$probe>::BEFORE_CREATE,
            <$probe>::BEFORE_UPDATE,
            <$probe>::BEFORE_UPDATE_ROWS,
            <$probe>::BEFORE_DELETE,
            <$probe>::BEFORE_DELETE_ROWS,
            <$probe>::BEFORE_SAVE,
            <$probe>::BEFORE_ANY,
            <$probe>::FILTER_READS,
            <$probe>::PLAN_FIND,
            <$probe>::PLAN_COUNT,
            <$probe>::PLAN_CREATE,
            <$probe>::PLAN_UPDATE,
            <$probe>::PLAN_DELETE,
            <$probe>::RESOLVE_FIND,
            <$probe>::RESOLVE_COUNT,
            <$probe>::RESOLVE_CREATE,
            <$probe>::RESOLVE_UPDATE,
            <$probe>::RESOLVE_DELETE,
            <$probe>::TRANSFORM_FIND,
            <$probe>::AFTER_FIND,
            <$probe>::AFTER_COUNT,
            <$probe>::AFTER_CREATE,
            <$probe>::AFTER_UPDATE,
            <$probe>::AFTER_DELETE,
            <$probe>::AFTER_SAVE,
            <$probe>::AFTER_CHANGE,
            <$probe>::AFTER_ANY,
            <$probe>::AFTER_CREATE_COMMIT,
            <$probe>::AFTER_UPDATE_COMMIT,
            <$probe>::AFTER_DELETE_COMMIT,
            <$probe>::AFTER_SAVE_COMMIT,
            <$probe>::AFTER_CHANGE_COMMIT,
            <$probe>::AFTER_ROLLBACK,
        ]
    };
}
