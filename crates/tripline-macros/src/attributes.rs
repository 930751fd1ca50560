//! What all derives share: reading attributes, collecting errors, names and spans.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, LitStr, Meta, Path, Result, Type, ext::IdentExt,
    meta::ParseNestedMeta, punctuated::Punctuated, spanned::Spanned, token::Comma,
};

/// The errors found so far: all are reported at once, each where its cause stands.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn at(&mut self, place: impl ToTokens, message: impl std::fmt::Display) {
        self.add(Error::new_spanned(place, message));
    }

    /// Keeps an error, gives a value.
    pub(crate) fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    pub(crate) fn finish(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// The code that a derive gives for its input, or the errors.
pub(crate) fn or_errors(result: Result<TokenStream>) -> proc_macro::TokenStream {
    result.unwrap_or_else(Error::into_compile_error).into()
}

/// The named fields of a struct without generics; `what` is the derive, `kind` what it makes of the struct.
pub(crate) fn named_fields<'a>(
    input: &'a DeriveInput,
    what: &str,
    kind: &str,
) -> Result<&'a Punctuated<Field, Comma>> {
    no_generics(input, kind)?;
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => Ok(&fields.named),
            _ => Err(Error::new_spanned(
                &input.ident,
                format!("derive({what}) needs named fields: `struct {} {{ name: String }}`", input.ident),
            )),
        },
        _ => Err(Error::new_spanned(
            &input.ident,
            format!("derive({what}) is for structs with named fields: {kind} has columns"),
        )),
    }
}

/// Refuses generics: each type that derives describe is one table, row type or observer.
pub(crate) fn no_generics(input: &DeriveInput, kind: &str) -> Result<()> {
    match input.generics.params.first() {
        None => Ok(()),
        Some(_) => Err(Error::new_spanned(&input.generics.params, format!("{kind} cannot be generic"))),
    }
}

/// Refuses arguments: `#[key]`, not `#[key(..)]`.
pub(crate) fn no_arguments(attribute: &Attribute) -> Result<()> {
    match &attribute.meta {
        Meta::Path(_) => Ok(()),
        other => {
            let name = name_of(attribute);
            Err(Error::new_spanned(other, format!("`#[{name}]` takes no arguments")))
        }
    }
}

/// What stands in an attribute's parentheses; without, the error says to write `usage`.
pub(crate) fn arguments(attribute: &Attribute, usage: &str) -> Result<TokenStream> {
    match &attribute.meta {
        Meta::List(list) if !list.tokens.is_empty() => Ok(list.tokens.clone()),
        other => Err(Error::new_spanned(other, format!("write `{usage}`"))),
    }
}

/// The path of a function in an attribute's parentheses; `owner` is what `Self` means there.
pub(crate) fn path_argument(attribute: &Attribute, usage: &str, owner: &Ident) -> Result<Path> {
    let tokens = replace_self(arguments(attribute, usage)?, owner);
    syn::parse2(tokens.clone()).map_err(|_| Error::new_spanned(tokens, format!("write `{usage}`")))
}

/// Parses what stands in an attribute's parentheses, argument by argument.
pub(crate) fn each_argument(
    attribute: &Attribute,
    usage: &str,
    logic: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    arguments(attribute, usage)?;
    attribute.parse_nested_meta(logic)
}

/// The text of `name = "text"`; empty text is refused, since it would name something in the database.
pub(crate) fn text(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    not_empty(meta.value()?.parse()?)
}

pub(crate) fn not_empty(text: LitStr) -> Result<LitStr> {
    if text.value().is_empty() { Err(Error::new_spanned(text, "a name cannot be empty")) } else { Ok(text) }
}

/// The error for an argument that does not exist; it names those that do.
pub(crate) fn unknown(meta: &ParseNestedMeta<'_>, attribute: &str, known: &str) -> Error {
    let given = meta.path.to_token_stream().to_string();
    meta.error(format!("unknown argument `{given}`: `#[{attribute}(..)]` takes {known}"))
}

/// Keeps a value that may be given once.
pub(crate) fn once<T>(kept: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T) -> Result<()> {
    match kept {
        Some(_) => Err(meta.error(format!("`{}` is given twice", meta.path.to_token_stream()))),
        none => {
            *none = Some(value);
            Ok(())
        }
    }
}

/// The name of an attribute, if it is one word, else nothing.
pub(crate) fn name_of(attribute: &Attribute) -> String {
    attribute.path().get_ident().map(Ident::to_string).unwrap_or_default()
}

/// The name of a field. Callers have made sure that fields are named.
pub(crate) fn field_name(field: &Field) -> Ident {
    field.ident.clone().unwrap_or_else(|| Ident::new("unnamed", field.span()))
}

/// The span for generated code that stands for a piece of the user's code: errors point there, while names
/// mean what they mean in the rest of the generated code, even where the user's code comes from a macro of
/// their own.
pub(crate) fn located(place: impl Spanned) -> Span {
    Span::call_site().located_at(place.span())
}

/// The type with `Self` written out: it moves to other items, where `Self` would be something else.
pub(crate) fn without_self(ty: &Type, owner: &Ident) -> Result<Type> {
    syn::parse2(replace_self(ty.to_token_stream(), owner))
}

pub(crate) fn replace_self(tokens: TokenStream, owner: &Ident) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => {
            TokenTree::Ident(Ident::new(&owner.to_string(), ident.span()))
        }
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), replace_self(group.stream(), owner));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}

/// `FlightLeg` as `flight_leg`, `HTTPServer` as `http_server`.
pub(crate) fn snake_case(ident: &Ident) -> String {
    let name: Vec<char> = ident.unraw().to_string().chars().collect();
    let mut out = String::new();
    for (i, c) in name.iter().enumerate() {
        let after_lower = i > 0 && !name[i - 1].is_uppercase() && name[i - 1] != '_';
        let before_lower =
            i > 0 && name[i - 1].is_uppercase() && name.get(i + 1).is_some_and(|c| c.is_lowercase());
        if c.is_uppercase() && (after_lower || before_lower) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// `Debug` that shows secret fields as `<secret>`; fields are given with whether they are secret.
pub(crate) fn debug<'a>(owner: &Ident, fields: impl Iterator<Item = (&'a Ident, bool)>) -> TokenStream {
    let title = owner.unraw().to_string();
    let fields = fields.map(|(ident, secret)| {
        let name = ident.unraw().to_string();
        if secret {
            quote!(.field(#name, &::core::format_args!("<secret>")))
        } else {
            quote!(.field(#name, &self.#ident))
        }
    });
    quote! {
        impl ::core::fmt::Debug for #owner {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#title)#(#fields)*.finish()
            }
        }
    }
}
