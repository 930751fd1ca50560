//! What is measured on PostgreSQL, where, and who is asked for it.

use super::server::Link;
use crate::bench::rounds::Line;

/// A work, as one table of the report.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) name: &'static str,
    /// What it does.
    pub(super) about: &'static str,
    /// Units in one request, in each of the [`SITUATIONS`]: the base peer takes 150 to 300 ms for them.
    pub(super) n: [u64; 4],
    /// What is true of the database after `$n` units and some more that were not timed, in SQL. Keys may repeat.
    pub(super) done: &'static str,
    /// Works of one peer, with lines of their own below its usual one.
    pub(super) ways: &'static [Way],
}

/// Another way in which a peer does a work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) peer: &'static str,
    /// What the peer is asked for; its usual way is called "".
    pub(super) name: &'static str,
    pub(super) label: &'static str,
}

/// Where the server is, and how much is asked of it at once.
#[derive(Debug)]
pub(super) struct Situation {
    pub(super) link: Link,
    pub(super) connections: u64,
    pub(super) label: &'static str,
}

pub(super) const SITUATIONS: [Situation; 4] = [
    Situation { link: Link::Socket, connections: 1, label: "socket, 1 connection" },
    Situation { link: Link::Socket, connections: 8, label: "socket, 8 connections" },
    Situation { link: Link::Delayed, connections: 1, label: "1 ms, 1 connection" },
    Situation { link: Link::Delayed, connections: 8, label: "1 ms, 8 connections" },
];

const HELD: Way = Way { peer: "sqlx", name: "held", label: "sqlx, connections held" };

/// The works, in the order of the report.
pub(super) const ALL: [Work; 5] = [
    Work {
        name: "insert_one",
        about: "One user, in an implicit transaction of its own; its id comes back.",
        n: [5_000, 8_000, 200, 1_600],
        done: "SELECT count(*) >= 10000 + $n FROM users",
        ways: &[HELD],
    },
    Work {
        name: "insert_counter",
        about: "One post, and its user's counter raised by one, in one transaction. In Tripline an after-create \
                hook raises the counter, in SeaORM an `after_save`; the others do it by hand. The hook of Tripline's \
                first line sends its update without waiting (`.pipelined()`), that of the second waits; the third line has a plan \
                hook, which puts the update after the insert without I/O of its own. Raw waits for \
                each statement; its second line sends all of them before it waits.",
        n: [2_500, 4_800, 60, 400],
        done: "SELECT count(*) >= $n AND count(*) = (SELECT sum(post_count) FROM users) FROM posts",
        ways: &[
            Way { peer: "raw", name: "pipelined", label: "raw, pipelined by hand" },
            Way { peer: "tripline", name: "awaited", label: "tripline, the hook waits" },
            Way { peer: "tripline", name: "planned", label: "tripline, planned" },
            HELD,
        ],
    },
    Work {
        name: "update_returning_old",
        about: "One user renamed, and the whole row known as it was and as it is. In Tripline an after-update hook \
                gets both. Raw and sqlx use one statement written for it; the others read the row, locked where they \
                can, and update it in a transaction.",
        n: [5_000, 8_000, 200, 1_600],
        done: "SELECT count(*) >= $n / 2 FROM users WHERE name LIKE 'Renamed by %'",
        ways: &[HELD],
    },
    Work {
        name: "insert_10000",
        about: "10,000 users by one call, in one transaction. Raw and sqlx use COPY, which does not tell the new ids; \
                all others give them back. Tripline has a before-create hook that changes each draft and an \
                after-create hook that looks at each row; its second line has none. Raw's second line is an insert \
                from arrays that returns the ids.",
        n: [20, 24, 16, 24],
        done: "SELECT count(*) >= 10000 * (1 + $n) AND count(*) % 10000 = 0 FROM users",
        ways: &[
            Way { peer: "raw", name: "unnest", label: "raw, arrays and ids" },
            Way { peer: "tripline", name: "plain", label: "tripline, without hooks" },
            HELD,
        ],
    },
    Work {
        name: "get_by_key",
        about: "One user by its key, of 10,000.",
        n: [16_000, 24_000, 200, 1_600],
        done: "SELECT count(*) = 10000 FROM users",
        ways: &[HELD],
    },
];

impl Work {
    /// The lines of the table, for these peers.
    pub(super) fn lines(&self, peers: impl Iterator<Item = &'static str>) -> Vec<Line> {
        let mut lines = Vec::new();
        for peer in peers {
            lines.push(Line { peer, asked: "", label: peer });
            let ways = self.ways.iter().filter(|way| way.peer == peer);
            lines.extend(ways.map(|way| Line { peer, asked: way.name, label: way.label }));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_ways_stand_below_the_usual_one() {
        let labels: Vec<&str> = ALL[1].lines(["raw", "sqlx"].into_iter()).iter().map(|l| l.label).collect();
        assert_eq!(labels, ["raw", "raw, pipelined by hand", "sqlx", "sqlx, connections held"]);
    }

    #[test]
    fn each_task_has_as_many_units() {
        for (work, place) in ALL.iter().flat_map(|work| (0..SITUATIONS.len()).map(move |i| (work, i))) {
            assert_eq!(work.n[place] % SITUATIONS[place].connections, 0, "{}", work.name);
        }
    }
}
