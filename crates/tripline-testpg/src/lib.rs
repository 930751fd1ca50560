//! Private PostgreSQL servers for test runs: found or fetched binaries, clusters that end with their process, and
//! a proxy that delays and cuts connections.
//!
//! Not part of what is published. The tasks use it to start the servers that the suite runs on ([`TestServers`]);
//! tests that stop servers, follow replicas or lose connections start a [`Cluster`] and a [`Proxy`] of their own.

mod binaries;
mod cluster;
mod error;
mod latch;
mod program;
mod proxy;
mod servers;
mod user;

pub use self::{
    binaries::Binaries,
    cluster::{Cluster, Settings, Stop, Tls},
    error::Error,
    proxy::{Cut, Direction, Gate, Proxy, has_text},
    servers::{SERVERS, TestServer, TestServers},
};
