//! Records come back without their member saying so (kafka-semantics 161, 164).

use wire::Str;

use super::record::{NEVER, RecordState};
use super::settings::Settings;
use super::window::SharePartition;
use super::write::{StateWrite, Stretch};

impl SharePartition {
    /// A member is gone: what it has becomes available, once the write is done.
    pub fn release(&mut self, member: &Str, settings: &Settings) -> Option<StateWrite> {
        let write = self.writes.next_id();
        let (start_offset, mut complete, mut stretches) = (self.start_offset, 0, Vec::new());
        for (key, batch) in &mut self.batches {
            let has = |held: &super::record::Held| held.member.as_ref() == Some(member);
            if !batch.runs().iter().any(|run| has(&run.held)) {
                continue;
            }
            // Records below the start are gone, those from there on are not.
            batch.tracked |= *key < start_offset && batch.last >= start_offset;
            for (first, last, target) in parts(*key, batch.last, start_offset) {
                batch.change(first, last, |run| {
                    if !has(&run.held) || run.held.state != RecordState::Acquired {
                        return;
                    }
                    run.held.begin(target, write, settings.delivery_count_limit);
                    if run.held.state.is_terminal() && run.first >= start_offset {
                        complete += run.len();
                    }
                    stretches.push(Stretch {
                        batch: *key,
                        first: run.first,
                        last: run.last,
                        state: run.held.state,
                        delivery_count: run.held.delivery_count,
                    });
                });
            }
        }
        self.complete += complete;
        self.write(stretches, true)
    }

    /// Takes records back whose locks have expired, at once. The write tells of it; what becomes of
    /// that changes nothing.
    pub fn expire(&mut self, settings: &Settings, now_ms: i64) -> Option<StateWrite> {
        let (start_offset, mut complete, mut stretches) = (self.start_offset, 0, Vec::new());
        let (mut looks_back, mut first_lock_ms) = (false, NEVER);
        for (key, batch) in &mut self.batches {
            let is_due = |held: &super::record::Held| {
                held.state == RecordState::Acquired && held.lock_until_ms <= now_ms
            };
            if batch.runs().iter().any(|run| is_due(&run.held)) {
                batch.tracked |= *key < start_offset && batch.last >= start_offset;
                for (first, last, target) in parts(*key, batch.last, start_offset) {
                    batch.change(first, last, |run| {
                        if !is_due(&run.held) {
                            return;
                        }
                        run.held.give_up(target, settings.delivery_count_limit);
                        looks_back |= run.held.state == RecordState::Available;
                        if run.held.state.is_terminal() && run.first >= start_offset {
                            complete += run.len();
                        }
                        stretches.push(Stretch {
                            batch: *key,
                            first: run.first,
                            last: run.last,
                            state: run.held.state,
                            delivery_count: run.held.delivery_count,
                        });
                    });
                }
            }
            // What is pending is looked at when its write is done.
            let acquired = batch.runs().iter().filter(|run| run.held.pending.is_none());
            let first = acquired.map(|run| run.held.lock_until_ms).min();
            first_lock_ms = first_lock_ms.min(first.unwrap_or(NEVER));
        }
        self.first_lock_ms = first_lock_ms;
        self.looks_back |= looks_back;
        self.complete += complete;
        self.write(stretches, false)
    }
}

/// The parts of a batch below the start offset and from there on, and what becomes of records there
/// that come back.
fn parts(first: i64, last: i64, start_offset: i64) -> [(i64, i64, RecordState); 2] {
    [
        (first, last.min(start_offset - 1), RecordState::Archived),
        (first.max(start_offset), last, RecordState::Available),
    ]
}
