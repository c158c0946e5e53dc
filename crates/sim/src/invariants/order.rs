//! Records of one producer are in the order in which it sent them. Retries of a producer that is
//! not idempotent may add later copies.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Violation};

const NAME: &str = "records are in order";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for kept in case.kept {
        let mut seen = BTreeSet::new();
        let mut last: BTreeMap<(usize, usize), (u64, i64)> = BTreeMap::new();
        for (offset, id) in kept.by_offset() {
            if !seen.insert(id) {
                continue;
            }
            let producer = case.history.sent[id as usize].producer;
            if let Some((before, at)) = last.insert(producer, (id, offset))
                && before > id
            {
                let what = format!("record {id} at {offset} was sent before {before} at {at}");
                found.push(kept.violation(NAME, what));
            }
        }
    }
}
