//! Runs the built program on data sets, good and bad, and looks at what it prints and leaves in the database.

mod bad_input;
mod database;
mod hooks;
mod january;
mod postgres;
mod support;
