//! What a deletion of records was acknowledged for stays away.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Case, Violation};
use crate::history::{Event, Partition};

const NAME: &str = "deleted records stay deleted";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut deleted: BTreeMap<&Partition, Vec<(i64, Duration)>> = BTreeMap::new();
    for (at, event) in case.events() {
        let (partition, lowest, since) = match event {
            Event::Delete { partition, before, answer: Ok(low) } => {
                if low < before {
                    let what = format!("asked to begin at {before}, it begins at {low}");
                    let partition = Some(partition.clone());
                    found.push(Violation { invariant: NAME, what, partition, at });
                }
                deleted.entry(partition).or_default().push((*low, at));
                continue;
            }
            Event::Ends { partition, asked_at, log_start, .. } => {
                (partition, Some(*log_start), *asked_at)
            }
            Event::Read { partition, seen, since } => {
                (partition, seen.iter().map(|seen| seen.offset).min(), *since)
            }
            _ => continue,
        };
        check_lowest(case, &deleted, (partition, lowest, since, at), found);
    }
    for kept in case.kept {
        let lowest = kept.records.first().map(|seen| seen.offset);
        let sight = (&kept.partition, lowest, kept.read_at, case.end);
        check_lowest(case, &deleted, sight, found);
    }
}

fn check_lowest(
    case: &Case<'_>,
    deleted: &BTreeMap<&Partition, Vec<(i64, Duration)>>,
    (partition, lowest, since, at): (&Partition, Option<i64>, Duration, Duration),
    found: &mut Vec<Violation>,
) {
    let Some(lowest) = lowest else { return };
    let of_it = deleted.get(partition).into_iter().flatten();
    let mut broken = of_it
        .filter(|(low, done)| lowest < *low && *done <= since && case.holds(partition, *done, at));
    if let Some((low, done)) = broken.next() {
        let what = format!("offset {lowest} is there; at {done:?} all before {low} were deleted");
        found.push(Violation { invariant: NAME, what, partition: Some(partition.clone()), at });
    }
}
