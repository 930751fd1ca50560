//! Indexes and unique constraints: `#[unique]` of fields, `unique(..)` of the struct, and likewise `index`.

use proc_macro2::{Group, Ident, Span};
use syn::{
    Attribute, Error, LitStr, Meta, Result, Token, ext::IdentExt, meta::ParseNestedMeta, token::Paren,
};

use super::column::Column;
use crate::attributes::{Errors, each_argument, name_of, once, text, unknown};

/// An index or unique constraint, its columns by index.
pub(crate) struct Index {
    pub(crate) name: Option<LitStr>,
    pub(crate) columns: Vec<u16>,
    pub(crate) unique: bool,
}

/// The same as the user wrote it, its columns by name.
pub(crate) struct IndexArguments {
    /// The word `unique` or `index`, for errors about the whole.
    span: Span,
    name: Option<LitStr>,
    columns: Vec<Ident>,
    unique: bool,
}

impl IndexArguments {
    /// `#[unique]`, `#[index]`, with or without `(name = "..")`.
    pub(crate) fn of_field(attribute: &Attribute, column: &Ident) -> Result<Self> {
        let word = name_of(attribute);
        let mut name = None;
        if !matches!(attribute.meta, Meta::Path(_)) {
            each_argument(attribute, &format!("#[{word}(name = \"..\")]"), |meta| {
                if !meta.path.is_ident("name") {
                    return Err(unknown(&meta, &word, "`name`; for several columns see `#[table(..)]`"));
                }
                let value = text(&meta)?;
                once(&mut name, &meta, value)
            })?;
        }
        let span = attribute.path().get_ident().map_or_else(Span::call_site, Ident::span);
        Ok(IndexArguments { span, name, columns: vec![column.clone()], unique: word == "unique" })
    }

    /// `unique(a, b)` or `unique(name = "..", columns(a, b))` in `#[table(..)]`.
    pub(crate) fn of_struct(meta: &ParseNestedMeta<'_>, unique: bool) -> Result<Self> {
        let word = if unique { "unique" } else { "index" };
        let given = meta.input.fork().parse::<Group>().is_ok_and(|group| !group.stream().is_empty());
        if !given {
            return Err(meta.error(format!("write `{word}(first_column, second_column)`")));
        }
        let mut name = None;
        let mut columns = Vec::new();
        meta.parse_nested_meta(|part| {
            // A column may be called `name` or `columns`: what follows the word tells.
            if part.path.is_ident("name") && part.input.peek(Token![=]) {
                let value = text(&part)?;
                return once(&mut name, &part, value);
            }
            if part.path.is_ident("columns") && part.input.peek(Paren) {
                return part.parse_nested_meta(|column| {
                    columns.push(column_name(&column)?);
                    Ok(())
                });
            }
            columns.push(column_name(&part)?);
            Ok(())
        })?;
        let span = meta.path.get_ident().map_or_else(Span::call_site, Ident::span);
        if columns.is_empty() {
            return Err(Error::new(
                span,
                format!("`{word}` needs columns: `{word}(first_column, second_column)`"),
            ));
        }
        Ok(IndexArguments { span, name, columns, unique })
    }
}

fn column_name(meta: &ParseNestedMeta<'_>) -> Result<Ident> {
    let usage = "expected a field's name, `name = \"..\"` or `columns(..)`";
    if meta.input.peek(Token![=]) || meta.input.peek(Paren) {
        return Err(meta.error(usage));
    }
    meta.path.get_ident().cloned().ok_or_else(|| meta.error(usage))
}

/// The indexes of fields, then those of the struct.
pub(crate) fn resolve(columns: &[Column], of_struct: &[IndexArguments], errors: &mut Errors) -> Vec<Index> {
    let of_fields = columns.iter().flat_map(|column| &column.indexes);
    of_fields.chain(of_struct).filter_map(|index| errors.take(resolve_one(columns, index))).collect()
}

fn resolve_one(columns: &[Column], index: &IndexArguments) -> Result<Index> {
    let mut found = Vec::new();
    for name in &index.columns {
        let Some(position) = (0..).zip(columns).find(|(_, c)| c.ident.unraw() == name.unraw()) else {
            return Err(Error::new_spanned(name, format!("there is no field `{name}` in this struct")));
        };
        if found.contains(&position.0) {
            return Err(Error::new_spanned(name, format!("`{name}` is listed twice")));
        }
        found.push(position.0);
    }
    let in_key = found.iter().filter(|i| columns[usize::from(**i)].key).count();
    if index.unique && in_key == found.len() && in_key == columns.iter().filter(|c| c.key).count() {
        return Err(Error::new(index.span, "the key is unique already: leave this out"));
    }
    Ok(Index { name: index.name.clone(), columns: found, unique: index.unique })
}
