//! What must hold of every history, one file each.

mod acknowledged;
mod commits;
mod compaction;
mod contiguous;
mod deleted;
mod duplicates;
mod high_watermark;
mod invented;
mod liveness;
mod log_start;
mod order;
mod stable;
mod timestamps;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::audit::Kept;
use crate::history::{Entry, Event, Fate, Partition, Recorded, Sent};
use crate::plan::{Cleanup, ClientPlan, Plan, TopicPlan};

/// Something that must not be.
#[derive(Debug, Clone)]
pub struct Violation {
    /// The rule.
    pub invariant: &'static str,
    /// How it is broken.
    pub what: String,
    /// Where, if in one partition.
    pub partition: Option<Partition>,
    /// When it showed.
    pub at: Duration,
}

/// Holds all invariants against a run.
#[must_use]
pub fn check(plan: &Plan, history: &Recorded, kept: &[Kept]) -> Vec<Violation> {
    let case = Case::new(plan, history, kept);
    let mut found = Vec::new();
    for Entry { at, event, .. } in &history.entries {
        if let Event::Wrong { invariant, what } = event {
            found.push(Violation { invariant, what: what.clone(), partition: None, at: *at });
        }
    }
    for check in [
        acknowledged::check,
        commits::check,
        compaction::check,
        contiguous::check,
        deleted::check,
        duplicates::check,
        high_watermark::check,
        invented::check,
        liveness::check,
        log_start::check,
        order::check,
        stable::check,
        timestamps::check,
    ] {
        check(&case, &mut found);
    }
    found
}

/// A run as checkers look at it.
pub(crate) struct Case<'a> {
    plan: &'a Plan,
    history: &'a Recorded,
    kept: &'a [Kept],
    losses: Vec<Duration>,
    end: Duration,
}

impl<'a> Case<'a> {
    fn new(plan: &'a Plan, history: &'a Recorded, kept: &'a [Kept]) -> Self {
        let end = history.entries.last().map_or(Duration::ZERO, |entry| entry.at);
        Self { plan, history, kept, losses: history.power_losses().collect(), end }
    }

    /// How often the power went before that time.
    fn era(&self, at: Duration) -> usize {
        self.losses.iter().filter(|loss| **loss < at).count()
    }

    fn topic(&self, partition: &Partition) -> Option<&'a TopicPlan> {
        self.plan.topic(&partition.0)
    }

    /// Whether a power loss may take what was acknowledged there.
    fn may_lose(&self, partition: &Partition) -> bool {
        self.topic(partition).is_none_or(|topic| !topic.flushed)
    }

    /// Whether what was acknowledged at one time must still be there at a later one.
    fn holds(&self, partition: &Partition, from: Duration, to: Duration) -> bool {
        !self.may_lose(partition) || self.era(from) == self.era(to)
    }

    /// Whether records at the start of the log may go.
    fn may_delete(&self, partition: &Partition) -> bool {
        let Some(nth) = self.plan.topics.iter().position(|topic| topic.name == partition.0) else {
            return true;
        };
        let deletes =
            |client: &ClientPlan| matches!(client, ClientPlan::Deleter { topic } if *topic == nth);
        self.plan.topics[nth].cleanup == Cleanup::Retention || self.plan.clients.iter().any(deletes)
    }

    fn is_compacted(&self, partition: &Partition) -> bool {
        self.topic(partition).is_some_and(|topic| topic.cleanup == Cleanup::Compact)
    }

    /// Records sent to a partition that were acknowledged, with their numbers.
    fn acknowledged(&self, partition: &Partition) -> impl Iterator<Item = (u64, &'a Sent)> {
        let of_it = self.sent_to(partition);
        of_it.filter(|(_, sent)| sent.fate == Fate::Done)
    }

    fn sent_to(&self, partition: &Partition) -> impl Iterator<Item = (u64, &'a Sent)> {
        let partition = partition.clone();
        let numbered = (0..).zip(&self.history.sent);
        numbered.filter(move |(_, sent)| sent.partition == partition)
    }

    /// Events about a partition, with their times.
    fn events(&self) -> impl Iterator<Item = (Duration, &'a Event)> {
        self.history.entries.iter().map(|entry| (entry.at, &entry.event))
    }
}

impl Kept {
    /// The offset of the first record that is there.
    fn first_offset(&self) -> i64 {
        self.records.first().map_or(self.end, |seen| seen.offset)
    }

    /// Records by offset; what cannot be read as one of ours is left out.
    fn by_offset(&self) -> BTreeMap<i64, u64> {
        let of_ours =
            self.records.iter().filter_map(|seen| Some((seen.offset, seen.record.clone().ok()?)));
        of_ours.collect()
    }

    fn violation(&self, invariant: &'static str, what: String) -> Violation {
        Violation { invariant, what, partition: Some(self.partition.clone()), at: self.read_at }
    }
}
