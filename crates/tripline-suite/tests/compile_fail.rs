//! What the compiler says to documented mistakes: each file of `tests/ui` is one mistake, beside it the message.
//!
//! A message must point at the line of the one who made the mistake, and say what to write. What must compile is in
//! `tests/ui/pass`. After a change that is meant: `TRYBUILD=overwrite cargo test -p tripline-suite --test
//! compile_fail`, and read what changed. The messages are those of the compiler that `rust-toolchain.toml` names.

#[test]
fn mistakes_get_a_helpful_message() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/*.rs");
}
