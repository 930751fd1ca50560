//! Parameters of the application's own SQL: `?` by position, or `$1` by number as PostgreSQL writes them, so that the
//! same text can serve both.

use rusqlite::Statement;
use tripline_core::{Error, Result};

/// For each of the statement's parameters the place of its value, if they are numbered; none if each has its own.
///
/// To SQLite `$1` is a name: it gives numbers by where a name first stands.
pub(crate) fn places(statement: &Statement<'_>, given: usize) -> Result<Option<Vec<usize>>> {
    let count = statement.parameter_count();
    let numbers: Vec<Option<usize>> =
        (1..=count).map(|i| statement.parameter_name(i).and_then(number)).collect();
    let numbered = numbers.iter().flatten().count();
    if numbered > 0 && numbered < count {
        return Err(Error::invalid("the SQL has numbered parameters (`$1`) and others: use one kind"));
    }
    let needed = numbers.iter().flatten().max().copied().unwrap_or(count);
    if needed != given {
        return Err(Error::invalid(format!("the SQL has {needed} parameters, {given} were given")));
    }
    if numbered == 0 {
        return Ok(None);
    }
    let place =
        |number: usize| number.checked_sub(1).ok_or_else(|| Error::invalid("parameters begin at `$1`"));
    numbers.into_iter().flatten().map(place).collect::<Result<_>>().map(Some)
}

/// The number in `$1`.
fn number(name: &str) -> Option<usize> {
    let digits = name.strip_prefix('$')?;
    // `$n` is a name like any other.
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // What does not fit is more than anybody gives.
    is_number.then(|| digits.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::places;

    fn of(sql: &str, given: usize) -> Result<Option<Vec<usize>>, String> {
        let connection = Connection::open_in_memory().unwrap();
        let statement = connection.prepare(sql).unwrap();
        places(&statement, given).map_err(|error| error.to_string())
    }

    #[test]
    fn a_numbered_parameter_takes_the_value_of_its_number_wherever_it_stands() {
        assert_eq!(of("SELECT $2, $1, $2", 2), Ok(Some(vec![1, 0])));
        assert_eq!(of("SELECT $3", 3), Ok(Some(vec![2])));
        assert_eq!(of("SELECT ?, ?", 2), Ok(None));
        assert_eq!(of("SELECT 1", 0), Ok(None));
    }

    #[test]
    fn as_many_values_are_given_as_the_highest_number_says() {
        assert!(of("SELECT $1, $3", 2).unwrap_err().contains("has 3 parameters, 2 were given"));
        assert!(of("SELECT $1, $1", 2).is_err());
        assert!(of("SELECT ?", 0).is_err());
        assert!(of("SELECT $99999999999999999999", 1).is_err());
        assert!(of("SELECT $0", 0).is_err());
    }

    #[test]
    fn numbered_and_other_parameters_do_not_mix() {
        assert!(of("SELECT $1, ?", 2).is_err());
        assert!(of("SELECT $1, :name", 2).is_err());
    }
}
