//! The offset of a time is that of the first record as late.

use super::{Case, Violation};

const NAME: &str = "ListOffsets agrees with what is stored";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for kept in case.kept.iter().filter(|kept| !case.is_compacted(&kept.partition)) {
        for (timestamp, offset) in &kept.lookups {
            let first = kept.records.iter().find(|seen| seen.timestamp >= *timestamp);
            let expected = first.map_or(-1, |seen| seen.offset);
            // Retention may have come in between.
            let gone = case.may_delete(&kept.partition) && (*offset < 0 || *offset > expected);
            if *offset != expected && !gone {
                let what = format!("timestamp {timestamp} is at {expected}, told is {offset}");
                found.push(kept.violation(NAME, what));
            }
        }
    }
}
