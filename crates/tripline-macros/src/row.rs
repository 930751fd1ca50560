//! `derive(Row)`: a struct with some columns of a table.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, DeriveInput, Error, Field, Path, Result, Type};

use crate::attributes::{
    Errors, debug, each_argument, field_name, located, name_of, named_fields, no_arguments, once, unknown,
    without_self,
};

/// A field, and the column that it takes.
struct RowField {
    ident: Ident,
    ty: Type,
    column: Ident,
    secret: bool,
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let mut errors = Errors::default();
    let fields = named_fields(input, "Row", "a row type")?;
    let fields: Vec<RowField> =
        fields.iter().map(|field| RowField::parse(field, &input.ident, &mut errors)).collect();
    let table = errors.take(of(input));
    errors.finish()?;
    // Without a table there is an error, which `finish` has returned.
    Ok(table.map(|table| emit(&input.ident, &table, &fields)).unwrap_or_default())
}

/// The table that `#[row(of = User)]` names.
fn of(input: &DeriveInput) -> Result<Path> {
    let usage = "#[row(of = YourTable)]";
    let mut table = None;
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("row")) {
        each_argument(attribute, usage, |meta| {
            if !meta.path.is_ident("of") {
                return Err(unknown(&meta, "row", "`of` on a struct, `column` on a field"));
            }
            let path = meta.value()?.parse()?;
            once(&mut table, &meta, path)
        })?;
    }
    table.ok_or_else(|| {
        let message = format!("a row type needs its table: write `{usage}` on `{}`", input.ident);
        Error::new_spanned(&input.ident, message)
    })
}

impl RowField {
    fn parse(field: &Field, owner: &Ident, errors: &mut Errors) -> RowField {
        let ident = field_name(field);
        let mut column = None;
        let mut secret = false;
        for attribute in &field.attrs {
            match name_of(attribute).as_str() {
                "row" => {
                    errors.take(column_of(attribute, &mut column));
                }
                "secret" => {
                    errors.take(no_arguments(attribute));
                    secret = true;
                }
                _ => {}
            }
        }
        RowField {
            ty: errors.take(without_self(&field.ty, owner)).unwrap_or_else(|| field.ty.clone()),
            column: column.unwrap_or_else(|| ident.clone()),
            ident,
            secret,
        }
    }

    /// `<User>::COLS.name`: an unknown name is an error at the name, and shown once, since it is the same
    /// each time.
    fn col(&self, table: &Path) -> TokenStream {
        let column = &self.column;
        quote_spanned!(located(column)=> <#table>::COLS.#column)
    }
}

/// `#[row(column = other_field)]`.
fn column_of(attribute: &Attribute, column: &mut Option<Ident>) -> Result<()> {
    each_argument(attribute, "#[row(column = field_of_the_table)]", |meta| {
        if !meta.path.is_ident("column") {
            return Err(unknown(&meta, "row", "`column` on a field, `of` on a struct"));
        }
        let name =
            meta.value()?.parse().map_err(|e: Error| Error::new(e.span(), "expected the field's name"))?;
        once(column, &meta, name)
    })
}

fn emit(owner: &Ident, table: &Path, fields: &[RowField]) -> TokenStream {
    let indexes = fields.iter().map(|field| {
        let col = field.col(table);
        quote!(#col.index())
    });
    let sources = fields.iter().map(|field| field.col(table));
    let values = fields.iter().map(|field| {
        let (RowField { ident, ty, .. }, col) = (field, field.col(table));
        let value = quote_spanned!(located(ty)=> #col.take::<#ty>(cells)?);
        quote!(#ident: #value)
    });
    let debug = fields
        .iter()
        .any(|field| field.secret)
        .then(|| debug(owner, fields.iter().map(|field| (&field.ident, field.secret))));
    // At the field, since there the mark is missing.
    let secrets = fields.iter().filter(|field| !field.secret).map(|field| {
        let (ident, col) = (&field.ident, field.col(table));
        let message = format!(
            "`{ident}` is secret in its table: mark the field `#[secret]`, so that it stays out of debug output"
        );
        quote_spanned! {located(ident)=>
            ::core::assert!(!<#table as ::tripline::__macro::Table>::DESC.columns[#col.index() as usize].secret, #message);
        }
    });
    quote! {
        #[diagnostic::do_not_recommend]
        impl ::tripline::__macro::Row for #owner {
            type Table = #table;
            const SHAPE: ::tripline::__macro::Shape = ::tripline::__macro::Shape::Columns(&[#(#indexes),*]);
            const FALLIBLE: bool = false #(|| ::tripline::__macro::fallible(#sources))*;
            fn decode(cells: &mut ::tripline::__macro::Cells<'_>) -> ::tripline::__macro::Result<Self> {
                ::core::result::Result::Ok(#owner { #(#values),* })
            }
        }
        #debug
        const _: () = { #(#secrets)* };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(input: TokenStream) -> String {
        derive(&syn::parse2(input).expect("a struct")).expect_err("an error").to_string()
    }

    #[test]
    fn a_row_type_says_of_which_table() {
        assert_eq!(
            error(quote!(
                struct Image {
                    id: i64,
                }
            )),
            "a row type needs its table: write `#[row(of = YourTable)]` on `Image`"
        );
        assert_eq!(
            error(quote!(
                #[row(from = User)]
                struct Image {
                    id: i64,
                }
            )),
            "unknown argument `from`: `#[row(..)]` takes `of` on a struct, `column` on a field"
        );
    }

    #[test]
    fn a_field_that_takes_another_column_names_it_once() {
        let twice = quote!(
            #[row(of = User)]
            struct A {
                #[row(column = a, column = b)]
                x: i64,
            }
        );
        assert_eq!(error(twice), "`column` is given twice");
        assert_eq!(
            error(quote!(
                #[row(of = User)]
                struct A {
                    #[row(column = "a")]
                    x: i64,
                }
            )),
            "expected the field's name"
        );
    }
}
