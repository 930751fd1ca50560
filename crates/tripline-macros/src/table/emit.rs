//! From the model of a table to code: data, and glue of a line per column.
//!
//! All that is asked of a column's type goes through one hidden trait, `__macro::Column`, which has a blanket
//! implementation for column types. So an unsupported type is the same error at the same place each time, and
//! the compiler shows it once.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Path, ext::IdentExt};

use super::{
    column::{Action, Column, Default, OnUpdate, Reference},
    model::Table,
};
use crate::attributes::{debug, located, replace_self};

/// All that `derive(Table)` emits.
pub(crate) fn table(table: &Table) -> TokenStream {
    let names = Names::of(table);
    [
        draft(table, &names),
        patch(table, &names),
        columns(table, &names),
        row(table),
        implementation(table, &names),
        hook_rows(table),
        nullable_where_nulled(table),
        if table.has_secrets() { table.debug(&table.ident, |_| true) } else { TokenStream::new() },
    ]
    .into_iter()
    .collect()
}

/// The names of the structs that the derive adds.
struct Names {
    new: Ident,
    patch: Ident,
    cols: Ident,
}

impl Names {
    fn of(table: &Table) -> Names {
        let name = table.ident.unraw();
        Names {
            new: format_ident!("New{name}", span = table.ident.span()),
            patch: format_ident!("{name}Patch", span = table.ident.span()),
            cols: format_ident!("{name}Cols", span = table.ident.span()),
        }
    }
}

impl Table {
    fn has_secrets(&self) -> bool {
        self.columns.iter().any(|column| column.secret)
    }

    fn debug(&self, owner: &Ident, which: fn(&Column) -> bool) -> TokenStream {
        debug(owner, self.columns.iter().filter(|c| which(c)).map(|c| (&c.ident, c.secret)))
    }

    /// A struct with a `Field` for each of these columns: the draft or the patch.
    fn fields_struct(&self, name: &Ident, doc: &str, which: fn(&Column) -> bool) -> TokenStream {
        let vis = &self.vis;
        let fields = self
            .columns
            .iter()
            .filter(|c| which(c))
            .map(|Column { vis, ident, ty, .. }| quote!(#vis #ident: ::tripline::__macro::Field<#ty>,));
        let (derives, debug) = if self.has_secrets() {
            (quote!(Clone, Default), self.debug(name, which))
        } else {
            (quote!(Clone, Debug, Default), TokenStream::new())
        };
        quote! {
            #[doc = #doc]
            #[allow(missing_docs)]
            #[derive(#derives)]
            #vis struct #name { #(#fields)* }
            #debug
        }
    }
}

/// `UserCols`, and `User::COLS` with the indexes.
fn columns(table: &Table, names: &Names) -> TokenStream {
    let (Table { vis, ident: owner, name, .. }, cols) = (table, &names.cols);
    let doc = format!("The columns of `{name}`.");
    let fields = table.columns.iter().map(|Column { ident, ty, docs, key, read_only, .. }| {
        // Keys are in no patch, so nobody may set them on an update.
        let marker = (*key || *read_only).then(|| quote!(, ::tripline::__macro::ReadOnly));
        quote!(#(#docs)* pub #ident: ::tripline::__macro::Col<#owner, #ty #marker>,)
    });
    let values = (0..).zip(&table.columns).map(|(i, Column { ident, .. })| {
        let i = Literal::u16_unsuffixed(i);
        quote!(#ident: ::tripline::__macro::Col::at(#i))
    });
    quote! {
        #[doc = #doc]
        #[allow(missing_docs, private_interfaces)]
        #vis struct #cols { #(#fields)* }
        // By hand: a derive would add a line per column.
        impl ::core::clone::Clone for #cols {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl ::core::marker::Copy for #cols {}
        impl #owner {
            #[doc(hidden)]
            #vis const COLS: #cols = #cols { #(#values),* };
        }
    }
}

/// `NewUser`.
fn draft(table: &Table, names: &Names) -> TokenStream {
    let (owner, new) = (&table.ident, &names.new);
    let doc = format!("The values of a row of `{}` to be created.", table.name);
    let definition = table.fields_struct(new, &doc, |_| true);
    let into = table.columns.iter().map(into_slot);
    let from = table.columns.iter().map(|column| {
        let (ident, value) = (&column.ident, from_slot(column));
        quote!(#ident: #value)
    });
    let slots = slots(new, into, quote!(::core::result::Result::Ok(#new { #(#from),* })));
    quote! {
        #definition
        #slots
        #[diagnostic::do_not_recommend]
        impl ::tripline::__macro::Draft for #new {
            type Table = #owner;
        }
    }
}

/// `UserPatch`. It has as many slots as the table has columns, so that one index serves drafts, patches and
/// rows.
fn patch(table: &Table, names: &Names) -> TokenStream {
    let patch = &names.patch;
    let doc = format!("The changes to be made to rows of `{}`.", table.name);
    let definition = table.fields_struct(patch, &doc, |column| !column.key);
    let into = table.columns.iter().map(|column| match column.key {
        true => quote!(out.push(::tripline::__macro::Slot::Unset);),
        false => into_slot(column),
    });
    let from = table.columns.iter().map(|column| match column.key {
        true => quote!(slots.take();),
        false => {
            let (ident, value) = (&column.ident, from_slot(column));
            quote!(patch.#ident = #value;)
        }
    });
    let from = quote! {
        let mut patch = <#patch as ::core::default::Default>::default();
        #(#from)*
        ::core::result::Result::Ok(patch)
    };
    let slots = slots(patch, into, from);
    quote!(#definition #slots)
}

fn into_slot(column: &Column) -> TokenStream {
    let (Column { ident, .. }, ty) = (column, as_column(column));
    quote_spanned!(located(&column.ty)=> out.push(#ty::into_slot(self.#ident)?);)
}

fn from_slot(column: &Column) -> TokenStream {
    let ty = as_column(column);
    quote_spanned!(located(&column.ty)=> #ty::from_slot(slots.take())?)
}

/// `<F as Column>`, where errors about the field's type point at it.
fn as_column(column: &Column) -> TokenStream {
    let ty = &column.ty;
    quote_spanned!(located(ty)=> <#ty as ::tripline::__macro::Column>)
}

fn slots(owner: &Ident, into: impl Iterator<Item = TokenStream>, from: TokenStream) -> TokenStream {
    quote! {
        impl ::tripline::__macro::Slots for #owner {
            fn into_slots(
                self,
                out: &mut ::std::vec::Vec<::tripline::__macro::Slot>,
            ) -> ::tripline::__macro::Result<()> {
                #(#into)*
                ::core::result::Result::Ok(())
            }
            fn from_slots(slots: &mut ::tripline::__macro::SlotReader) -> ::tripline::__macro::Result<Self> {
                #from
            }
        }
    }
}

/// A table is a row type of its own: all columns.
fn row(table: &Table) -> TokenStream {
    let owner = &table.ident;
    let indexes = (0..).zip(&table.columns).map(|(i, _)| Literal::u16_unsuffixed(i));
    let values = table.columns.iter().map(|column| {
        let (Column { ident, .. }, ty) = (column, as_column(column));
        let value = quote_spanned!(located(&column.ty)=> #ty::take(cells, Self::COLS.#ident)?);
        quote!(#ident: #value)
    });
    let fields = table.columns.iter().map(|column| &column.ident);
    let fallible = table.columns.iter().map(as_column);
    let clocked = table.columns.iter().filter(|c| matches!(c.default, Default::Now)).map(|column| {
        let ty = &column.ty;
        quote_spanned!(located(ty)=> const _: () = ::tripline::__macro::clocked::<#ty>();)
    });
    quote! {
        // A field that is only read through its column is not dead, which the compiler cannot see.
        const _: fn(&#owner) = |row| { #(let _ = &row.#fields;)* };
        #(#clocked)*
        #[diagnostic::do_not_recommend]
        impl ::tripline::__macro::Row for #owner {
            type Table = #owner;
            const SHAPE: ::tripline::__macro::Shape = ::tripline::__macro::Shape::Columns(&[#(#indexes),*]);
            const FALLIBLE: bool = false #(|| #fallible::FALLIBLE)*;
            fn decode(cells: &mut ::tripline::__macro::Cells<'_>) -> ::tripline::__macro::Result<Self> {
                ::core::result::Result::Ok(#owner { #(#values),* })
            }
        }
    }
}

fn implementation(table: &Table, names: &Names) -> TokenStream {
    let (owner, hook_rows) = (&table.ident, &table.hook_rows);
    let Names { new, patch, cols } = names;
    let key = key(table);
    let desc = description(table);
    let copied = table.columns.iter().map(|Column { ident, .. }| {
        quote!(#ident: ::tripline::__macro::Field::To(::core::clone::Clone::clone(&self.#ident)))
    });
    quote! {
        #[diagnostic::do_not_recommend]
        impl ::tripline::__macro::Table for #owner {
            type Cols = #cols;
            type New = #new;
            type Patch = #patch;
            type Key = #key;
            const DESC: ::tripline::__macro::TableRef = {
                static DESC: ::tripline::__macro::TableDesc = #desc;
                &DESC
            };
            const HOOKS: &'static [::tripline::__macro::Probed] =
                ::tripline::__hooks!(#owner; #(#hook_rows),*);
            fn cols(_: ::tripline::__macro::TableRef) -> #cols {
                Self::COLS
            }
            fn draft(&self) -> #new {
                #new { #(#copied),* }
            }
        }
    }
}

/// The key's type, always a tuple; that it is no key type is an error at the first of its columns.
fn key(table: &Table) -> TokenStream {
    let types: Vec<_> = table.key().map(|(_, column)| &column.ty).collect();
    match types.first() {
        Some(first) => quote_spanned!(located(first)=> (#(#types,)*)),
        None => quote!(()),
    }
}

fn description(table: &Table) -> TokenStream {
    let (owner, name) = (&table.ident, &table.name);
    let columns = table.columns.iter().map(column);
    let key = table.key().map(|(i, _)| Literal::u16_unsuffixed(i));
    let indexes = table.indexes.iter().map(|index| {
        let (name, unique) = (option(index.name.as_ref()), index.unique);
        let columns = index.columns.iter().map(|i| Literal::u16_unsuffixed(*i));
        quote!(::tripline::__macro::IndexDesc { name: #name, columns: &[#(#columns),*], unique: #unique })
    });
    let checks = table.checks.iter().map(|check| {
        let (name, condition) =
            (check.name.unraw().to_string(), replace_self(check.condition.clone(), owner));
        let call = quote_spanned!(located(&condition)=> ::tripline::__macro::check::<#owner, _>);
        quote!(::tripline::__macro::CheckDesc { name: #name, condition: ::tripline::__macro::Condition::Typed(|| #call(#condition)) })
    });
    quote! {
        ::tripline::__macro::TableDesc {
            name: #name,
            columns: &[#(#columns),*],
            key: &[#(#key),*],
            indexes: &[#(#indexes),*],
            checks: &[#(#checks),*],
        }
    }
}

/// A column's description: what its type says, and what the attributes say otherwise.
fn column(column: &Column) -> TokenStream {
    let (name, ty) = (&column.name, as_column(column));
    let constant = |value| quote_spanned!(located(&value)=> #ty::constant(#value));
    let desc = quote!(::tripline::__macro::DefaultDesc);
    let default = match &column.default {
        Default::None => None,
        Default::Now => Some(quote!(default: #desc::Now,)),
        Default::Constant(value) => {
            let value = constant(value.clone());
            Some(quote!(default: #desc::Constant(|| #value),))
        }
        Default::Function(path) => {
            let value = constant(call(path));
            Some(quote!(default: #desc::Function(|| #value),))
        }
    };
    let on_update = match &column.on_update {
        OnUpdate::None => None,
        OnUpdate::Now => Some(quote!(on_update: ::tripline::__macro::OnUpdate::Now,)),
        OnUpdate::Function(path) => {
            let value = constant(call(path));
            Some(quote!(on_update: ::tripline::__macro::OnUpdate::Function(|| #value),))
        }
    };
    let read_only = column.read_only.then(|| quote!(read_only: true,));
    let set_by_hook = column.set_by_hook.then(|| quote!(set_by_hook: true,));
    let secret = column.secret.then(|| quote!(secret: true,));
    let references = column.reference.as_ref().map(reference);
    // A key without a default of its own has that of its type: assigned by the database, made by the engine.
    // A key that refers to another table's row is that row's key: nobody but the caller knows it.
    let makes_keys = column.key && column.reference.is_none();
    let from_type = if makes_keys { quote!(KEY) } else { quote!(DESC) };
    quote! {
        ::tripline::__macro::ColumnDesc {
            name: #name, #default #on_update #read_only #set_by_hook #secret #references ..#ty::#from_type
        }
    }
}

/// A call whose errors point at the function's path.
fn call(path: &Path) -> TokenStream {
    quote_spanned!(located(path)=> #path())
}

fn reference(reference: &Reference) -> TokenStream {
    let table = &reference.table;
    let desc = quote_spanned!(located(table)=> <#table as ::tripline::__macro::Table>::DESC);
    let (name, column) = (option(reference.name.as_ref()), option(reference.column.as_ref()));
    let action = |action: Option<Action>| {
        let variant = format_ident!("{}", action.map_or("NoAction", |action| action.variant));
        quote!(::tripline::__macro::Action::#variant)
    };
    let (on_delete, on_update) = (action(reference.on_delete), action(reference.on_update));
    quote! {
        references: ::core::option::Option::Some(::tripline::__macro::Reference {
            name: #name,
            table: ::tripline::__macro::Referred::Typed(|| #desc),
            column: #column,
            on_delete: #on_delete,
            on_update: #on_update,
        }),
    }
}

fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// The row types that hooks may be attached to, and the check that they are rows of this table. As a bound of the
/// implementation it would be said in the compiler's words, not in ours.
fn hook_rows(table: &Table) -> TokenStream {
    let owner = &table.ident;
    let rows = table.hook_rows.iter().map(|row| {
        quote_spanned! {located(row)=>
            #[diagnostic::do_not_recommend]
            impl ::tripline::__macro::HookRow for #row {}
            const _: () = ::tripline::__macro::row_of::<#row, #owner>();
        }
    });
    quote! {
        #[diagnostic::do_not_recommend]
        impl ::tripline::__macro::HookTable for #owner {}
        #[diagnostic::do_not_recommend]
        impl ::tripline::__macro::HookRow for #owner {}
        #(#rows)*
    }
}

/// `set_null` on a column that does not allow null would fail when the other row is deleted; so it fails now.
fn nullable_where_nulled(table: &Table) -> TokenStream {
    let one = |column: &Column, action: Action| {
        let ty = as_column(column);
        let message =
            format!("`set_null` needs a column that may be null: make `{}` an `Option`", column.ident);
        let span = proc_macro2::Span::call_site().located_at(action.span);
        quote_spanned!(span=> const _: () = ::core::assert!(#ty::DESC.nullable, #message);)
    };
    table.columns.iter().flat_map(|column| column.nulling().map(move |action| one(column, action))).collect()
}
