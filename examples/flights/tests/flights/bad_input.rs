//! Input that is damaged: an error that says where, and the batches before it are intact.

use std::{
    fs,
    io::{Cursor, Write},
};

use zip::{ZipWriter, write::SimpleFileOptions};

use crate::support::{Data, HEADER, JANUARY, LINE, holds_whole_flights, number};

/// Loads five good lines and a bad one, which is line 7 of the file, in batches of two.
fn damaged_by(bad: impl AsRef<[u8]>, saying: &str) {
    let data = Data::with([LINE.repeat(5).as_bytes(), bad.as_ref(), LINE.as_bytes()].concat());
    data.load(&["--batch", "2"]).fails_saying(&["flights.csv:7: ", saying]);
    holds_whole_flights(&data.url(), 4);
}

#[test]
fn a_line_with_too_few_values_is_named() {
    damaged_by("2013,1,1,517\n", "4 values for 19 columns");
}

#[test]
fn a_line_with_too_many_values_is_named() {
    damaged_by(LINE.replace(",UA,", ",UA,UA,"), "20 values for 19 columns");
}

#[test]
fn a_line_without_a_number_where_one_is_needed_is_named() {
    damaged_by(LINE.replace(",1400,", ",far,"), "distance: `far`");
    damaged_by(LINE.replace(",1400,", ",,"), "distance: ``");
    damaged_by(LINE.replace(",1400,", ",NA,"), "distance: `NA`");
    damaged_by(LINE.replace(",517,", ",5:17,"), "dep_time: `5:17`");
}

#[test]
fn a_line_with_a_number_that_is_too_large_is_named() {
    damaged_by(
        LINE.replace(",11,UA", ",9223372036854775807,UA"),
        "arr_delay: `9223372036854775807`: number too large",
    );
}

#[test]
fn a_line_with_a_time_that_is_none_is_named() {
    damaged_by(LINE.replace("T10:00:00Z", "T10:00:00"), "time_hour: `2013-01-01T10:00:00`");
    damaged_by(LINE.replace("2013-01-01T", "2013-13-01T"), "time_hour: `2013-13-01T10:00:00Z`");
}

#[test]
fn a_line_that_is_not_utf_8_is_named() {
    let (before, after) = LINE.split_once("N14228").expect("the line has a plane");
    damaged_by([before.as_bytes(), b"N\xff\xfe", after.as_bytes()].concat(), "tailnum: not UTF-8");
}

#[test]
fn a_line_with_an_unknown_carrier_is_named() {
    damaged_by(LINE.replace("UA", "ZZ"), "carrier: `ZZ` is not known");
}

#[test]
fn a_line_with_an_unknown_origin_is_named() {
    damaged_by(LINE.replace("EWR", "XXX"), "origin: `XXX` is not known");
}

#[test]
fn what_only_the_database_refuses_is_named_by_the_lines_of_its_batch() {
    let data = Data::with([LINE, LINE, LINE, &LINE.replace("N14228", "N\0")].concat());
    data.load(&["--batch", "2"]).fails_saying(&["flights.csv:4-5: ", "NUL"]);
    holds_whole_flights(&data.url(), 2);
}

#[test]
fn a_quote_that_is_never_closed_is_an_error() {
    damaged_by(LINE.replace("N14228", "\"N14228"), "values for 19 columns");
}

#[test]
fn a_missing_file_is_named_and_no_database_is_made() {
    for file in ["airlines.csv", "airports.csv", "planes.csv", "flights.csv"] {
        let data = Data::with(LINE);
        data.remove(file);
        data.load(&[]).fails_saying(&[file]);
        assert!(!data.path().join("test.db").exists());
    }
}

#[test]
fn a_header_without_a_column_is_an_error() {
    let data = Data::with("");
    data.write("flights.csv", HEADER.replace("dep_delay,", "") + LINE);
    data.load(&[]).fails_saying(&["flights.csv:1: ", "there is no column dep_delay"]);
    data.write("flights.csv", HEADER.replace("dep_delay", "delay") + LINE);
    data.load(&["--fresh"]).fails_saying(&["flights.csv:1: ", "there is no column dep_delay"]);
    holds_whole_flights(&data.url(), 0);
}

#[test]
fn a_header_with_its_columns_in_another_order_is_an_error() {
    let data = Data::with("");
    data.write("flights.csv", HEADER.replace("year,month", "month,year") + LINE);
    data.load(&[]).fails_saying(&["flights.csv:1: ", "in this order, year,month,day"]);
}

#[test]
fn an_empty_file_has_no_header() {
    let data = Data::with("");
    data.write("flights.csv", "");
    data.load(&[]).fails_saying(&["flights.csv:1: ", "there is no column year"]);
}

#[test]
fn a_damaged_line_of_a_small_table_is_named_and_nothing_is_written() {
    let data = Data::with(LINE);
    assert_eq!(data.load(&[]).code, Some(0));
    data.write("airports.csv", "faa,name,lat,lon,alt,tz,dst,tzone\nEWR,Newark,north,-74.1,18,-5,A,NA\n");
    data.load(&["--fresh"]).fails_saying(&["airports.csv:2: ", "lat: `north`"]);
    holds_whole_flights(&data.url(), 1);
}

#[test]
fn an_airline_that_is_there_twice_is_an_error_and_nothing_is_deleted() {
    let data = Data::with(LINE);
    assert_eq!(data.load(&[]).code, Some(0));
    data.write("airlines.csv", "carrier,name\nUA,United\nUA,United again\n");
    data.load(&["--fresh"]).fails_saying(&["carrier", "airlines"]);
    holds_whole_flights(&data.url(), 1);
    assert_eq!(number(&data.url(), "SELECT count(*) FROM airlines"), 2);
}

/// The January data with its zip changed by `damage`.
fn zip_damaged_by(damage: impl FnOnce(&mut Vec<u8>)) -> Data {
    let data = Data::with("");
    data.remove("flights.csv");
    for file in ["airlines.csv", "airports.csv", "planes.csv"] {
        data.write(file, fs::read(format!("{JANUARY}/{file}")).expect("the data is there"));
    }
    let mut zip = fs::read(format!("{JANUARY}/flights.csv.zip")).expect("the data is there");
    damage(&mut zip);
    data.write("flights.csv.zip", zip);
    data
}

#[test]
fn a_zip_damaged_in_the_middle_keeps_the_batches_before() {
    let data = zip_damaged_by(|zip| {
        let middle = zip.len() / 2;
        zip[middle..middle + 64].fill(0xff);
    });
    data.load(&["--batch", "100"]).fails_saying(&["flights.csv.zip: flights.csv:"]);
    let flights = number(&data.url(), "SELECT count(*) FROM flights");
    assert!(flights > 1000 && flights % 100 == 0, "{flights}");
    holds_whole_flights(&data.url(), flights);
}

#[test]
fn a_zip_whose_checksum_is_wrong_is_an_error() {
    // The checksum stands 14 bytes into the header of the file, and 16 bytes into its entry in the directory.
    let data = zip_damaged_by(|zip| {
        let entry = zip.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").expect("a zip has a directory");
        zip[14] ^= 1;
        zip[entry + 16] ^= 1;
    });
    data.load(&[]).fails_saying(&["flights.csv.zip: flights.csv:", "checksum"]);
    holds_whole_flights(&data.url(), 27000);
}

#[test]
fn a_zip_that_is_cut_off_is_an_error() {
    zip_damaged_by(|zip| zip.truncate(zip.len() / 2)).load(&[]).fails_saying(&["flights.csv.zip: "]);
    zip_damaged_by(|zip| zip.clear()).load(&[]).fails_saying(&["flights.csv.zip: "]);
}

#[test]
fn a_zip_of_something_else_is_an_error() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("weather.csv", SimpleFileOptions::default()).expect("a new file in a zip");
    zip.write_all(b"origin\n").expect("memory to write to");
    let zip = zip.finish().expect("memory to write to").into_inner();
    zip_damaged_by(|january| *january = zip).load(&[]).fails_saying(&["flights.csv.zip: ", "not found"]);
}

#[test]
fn a_batch_of_none_is_refused() {
    let data = Data::with(LINE);
    let refused = data.load(&["--batch", "0"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--batch"), "{refused:?}");
    assert!(!data.path().join("test.db").exists());
}
