//! What is written for each kind of statement: texts, and parameters with their types.

mod expressions;
mod reads;
mod schema;
mod shown;
mod tables;
mod writes;
