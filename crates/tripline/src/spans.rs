//! [`Live`]: spans of `tracing`, with stable names; nothing at all without the feature.
//!
//! The traces of [`trace`](crate::trace) are made afterwards; these are there while something runs, so that what
//! users' code logs in a hook is inside of the hook, and the hook inside of its operation.

#[cfg(feature = "tracing")]
pub(crate) use self::live::Live;
#[cfg(not(feature = "tracing"))]
pub(crate) use self::none::Live;

#[cfg(feature = "tracing")]
mod live {
    use tracing::{Instrument, Span, debug_span, field, instrument::Instrumented};
    use tripline_core::{HookName, Kept, Kind, Phase, Result};

    use crate::trace::show::Path;

    /// A span of `tracing`.
    pub(crate) struct Live(Span);

    impl Live {
        pub(crate) fn transaction() -> Live {
            Live(debug_span!("tripline.transaction", error.type = field::Empty))
        }

        pub(crate) fn operation(operation: Kept) -> Live {
            Live(debug_span!(
                "tripline.operation",
                db.operation.name = %operation.kind,
                db.collection.name = operation.table,
                rows = field::Empty,
                error.type = field::Empty,
            ))
        }

        pub(crate) fn hook(phase: Phase, hook: HookName, kind: Kind, table: &'static str) -> Live {
            Live(debug_span!(
                "tripline.hook",
                phase = %phase,
                hook = %Path(hook),
                db.operation.name = %kind,
                db.collection.name = table,
                error.type = field::Empty,
            ))
        }

        /// What follows a transaction that the caller does not wait for.
        pub(crate) fn following() -> Live {
            let span = debug_span!(parent: None, "tripline.following");
            span.follows_from(Span::current());
            Live(span)
        }

        /// Polls the work inside of the span.
        pub(crate) fn around<F: Future>(&self, work: F) -> Instrumented<F> {
            work.instrument(self.0.clone())
        }

        pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
            self.0.in_scope(work)
        }

        /// Notes the code of the error that it ended with.
        pub(crate) fn ended(&self, failed: Option<&'static str>) {
            if let Some(code) = failed {
                self.0.record("error.type", code);
            }
        }

        /// The last of its work; notes how that ended.
        pub(crate) async fn ends<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
            self.around(work).await.inspect_err(|error| self.ended(Some(error.code())))
        }

        pub(crate) fn rows(&self, rows: u64) {
            self.0.record("rows", rows);
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod none {
    use tripline_core::{HookName, Kept, Kind, Phase};

    /// No span.
    pub(crate) struct Live;

    impl Live {
        pub(crate) fn transaction() -> Live {
            Live
        }

        pub(crate) fn operation(_: Kept) -> Live {
            Live
        }

        pub(crate) fn hook(_: Phase, _: HookName, _: Kind, _: &'static str) -> Live {
            Live
        }

        pub(crate) fn following() -> Live {
            Live
        }

        pub(crate) fn around<F: Future>(&self, work: F) -> F {
            work
        }

        pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
            work()
        }

        pub(crate) fn ended(&self, _: Option<&'static str>) {}

        pub(crate) fn ends<F: Future>(&self, work: F) -> F {
            work
        }

        pub(crate) fn rows(&self, _: u64) {}
    }
}
