//! The January data that comes with the program gives its known numbers, however it is cut into batches.

use serde_json::{Value, json};

use crate::support::{Data, JANUARY, run};

fn january(batch: &str) -> Value {
    let room = Data::with("");
    run(&["--data", JANUARY, "--database", &room.url(), "--json", "--batch", batch]).json()
}

#[test]
fn january_in_batches_of_1000_gives_its_known_numbers() {
    assert_eq!(january("1000"), known());
}

#[test]
fn january_in_batches_that_do_not_divide_it_gives_the_same() {
    assert_eq!(january("777"), known());
}

#[test]
fn january_in_one_batch_gives_the_same() {
    assert_eq!(january("1000000"), known());
}

#[test]
fn without_json_there_is_a_table_by_airline() {
    let room = Data::with("");
    let table = run(&["--data", JANUARY, "--database", &room.url()]);
    assert_eq!((table.code, table.stderr.as_str()), (Some(0), ""));
    let parts = [
        "9E Endeavor Air Inc.               1573        75           15107\n",
        "US US Airways Inc.                 1602        47            2224\n",
        "27004 flights",
        "539 planes added",
        "rows per second",
        "the same as a fresh aggregation",
    ];
    for part in parts {
        assert!(table.stdout.contains(part), "`{part}` is not in:\n{}", table.stdout);
    }
}

pub(crate) fn known() -> Value {
    let airline = |(carrier, flights, cancelled, delay): (&str, i64, i64, i64)| {
        let totals = json!({ "flights": flights, "cancelled": cancelled, "arr_delay_minutes": delay });
        (carrier.to_owned(), totals)
    };
    let airlines: serde_json::Map<String, Value> = AIRLINES.into_iter().map(airline).collect();
    json!({
        "flights": 27004,
        "unknown_dest": 680,
        "cancelled": 521,
        "no_tailnum": 155,
        "planes_added": 539,
        "airlines": airlines,
        "verified": true,
    })
}

/// Counted with other tools.
const AIRLINES: [(&str, i64, i64, i64); 16] = [
    ("9E", 1573, 75, 15107),
    ("AA", 2794, 59, 2676),
    ("AS", 62, 0, 556),
    ("B6", 4427, 9, 20817),
    ("DL", 3690, 29, -16099),
    ("EV", 4171, 182, 99735),
    ("F9", 59, 0, 1288),
    ("FL", 328, 4, 1075),
    ("HA", 31, 0, 852),
    ("MQ", 2271, 65, 17368),
    ("OO", 1, 0, 107),
    ("UA", 4637, 32, 14576),
    ("US", 1602, 47, 2224),
    ("VX", 316, 1, -4798),
    ("WN", 996, 11, 5798),
    ("YV", 46, 7, 537),
];
