//! The model of a table: what the attributes of a struct say, checked as far as a macro can.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Attribute, DeriveInput, Error, LitStr, Path, Result, Token, Visibility, ext::IdentExt,
    meta::ParseNestedMeta,
};

use super::{
    column::Column,
    index::{Index, IndexArguments},
};
use crate::attributes::{Errors, each_argument, named_fields, once, snake_case, text, unknown};

const ARGUMENTS: &str = "`name`, `hook_rows`, `unique`, `index`, `check`";

/// A table.
pub(crate) struct Table {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// The name in the database.
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) checks: Vec<Check>,
    pub(crate) hook_rows: Vec<Path>,
}

/// A check constraint: its name and the closure that gives its condition.
pub(crate) struct Check {
    pub(crate) name: Ident,
    pub(crate) condition: TokenStream,
}

/// What `#[table(..)]` says.
#[derive(Default)]
struct Arguments {
    name: Option<LitStr>,
    hook_rows: Vec<Path>,
    indexes: Vec<IndexArguments>,
    checks: Vec<Check>,
}

impl Table {
    /// Errors that leave no table to speak of are returned; the others are collected.
    pub(crate) fn parse(input: &DeriveInput, errors: &mut Errors) -> Result<Table> {
        let fields = named_fields(input, "Table", "a table")?;
        // A column's index is a `u16` everywhere, and no engine comes near.
        if fields.len() > usize::from(u16::MAX) {
            return Err(Error::new_spanned(&input.ident, "a table can have at most 65535 columns"));
        }
        let columns: Vec<Column> =
            fields.iter().map(|field| Column::parse(field, &input.ident, errors)).collect();
        let mut arguments = Arguments::default();
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("table")) {
            errors.take(arguments.parse(attribute));
        }
        check_rows(&arguments.hook_rows, &input.ident, errors);
        check_names(&columns, &arguments.checks, errors);
        if let Err(error) = check_key(&columns, &input.ident) {
            errors.add(error);
            return Err(std::mem::take(errors).finish().expect_err("there is at least this one"));
        }
        Ok(Table {
            vis: input.vis.clone(),
            ident: input.ident.clone(),
            name: arguments
                .name
                .map_or_else(|| format!("{}s", snake_case(&input.ident)), |name| name.value()),
            indexes: super::index::resolve(&columns, &arguments.indexes, errors),
            columns,
            checks: arguments.checks,
            hook_rows: arguments.hook_rows,
        })
    }

    /// The key columns, with their indexes.
    pub(crate) fn key(&self) -> impl Iterator<Item = (u16, &Column)> {
        (0..).zip(&self.columns).filter(|(_, column)| column.key)
    }
}

impl Arguments {
    fn parse(&mut self, attribute: &Attribute) -> Result<()> {
        each_argument(attribute, "#[table(name = \"users\")]", |meta| self.argument(&meta))
    }

    fn argument(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "name" => {
                let value = text(meta)?;
                once(&mut self.name, meta, value)
            }
            "hook_rows" => meta.parse_nested_meta(|row| {
                self.hook_rows.push(row.path);
                Ok(())
            }),
            "unique" | "index" => {
                self.indexes.push(IndexArguments::of_struct(meta, name == "unique")?);
                Ok(())
            }
            "check" => {
                self.checks.push(Check::parse(meta)?);
                Ok(())
            }
            _ => Err(unknown(meta, "table", ARGUMENTS)),
        }
    }
}

impl Check {
    /// `check(name = closure)`: all that follows is the closure, which the compiler parses better than we
    /// could.
    fn parse(meta: &ParseNestedMeta<'_>) -> Result<Check> {
        let usage = "write `check(name = |u| condition)`";
        let group: proc_macro2::Group = meta.input.parse().map_err(|_| meta.error(usage))?;
        let parse = |input: syn::parse::ParseStream<'_>| {
            let name = input.parse::<Ident>()?;
            input.parse::<Token![=]>()?;
            Ok((name, input.parse::<TokenStream>()?))
        };
        match syn::parse::Parser::parse2(parse, group.stream()) {
            Ok((name, condition)) if !condition.is_empty() => Ok(Check { name, condition }),
            _ => Err(Error::new(group.span(), usage)),
        }
    }
}

fn check_rows(rows: &[Path], table: &Ident, errors: &mut Errors) {
    let same = |a: &Path, b: &Path| a.to_token_stream().to_string() == b.to_token_stream().to_string();
    for (i, row) in rows.iter().enumerate() {
        if row.is_ident(table) || row.is_ident("Self") {
            errors.at(row, format!("`{table}` is a row type of its own already: leave it out"));
        } else if rows[..i].iter().any(|other| same(row, other)) {
            errors.at(row, format!("`{}` is listed twice", quote!(#row)));
        }
    }
}

/// Refuses two columns, or two checks, of one name. Case does not make two names: not on SQLite, anyway.
fn check_names(columns: &[Column], checks: &[Check], errors: &mut Errors) {
    for (i, column) in columns.iter().enumerate() {
        if columns[..i].iter().any(|other| other.name.eq_ignore_ascii_case(&column.name)) {
            errors.at(&column.ident, format!("two columns have the name `{}`", column.name));
        }
    }
    for (i, check) in checks.iter().enumerate() {
        if checks[..i].iter().any(|other| other.name.unraw() == check.name.unraw()) {
            errors.at(&check.name, format!("two checks have the name `{}`", check.name));
        }
    }
}

fn check_key(columns: &[Column], table: &Ident) -> Result<()> {
    match columns.iter().filter(|column| column.key).count() {
        0 => Err(Error::new_spanned(table, "a table needs a key: put `#[key]` on a field")),
        1..=4 => Ok(()),
        n => Err(Error::new_spanned(table, format!("a key can have at most 4 columns, here are {n}"))),
    }
}
