//! The suite on SQLite, in a file and in memory.

use std::sync::Arc;

use tripline_suite::{Engine, run};

fn main() {
    run(&[
        ("sqlite_file".to_owned(), Arc::new(Engine::sqlite_file)),
        ("sqlite_memory".to_owned(), Arc::new(Engine::sqlite_memory)),
    ])
    .exit();
}
