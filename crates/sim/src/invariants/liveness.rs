//! When faults are over everybody gets on; and a process ends only when it is made to, or when a
//! disk fails.

use std::collections::BTreeSet;

use super::{Case, Violation};
use crate::history::{Entry, Event};

const NAME: &str = "the node gets on";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let (mut quiet, mut disk_fails) = (false, 0_i32);
    let mut got_on = BTreeSet::new();
    let mut ended = false;
    for Entry { at, client, event } in &case.history.entries {
        match event {
            Event::Phase("quiet") => quiet = true,
            Event::Phase("end") => ended = true,
            Event::Phase(_) => {}
            Event::Fault(fault) if fault.starts_with("Disk") => {
                let ends = fault.starts_with("DiskFreed") || fault.starts_with("DiskHealed");
                disk_fails += if ends { -1 } else { 1 };
            }
            Event::Fault(fault) if fault.starts_with("everything is healed") => disk_fails = 0,
            Event::Down(reason) if quiet || (disk_fails == 0 && !is_asked_for(reason)) => {
                let what = format!("it ended: {reason}");
                found.push(Violation { invariant: NAME, what, partition: None, at: *at });
            }
            Event::Progress(_) if quiet && !ended => {
                got_on.extend(*client);
            }
            _ => {}
        }
    }
    if !ended {
        return;
    }
    for (nth, client) in case.plan.clients.iter().enumerate() {
        if !got_on.contains(&nth) {
            let what = format!("client {nth} did not get on after the faults: {client:?}");
            found.push(Violation { invariant: NAME, what, partition: None, at: case.end });
        }
    }
}

fn is_asked_for(reason: &str) -> bool {
    ["killed", "stopped", "asked to stop before it served"].contains(&reason)
}
