//! The syntax of libpq's URLs.

/// What to do about special characters. The parts themselves are never shown: any may hold a piece of the password.
const ENCODE: &str = "in the user, the password and the database's name `@` is written %40, `/` %2F, `:` %3A, `?` %3F and `%` %25";

/// The parameters that a URL says, decoded, under libpq's names; the later of two wins. The hosts and ports are two
/// lists with commas.
pub(super) fn parameters(url: &str) -> Result<Vec<(String, String)>, String> {
    let rest = after_scheme(url)?;
    let (authority, path_and_query) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let path = path.strip_prefix('/').unwrap_or(path);
    let (login, hosts) = authority.split_once('@').unwrap_or(("", authority));
    // Two of them, or a slash before one: there is a piece of the password in what follows.
    if hosts.contains('@') || path.contains('@') {
        return Err(format!("it has an `@` that ends neither the user nor the password; {ENCODE}"));
    }
    let mut found = Vec::new();
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    found.push(("user".to_owned(), decoded(user, "the user")?));
    found.push(("password".to_owned(), decoded(password, "the password")?));
    add_hosts(&mut found, hosts)?;
    found.push(("dbname".to_owned(), decoded(path, "the database's name")?));
    add_query(&mut found, query)?;
    Ok(found)
}

fn after_scheme(url: &str) -> Result<&str, String> {
    if let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) {
        return Ok(rest);
    }
    // Of another engine's URL only the scheme is shown; what is no URL may be all secrets.
    match url.split_once(':') {
        Some((scheme, rest))
            if rest.starts_with("//") && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            Err(format!("`{scheme}:` is no URL of PostgreSQL, which begins with `postgres://`"))
        }
        _ => Err("it has to begin with `postgres://` or `postgresql://`".to_owned()),
    }
}

fn add_hosts(found: &mut Vec<(String, String)>, text: &str) -> Result<(), String> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for part in text.split(',') {
        let (host, port) = host_and_port(part)?;
        if !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("what follows the host's `:` is no port number; {ENCODE}"));
        }
        hosts.push(decoded(host, "a host")?);
        ports.push(port);
    }
    found.push(("host".to_owned(), hosts.join(",")));
    // Without any port they may come from elsewhere.
    if ports.iter().any(|port| !port.is_empty()) {
        found.push(("port".to_owned(), ports.join(",")));
    }
    Ok(())
}

fn host_and_port(part: &str) -> Result<(&str, &str), String> {
    let Some(address) = part.strip_prefix('[') else {
        return Ok(part.split_once(':').unwrap_or((part, "")));
    };
    let (address, rest) = address.split_once(']').ok_or("an IPv6 address has no `]` at its end")?;
    match rest.strip_prefix(':') {
        Some(port) => Ok((address, port)),
        None if rest.is_empty() => Ok((address, "")),
        None => Err("an IPv6 address is followed by something that is no `:` and port".to_owned()),
    }
}

fn add_query(found: &mut Vec<(String, String)>, query: &str) -> Result<(), String> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let no_value = || format!("a parameter after the `?` has no `=`; {ENCODE}");
        let (name, value) = pair.split_once('=').ok_or_else(no_value)?;
        match (decoded(name, "a parameter's name")?, decoded(value, "a parameter")?) {
            // libpq has this for URLs that were meant for Java.
            (name, value) if name == "ssl" && value == "true" => {
                found.push(("sslmode".to_owned(), "require".to_owned()));
            }
            pair => found.push(pair),
        }
    }
    Ok(())
}

/// Whether the part after the `?` may begin with a piece of the password: then unknown names are not shown.
pub(super) fn is_doubtful(url: &str) -> bool {
    url.split_once('?').is_some_and(|(_, query)| query.contains('@'))
}

fn decoded(text: &str, what: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        match (digit(rest.next()), digit(rest.next())) {
            (Some(0), Some(0)) => return Err(format!("{what} has a NUL in it, %00")),
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => {
                return Err(format!(
                    "{what} has a percent sign without two hexadecimal digits; a percent sign itself is written %25"
                ));
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| format!("{what} is not UTF-8 when decoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is not empty, the later of two winning.
    fn shown(url: &str) -> String {
        let found: std::collections::BTreeMap<String, String> =
            parameters(url).unwrap().into_iter().collect();
        let found: Vec<_> =
            found.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| format!("{n}={v}")).collect();
        found.join(" ")
    }

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        for (url, expected) in [
            ("postgres://", ""),
            ("postgresql://", ""),
            ("postgres:///", ""),
            ("postgres://localhost", "host=localhost"),
            ("postgres://localhost:5433", "host=localhost port=5433"),
            ("postgres://localhost/shop", "dbname=shop host=localhost"),
            ("postgres://ann@localhost", "host=localhost user=ann"),
            ("postgres://ann:@localhost", "host=localhost user=ann"),
            ("postgres://:x@h", "host=h password=x"),
            ("postgres://ann:se:cret@h/shop", "dbname=shop host=h password=se:cret user=ann"),
            ("postgres://a%40n:p%2F%3a%25@h/my%20shop", "dbname=my shop host=h password=p/:% user=a@n"),
            (
                "postgres://h1:1,h2:2,h3/db?target_session_attrs=any",
                "dbname=db host=h1,h2,h3 port=1,2, target_session_attrs=any",
            ),
            ("postgres://h1,h2", "host=h1,h2"),
            ("postgres://:5433/db", "dbname=db port=5433"),
            ("postgres://[::1]:5433/db", "dbname=db host=::1 port=5433"),
            ("postgres://[2001:db8::1],h2:2", "host=2001:db8::1,h2 port=,2"),
            ("postgres://%2Fvar%2Frun/db", "dbname=db host=/var/run"),
            ("postgres://%2Frun:5433/db", "dbname=db host=/run port=5433"),
            ("postgres:///db?host=/run&port=7", "dbname=db host=/run port=7"),
            (
                "postgres://h/db?user=ann&password=x%26y&dbname=other",
                "dbname=other host=h password=x&y user=ann",
            ),
            ("postgres:///db?user=ann@corp", "dbname=db user=ann@corp"),
            ("postgres://h?options=-c%20a%3Db", "host=h options=-c a=b"),
            ("postgres://h?ssl=true", "host=h sslmode=require"),
            ("postgres://h/a/b#c", "dbname=a/b#c host=h"),
            ("postgres://h/?&a=b&", "a=b host=h"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn a_wrong_url_says_what_would_be_right_and_shows_no_part() {
        for (url, needle) in [
            ("sqlite://a.db", "`sqlite:` is no URL of PostgreSQL"),
            ("host=h password=secret", "has to begin with `postgres://`"),
            ("secret:x@h", "has to begin with `postgres://`"),
            ("sec-ret://x", "has to begin with `postgres://`"),
            ("postgres://ann:sec@ret@h/db", "%40"),
            ("postgres://ann:sec/ret@h/db", "%2F"),
            ("postgres://ann:12/secret@h/db", "%2F"),
            ("postgres://ann:sec?ret@h/db", "%3F"),
            ("postgres://ann:12?secret@h/db", "%3F"),
            ("postgres://ann:sec%ret@h/db", "the password has a percent sign"),
            ("postgres://ann:secret%0@h/db", "the password has a percent sign"),
            ("postgres://ann:secret%ff@h/db", "the password is not UTF-8"),
            ("postgres://ann:secret%00@h/db", "the password has a NUL"),
            ("postgres://[::1/db", "no `]`"),
            ("postgres://[::1]5432/db", "IPv6"),
            ("postgres://::1/db", "no port number"),
            ("postgres://h:x/db", "no port number"),
            ("postgres://h/db?sslmode", "no `=`"),
        ] {
            let why = parameters(url).unwrap_err();
            assert!(why.contains(needle), "{url}: {why}");
            assert!(!["ann", "sec", "ret@", "12"].iter().any(|part| why.contains(part)), "{url}: {why}");
        }
    }
}
