//! Patterns in the languages of the databases.

use tripline_core::{Pattern, PatternPart};

/// The pattern in the language of SQLite's GLOB, whose case counts, unlike its LIKE's.
pub fn glob(pattern: &Pattern) -> Result<String, &'static str> {
    let mut glob = String::new();
    for part in pattern.parts()? {
        match part {
            PatternPart::Any => glob.push('*'),
            PatternPart::One => glob.push('?'),
            PatternPart::Char(c @ ('*' | '?' | '[')) => glob.extend(['[', c, ']']),
            PatternPart::Char(c) => glob.push(c),
        }
    }
    Ok(glob)
}

/// The pattern in the language of PostgreSQL's LIKE, whose case counts, and whose escape is a backslash.
pub(crate) fn like(pattern: &Pattern) -> Result<String, &'static str> {
    let mut like = String::new();
    for part in pattern.parts()? {
        match part {
            PatternPart::Any => like.push('%'),
            PatternPart::One => like.push('_'),
            PatternPart::Char(c @ ('%' | '_' | '\\')) => like.extend(['\\', c]),
            PatternPart::Char(c) => like.push(c),
        }
    }
    Ok(like)
}

/// The least text that is greater than all that begin so; none for an empty prefix.
pub(crate) fn successor(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // Between the two lie the surrogates, which are no characters.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_prefix_bounds_all_that_begin_with_it() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor(""), None);
        assert_eq!(successor("\u{10FFFF}"), None);
    }

    #[test]
    fn only_what_is_meant_as_a_wildcard_is_one() {
        for (pattern, sqlite, postgres) in [
            (Pattern::Like(r"a%_\%\a\\".into()), r"a*?%a\", r"a%_\%a\\"),
            (Pattern::Contains("*?[%_\\".into()), "*[*][?][[]%_\\*", "%*?[\\%\\_\\\\%"),
            (Pattern::EndsWith("Ä".into()), "*Ä", "%Ä"),
            (Pattern::StartsWith("".into()), "*", "%"),
        ] {
            assert_eq!(glob(&pattern).as_deref(), Ok(sqlite));
            assert_eq!(like(&pattern).as_deref(), Ok(postgres));
        }
        assert!(like(&Pattern::Like("\\".into())).is_err());
    }
}
