//! The suite on SQLite, in a file and in memory.

use tripline_suite::{Engine, run};

fn main() {
    run(&[("sqlite_file", Engine::sqlite_file), ("sqlite_memory", Engine::sqlite_memory)]).exit();
}
