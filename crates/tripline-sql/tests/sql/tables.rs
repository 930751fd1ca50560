//! Tables that the tests write SQL for.

use tripline_core::{
    Action, CheckDesc, ColumnDesc, ColumnType, Compare, Condition, DefaultDesc, IndexDesc, Node, OnUpdate,
    Pattern, Reference, Referred, Result, TableDesc, TableRef, Value,
};

const fn column(name: &'static str, ty: ColumnType) -> ColumnDesc {
    ColumnDesc {
        name,
        ty,
        range: None,
        nullable: false,
        default: DefaultDesc::None,
        on_update: OnUpdate::None,
        read_only: false,
        set_by_hook: false,
        secret: false,
        references: None,
    }
}

const fn maybe(name: &'static str, ty: ColumnType) -> ColumnDesc {
    ColumnDesc { nullable: true, ..column(name, ty) }
}

const fn with_default(name: &'static str, ty: ColumnType, default: fn() -> Value) -> ColumnDesc {
    ColumnDesc { default: DefaultDesc::Constant(default), ..column(name, ty) }
}

const fn assigned(name: &'static str) -> ColumnDesc {
    ColumnDesc { default: DefaultDesc::Assigned, ..column(name, ColumnType::Int) }
}

const fn reference(table: fn() -> TableRef) -> Reference {
    let table = Referred::Typed(table);
    Reference { name: None, table, column: None, on_delete: Action::NoAction, on_update: Action::NoAction }
}

const fn index(columns: &'static [u16], unique: bool) -> IndexDesc {
    IndexDesc { name: None, columns, unique }
}

const fn table(name: &'static str, columns: &'static [ColumnDesc], key: &'static [u16]) -> TableDesc {
    TableDesc { name, columns, key, indexes: &[], checks: &[] }
}

pub(crate) const ID: u16 = 0;
pub(crate) const NAME: u16 = 1;
pub(crate) const NOTE: u16 = 2;
pub(crate) const N: u16 = 3;
pub(crate) const REAL: u16 = 4;
pub(crate) const FLAG: u16 = 5;
pub(crate) const KIND: u16 = 6;
pub(crate) const DOC: u16 = 7;

/// A column of each type, with a key that the database assigns.
pub(crate) static THINGS: TableDesc = TableDesc {
    indexes: &[index(&[N, NAME], false), index(&[NAME], true), index(&[DOC, N], true), index(&[DOC], false)],
    checks: &[
        CheckDesc { name: "n_small", condition: Condition::Typed(n_small) },
        CheckDesc { name: "named", condition: Condition::Typed(named) },
        CheckDesc { name: "documented", condition: Condition::Typed(documented) },
    ],
    ..table(
        "things",
        &[
            assigned("id"),
            with_default("name", ColumnType::Text, || "it's".into()),
            maybe("note", ColumnType::Text),
            ColumnDesc { range: Some((-128, 127)), ..maybe("n", ColumnType::Int) },
            maybe("real", ColumnType::Float),
            with_default("flag", ColumnType::Bool, || Value::Bool(true)),
            maybe("kind", ColumnType::Enum(&["small", "very large"])),
            maybe("doc", ColumnType::Json),
            with_default("data", ColumnType::Bytes, || Value::Bytes(vec![0, 255])),
            with_default("at", ColumnType::Timestamp, || {
                Value::Timestamp("2013-01-31T10:00:00.000001Z".parse().expect("a timestamp"))
            }),
            with_default("on", ColumnType::Date, || Value::Date("2013-01-31".parse().expect("a date"))),
            with_default("uid", ColumnType::Uuid, || {
                Value::Uuid("0190163d-8694-739b-aea5-966c26f8ad91".parse().expect("a uuid"))
            }),
            ColumnDesc {
                references: Some(Reference { on_delete: Action::SetNull, ..reference(|| &THINGS) }),
                ..maybe("parent", ColumnType::Int)
            },
        ],
        &[ID],
    )
};

fn literal(value: impl Into<Value>) -> Node {
    Node::Literal(value.into())
}

fn n_small() -> Result<Node> {
    let least = Node::compare(Compare::Gte, Node::Column(N), literal(-5));
    let product = Node::arith(tripline_core::Arith::Mul, literal(2), Node::Column(N));
    let real = Node::compare(Compare::Lt, Node::Column(REAL), Node::Literal(Value::Float(1.5)));
    Ok(least.and(Node::compare(Compare::Lt, product, literal(2_000_000_000_000))).and(real))
}

fn named() -> Result<Node> {
    let like = |pattern| Node::Like(Box::new(Node::Column(NAME)), pattern);
    let begins = Node::Not(Box::new(like(Pattern::StartsWith("x'".into()))));
    let listed = Node::In(Box::new(Node::Column(KIND)), vec!["small".into(), "very large".into()]);
    Ok(begins.and(like(Pattern::Like("%".into()))).and(listed))
}

fn documented() -> Result<Node> {
    let empty = Node::Literal(Value::Json("{}".into()));
    Ok(Node::compare(Compare::Ne, Node::Column(DOC), empty))
}

/// A key of two columns, and names that statements have for things of their own.
pub(crate) static PAIRS: TableDesc = table(
    "o",
    &[column("t", ColumnType::Int), column("k0", ColumnType::Text), maybe("c2", ColumnType::Int)],
    &[0, 1],
);

/// Nothing but a key that the database assigns, and a name with a quote.
pub(crate) static TOKENS: TableDesc = table("to\"ken", &[assigned("i\"d")], &[0]);

/// Refers to a table that comes later.
pub(crate) static HENS: TableDesc = table(
    "hens",
    &[
        assigned("id"),
        ColumnDesc { references: Some(reference(|| &EGGS)), ..maybe("egg", ColumnType::Int) },
        ColumnDesc {
            references: Some(Reference {
                name: Some("a second reference, which has $do$ and a name of more than sixty-three bytes"),
                ..reference(|| &EGGS)
            }),
            ..maybe("first_egg", ColumnType::Int)
        },
    ],
    &[0],
);

/// Refers to one that came before.
pub(crate) static EGGS: TableDesc = table(
    "eggs",
    &[
        assigned("id"),
        ColumnDesc {
            references: Some(Reference { on_delete: Action::Cascade, ..reference(|| &HENS) }),
            ..column("hen", ColumnType::Int)
        },
    ],
    &[0],
);

/// Names as long as PostgreSQL takes them, from which longer ones are derived.
pub(crate) static LONG: TableDesc = TableDesc {
    indexes: &[index(&[1], true), index(&[2], true), index(&[1, 2], false)],
    ..table(
        "a_table_whose_name_has_exactly_sixty_three_bytes_as_postgres_ta",
        &[
            column("a_column_whose_name_has_exactly_sixty_three_bytes_as_postgre_id", ColumnType::Uuid),
            column("a_column_whose_name_has_exactly_sixty_three_bytes_as_postgres_1", ColumnType::Text),
            column(
                "a_column_whose_name_has_exactly_sixty_three_bytes_as_postgres_2",
                ColumnType::Enum(&["a", "b"]),
            ),
        ],
        &[0],
    )
};

/// A name that PostgreSQL would cut off.
pub(crate) static TOO_LONG: TableDesc = table(
    "plain",
    &[
        assigned("id"),
        column("a_column_whose_name_has_more_than_sixty_three_bytes_as_postgres_", ColumnType::Int),
    ],
    &[0],
);

/// Has an index with the name of a constraint of `a`.
pub(crate) static CLASHING: [TableDesc; 2] = [
    TableDesc {
        indexes: &[index(&[1], true)],
        ..table("a", &[assigned("id"), column("b_c", ColumnType::Int)], &[0])
    },
    TableDesc {
        indexes: &[index(&[1], true)],
        ..table("a_b", &[assigned("id"), column("c", ColumnType::Int)], &[0])
    },
];

/// Has a key of JSON.
pub(crate) static JSON_KEY: TableDesc = table("documents", &[column("doc", ColumnType::Json)], &[0]);
