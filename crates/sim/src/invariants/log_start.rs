//! The start of a log never goes back, and stays where nothing may be deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Case, Violation};
use crate::history::{Event, Partition};

const NAME: &str = "the start of a log never goes back";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut starts: BTreeMap<&Partition, (i64, Duration)> = BTreeMap::new();
    let told = case.events().filter_map(|(at, event)| match event {
        Event::Ends { partition, asked_at, log_start, .. } => {
            Some((partition, *asked_at, *log_start, at))
        }
        _ => None,
    });
    let at_last = case.kept.iter().map(|k| (&k.partition, k.read_at, k.log_start, k.read_at));
    for (partition, asked_at, log_start, at) in told.chain(at_last) {
        let mut wrong = |what| {
            let partition = Some(partition.clone());
            found.push(Violation { invariant: NAME, what, partition, at });
        };
        let (highest, since) = *starts.get(partition).unwrap_or(&(0, Duration::ZERO));
        if log_start < highest && since <= asked_at && case.holds(partition, since, at) {
            wrong(format!("it was {highest} at {since:?}, now it is {log_start}"));
        }
        if log_start > 0 && !case.may_delete(partition) && !case.is_compacted(partition) {
            wrong(format!("it is {log_start}, though nothing may be deleted"));
        }
        starts.insert(partition, (log_start, at));
    }
}
