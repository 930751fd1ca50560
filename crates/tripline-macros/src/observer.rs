//! `derive(Observer)`: a value that carries hooks for the tables it lists.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{DeriveInput, Error, Path, Result};

use crate::attributes::{each_argument, no_generics};

const USAGE: &str = "#[observes(SomeTable)]` or `#[observes(all)]";

/// What `#[observes(..)]` lists.
#[derive(Default)]
struct Observed {
    all: bool,
    rows: Vec<Path>,
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    no_generics(input, "an observer")?;
    let mut observed = Observed::default();
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("observes")) {
        each_argument(attribute, USAGE, |meta| observed.add(meta.path))?;
    }
    let owner = &input.ident;
    if !observed.all && observed.rows.is_empty() {
        let message = format!("an observer needs something to observe: write `{USAGE}` on `{owner}`");
        return Err(Error::new_spanned(owner, message));
    }
    let any_row = observed.all.then(|| quote!(::tripline::AnyRow));
    let observes = any_row.into_iter().chain(observed.rows.iter().map(ToTokens::to_token_stream));
    let all = observed.all.then(|| quote!(all));
    let listed = all.into_iter().chain(observed.rows.iter().map(ToTokens::to_token_stream));
    Ok(quote! {
        #(impl ::tripline::__macro::Observes<#observes> for #owner {})*
        impl ::tripline::__macro::Observer for #owner {
            const HOOKS: &'static [::tripline::__macro::Observed] =
                ::tripline::__observer_hooks!(#owner; #(#listed),*);
        }
    })
}

impl Observed {
    fn add(&mut self, row: Path) -> Result<()> {
        let known = |other: &Path| other.to_token_stream().to_string() == row.to_token_stream().to_string();
        let is_all = row.is_ident("all");
        if (is_all && self.all) || self.rows.iter().any(known) {
            return Err(Error::new_spanned(&row, format!("`{}` is listed twice", row.to_token_stream())));
        }
        if is_all {
            self.all = true;
        } else {
            self.rows.push(row);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(input: TokenStream) -> String {
        derive(&syn::parse2(input).expect("a struct")).expect_err("an error").to_string()
    }

    #[test]
    fn an_observer_says_what_it_observes() {
        assert_eq!(
            error(quote!(
                struct Mailer;
            )),
            "an observer needs something to observe: write `#[observes(SomeTable)]` or `#[observes(all)]` on `Mailer`"
        );
        assert_eq!(
            error(quote!(
                #[observes(User, User)]
                struct Mailer;
            )),
            "`User` is listed twice"
        );
        assert_eq!(
            error(quote!(
                struct Mailer<T>(T);
            )),
            "an observer cannot be generic"
        );
    }

    #[test]
    fn all_comes_first_for_the_macro_that_lists_hooks() {
        let input = syn::parse2(quote!(
            #[observes(User, all)]
            struct Mailer;
        ))
        .expect("a struct");
        let tokens = derive(&input).expect("code").to_string();
        assert!(tokens.contains("(Mailer ; all , User)"), "{tokens}");
    }
}
