//! The window of records in flight.

use std::collections::BTreeMap;

use super::batch::Batch;
use super::record::{NEVER, RecordState};
use super::settings::Settings;
use super::write::Writes;

/// The records of one partition that a share group has out for delivery, on the leader of the
/// partition.
///
/// Whoever calls it reads the log and writes the state: [`acquire`](Self::acquire) is told what was
/// read from [`next_fetch_offset`](Self::next_fetch_offset) on; what returns a
/// [`StateWrite`](super::StateWrite) wants it written, and [`written`](Self::written) called.
#[derive(Debug)]
pub struct SharePartition {
    pub(super) leader_epoch: i32,
    pub(super) state_epoch: i32,
    /// The batches by their first offsets.
    pub(super) batches: BTreeMap<i64, Batch>,
    pub(super) start_offset: i64,
    /// The last offset that was acquired; without batches the next one to fetch.
    pub(super) end_offset: i64,
    /// Records below the end may be available again.
    pub(super) looks_back: bool,
    pub(super) gap: Option<Gap>,
    /// Records in flight whose delivery is complete.
    pub(super) complete: i64,
    pub(super) writes: Writes,
    /// No lock expires before.
    pub(super) first_lock_ms: i64,
}

/// Offsets of which the stored state does not speak: they were out for delivery when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The end offset as long as this counts.
    pub(super) end: i64,
    /// The first offset to look at.
    pub(super) start: i64,
}

impl SharePartition {
    /// Everything below is done.
    pub fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The last offset that was acquired; while nothing is in flight the next one to fetch.
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// The epoch of the partition's leader.
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    /// Batches in flight.
    pub fn batch_count(&self) -> usize {
        self.batches.len()
    }

    /// Records in flight (kafka-semantics 165).
    pub fn in_flight(&self) -> i64 {
        if self.batches.is_empty() { 0 } else { self.end_offset - self.start_offset + 1 }
    }

    /// Records in flight whose delivery is complete.
    pub fn delivery_complete_count(&self) -> i64 {
        self.complete
    }

    /// No lock expires before that; none if there are none.
    pub fn next_expiry_ms(&self) -> Option<i64> {
        (self.first_lock_ms != NEVER).then_some(self.first_lock_ms)
    }

    /// Whether there is room for more, or something below the end to deliver again.
    pub fn can_acquire(&mut self, settings: &Settings) -> bool {
        self.next_fetch_offset() != self.end_offset + 1
            || self.in_flight() < settings.max_record_locks
    }

    /// Where to read from the log: the first record that is available again, or the end.
    pub fn next_fetch_offset(&mut self) -> i64 {
        let last = self.batches.last_key_value().map(|(_, batch)| batch.last);
        if last.is_none_or(|last| self.start_offset > last) {
            self.looks_back = false;
            return self.end_offset;
        }
        if self.looks_back {
            if let Some(offset) = self.first_available() {
                return offset;
            }
            self.looks_back = false;
            // Nothing is between the stored stretches: the start may move over them now. Apache
            // Kafka leaves it where it is, and is stuck if the window is full.
            if self.gap.take().is_some() && self.advance_start() && self.batches.is_empty() {
                return self.end_offset;
            }
        }
        self.end_offset + 1
    }

    fn first_available(&self) -> Option<i64> {
        let mut gap_start = self.active_gap().map(|gap| gap.start);
        for (first, batch) in &self.batches {
            if let Some(start) = &mut gap_start {
                if first > start {
                    return Some(*start);
                }
                *start = (batch.last + 1).max(*start);
            }
            let available = batch.runs().iter().find(|run| run.held.is_available());
            if let Some(run) = available {
                return Some(run.first);
            }
        }
        None
    }

    pub(super) fn active_gap(&self) -> Option<Gap> {
        self.gap.filter(|gap| gap.end == self.end_offset)
    }

    /// Everything below `offset` has been fetched.
    pub(super) fn close_gap_before(&mut self, offset: i64) {
        let gap = self.active_gap().filter(|gap| offset <= gap.end);
        self.gap = gap.map(|gap| Gap { start: offset, ..gap });
    }

    /// How many offsets between two are in flight.
    pub(super) fn count_in_flight(&self, first: i64, last: i64) -> i64 {
        (last - first.max(self.start_offset) + 1).max(0)
    }

    /// A lock is taken until then.
    pub(super) fn locked_until(&mut self, until_ms: i64) {
        self.first_lock_ms = self.first_lock_ms.min(until_ms);
    }

    /// Whether the start offset is in the middle of a batch.
    pub(super) fn is_start_within(&self, first: i64, last: i64) -> bool {
        first < self.start_offset && last >= self.start_offset
    }

    /// Moves the start over what is done (kafka-semantics 165); whether it did.
    pub(super) fn advance_start(&mut self) -> bool {
        if !self.can_advance_start() {
            return false;
        }
        let (done, complete) = self.done_prefix();
        let Some(done) = done else { return false };
        let last = self.batches.last_key_value().map(|(_, batch)| batch.last);
        if last == Some(done) {
            self.start_offset = done + 1;
            self.end_offset = done + 1;
            self.batches.clear();
            self.complete = 0;
            return true;
        }
        let Some((first, batch)) = self.batches.range(..=done).next_back() else { return false };
        let (first, ends_batch) = (*first, batch.last == done);
        let next = match ends_batch {
            // Offsets between batches hold no records.
            true => self.batches.range(done + 1..).next().map_or(done + 1, |(first, _)| *first),
            false => done + 1,
        };
        let gap_start = self.active_gap().filter(|_| ends_batch).map(|gap| gap.start);
        self.start_offset = self.start_offset.max(next);
        if let Some(gap_start) = gap_start {
            self.start_offset = self.start_offset.min(gap_start);
        }
        self.complete -= complete;
        let stays = if ends_batch { done + 1 } else { first };
        self.batches = self.batches.split_off(&stays);
        true
    }

    fn can_advance_start(&self) -> bool {
        let Some((_, batch)) = self.batches.range(..=self.start_offset).next_back() else {
            return false;
        };
        let held = batch.at(self.start_offset);
        let held = held.or_else(|| batch.runs().last().map(|run| &run.held));
        held.is_some_and(|held| held.is_done())
    }

    /// The last offset of those done without interruption, and how many of them are in flight.
    fn done_prefix(&self) -> (Option<i64>, i64) {
        let (mut done, mut complete) = (None, 0);
        let gap = self.active_gap();
        for batch in self.batches.values() {
            if gap.is_some_and(|gap| batch.last >= gap.start) {
                break;
            }
            for run in batch.runs() {
                if !run.held.is_done() {
                    return (done, complete);
                }
                done = Some(run.last);
                complete += self.count_in_flight(run.first, run.last);
            }
        }
        (done, complete)
    }

    /// The states of all offsets in flight, for tests and tools.
    pub fn runs(&self) -> impl Iterator<Item = (i64, i64, RecordState, i16)> + '_ {
        self.batches.values().flat_map(Batch::runs).map(|run| {
            let held = &run.held;
            (run.first, run.last, held.state, held.delivery_count)
        })
    }
}
