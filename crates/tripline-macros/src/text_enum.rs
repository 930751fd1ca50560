//! `derive(TextEnum)`: an enum as a column of text.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result, Variant};

use crate::attributes::{Errors, arguments, located, no_generics, not_empty, snake_case};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    no_generics(input, "an enum of a column")?;
    let owner = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            owner,
            "derive(TextEnum) is for enums: `enum Status { Open, Closed }`",
        ));
    };
    if data.variants.is_empty() {
        return Err(Error::new_spanned(
            owner,
            "an enum without variants has no value that a column could hold",
        ));
    }
    let mut errors = Errors::default();
    let mut variants: Vec<(&Ident, String)> = Vec::new();
    for variant in &data.variants {
        let Some(text) = errors.take(text_of(variant)) else { continue };
        if let Some((other, _)) = variants.iter().find(|(_, t)| *t == text) {
            errors.at(
                &variant.ident,
                format!("`{other}` has the text `{text}` already: give another by `#[text(\"..\")]`"),
            );
        }
        variants.push((&variant.ident, text));
    }
    errors.finish()?;
    Ok(emit(owner, &variants))
}

/// The text of a variant: given by `#[text("..")]`, or its name in snake_case.
fn text_of(variant: &Variant) -> Result<String> {
    if !matches!(variant.fields, Fields::Unit) {
        let message = format!("`{}` has fields, which a column of text cannot hold", variant.ident);
        return Err(Error::new_spanned(&variant.fields, message));
    }
    let mut text = None;
    for attribute in variant.attrs.iter().filter(|a| a.path().is_ident("text")) {
        let usage = "#[text(\"in-progress\")]";
        let tokens = arguments(attribute, usage)?;
        let given = syn::parse2::<LitStr>(tokens.clone());
        let given = given.map_err(|_| Error::new_spanned(tokens, format!("write `{usage}`")))?;
        if text.replace(not_empty(given)?.value()).is_some() {
            return Err(Error::new_spanned(attribute, "`#[text(..)]` is given twice"));
        }
    }
    Ok(text.unwrap_or_else(|| snake_case(&variant.ident)))
}

fn emit(owner: &Ident, variants: &[(&Ident, String)]) -> TokenStream {
    let idents: Vec<_> = variants.iter().map(|(ident, _)| ident).collect();
    let texts: Vec<_> = variants.iter().map(|(_, text)| text).collect();
    let expected = format!("a variant of {owner}");
    let input = quote_spanned!(located(owner)=> ::tripline::input!(#owner););
    quote! {
        impl ::tripline::__macro::Type for #owner {
            type Base = #owner;
            const COLUMN: ::tripline::__macro::ColumnType =
                ::tripline::__macro::ColumnType::Enum(&[#(#texts),*]);
            fn encode(self) -> ::tripline::__macro::Result<::tripline::__macro::Value> {
                ::core::result::Result::Ok(::tripline::__macro::Value::Text(::std::string::String::from(match self {
                    #(#owner::#idents => #texts,)*
                })))
            }
            fn decode(
                value: ::tripline::__macro::Value,
            ) -> ::core::result::Result<Self, ::tripline::__macro::Mismatch> {
                match &value {
                    ::tripline::__macro::Value::Text(text) => match text.as_str() {
                        #(#texts => ::core::result::Result::Ok(#owner::#idents),)*
                        _ => ::core::result::Result::Err(::tripline::__macro::Mismatch {
                            expected: #expected,
                            found: "other text",
                        }),
                    },
                    other => ::core::result::Result::Err(::tripline::__macro::Mismatch::new("text", other)),
                }
            }
        }
        #input
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(input: TokenStream) -> String {
        derive(&syn::parse2(input).expect("an item")).expect_err("an error").to_string()
    }

    #[test]
    fn only_enums_of_plain_variants_are_text() {
        assert_eq!(
            error(quote!(
                struct Status;
            )),
            "derive(TextEnum) is for enums: `enum Status { Open, Closed }`"
        );
        assert_eq!(
            error(quote!(
                enum Status {}
            )),
            "an enum without variants has no value that a column could hold"
        );
        assert_eq!(
            error(quote!(
                enum Status {
                    Open(i64),
                }
            )),
            "`Open` has fields, which a column of text cannot hold"
        );
    }

    #[test]
    fn texts_differ() {
        assert_eq!(
            error(quote!(
                enum Status {
                    InProgress,
                    #[text("in_progress")]
                    Doing,
                }
            )),
            "`InProgress` has the text `in_progress` already: give another by `#[text(\"..\")]`"
        );
    }
}
