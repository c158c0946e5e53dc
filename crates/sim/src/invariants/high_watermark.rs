//! The end of a log that is told is never behind what was acknowledged or read before.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Case, Violation};
use crate::history::{Event, Partition};

const NAME: &str = "the high watermark is not behind what was served";

/// An offset that was acknowledged or served, and when.
struct Served {
    offset: i64,
    since: Duration,
    at: Duration,
    acknowledged: bool,
}

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut served: BTreeMap<&Partition, Vec<Served>> = BTreeMap::new();
    for (at, event) in case.events() {
        match event {
            Event::Settled(id) => {
                let sent = &case.history.sent[*id as usize];
                if let Some(offset) = sent.offset {
                    let of = served.entry(&sent.partition).or_default();
                    of.push(Served { offset, since: at, at, acknowledged: true });
                }
            }
            Event::Read { partition, seen, since } => {
                let offset = seen.iter().map(|seen| seen.offset).max();
                let of = served.entry(partition).or_default();
                of.extend(offset.map(|offset| Served {
                    offset,
                    since: *since,
                    at,
                    acknowledged: false,
                }));
            }
            Event::Ends { partition, asked_at, end, .. } => {
                check_end(case, &served, (partition, *asked_at, *end, at), found);
            }
            _ => {}
        }
    }
    for kept in case.kept {
        let end = (&kept.partition, kept.read_at, kept.end, case.end);
        check_end(case, &served, end, found);
    }
}

fn check_end(
    case: &Case<'_>,
    served: &BTreeMap<&Partition, Vec<Served>>,
    (partition, asked_at, end, at): (&Partition, Duration, i64, Duration),
    found: &mut Vec<Violation>,
) {
    // What was only read may not have been flushed yet.
    let holds = |one: &&Served| match one.acknowledged {
        true => case.holds(partition, one.since, at),
        false => case.era(one.since) == case.era(at),
    };
    let of_it = served.get(partition).into_iter().flatten();
    let before = of_it.filter(|one| one.at <= asked_at && one.offset >= end);
    if let Some(one) = before.into_iter().find(holds) {
        let what =
            format!("offset {} was served at {:?}, now the end is {end}", one.offset, one.at);
        found.push(Violation { invariant: NAME, what, partition: Some(partition.clone()), at });
    }
}
