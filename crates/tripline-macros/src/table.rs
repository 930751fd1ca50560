//! `derive(Table)`: from a struct to a model of its table, from the model to code.

mod column;
mod emit;
mod index;
mod model;

use proc_macro2::TokenStream;
use syn::{DeriveInput, Error, Result};

use crate::attributes::Errors;

/// The code for a table. With errors it is still emitted as far as the table is known, so that the user's
/// other code does not fail too, for want of `NewUser`.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let mut errors = Errors::default();
    let table = model::Table::parse(input, &mut errors)?;
    let mut tokens = emit::table(&table);
    tokens.extend(errors.finish().map_or_else(Error::into_compile_error, |()| TokenStream::new()));
    Ok(tokens)
}

#[cfg(test)]
mod tests;
