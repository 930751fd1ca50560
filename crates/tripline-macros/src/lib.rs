//! The derive macros of Tripline. Applications use them by way of the crate `tripline`, which re-exports
//! them.
//!
//! Each reads a struct or enum that stays the user's own and states facts about data; behaviour is in traits.
//! What they emit is data and thin glue, a few lines per column, by paths into `::tripline`. The way through
//! this crate: attributes are parsed into a model, all errors are collected, each at the place of its cause,
//! and the model is turned into code.
//!
//! The examples here do not run, since this crate cannot depend on the one that it serves; those of the crate
//! `tripline` do.

mod attributes;
mod observer;
mod row;
mod table;
mod text_enum;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a table: its fields are the columns, it is a row type, and hooks can be implemented for it.
///
/// ```text
/// #[derive(Table, Clone, Debug)]
/// #[table(name = "users", hook_rows(UserImage), unique(org, name), check(posts_counted = |u| u.posts.gte(0)))]
/// pub struct User {
///     #[key]
///     pub id: Id<User>,
///     pub name: String,
///     #[unique]
///     pub email: String,
///     #[references(Org, on_delete = cascade)]
///     pub org: Id<Org>,
///     #[default(0)]
///     pub posts: i64,
///     #[created_at]
///     pub created_at: Timestamp,
/// }
///
/// db.create(NewUser { name: "Ada".into(), email: "ada@x.org".into(), ..Default::default() }).await?;
/// ```
///
/// Beside the struct it makes `NewUser`, the values of a row to be created; `UserPatch`, the changes to be
/// made to rows, without the key; and `UserCols`, the columns as `|u| u.email.eq("ada@x.org")` sees them.
///
/// # On the struct: `#[table(..)]`
///
/// - `name = "users"`: the name in the database. Without it: the struct's in snake_case, with an `s`.
/// - `hook_rows(UserImage, ..)`: the row types of this table that hooks may be implemented for, beside the table
///   itself.
/// - `unique(org, name)`, `index(org, name)`: a unique constraint or index of several columns, by the fields'
///   names; `unique(name = "one_name_per_org", columns(org, name))` gives it a name.
/// - `check(posts_counted = |u| u.posts.gte(0))`: a check constraint with its name.
///
/// # On fields
///
/// | attribute | meaning |
/// |---|---|
/// | `#[key]` | part of the primary key; at least one field has it, at most four |
/// | `#[column("img")]` | the column's name in the database; without it, the field's |
/// | `#[unique]`, `#[index]` | a unique constraint or index of this column; `#[unique(name = "..")]` names it |
/// | `#[references(Org)]` | a foreign key, to the other table's key or to `column = ".."`; `on_delete` and `on_update` are `cascade`, `restrict`, `set_null`, `set_default` or `no_action`; `name = ".."` names it |
/// | `#[default(0)]` | the value of a created row for which none was given |
/// | `#[default_fn(path)]` | the same from a function, called for each row |
/// | `#[created_at]` | the time of creation; read-only |
/// | `#[updated_at]` | the time of creation or of the last update; read-only |
/// | `#[on_update(path)]` | what an update sets unless told otherwise, from a function |
/// | `#[read_only]` | only hooks set it |
/// | `#[set_by_hook]` | required, and given by a hook rather than by callers |
/// | `#[secret]` | never appears in errors, traces and debug output |
///
/// A field that is an `Option` is a column that may be null. `Id<User>` as a key is assigned by the database.
///
/// A table with a `#[secret]` field gets its `Debug` from this derive, which prints `<secret>` in place of
/// the value; deriving `Debug` too is then a conflict. So is `Default` beside `#[default(..)]`, a word that
/// `derive(Default)` takes for its own.
#[proc_macro_derive(
    Table,
    attributes(
        table,
        key,
        unique,
        index,
        references,
        default,
        default_fn,
        created_at,
        updated_at,
        on_update,
        read_only,
        set_by_hook,
        secret,
        column
    )
)]
pub fn derive_table(input: TokenStream) -> TokenStream {
    attributes::or_errors(table::derive(&parse_macro_input!(input as DeriveInput)))
}

/// Makes a struct a row type: some columns of a table, to be selected alone or to be given to hooks.
///
/// ```text
/// #[derive(Row)]
/// #[row(of = User)]
/// struct UserImage {
///     id: Id<User>,
///     #[row(column = image)]
///     avatar: Option<String>,
/// }
///
/// let images = db.find::<User>().rows::<UserImage>().await?;
/// ```
///
/// - `#[row(of = User)]` on the struct: the table.
/// - `#[row(column = image)]` on a field: the table's field that it takes, where the names differ.
/// - `#[secret]` on a field: needed where the table's column is secret. The row type gets its `Debug` from this
///   derive then, which prints `<secret>` in place of the value.
///
/// A field has the type of its column.
#[proc_macro_derive(Row, attributes(row, secret))]
pub fn derive_row(input: TokenStream) -> TokenStream {
    attributes::or_errors(row::derive(&parse_macro_input!(input as DeriveInput)))
}

/// Makes a value an observer: it has state, and carries hooks for the tables that it lists.
///
/// ```text
/// #[derive(Observer)]
/// #[observes(User)]
/// struct Mailer {
///     smtp: Smtp,
/// }
///
/// let db = Db::open("sqlite://app.db").tables(tables![User]).observe(Mailer { smtp }).connect().await?;
/// ```
///
/// `#[observes(..)]` lists tables and row types; hooks on others do not compile. `#[observes(all)]` is every
/// table, with rows whose columns are looked up at run time; it can stand beside others.
#[proc_macro_derive(Observer, attributes(observes))]
pub fn derive_observer(input: TokenStream) -> TokenStream {
    attributes::or_errors(observer::derive(&parse_macro_input!(input as DeriveInput)))
}

/// Makes an enum without fields a column type: text that is one of the variants' names.
///
/// ```text
/// #[derive(TextEnum, Clone, Copy, Debug, PartialEq)]
/// enum Status {
///     Open,
///     #[text("in-progress")]
///     InProgress,
/// }
/// ```
///
/// A variant's text is its name in snake_case, or what `#[text("..")]` says. The enum needs `Clone` and
/// `Debug` to be the type of a column of a table.
#[proc_macro_derive(TextEnum, attributes(text))]
pub fn derive_text_enum(input: TokenStream) -> TokenStream {
    attributes::or_errors(text_enum::derive(&parse_macro_input!(input as DeriveInput)))
}
