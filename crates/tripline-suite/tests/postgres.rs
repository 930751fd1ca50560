//! The suite on PostgreSQL: on each server that the environment names.

use std::{process::ExitCode, sync::Arc};

use tripline_suite::{Engine, NewEngine, Server, run};
use tripline_testpg::TestServers;

fn main() -> ExitCode {
    let servers = match TestServers::from_env() {
        Ok(servers) => servers,
        Err(error) => {
            // Never skipped: a run without a server would say that all is well.
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut engines: Vec<(String, NewEngine)> = Vec::new();
    let mut used = Vec::new();
    for server in servers.iter() {
        let version = server.version().split('.').next().and_then(|major| major.parse().ok()).unwrap_or(15);
        let shared = Arc::new(Server::new(server.url(), version));
        used.push(shared.clone());
        engines.push((server.label().to_owned(), Arc::new(move || Engine::postgres(shared.clone()))));
    }
    let conclusion = run(&engines);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        for server in used {
            server.drop_databases().await;
        }
    });
    conclusion.exit_code()
}
