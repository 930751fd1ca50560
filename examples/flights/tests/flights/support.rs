//! What the tests share: small data sets, runs of the program, and looks into the database.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;
use tripline::Db;

pub(crate) const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,\
                          flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour\n";

/// A good line; replace a part of it to make it a bad one.
pub(crate) const LINE: &str =
    "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z\n";

/// The January data that comes with the program.
pub(crate) const JANUARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

/// A directory with a small data set, and room for a database.
pub(crate) struct Data(TempDir);

impl Data {
    /// Two airlines, two airports, one plane and these lines of flights.
    pub(crate) fn with(lines: impl AsRef<[u8]>) -> Data {
        let data = Data(tempfile::tempdir().expect("a temporary directory"));
        data.write("airlines.csv", "carrier,name\nUA,United Air Lines Inc.\nB6,JetBlue Airways\n");
        let airports = "faa,name,lat,lon,alt,tz,dst,tzone\n\
                        EWR,Newark Liberty Intl,40.6925,-74.168667,18,-5,A,America/New_York\n\
                        IAH,George Bush Intercontinental,29.984433,-95.341442,97,-6,A,NA\n";
        data.write("airports.csv", airports);
        let planes = "tailnum,year,type,manufacturer,model,engines,seats,speed,engine\n\
                      N14228,1999,Fixed wing multi engine,BOEING,737-824,2,149,NA,Turbo-fan\n";
        data.write("planes.csv", planes);
        data.write("flights.csv", [HEADER.as_bytes(), lines.as_ref()].concat());
        data
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(file), content).expect("a file in a temporary directory");
    }

    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.path().join(file)).expect("the file is there");
    }

    /// The URL of a database beside the data.
    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}/test.db", self.path().display())
    }

    /// Loads this data into its database.
    pub(crate) fn load(&self, options: &[&str]) -> Run {
        let (data, url) = (self.path().to_str().expect("UTF-8"), self.url());
        run(&[&["--data", data, "--database", &url, "--json"], options].concat())
    }
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program to its end.
pub(crate) fn run(args: &[&str]) -> Run {
    let program = Command::new(env!("CARGO_BIN_EXE_flights")).args(args).output();
    let Output { status, stdout, stderr } = program.expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

impl Run {
    /// The one line of JSON of a run that went well, without the time it took.
    pub(crate) fn json(&self) -> Value {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        let mut report: Value = serde_json::from_str(&self.stdout).expect("JSON");
        let seconds = report.as_object_mut().and_then(|report| report.remove("seconds"));
        assert!(seconds.is_some_and(|seconds| seconds.as_f64() > Some(0.0)), "{self:?}");
        report
    }

    /// Asserts that the run failed, with one line on standard error that says all of this.
    pub(crate) fn fails_saying(&self, parts: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is not in: {}", self.stderr);
        }
    }
}

/// What SQL gives as its one number.
pub(crate) fn number(url: &str, sql: &str) -> i64 {
    texts(url, &format!("SELECT CAST(({sql}) AS TEXT)"))[0].parse().expect("a number")
}

/// What SQL gives as its only column, of texts.
pub(crate) fn texts(url: &str, sql: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = Db::open(url).connect().await.expect("the database opens");
        let rows = db.raw_query(sql, []).await.expect("the SQL is right");
        let texts = (0..rows.len()).map(|row| rows.get(row, 0).expect("text")).collect();
        db.close().await.expect("the database closes");
        texts
    })
}

/// Asserts that these flights are there, and that the airlines' totals are theirs: nothing is half-written.
pub(crate) fn holds_whole_flights(url: &str, flights: i64) {
    assert_eq!(number(url, "SELECT count(*) FROM flights"), flights);
    let differing = "SELECT count(*) FROM airlines AS a WHERE
        flights <> (SELECT count(*) FROM flights WHERE carrier = a.carrier) OR
        cancelled <> (SELECT count(*) FROM flights WHERE carrier = a.carrier AND dep_time IS NULL) OR
        arr_delay_minutes <> (SELECT coalesce(sum(arr_delay), 0) FROM flights WHERE carrier = a.carrier)";
    assert_eq!(number(url, differing), 0);
    let needless = "SELECT count(*) FROM planes WHERE type IS NULL AND tailnum NOT IN
        (SELECT tailnum FROM flights WHERE tailnum IS NOT NULL)";
    assert_eq!(number(url, needless), 0);
}
