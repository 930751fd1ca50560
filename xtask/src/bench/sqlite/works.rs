//! What is measured on SQLite, and who is asked for it.

use crate::bench::{BASE, OURS, rounds::Line};

/// A work, as one table of the report.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) name: &'static str,
    /// What it does.
    pub(super) about: &'static str,
    /// Units in one request: the base peer takes 150 to 300 ms for them, so that the clock and the start of a
    /// request do not count.
    pub(super) n: u64,
    pub(super) asked: Asked,
}

/// Who is asked for what.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    /// All peers for the work, and some for these works of their own, which get a line of their own.
    All(&'static [Own]),
    /// Only those who have such works.
    Some(&'static [Own]),
}

/// A work that only one peer has, and how its line is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    pub(super) peer: &'static str,
    pub(super) work: &'static str,
    pub(super) label: &'static str,
}

/// The works, in the order of the report.
pub(super) const ALL: [Work; 8] = [
    Work {
        name: "insert_one",
        about: "One user, in an implicit transaction of its own.",
        n: 25_000,
        asked: Asked::All(&[]),
    },
    Work {
        name: "insert_counter",
        about: "One post, and its user's counter raised by one, in one transaction. In Tripline an after-create \
                hook raises the counter; the others do it by hand. The second line of Tripline keeps no traces.",
        n: 14_000,
        asked: Asked::All(&[Own {
            peer: OURS,
            work: "insert_counter_untraced",
            label: "tripline, without traces",
        }]),
    },
    Work {
        name: "insert_many",
        about: "10,000 users by one call, in one transaction. The second line of Tripline has a before-create hook \
                that checks each draft's name and an after-create hook that adds up each row's age.",
        n: 25,
        asked: Asked::All(&[Own {
            peer: OURS,
            work: "insert_many_hooks",
            label: "tripline, with two hooks",
        }]),
    },
    Work { name: "get_by_key", about: "One user by its key, of 10,000.", n: 180_000, asked: Asked::All(&[]) },
    Work {
        name: "parents_children",
        about: "20 users and their 200 posts, by two statements, grouped in memory.",
        n: 2_500,
        asked: Asked::All(&[]),
    },
    Work {
        name: "tasks64",
        about: "`insert_counter` from 64 tasks that share one database and await inside their transactions, every \
                commit on the disk before it is acknowledged: raw with `synchronous = FULL` under a mutex, Tripline \
                with grouped durability.",
        n: 2_560,
        asked: Asked::All(&[]),
    },
    Work {
        name: "update_10000",
        about: "10,000 users updated by one call. Three hooks that see no rows: one may reject, one checks what is set, one \
                gets the number of rows. Three that see rows: one checks what is set, one looks at each row before and \
                after, and one does so again after the commit. Raw's second line looks at each row before and after, by \
                a `SELECT` and `RETURNING`.",
        n: 40,
        asked: Asked::Some(&[
            Own { peer: BASE, work: "update_10000", label: "raw" },
            Own { peer: BASE, work: "update_10000_rows", label: "raw, rows before and after" },
            Own { peer: OURS, work: "update_10000", label: "tripline" },
            Own { peer: OURS, work: "update_10000_rowless", label: "tripline, three hooks that see no rows" },
            Own { peer: OURS, work: "update_10000_hooks", label: "tripline, three hooks that see rows" },
        ]),
    },
    Work {
        name: "hooks",
        about: "One user into a database in memory, with 1 and 11 observers whose hook does nothing. A tenth of the \
                difference is what a hook costs by itself.",
        n: 60_000,
        asked: Asked::Some(&[
            Own { peer: OURS, work: "hooks_1", label: "1 after-create hook" },
            Own { peer: OURS, work: "hooks_11", label: "11 after-create hooks" },
            Own { peer: OURS, work: "before_1", label: "1 before-create hook" },
            Own { peer: OURS, work: "before_11", label: "11 before-create hooks" },
        ]),
    },
];

impl Work {
    /// The lines of the table, for these peers.
    pub(super) fn lines(&self, peers: impl Iterator<Item = &'static str>) -> Vec<Line> {
        let of_own = |own: &Own| Line { peer: own.peer, asked: own.work, label: own.label };
        let mut lines = Vec::new();
        for peer in peers {
            let own = match self.asked {
                Asked::All(own) => {
                    lines.push(Line { peer, asked: self.name, label: peer });
                    own
                }
                Asked::Some(own) => own,
            };
            lines.extend(own.iter().filter(|own| own.peer == peer).map(of_own));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_works_stand_below_the_peer_that_has_them() {
        let labels = |i: usize| -> Vec<&str> {
            ALL[i].lines(["raw", "tripline", "sqlx"].into_iter()).iter().map(|line| line.label).collect()
        };
        assert_eq!(labels(0), ["raw", "tripline", "sqlx"]);
        assert_eq!(labels(1), ["raw", "tripline", "tripline, without traces", "sqlx"]);
        assert_eq!(labels(2), ["raw", "tripline", "tripline, with two hooks", "sqlx"]);
        assert_eq!(labels(6)[..3], ["raw", "raw, rows before and after", "tripline"]);
        assert_eq!(labels(7).len(), 4);
    }
}
