//! Nothing is read that was not sent, and what is read is whole.

use super::{Case, Violation};
use crate::history::Event;

const NAME: &str = "nothing is invented";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for (at, event) in case.events() {
        let Event::Read { partition, seen, .. } = event else { continue };
        for record in seen {
            if let Err(what) = &record.record {
                let what = format!("offset {}: {what}", record.offset);
                found.push(Violation {
                    invariant: NAME,
                    what,
                    partition: Some(partition.clone()),
                    at,
                });
            }
        }
    }
    for kept in case.kept {
        for record in &kept.records {
            if let Err(what) = &record.record {
                found.push(kept.violation(NAME, format!("offset {}: {what}", record.offset)));
            }
        }
    }
}
