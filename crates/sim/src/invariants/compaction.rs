//! Of a key in a compacted topic the last record is there; a tombstone at least as long as
//! `delete.retention.ms` says.

use std::collections::BTreeMap;

use super::{Case, Violation};
use crate::audit::Kept;
use crate::history::{Fate, Sent};

const NAME: &str = "the last record of a key stays";

/// Runs are shorter than this.
const LONG_MS: &str = "86400000";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for kept in case.kept.iter().filter(|kept| case.is_compacted(&kept.partition)) {
        check_partition(case, kept, found);
    }
}

fn check_partition(case: &Case<'_>, kept: &Kept, found: &mut Vec<Violation>) {
    let Some(topic) = case.topic(&kept.partition) else { return };
    let long = ("delete.retention.ms", LONG_MS.to_owned());
    let keeps_tombstones = topic.settings.contains(&long);
    // A key belongs to one client, so its records were sent in the order of their numbers.
    let mut by_key: BTreeMap<&str, Vec<(u64, &Sent)>> = BTreeMap::new();
    for (id, sent) in case.sent_to(&kept.partition) {
        by_key.entry(sent.key.as_deref().unwrap_or_default()).or_default().push((id, sent));
    }
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for id in kept.by_offset().into_values() {
        let key = case.history.sent[id as usize].key.as_deref().unwrap_or_default();
        last.insert(key, id);
    }
    for (key, sent) in by_key {
        let firm = sent.iter().rev().find(|(_, sent)| {
            sent.fate == Fate::Done && case.holds(&kept.partition, sent.settled_at, case.end)
        });
        let Some((firm, _)) = firm else { continue };
        let mut since = sent.iter().filter(|(id, _)| id >= firm);
        let holds = match last.get(key) {
            Some(last) => last >= firm,
            None => !keeps_tombstones && since.any(|(_, sent)| sent.tombstone),
        };
        if !holds {
            let last = last.get(key);
            let what = format!("key {key} ends with record {last:?}, acknowledged was {firm}");
            let at = case.history.sent[*firm as usize].settled_at;
            found.push(Violation { at, ..kept.violation(NAME, what) });
        }
    }
}
