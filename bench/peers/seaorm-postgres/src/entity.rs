//! The entities, in the dense format of SeaORM 2.

pub mod post;
pub mod user;
