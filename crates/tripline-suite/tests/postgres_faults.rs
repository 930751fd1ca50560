//! What the PostgreSQL driver promises when something goes wrong: commits that fail or whose answer is lost, servers
//! that end, callers that go, input that makes no sense.
//!
//! Not part of the suite that all engines pass: these cases start servers of their own, stop them, and cut
//! connections. None of them sleeps; where one waits, it waits for what it is about, and [`common::soon`] ends a test
//! that would wait for ever.

#[path = "postgres_faults/cancel.rs"]
mod cancel;
#[path = "postgres_faults/commit.rs"]
mod commit;
#[path = "postgres_faults/common.rs"]
mod common;
#[path = "postgres_faults/connect.rs"]
mod connect;
#[path = "postgres_faults/crash.rs"]
mod crash;
#[path = "postgres_faults/existing.rs"]
mod existing;
#[path = "postgres_faults/input.rs"]
mod input;
#[path = "postgres_faults/limits.rs"]
mod limits;
#[path = "postgres_faults/lost.rs"]
mod lost;
#[path = "postgres_faults/pool.rs"]
mod pool;
#[path = "postgres_faults/raw.rs"]
mod raw;
#[path = "postgres_faults/serializable.rs"]
mod serializable;
#[path = "postgres_faults/tls.rs"]
mod tls;
#[path = "postgres_faults/wire.rs"]
mod wire;
