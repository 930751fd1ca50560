//! [`CsvFile`] and [`Record`]: lines of values, each mistake reported with file and line.

use std::{collections::HashSet, fmt::Display, io::Read, str::FromStr};

use csv::{ErrorKind, Reader, StringRecord};
use tripline::Field;

use crate::failure::{At, Failure};

/// A CSV file that has just the columns that are expected.
pub(crate) struct CsvFile<R> {
    name: String,
    columns: &'static [&'static str],
    reader: Reader<R>,
    record: StringRecord,
}

/// One line; its values are taken from left to right.
pub(crate) struct Record<'f> {
    name: &'f str,
    line: u64,
    values: std::iter::Zip<std::slice::Iter<'f, &'static str>, csv::StringRecordIter<'f>>,
}

impl<R: Read> CsvFile<R> {
    /// Reads the header. `name` is what errors call the file.
    pub(crate) fn new(
        name: impl Display,
        columns: &'static [&'static str],
        file: R,
    ) -> Result<Self, Failure> {
        let (name, reader, record) = (name.to_string(), Reader::from_reader(file), StringRecord::new());
        let mut file = CsvFile { name, columns, reader, record };
        let header = file.reader.headers().cloned();
        let header = header.map_err(|error| file.explained(error))?;
        if header != *columns {
            return Err(wrong_header(columns, &header)).at(file.place(1));
        }
        Ok(file)
    }

    /// The next line; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, Failure> {
        match self.reader.read_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => return Err(self.explained(error)),
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let values = self.columns.iter().zip(&self.record);
        Ok(Some(Record { name: &self.name, line, values }))
    }

    /// How many bytes were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.reader.position().byte()
    }

    fn place(&self, line: u64) -> String {
        format!("{}:{line}", self.name)
    }

    /// In the words of this program: the crate's own message would repeat the line.
    fn explained(&self, error: csv::Error) -> Failure {
        let line = error.position().unwrap_or(self.reader.position()).line();
        let place = self.place(line);
        match error.into_kind() {
            ErrorKind::Io(error) => Failure::new(place, error),
            ErrorKind::Utf8 { err, .. } => {
                let column = self.columns.get(err.field()).unwrap_or(&"?");
                Failure::new(place, format!("{column}: not UTF-8"))
            }
            ErrorKind::UnequalLengths { len, .. } => {
                Failure::new(place, format!("{len} values for {} columns", self.columns.len()))
            }
            other => Failure::new(place, format!("{other:?}")),
        }
    }
}

fn wrong_header(columns: &[&str], header: &StringRecord) -> String {
    if let Some(missing) = columns.iter().find(|column| !header.iter().any(|found| found == **column)) {
        return format!("there is no column {missing}");
    }
    format!("the columns are not, in this order, {}", columns.join(","))
}

impl Record<'_> {
    /// The line's number.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The next value, as text.
    pub(crate) fn text<T: for<'v> From<&'v str>>(&mut self) -> T {
        T::from(self.next().1)
    }

    /// The next value, as text or null.
    pub(crate) fn text_or_na(&mut self) -> Field<Option<String>> {
        let text = self.next().1;
        Field::To((text != "NA").then(|| text.to_owned()))
    }

    /// The next value, which must be one of these.
    pub(crate) fn one_of(&mut self, known: &HashSet<String>) -> Result<Field<String>, Failure> {
        let (column, text) = self.next();
        if known.contains(text) {
            return Ok(text.into());
        }
        Err(format!("{column}: `{text:.40}` is not known")).at(self.place())
    }

    /// The next value, as a number or whatever else is written as text.
    pub(crate) fn number<N: FromStr<Err: Display>>(&mut self) -> Result<Field<N>, Failure> {
        let (column, text) = self.next();
        self.parse(column, text).map(Field::To)
    }

    /// The next value, as a number or null.
    pub(crate) fn number_or_na<N: FromStr<Err: Display>>(&mut self) -> Result<Field<Option<N>>, Failure> {
        match self.next() {
            (_, "NA") => Ok(Field::To(None)),
            (column, text) => self.parse(column, text).map(|number| Field::To(Some(number))),
        }
    }

    fn parse<N: FromStr<Err: Display>>(&self, column: &str, text: &str) -> Result<N, Failure> {
        text.parse().map_err(|error| format!("{column}: `{text:.40}`: {error}")).at(self.place())
    }

    fn place(&self) -> String {
        format!("{}:{}", self.name, self.line)
    }
}

impl<'f> Record<'f> {
    /// The next column and its value. There are as many as columns, or the line would have been refused.
    fn next(&mut self) -> (&'static str, &'f str) {
        self.values.next().map_or(("", ""), |(column, value)| (*column, value))
    }
}
