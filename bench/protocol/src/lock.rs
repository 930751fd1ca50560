//! Which version of a library a peer was built with.

/// The version of `package` in the text of a `Cargo.lock`, or `unknown`.
///
/// Few libraries say their version at run time, so each peer hands over its own lock file.
pub fn locked_version(lock: &str, package: &str) -> String {
    let name = format!("name = \"{package}\"");
    lock.lines()
        .skip_while(|line| *line != name)
        .nth(1)
        .and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .unwrap_or("unknown")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn finds_the_package_by_its_whole_name() {
        let lock = "[[package]]\nname = \"ab\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"a\"\nversion = \"2.1.0\"\n";
        assert_eq!(locked_version(lock, "a"), "2.1.0");
        assert_eq!(locked_version(lock, "c"), "unknown");
    }
}
