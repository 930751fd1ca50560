//! `cargo xtask rules`: each rule of `docs/lifecycle.md` must have a test that names it.
//!
//! A test names a rule in its function's name (`l12_..`, `.._l12_..`) or its doc comment (`(L12)`). Rules that the
//! contract marks as not built yet need none; one that has a test all the same is no longer unbuilt.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Where tests live.
const TESTS: [&str; 3] =
    ["crates/tripline-suite/src", "crates/tripline-suite/tests", "crates/tripline/tests"];

/// Prints the report; an error names the gaps.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let contract = root.join("docs/lifecycle.md");
    let text = fs::read_to_string(&contract).map_err(|error| format!("{}: {error}", contract.display()))?;
    let rules = rules(&text);
    let tests = tests(root)?;
    let mut gaps = Vec::new();
    for (rule, built) in &rules {
        let proofs = tests.get(rule).map_or(0, BTreeSet::len);
        let state = match (built, proofs) {
            (true, 0) => "NO TEST",
            (false, 0) => "not built yet",
            (false, _) => "not built yet, in part",
            (true, _) => "",
        };
        println!("L{rule:<4}{proofs:>3} tests  {state}");
        for proof in tests.get(rule).into_iter().flatten() {
            println!("         {proof}");
        }
        if *built && proofs == 0 {
            gaps.push(format!("L{rule}"));
        }
    }
    let unknown: Vec<String> =
        tests.keys().filter(|rule| !rules.contains_key(rule)).map(|r| format!("L{r}")).collect();
    if !unknown.is_empty() {
        return Err(format!("tests name rules that docs/lifecycle.md does not have: {}", unknown.join(", ")));
    }
    match gaps.is_empty() {
        true => Ok(()),
        false => Err(format!("rules without a test: {}", gaps.join(", "))),
    }
}

/// The rules by number, and whether they are built: lines that begin with `- **L12**`.
fn rules(text: &str) -> BTreeMap<u32, bool> {
    let mut rules = BTreeMap::new();
    for line in text.lines() {
        let Some((number, rest)) = line.strip_prefix("- **L").and_then(|line| line.split_once("**")) else {
            continue;
        };
        if let Ok(number) = number.parse() {
            rules.insert(number, !rest.trim_start().starts_with("(not yet built)"));
        }
    }
    rules
}

/// The tests that name each rule.
fn tests(root: &Path) -> Result<BTreeMap<u32, BTreeSet<String>>, String> {
    let mut found: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    let mut files = Vec::new();
    for folder in TESTS {
        rust_files(&root.join(folder), &mut files)?;
    }
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let place = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut doc = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(comment) = line.strip_prefix("///") {
                doc.extend(numbers(comment, 'L'));
            } else if let Some(name) = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")) {
                let name = name.split(['(', '<']).next().unwrap_or_default();
                // Only a test's own words count: a helper's doc comment names rules as well.
                let named = numbers(name, 'l');
                for rule in named.into_iter().chain(doc.drain(..)) {
                    found.entry(rule).or_default().insert(format!("{place}::{name}"));
                }
            } else if !line.starts_with("#[") {
                doc.clear();
            }
        }
    }
    Ok(found)
}

/// The numbers that follow the letter at the beginning of a word: `l12_l13_x`, `(L12, L13)`.
fn numbers(text: &str, letter: char) -> Vec<u32> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| word.strip_prefix(letter)?.parse().ok()).collect()
}

pub(crate) fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{numbers, rules};

    #[test]
    fn rules_are_found_in_the_contract_and_in_names_of_tests() {
        let rules = rules("- **L1** one\n- **L30** (not yet built) plan\nL2 is mentioned\n");
        assert_eq!(rules.into_iter().collect::<Vec<_>>(), [(1, true), (30, false)]);
        assert_eq!(numbers("l12_l13_hooks_of_level_l", 'l'), [12, 13]);
        assert_eq!(numbers(" Cancellation (L5), also L16.", 'L'), [5, 16]);
    }
}
