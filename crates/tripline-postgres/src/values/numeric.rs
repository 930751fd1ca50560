//! `numeric`: numbers of any size.

use tripline_core::{Mismatch, Value};

/// How many digits a float keeps, whatever they are; the server writes as many of one into a `numeric`.
const DIGITS: usize = 15;

/// The number as it is.
pub(super) fn exact(bytes: &[u8]) -> Result<Value, Mismatch> {
    read(bytes).ok_or(Mismatch { expected: "a number", found: "one out of range" })
}

/// The number as a float from which the same number comes again.
pub(super) fn float(bytes: &[u8]) -> Result<f64, Mismatch> {
    let text = match exact(bytes)? {
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text,
        _ => String::new(),
    };
    let number: f64 = text.parse().unwrap_or(f64::NAN);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_matches('0').len();
    let is_kept = number.is_normal() && digits <= DIGITS || digits == 0 && !number.is_nan();
    let found = if text == "NaN" { "none" } else { "one of more" };
    if is_kept {
        Ok(number + 0.0)
    } else {
        Err(Mismatch { expected: "a number of at most 15 digits", found })
    }
}

/// A number of any size. A whole one, such as the sum of integers, is an integer; any other is its text.
///
/// It comes as digits to the base 10,000, the place of the first of them, a sign, and how many digits stand behind the
/// point.
fn read(bytes: &[u8]) -> Option<Value> {
    let mut words = bytes.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
    let count = words.next()?;
    let first = i32::from(words.next()?.cast_signed());
    let (sign, scale) = (words.next()?, usize::from(words.next()?));
    let digits: Vec<u16> = words.take(usize::from(count)).collect();
    let text = match sign {
        0xC000 => return Some(Value::Text("NaN".into())),
        0xD000 => return Some(Value::Text("Infinity".into())),
        0xF000 => return Some(Value::Text("-Infinity".into())),
        sign => {
            let digit = |place: i32| -> u16 {
                usize::try_from(first - place).ok().and_then(|i| digits.get(i).copied()).unwrap_or(0)
            };
            let whole: String =
                (0..=first.max(0)).rev().map(|place| format!("{:04}", digit(place))).collect();
            let whole = whole.trim_start_matches('0');
            let places = i32::try_from(scale.div_ceil(4)).ok()?;
            let part: String = (1..=places).map(|place| format!("{:04}", digit(-place))).collect();
            let point = if scale > 0 { "." } else { "" };
            let minus = if sign == 0x4000 { "-" } else { "" };
            format!("{minus}{}{point}{}", if whole.is_empty() { "0" } else { whole }, &part[..scale])
        }
    };
    match text.parse() {
        Ok(number) if scale == 0 => Some(Value::Int(number)),
        _ => Some(Value::Text(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_of_any_size_is_an_integer_and_another_its_text() {
        let number = |words: &[u16]| {
            read(&words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>()).unwrap()
        };
        // Digits, the first one's place, sign, digits behind the point; then the digits.
        assert_eq!(number(&[0, 0, 0, 0]), Value::Int(0));
        assert_eq!(number(&[2, 1, 0x4000, 0, 12, 3]), Value::Int(-120_003));
        assert_eq!(number(&[1, 2, 0, 0, 5]), Value::Int(500_000_000));
        assert_eq!(number(&[2, 0, 0, 2, 12, 3400]), Value::Text("12.34".into()));
        assert_eq!(number(&[1, -2i16 as u16, 0x4000, 6, 5_600]), Value::Text("-0.000056".into()));
        assert_eq!(number(&[1, 5, 0, 0, 1]), Value::Text("100000000000000000000".into()));
        assert_eq!(number(&[0, 0, 0xC000, 0]), Value::Text("NaN".into()));
        assert!(read(&[0]).is_none());
    }

    #[test]
    fn a_float_is_a_number_that_it_keeps() {
        let number =
            |words: &[u16]| float(&words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>());
        assert_eq!(number(&[2, 0, 0, 2, 12, 3400]), Ok(12.34));
        assert_eq!(number(&[0, 0, 0x4000, 2]).map(f64::to_bits), Ok(0.0_f64.to_bits()));
        assert_eq!(number(&[1, 5, 0, 0, 1]), Ok(1e20));
        assert_eq!(number(&[4, 3, 0, 0, 123, 4567, 8901, 2345]), Ok(123_456_789_012_345.0));
        assert!(number(&[4, 3, 0, 0, 1234, 5678, 9012, 3456]).is_err());
        assert_eq!(number(&[0, 0, 0xD000, 0]), Ok(f64::INFINITY));
        assert_eq!(number(&[0, 0, 0xC000, 0]).unwrap_err().found, "none");
        // Larger and smaller than any float.
        assert!(
            number(&[1, 100, 0, 0, 1]).is_err()
                && number(&[1, (-100_i16).cast_unsigned(), 0, 400, 1]).is_err()
        );
    }
}
