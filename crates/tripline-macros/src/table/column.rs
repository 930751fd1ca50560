//! A column: what the attributes of a field say.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{
    Attribute, Error, Field, LitStr, Path, Result, Token, Type, Visibility, ext::IdentExt,
    meta::ParseNestedMeta, parse::ParseStream, parse::Parser,
};

use super::index::IndexArguments;
use crate::attributes::{
    Errors, arguments, field_name, name_of, no_arguments, not_empty, once, path_argument, replace_self, text,
    unknown, without_self,
};

/// Attributes that do not go together, and why.
const CONFLICTS: &[(&str, &str, &str)] = &[
    ("default", "default_fn", "a column has one default"),
    ("default", "created_at", "the time of creation is the default"),
    ("default_fn", "created_at", "the time of creation is the default"),
    ("default", "updated_at", "the time of creation is the default"),
    ("default_fn", "updated_at", "the time of creation is the default"),
    ("created_at", "updated_at", "`#[updated_at]` is set by a create too"),
    ("created_at", "on_update", "the time of creation does not change"),
    ("updated_at", "on_update", "`#[updated_at]` gives the time of the update"),
    ("key", "updated_at", "keys do not change"),
    ("key", "on_update", "keys do not change"),
    ("key", "read_only", "a row cannot be created without its key"),
    ("key", "secret", "keys appear in errors and traces"),
];

/// A column and the field that it comes from.
pub(crate) struct Column {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) docs: Vec<Attribute>,
    /// The name in the database.
    pub(crate) name: String,
    pub(crate) key: bool,
    pub(crate) default: Default,
    pub(crate) on_update: OnUpdate,
    pub(crate) read_only: bool,
    pub(crate) set_by_hook: bool,
    pub(crate) secret: bool,
    pub(crate) reference: Option<Reference>,
    pub(crate) indexes: Vec<IndexArguments>,
}

pub(crate) enum Default {
    None,
    Constant(TokenStream),
    Function(Path),
    Now,
}

pub(crate) enum OnUpdate {
    None,
    Function(Path),
    Now,
}

/// A foreign key.
pub(crate) struct Reference {
    pub(crate) table: Path,
    pub(crate) name: Option<LitStr>,
    pub(crate) column: Option<LitStr>,
    pub(crate) on_delete: Option<Action>,
    pub(crate) on_update: Option<Action>,
}

/// What a foreign key does, by the name of the variant of `Action`, and where the user says so.
#[derive(Clone, Copy)]
pub(crate) struct Action {
    pub(crate) variant: &'static str,
    pub(crate) span: Span,
}

impl Column {
    pub(crate) fn parse(field: &Field, table: &Ident, errors: &mut Errors) -> Column {
        let ident = field_name(field);
        let mut column = Column {
            vis: field.vis.clone(),
            ty: errors.take(without_self(&field.ty, table)).unwrap_or_else(|| field.ty.clone()),
            docs: field.attrs.iter().filter(|a| a.path().is_ident("doc")).cloned().collect(),
            name: ident.unraw().to_string(),
            ident,
            key: false,
            default: Default::None,
            on_update: OnUpdate::None,
            read_only: false,
            set_by_hook: false,
            secret: false,
            reference: None,
            indexes: Vec::new(),
        };
        let mut seen: Vec<String> = Vec::new();
        for attribute in &field.attrs {
            let name = name_of(attribute);
            match column.read(&name, attribute, table) {
                Ok(true) => conflicts(&name, attribute, &mut seen, errors),
                Ok(false) => {}
                Err(error) => errors.add(error),
            }
        }
        column.check(errors);
        column
    }

    /// Takes in one attribute; false if it is none of ours.
    fn read(&mut self, name: &str, attribute: &Attribute, table: &Ident) -> Result<bool> {
        if matches!(name, "key" | "created_at" | "updated_at" | "read_only" | "set_by_hook" | "secret") {
            no_arguments(attribute)?;
        }
        match name {
            "key" => self.key = true,
            "created_at" => (self.read_only, self.default) = (true, Default::Now),
            "updated_at" => {
                (self.read_only, self.default, self.on_update) = (true, Default::Now, OnUpdate::Now);
            }
            "read_only" => self.read_only = true,
            "set_by_hook" => (self.read_only, self.set_by_hook) = (true, true),
            "secret" => self.secret = true,
            "column" => self.name = column_name(attribute)?,
            "unique" | "index" => self.indexes.push(IndexArguments::of_field(attribute, &self.ident)?),
            "default" => {
                self.default =
                    Default::Constant(replace_self(arguments(attribute, "#[default(value)]")?, table))
            }
            "default_fn" => {
                self.default =
                    Default::Function(path_argument(attribute, "#[default_fn(path_of_a_function)]", table)?);
            }
            "on_update" => {
                self.on_update =
                    OnUpdate::Function(path_argument(attribute, "#[on_update(path_of_a_function)]", table)?);
            }
            "references" => self.reference = Some(Reference::parse(attribute, table)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What one attribute says about another, beyond [`CONFLICTS`].
    fn check(&self, errors: &mut Errors) {
        if self.key && is_option(&self.ty) {
            errors.at(&self.ty, "a key cannot be null: write the type without `Option`");
        }
        let reference = self.reference.iter();
        for action in reference.flat_map(|r| [r.on_delete, r.on_update]).flatten() {
            if action.variant == "SetDefault" && !matches!(self.default, Default::Constant(_)) {
                let message = "`set_default` needs a default that the database knows: `#[default(value)]`";
                errors.add(Error::new(action.span, message));
            }
        }
    }

    /// The foreign key's actions that set this column to null, which must be allowed then.
    pub(crate) fn nulling(&self) -> impl Iterator<Item = Action> {
        let actions = self.reference.iter().flat_map(|r| [r.on_delete, r.on_update]).flatten();
        actions.filter(|action| action.variant == "SetNull")
    }
}

fn conflicts(name: &str, attribute: &Attribute, seen: &mut Vec<String>, errors: &mut Errors) {
    if seen.iter().any(|other| other == name) {
        errors.at(attribute.path(), format!("`#[{name}]` is given twice"));
    }
    for (a, b, why) in CONFLICTS {
        let other = if name == *a { b } else { a };
        if (name == *a || name == *b) && seen.iter().any(|seen| seen == other) {
            errors.at(attribute.path(), format!("`#[{a}]` and `#[{b}]` exclude each other: {why}"));
        }
    }
    seen.push(name.to_owned());
}

/// `#[column("img")]` or `#[column(name = "img")]`.
fn column_name(attribute: &Attribute) -> Result<String> {
    let usage = "#[column(\"name_in_the_database\")]";
    let tokens = arguments(attribute, usage)?;
    let parse = |input: ParseStream<'_>| {
        if input.peek(Ident::peek_any) {
            let word = input.parse::<Ident>()?;
            if word != "name" {
                return Err(Error::new_spanned(
                    &word,
                    format!("unknown argument `{word}`: `#[column(..)]` takes `name`"),
                ));
            }
            input.parse::<Token![=]>()?;
        }
        not_empty(input.parse().map_err(|e| Error::new(e.span(), format!("write `{usage}`")))?)
    };
    Ok(parse.parse2(tokens)?.value())
}

impl Reference {
    /// `#[references(Org, on_delete = cascade)]`.
    fn parse(attribute: &Attribute, table: &Ident) -> Result<Reference> {
        let usage = "#[references(OtherTable, on_delete = cascade)]";
        let tokens = replace_self(arguments(attribute, usage)?, table);
        let parse = |input: ParseStream<'_>| {
            let table = input.parse::<Path>()?;
            if input.peek(Token![=]) {
                return Err(Error::new_spanned(table, format!("the table comes first: `{usage}`")));
            }
            let mut reference =
                Reference { table, name: None, column: None, on_delete: None, on_update: None };
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
            syn::meta::parser(|meta| reference.argument(&meta)).parse2(input.parse()?)?;
            Ok(reference)
        };
        parse.parse2(tokens)
    }

    fn argument(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        match meta.path.get_ident().map(Ident::to_string).as_deref() {
            Some("name") => once(&mut self.name, meta, text(meta)?),
            Some("column") => once(&mut self.column, meta, text(meta)?),
            Some("on_delete") => once(&mut self.on_delete, meta, Action::parse(meta)?),
            Some("on_update") => once(&mut self.on_update, meta, Action::parse(meta)?),
            _ => Err(unknown(meta, "references", "`column`, `on_delete`, `on_update`, `name`")),
        }
    }
}

impl Action {
    fn parse(meta: &ParseNestedMeta<'_>) -> Result<Action> {
        const KNOWN: &str = "expected `cascade`, `restrict`, `set_null`, `set_default` or `no_action`";
        let word: Ident = meta.value()?.parse().map_err(|e| Error::new(e.span(), KNOWN))?;
        let variant = match word.to_string().as_str() {
            "cascade" => "Cascade",
            "restrict" => "Restrict",
            "set_null" => "SetNull",
            "set_default" => "SetDefault",
            "no_action" => "NoAction",
            _ => return Err(Error::new_spanned(word, KNOWN)),
        };
        Ok(Action { variant, span: word.span() })
    }
}

/// Whether the type is written as an `Option`. An alias is not seen through; the compiler does not see it
/// here either.
fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Option"))
}
