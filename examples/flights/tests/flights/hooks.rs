//! What the hooks make of flights, on data small enough to check by eye.

use serde_json::json;

use crate::support::{Data, HEADER, LINE, number, texts};

#[test]
fn na_becomes_null_and_a_flight_without_plane_or_departure_is_counted() {
    let cancelled = "2013,1,1,NA,1630,NA,NA,1815,NA,B6,4308,NA,EWR,IAH,NA,416,16,30,2013-01-01T21:00:00Z\n";
    let data = Data::with([LINE, cancelled].concat());
    assert_eq!(
        data.load(&[]).json(),
        json!({
            "flights": 2, "unknown_dest": 0, "cancelled": 1, "no_tailnum": 1, "planes_added": 0,
            "airlines": {
                "UA": { "flights": 1, "cancelled": 0, "arr_delay_minutes": 11 },
                "B6": { "flights": 1, "cancelled": 1, "arr_delay_minutes": 0 },
            },
            "verified": true,
        })
    );
    let nulls =
        "SELECT count(*) FROM flights WHERE carrier = 'B6' AND dep_time IS NULL AND dep_delay IS NULL AND
        arr_time IS NULL AND arr_delay IS NULL AND air_time IS NULL AND tailnum IS NULL";
    assert_eq!(number(&data.url(), nulls), 1);
    assert_eq!(texts(&data.url(), "SELECT faa FROM airports WHERE tzone IS NULL"), ["IAH"]);
}

#[test]
fn an_unknown_destination_is_null_and_its_code_is_kept() {
    let data = Data::with([LINE, &LINE.replace("IAH", "BQN"), &LINE.replace("IAH", "NA")].concat());
    assert_eq!(data.load(&[]).json()["unknown_dest"], 2);
    assert_eq!(texts(&data.url(), "SELECT dest_code FROM flights WHERE dest IS NULL"), ["BQN", "NA"]);
    assert_eq!(texts(&data.url(), "SELECT dest FROM flights WHERE dest IS NOT NULL"), ["IAH"]);
}

#[test]
fn a_missing_plane_is_added_once_though_several_flights_name_it() {
    let unheard = LINE.replace("N14228", "N1UNHEARD");
    for batch in ["1", "2", "100"] {
        let data = Data::with([&unheard, LINE, &unheard, &unheard].concat());
        assert_eq!(data.load(&["--batch", batch]).json()["planes_added"], 1);
        let planes = "SELECT tailnum || coalesce(' by ' || manufacturer, '') FROM planes ORDER BY tailnum";
        assert_eq!(texts(&data.url(), planes), ["N14228 by BOEING", "N1UNHEARD"]);
    }
}

#[test]
fn delays_and_early_arrivals_add_up() {
    let early = LINE.replace(",11,UA", ",-20,UA");
    let data = Data::with([LINE, &early, LINE].concat());
    let report = data.load(&["--batch", "2"]).json();
    assert_eq!(report["airlines"]["UA"], json!({ "flights": 3, "cancelled": 0, "arr_delay_minutes": 2 }));
    assert_eq!(report["airlines"]["B6"], json!({ "flights": 0, "cancelled": 0, "arr_delay_minutes": 0 }));
}

#[test]
fn a_file_without_flights_loads_none() {
    let report = Data::with("").load(&[]).json();
    assert_eq!((&report["flights"], &report["verified"]), (&json!(0), &json!(true)));
}

#[test]
fn line_ends_of_other_systems_and_a_last_line_without_one_are_fine() {
    let data = Data::with("");
    data.write("flights.csv", [HEADER, LINE, LINE.trim_end()].concat().replace('\n', "\r\n"));
    assert_eq!(data.load(&[]).json()["flights"], 2);
    assert_eq!(number(&data.url(), "SELECT count(DISTINCT time_hour) FROM flights"), 1);
}
