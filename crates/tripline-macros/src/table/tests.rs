//! What `derive(Table)` refuses, and in which words; that its output compiles and works is tested in the
//! crate `tripline`.

use proc_macro2::TokenStream;
use quote::quote;

use super::model::Table;
use crate::attributes::Errors;

fn parse(input: TokenStream) -> (Option<Table>, Vec<String>) {
    let input = syn::parse2(input).expect("a struct");
    let mut errors = Errors::default();
    let table = Table::parse(&input, &mut errors);
    let table = errors.take(table);
    let messages = errors.finish().err().into_iter().flatten().map(|error| error.to_string()).collect();
    (table, messages)
}

fn messages(input: TokenStream) -> Vec<String> {
    parse(input).1
}

/// The errors of a table with a key and this field.
fn field(field: TokenStream) -> Vec<String> {
    messages(quote!(struct User { #[key] id: i64, #field }))
}

/// The errors of a table with these arguments and the columns `id` (the key), `a` and `b`.
fn arguments(arguments: TokenStream) -> Vec<String> {
    messages(quote!(
        #[table(#arguments)]
        struct User {
            #[key]
            id: i64,
            a: i64,
            b: i64,
        }
    ))
}

fn named(input: TokenStream) -> String {
    parse(input).0.expect("a table").name
}

#[test]
fn the_default_name_is_the_struct_in_snake_case_with_an_s() {
    assert_eq!(
        named(quote!(
            struct User {
                #[key]
                id: i64,
            }
        )),
        "users"
    );
    assert_eq!(
        named(quote!(
            struct FlightLeg {
                #[key]
                id: i64,
            }
        )),
        "flight_legs"
    );
    assert_eq!(
        named(quote!(
            struct HTTPServer {
                #[key]
                id: i64,
            }
        )),
        "http_servers"
    );
    assert_eq!(
        named(quote!(
            struct Sha256Sum {
                #[key]
                id: i64,
            }
        )),
        "sha256_sums"
    );
    assert_eq!(
        named(quote!(
            #[table(name = "people")]
            struct Person {
                #[key]
                id: i64,
            }
        )),
        "people"
    );
}

#[test]
fn a_table_is_a_struct_with_named_fields_and_without_generics() {
    assert_eq!(
        messages(quote!(
            enum User {
                A,
            }
        )),
        ["derive(Table) is for structs with named fields: a table has columns"]
    );
    assert_eq!(
        messages(quote!(
            struct User(i64);
        )),
        ["derive(Table) needs named fields: `struct User { name: String }`"]
    );
    assert_eq!(
        messages(quote!(
            struct User<T> {
                #[key]
                id: T,
            }
        )),
        ["a table cannot be generic"]
    );
}

#[test]
fn a_table_needs_a_key_of_at_most_four_columns_that_are_not_null() {
    assert_eq!(
        messages(quote!(
            struct User {
                id: i64,
            }
        )),
        ["a table needs a key: put `#[key]` on a field"]
    );
    let five = quote!(
        struct A {
            #[key]
            a: i64,
            #[key]
            b: i64,
            #[key]
            c: i64,
            #[key]
            d: i64,
            #[key]
            e: i64,
        }
    );
    assert_eq!(messages(five), ["a key can have at most 4 columns, here are 5"]);
    assert_eq!(
        messages(quote!(
            struct User {
                #[key]
                id: Option<i64>,
            }
        )),
        ["a key cannot be null: write the type without `Option`"]
    );
}

#[test]
fn all_errors_are_reported_at_once() {
    assert_eq!(field(quote!(#[key(x)] a: i64, #[default = 3] b: i64, #[column("a")] c: i64)).len(), 3);
}

#[test]
fn an_unknown_argument_is_answered_with_the_known_ones() {
    assert_eq!(
        arguments(quote!(nam = "users")),
        ["unknown argument `nam`: `#[table(..)]` takes `name`, `hook_rows`, `unique`, `index`, `check`"]
    );
    assert_eq!(
        field(quote!(#[references(Org, on_dlete = cascade)] a: i64)),
        ["unknown argument `on_dlete`: `#[references(..)]` takes `column`, `on_delete`, `on_update`, `name`"]
    );
    assert_eq!(
        field(quote!(#[references(Org, on_delete = delete)] a: i64)),
        ["expected `cascade`, `restrict`, `set_null`, `set_default` or `no_action`"]
    );
}

#[test]
fn indexes_name_fields_once_and_do_not_repeat_the_key() {
    assert_eq!(arguments(quote!(unique(a, b), index(name = "by_b", columns(b, a)))), [""; 0]);
    assert_eq!(arguments(quote!(unique(a, c))), ["there is no field `c` in this struct"]);
    assert_eq!(arguments(quote!(index(a, a))), ["`a` is listed twice"]);
    assert_eq!(arguments(quote!(index())), ["write `index(first_column, second_column)`"]);
    assert_eq!(arguments(quote!(unique(id))), ["the key is unique already: leave this out"]);
    assert_eq!(
        messages(quote!(
            struct User {
                #[key]
                #[unique]
                id: i64,
            }
        )),
        ["the key is unique already: leave this out"]
    );
    let part_of_a_key = quote!(
        struct Member {
            #[key]
            group: i64,
            #[key]
            #[unique]
            user: i64,
        }
    );
    assert_eq!(messages(part_of_a_key), [""; 0]);
}

#[test]
fn a_column_called_name_can_be_indexed() {
    let (table, errors) = parse(quote!(
        #[table(unique(name, columns))]
        struct A {
            #[key]
            id: i64,
            name: i64,
            columns: i64,
        }
    ));
    assert_eq!(errors, [""; 0]);
    assert_eq!(table.expect("a table").indexes[0].columns, [1, 2]);
}

#[test]
fn names_in_the_database_are_not_empty_and_not_given_twice() {
    assert_eq!(field(quote!(#[column("")] a: i64)), ["a name cannot be empty"]);
    assert_eq!(field(quote!(a: i64, #[column("A")] b: i64)), ["two columns have the name `A`"]);
    let twice = quote!(check(a = |u| u.a.gte(0)), check(a = |u| u.b.gte(0)));
    assert_eq!(arguments(twice), ["two checks have the name `a`"]);
}

#[test]
fn attributes_that_contradict_each_other_are_refused() {
    assert_eq!(
        field(quote!(#[created_at] #[default(3)] a: i64)),
        ["`#[default]` and `#[created_at]` exclude each other: the time of creation is the default"]
    );
    assert_eq!(
        messages(quote!(
            struct User {
                #[secret]
                #[key]
                id: i64,
            }
        )),
        ["`#[key]` and `#[secret]` exclude each other: keys appear in errors and traces"]
    );
    assert_eq!(field(quote!(#[secret] #[secret] a: i64)), ["`#[secret]` is given twice"]);
}

#[test]
fn attributes_say_how_they_are_written() {
    assert_eq!(field(quote!(#[default] a: i64)), ["write `#[default(value)]`"]);
    assert_eq!(field(quote!(#[default_fn(3)] a: i64)), ["write `#[default_fn(path_of_a_function)]`"]);
    assert_eq!(field(quote!(#[column] a: i64)), ["write `#[column(\"name_in_the_database\")]`"]);
    assert_eq!(
        field(quote!(#[references(on_delete = cascade)] a: i64)),
        ["the table comes first: `#[references(OtherTable, on_delete = cascade)]`"]
    );
    assert_eq!(arguments(quote!(check(|u| u.a.gte(0)))), ["write `check(name = |u| condition)`"]);
}

#[test]
fn set_default_needs_a_default_in_the_database() {
    let message = "`set_default` needs a default that the database knows: `#[default(value)]`";
    assert_eq!(field(quote!(#[references(Org, on_delete = set_default)] org: i64)), [message]);
    assert_eq!(field(quote!(#[references(Org, on_delete = set_default)] #[default(1)] org: i64)), [""; 0]);
}

#[test]
fn hook_rows_are_listed_once_and_without_the_table() {
    assert_eq!(arguments(quote!(hook_rows(Image, Image))), ["`Image` is listed twice"]);
    assert_eq!(arguments(quote!(hook_rows(User))), ["`User` is a row type of its own already: leave it out"]);
}

#[test]
fn self_in_a_field_type_is_written_out() {
    let (table, _) = parse(quote!(
        struct User {
            #[key]
            id: i64,
            parent: Option<Id<Self>>,
        }
    ));
    let ty = &table.expect("a table").columns[1].ty;
    assert_eq!(quote!(#ty).to_string().replace(' ', ""), "Option<Id<User>>");
}
