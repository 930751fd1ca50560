//! The conformance suite of Tripline: cases that every engine must pass, each named by a behaviour and the rule of
//! `docs/lifecycle.md` that it proves.
//!
//! A case is an async function that gets an [`Engine`], and from it fresh databases. [`run`] runs all cases on one
//! engine as tests; `tests/` has an instance for each.

#![allow(missing_docs, reason = "cases and their tables are documented by their names")]

/// Declares the cases of a module: async functions of an engine.
macro_rules! cases {
    ($($(#[$attribute:meta])* async fn $name:ident($engine:ident) $body:block)*) => {
        /// The cases of this module.
        pub const CASES: &[$crate::Case] = &[$($crate::Case {
            name: concat!(module_path!(), "::", stringify!($name)),
            run: |engine| Box::pin($name(engine)),
        }),*];

        $($(#[$attribute])* async fn $name($engine: $crate::Engine) $body)*
    };
}

mod engine;
mod race;
mod recorder;
mod server;

pub mod after;
pub mod batch;
pub mod before;
pub mod cancel;
pub mod cascades;
pub mod committed;
pub mod counted;
pub mod differences;
pub mod dynamic;
pub mod errors;
pub mod filters;
pub mod isolation;
pub mod matrix;
pub mod model;
pub mod operations;
pub mod order;
pub mod origin;
pub mod pipelined;
pub mod plans;
pub mod races;
pub mod reads;
pub mod resolvers;
pub mod retries;
pub mod schema;
pub mod sinks;
pub mod statements;
pub mod together;
pub mod traces;
pub mod transactions;
pub mod updated;
pub mod upserts;
pub mod values;
pub mod waiting;

use std::sync::Arc;

use libtest_mimic::{Arguments, Conclusion, Trial};

pub use crate::{
    engine::{Engine, TestDb},
    race::Race,
    recorder::Recorder,
    server::Server,
};

/// A case of the suite.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its module and name.
    pub name: &'static str,
    /// Its body.
    pub run: fn(Engine) -> tripline::BoxFuture<'static, ()>,
}

/// All cases.
pub fn all() -> impl Iterator<Item = Case> {
    [
        after::CASES,
        batch::CASES,
        before::CASES,
        cancel::CASES,
        cascades::CASES,
        cascades::many::CASES,
        committed::CASES,
        counted::CASES,
        differences::CASES,
        dynamic::CASES,
        errors::CASES,
        filters::CASES,
        isolation::CASES,
        matrix::CASES,
        operations::CASES,
        order::CASES,
        origin::CASES,
        pipelined::CASES,
        pipelined::failures::CASES,
        pipelined::flights::CASES,
        plans::CASES,
        plans::replaced::CASES,
        races::CASES,
        races::locks::CASES,
        reads::CASES,
        resolvers::CASES,
        retries::CASES,
        retries::failures::CASES,
        schema::CASES,
        sinks::CASES,
        statements::CASES,
        together::CASES,
        traces::CASES,
        transactions::CASES,
        updated::CASES,
        upserts::CASES,
        upserts::many::CASES,
        upserts::others::CASES,
        values::CASES,
        waiting::CASES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Makes a place for a case's databases.
pub type NewEngine = Arc<dyn Fn() -> Engine + Send + Sync>;

/// Runs all cases on these engines, as a test binary does.
pub fn run(engines: &[(String, NewEngine)]) -> Conclusion {
    let arguments = Arguments::from_args();
    let trial = |(engine_name, engine): &(String, NewEngine), case: Case| {
        let (engine, name) = (engine.clone(), case.name.trim_start_matches("tripline_suite::"));
        Trial::test(format!("{engine_name}::{name}"), move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            // On a worker, as an application's tasks are.
            let done = runtime.block_on(async { tokio::spawn((case.run)(engine())).await });
            done.map_err(|panic| {
                let panic = panic.into_panic();
                let text = panic.downcast_ref::<String>().map(String::as_str);
                text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned().into()
            })
        })
    };
    let trials = engines.iter().flat_map(|engine| all().map(move |case| trial(engine, case))).collect();
    libtest_mimic::run(&arguments, trials)
}
