//! Tasks of the project: `cargo xtask test`, `rules`, `bench`.

fn main() {}
