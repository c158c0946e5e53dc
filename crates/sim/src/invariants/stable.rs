//! The record at an offset is always the same one, until a power loss takes it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Case, Violation};
use crate::history::{Event, Partition};

const NAME: &str = "a record at an offset never changes";

/// A record that was at an offset at some time between two.
#[derive(Clone, Copy)]
struct Sight {
    id: u64,
    since: Duration,
    at: Duration,
    acknowledged: bool,
}

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut sights: BTreeMap<(&Partition, i64), Vec<Sight>> = BTreeMap::new();
    for (at, event) in case.events() {
        match event {
            Event::Settled(id) => {
                let sent = &case.history.sent[*id as usize];
                if let Some(offset) = sent.offset {
                    let sight = Sight { id: *id, since: at, at, acknowledged: true };
                    look(case, &mut sights, (&sent.partition, offset), sight, found);
                }
            }
            Event::Read { partition, seen, since } => {
                for seen in seen {
                    let Ok(id) = seen.record else { continue };
                    let sight = Sight { id, since: *since, at, acknowledged: false };
                    look(case, &mut sights, (partition, seen.offset), sight, found);
                }
            }
            _ => {}
        }
    }
    for kept in case.kept {
        for (offset, id) in kept.by_offset() {
            let sight = Sight { id, since: kept.read_at, at: case.end, acknowledged: false };
            look(case, &mut sights, (&kept.partition, offset), sight, found);
        }
    }
}

fn look<'a>(
    case: &Case<'_>,
    sights: &mut BTreeMap<(&'a Partition, i64), Vec<Sight>>,
    (partition, offset): (&'a Partition, i64),
    sight: Sight,
    found: &mut Vec<Violation>,
) {
    if case.topic(partition).is_none() {
        // A topic that comes and goes has many records at an offset.
        return;
    }
    let before = sights.entry((partition, offset)).or_default();
    // A power loss within reach of either sight may explain the change.
    let explained = |other: &Sight| {
        let acknowledged = other.acknowledged && sight.acknowledged;
        let lossy = case.may_lose(partition) || !acknowledged;
        lossy && case.era(other.since) != case.era(sight.at)
    };
    let other = before.iter().find(|other| other.id != sight.id && !explained(other));
    if let Some(other) = other {
        let what = format!(
            "offset {offset} has record {}, at {:?} it had {}",
            sight.id, other.at, other.id
        );
        let partition = Some(partition.clone());
        found.push(Violation { invariant: NAME, what, partition, at: sight.at });
    }
    before.push(sight);
}
