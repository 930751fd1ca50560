//! Random programs on the reference model and on every engine (see `tripline_suite::model`).
//!
//! `PROPTEST_CASES` is how many; 2,000 by default. PostgreSQL takes part where `TRIPLINE_TEST_POSTGRES` names servers,
//! as `cargo xtask test` sees to.

use std::{panic, sync::Arc};

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tripline_suite::{
    Engine, Server,
    model::{Outcome, Planned, Program, Runner, expected, program},
};
use tripline_testpg::TestServers;

/// How many programs run if nobody says otherwise.
const PROGRAMS: u32 = 2_000;

#[test]
fn programs_do_what_the_model_says_on_every_engine() {
    // Planned panics are no news.
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Planned>() {
            print(info);
        }
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let runners: Vec<(String, Runner)> = runtime.block_on(async {
        let mut engines = vec![("sqlite".to_owned(), Engine::sqlite_file())];
        if std::env::var_os("TRIPLINE_TEST_POSTGRES").is_some() {
            let servers = TestServers::from_env().expect("the servers that the environment names");
            for server in servers.iter() {
                let version = server.version().split('.').next().and_then(|major| major.parse().ok());
                let shared = Arc::new(Server::new(server.url(), version.unwrap_or(15)));
                engines.push((server.label().to_owned(), Engine::postgres(shared)));
            }
        }
        let mut runners = Vec::new();
        for (name, engine) in engines {
            // The engine has the database's folder, and is kept for as long as the tests run.
            let engine: &'static Engine = Box::leak(Box::new(engine));
            runners.push((name, Runner::new(engine).await));
        }
        runners
    });
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(PROGRAMS);
    let mut proptest = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let done = proptest.run(&program(), |program: Program| {
        let expected = expected(&program);
        for (name, runner) in &runners {
            let found = runtime.block_on(runner.run(&program));
            if found != expected {
                return Err(TestCaseError::fail(difference(name, &expected, &found)));
            }
        }
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}

fn difference(name: &str, expected: &Outcome, found: &Outcome) -> String {
    let traces =
        |traces: &[Vec<String>]| traces.iter().map(|t| t.join("\n")).collect::<Vec<_>>().join("\n--\n");
    format!(
        "{name} does something else\nresults {:?}\nfound   {:?}\nrows  {:?}\nfound {:?}\n\nexpected:\n{}\n\nfound:\n{}\n",
        expected.results,
        found.results,
        expected.rows,
        found.rows,
        traces(&expected.traces),
        traces(&found.traces)
    )
}
