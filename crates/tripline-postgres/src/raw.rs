//! SQL of the application's own: what it may not do.

use tripline_core::{Error, Result};

/// Commands that begin or end transactions, or change the connection for whoever gets it next.
const ENGINES_OWN: [&str; 21] = [
    "begin",
    "start",
    "commit",
    "end",
    "rollback",
    "abort",
    "savepoint",
    "release",
    "prepare",
    "set",
    "reset",
    "discard",
    "listen",
    "unlisten",
    "declare",
    "fetch",
    "move",
    "close",
    "deallocate",
    "load",
    "copy",
];

/// An error if the SQL would touch the transaction or the connection, which are the engine's.
///
/// The server takes one command at a time here, so its first word tells what it is.
pub(crate) fn check(sql: &str) -> Result<()> {
    let word = first_word(sql).to_ascii_lowercase();
    if word.is_empty() {
        return Err(Error::invalid("the SQL is empty"));
    }
    if sql.contains('\0') {
        return Err(Error::invalid("the SQL has a NUL character in it, which cannot be sent"));
    }
    if ENGINES_OWN.contains(&word.as_str()) {
        return Err(Error::invalid(format!(
            "SQL of the application may not begin or end transactions or savepoints, nor change the connection's \
             settings: `{word}` is the engine's"
        )));
    }
    Ok(())
}

/// Whether rows may come back: not of a command that changes rows and does not say which, nor of one that changes
/// the schema.
pub(crate) fn may_answer(sql: &str) -> bool {
    const SILENT: [&str; 11] = [
        "insert", "update", "delete", "merge", "create", "alter", "drop", "truncate", "comment", "grant",
        "revoke",
    ];
    let sql = sql.to_ascii_lowercase();
    !SILENT.contains(&first_word(&sql)) || sql.contains("returning")
}

/// The first word that is not in a comment.
fn first_word(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == '(');
        if let Some(line) = rest.strip_prefix("--") {
            rest = line.split_once(['\n', '\r']).map_or("", |(_, rest)| rest);
        } else if rest.starts_with("/*") {
            rest = after_comment(rest);
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            // Something is there, if no word.
            return if end == 0 {
                &rest[..rest.chars().next().map_or(0, char::len_utf8)]
            } else {
                &rest[..end]
            };
        }
    }
}

/// What follows a comment of the form `/* */`; PostgreSQL's nest.
fn after_comment(sql: &str) -> &str {
    let (mut depth, mut rest) = (0, sql);
    loop {
        let open = rest.find("/*").unwrap_or(rest.len());
        let close = rest.find("*/").unwrap_or(rest.len());
        if open == rest.len() && close == rest.len() {
            return "";
        }
        depth += if open < close { 1 } else { -1 };
        rest = &rest[open.min(close) + 2..];
        if depth == 0 {
            return rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_answer_if_they_say_so() {
        for sql in
            ["SELECT 1", "with x as (delete from y returning *) table x", "DELETE FROM y Returning 1", "do"]
        {
            assert!(may_answer(sql), "{sql}");
        }
        for sql in ["-- all\nDELETE FROM y", "create table y ()"] {
            assert!(!may_answer(sql), "{sql}");
        }
    }

    #[test]
    fn transactions_and_settings_are_the_engines() {
        for sql in [
            "COMMIT",
            "  rollback to s1",
            "-- a\n/* b /* c */ d */ Begin",
            ";;END",
            "SET search_path = x",
            "PREPARE TRANSACTION 'a'",
            "reset all",
            "-- a line ends here, too\rCOMMIT --\nWORK",
            "SELECT '\0'",
        ] {
            assert!(matches!(check(sql), Err(Error::Invalid(_))), "{sql}");
        }
        for sql in
            ["SELECT 1", "/* commit */ SELECT 1", "with x as (select 1) select * from x", "(SELECT 1)", "é"]
        {
            assert!(check(sql).is_ok(), "{sql}");
        }
        for sql in ["", " -- only\n", "/* open"] {
            assert!(check(sql).is_err(), "{sql}");
        }
    }
}
