use std::{error::Error as _, sync::Arc};

use super::*;
use crate::{HookError, Kind, Mismatch, Phase};

fn in_hook(source: Error) -> Error {
    let hook = HookName::Type("shop::Mail");
    Error::Hook(Box::new(HookError {
        table: "orders",
        operation: Kind::Create,
        phase: Phase::AfterCreate,
        hook,
        source,
    }))
}

const HOOK: &str = "the hook of `shop::Mail` in after_create of create of table `orders` failed";

#[test]
fn who_passes_an_error_on_says_its_reason() {
    let own = Error::custom("no mail");
    assert_eq!(own.to_string(), "the application's own error: no mail");
    assert_eq!(in_hook(own.clone()).to_string(), format!("{HOOK}: no mail"));
    assert_eq!(
        in_hook(in_hook(Error::Full)).to_string(),
        format!("{HOOK}: the disk or the database is full")
    );
    let poisoned = Error::Poisoned(Arc::new(in_hook(own)));
    assert!(poisoned.to_string().ends_with("it can only be rolled back: no mail"), "{poisoned}");
    let unknown = Error::CommitUnknown(Arc::new(Error::Full)).to_string();
    assert!(unknown.ends_with("durable: the disk or the database is full"), "{unknown}");
}

#[test]
fn with_all_causes_each_is_said_once() {
    let twice = in_hook(in_hook(Error::Full));
    assert_eq!(twice.with_causes().to_string(), format!("{HOOK}: {HOOK}: the disk or the database is full"));
    let own = Error::Poisoned(Arc::new(in_hook(Error::custom("no mail"))));
    assert!(own.with_causes().to_string().ends_with(&format!("rolled back: {HOOK}: no mail")));
    let mismatch = Mismatch { expected: "a text", found: "a number" };
    let decode = Error::Decode(Box::new(Decode::new("orders", "name", mismatch)));
    assert_eq!(decode.with_causes().to_string(), decode.to_string());
}

#[test]
fn what_cannot_be_read_is_named_as_far_as_it_is_known() {
    let mismatch = Mismatch { expected: "a text", found: "a number" };
    let stored = Decode::new("orders", "name", mismatch);
    let shown = |decode: &Decode| Error::Decode(Box::new(decode.clone())).to_string();
    assert_eq!(
        shown(&stored),
        "a stored value of `orders.name` has the wrong type: expected a text, found a number"
    );
    let typed = Decode { database_type: Some("point".to_owned()), ..stored };
    assert!(shown(&typed).starts_with("a stored value of `orders.name`, which is `point` in the database"));
    let own = Decode { table: "", ..typed };
    let text = shown(&own);
    assert!(
        text.starts_with("column `name` of the result, which is `point`") && text.contains("cast it"),
        "{text}"
    );
    let nameless = Decode { column: "".into(), ..own };
    assert!(shown(&nameless).starts_with("a value of the result cannot be read: expected"));
    assert!(Error::Decode(Box::new(nameless)).source().is_some());
}

#[test]
fn who_waits_for_a_connection_in_vain_is_told_what_to_do() {
    let limit = Duration::from_secs(1);
    let text = Error::Timeout { what: "waiting for a connection", limit }.to_string();
    assert!(text.contains("took more than 1s: ") && text.contains("`tx`") && text.contains("`pool_size`"));
    assert_eq!(Error::Timeout { what: "a statement", limit }.to_string(), "a statement took more than 1s");
}
