//! Offsets rise by one from record to record, from the start of the log to its end; compaction may
//! leave holes.

use super::{Case, Violation};

const NAME: &str = "offsets have no holes and no repetitions";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for kept in case.kept {
        let compacted = case.is_compacted(&kept.partition);
        let mut next = match case.may_delete(&kept.partition) || compacted {
            true => kept.first_offset(),
            false => kept.log_start,
        };
        for seen in &kept.records {
            if seen.offset < next || (seen.offset > next && !compacted) {
                let what = format!("offset {} comes where {next} is due", seen.offset);
                found.push(kept.violation(NAME, what));
            }
            next = seen.offset + 1;
        }
        if next > kept.end || (next < kept.end && !compacted) {
            let what = format!("records end before {next}, the log at {}", kept.end);
            found.push(kept.violation(NAME, what));
        }
    }
}
