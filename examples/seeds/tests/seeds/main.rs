//! The examples, each on SQLite and on the PostgreSQL servers that `TRIPLINE_TEST_POSTGRES` names.

/// Declares tests that run everywhere.
macro_rules! everywhere {
    ($(async fn $name:ident($place:ident) $body:block)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            async fn on($place: std::sync::Arc<crate::place::Place>) $body
            crate::place::everywhere(on).await;
        }
    )* };
}

mod place;

mod audit;
mod avatar;
mod beats;
mod cleanup;
mod comments;
mod guide;
mod handle;
mod last_message;
mod name_taken;
mod organization_filter;
mod owner;
mod session;
mod sink;
mod status;
mod team;
mod third_party;
mod username;
mod welcome;
