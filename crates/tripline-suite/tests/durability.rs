//! What SQLite promises beyond the rows of one task: crashes, disks that fail or are full, other processes, locks,
//! long statements, many tasks.
//!
//! Not part of the suite that all engines pass: these cases need files, processes and threads. None of them sleeps;
//! where one waits, it waits for what it is about, and [`common::soon`] ends a test that would wait for ever.

#[path = "durability/close.rs"]
mod close;
#[path = "durability/commit.rs"]
mod commit;
#[path = "durability/common.rs"]
mod common;
#[path = "durability/crash.rs"]
mod crash;
#[path = "durability/disk.rs"]
mod disk;
#[path = "durability/full.rs"]
mod full;
#[path = "durability/load.rs"]
mod load;
#[path = "durability/locks.rs"]
mod locks;
#[path = "durability/long.rs"]
mod long;
#[path = "durability/open.rs"]
mod open;
#[path = "durability/time_limit.rs"]
mod time_limit;
