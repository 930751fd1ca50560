CREATE TABLE airlines (
    carrier TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    flights INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    arr_delay_minutes INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE airports (
    faa TEXT PRIMARY KEY NOT NULL,
    name TEXT,
    lat REAL,
    lon REAL,
    alt INTEGER,
    tz INTEGER,
    dst TEXT,
    tzone TEXT
) STRICT;

CREATE TABLE planes (
    tailnum TEXT PRIMARY KEY NOT NULL,
    year INTEGER,
    type TEXT,
    manufacturer TEXT,
    model TEXT,
    engines INTEGER,
    seats INTEGER,
    speed INTEGER,
    engine TEXT
) STRICT;

-- `dest` is null where the airport is not known; `dest_code` is what the data says.
-- `time_hour` is in microseconds since the epoch.
CREATE TABLE flights (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    year INTEGER NOT NULL,
    month INTEGER NOT NULL,
    day INTEGER NOT NULL,
    dep_time INTEGER,
    sched_dep_time INTEGER NOT NULL,
    dep_delay INTEGER,
    arr_time INTEGER,
    sched_arr_time INTEGER NOT NULL,
    arr_delay INTEGER,
    carrier TEXT NOT NULL REFERENCES airlines (carrier),
    flight INTEGER NOT NULL,
    tailnum TEXT REFERENCES planes (tailnum),
    origin TEXT NOT NULL REFERENCES airports (faa),
    dest TEXT REFERENCES airports (faa),
    dest_code TEXT NOT NULL,
    air_time INTEGER,
    distance INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    time_hour INTEGER NOT NULL
) STRICT;

CREATE INDEX flights_carrier_idx ON flights (carrier);
CREATE INDEX flights_tailnum_idx ON flights (tailnum);
CREATE INDEX flights_origin_idx ON flights (origin);
CREATE INDEX flights_dest_idx ON flights (dest);
