//! A record of an idempotent producer is there at most once, whatever was retried.

use std::collections::BTreeMap;

use super::{Case, Violation};

const NAME: &str = "no duplicates from idempotent producers";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for kept in case.kept {
        let mut first: BTreeMap<u64, i64> = BTreeMap::new();
        for (offset, id) in kept.by_offset() {
            if !case.history.sent[id as usize].idempotent {
                continue;
            }
            if let Some(before) = first.insert(id, offset) {
                let what = format!("record {id} is at {before} and at {offset}");
                found.push(kept.violation(NAME, what));
            }
        }
    }
}
