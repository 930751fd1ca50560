//! [`Pattern`]: what text is matched against, with one meaning on all engines: case counts, `%` is any text,
//! `_` one character, and a backslash takes the next character as it is.

/// A pattern for text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pattern {
    /// Written with `%`, `_` and backslash, as in SQL's LIKE.
    Like(String),
    /// Text that starts so; nothing in it is special.
    StartsWith(String),
    /// Text that ends so; nothing in it is special.
    EndsWith(String),
    /// Text that contains it; nothing in it is special.
    Contains(String),
}

/// A piece of a pattern, after escapes were taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternPart {
    /// This character.
    Char(char),
    /// Any one character.
    One,
    /// Any text, also none.
    Any,
}

impl Pattern {
    /// The pattern's pieces; an error says why it is none.
    pub fn parts(&self) -> Result<Vec<PatternPart>, &'static str> {
        let literal = |text: &str| text.chars().map(PatternPart::Char).collect::<Vec<_>>();
        Ok(match self {
            Pattern::StartsWith(text) => [literal(text), vec![PatternPart::Any]].concat(),
            Pattern::EndsWith(text) => [vec![PatternPart::Any], literal(text)].concat(),
            Pattern::Contains(text) => {
                [vec![PatternPart::Any], literal(text), vec![PatternPart::Any]].concat()
            }
            Pattern::Like(text) => {
                let mut chars = text.chars();
                let mut parts = Vec::with_capacity(text.len());
                while let Some(c) = chars.next() {
                    parts.push(match c {
                        '%' => PatternPart::Any,
                        '_' => PatternPart::One,
                        '\\' => PatternPart::Char(
                            chars.next().ok_or("a LIKE pattern may not end with its escape character")?,
                        ),
                        c => PatternPart::Char(c),
                    });
                }
                parts
            }
        })
    }

    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> Result<bool, &'static str> {
        let parts = self.parts()?;
        let text: Vec<char> = text.chars().collect();
        // The classic two-pointer match: on a mismatch go back to the last `Any` and let it take one more.
        let (mut p, mut t, mut retry) = (0, 0, None);
        while t < text.len() {
            match parts.get(p) {
                Some(PatternPart::Any) => {
                    retry = Some((p, t));
                    p += 1;
                    continue;
                }
                Some(PatternPart::One) => {
                    p += 1;
                    t += 1;
                    continue;
                }
                Some(PatternPart::Char(c)) if *c == text[t] => {
                    p += 1;
                    t += 1;
                    continue;
                }
                _ => {}
            }
            let Some((any, taken)) = retry else { return Ok(false) };
            retry = Some((any, taken + 1));
            p = any + 1;
            t = taken + 1;
        }
        Ok(parts[p..].iter().all(|part| *part == PatternPart::Any))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn like_knows_any_one_and_escape() {
        let like = |pattern: &str, text: &str| Pattern::Like(pattern.into()).matches(text).unwrap();
        assert!(like("h%o", "hello") && like("%", "") && like("a%b%c", "a-b-b-c") && like("_", "é"));
        assert!(!like("h%o", "Hello") && !like("_", "") && !like("a", "ab"));
        assert!(like(r"100\%", "100%") && !like(r"100\%", "1000"));
        assert!(Pattern::Like(r"x\".into()).matches("x").is_err());
        assert!(Pattern::Contains("%".into()).matches("5 % 3").unwrap());
        assert!(!Pattern::StartsWith("_".into()).matches("a").unwrap());
    }
}
