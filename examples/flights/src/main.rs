//! The flights example.

fn main() {}
