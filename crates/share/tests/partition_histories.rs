//! Random histories of a share partition, and what has to hold in all of them.

use std::collections::{BTreeMap, BTreeSet};

use share::coordinator::ReadState;
use share::partition::{
    Acknowledgement, Acquire, AcquireMode, Fetched, FetchedBatch, RecordState, Settings,
    SharePartition, StateWrite,
};
use share::{StateBatch, combine};
use wire::Str;

const LOG_END: i64 = 600;
const MEMBERS: [&str; 3] = ["a", "b", "c"];

/// A small generator of numbers, the same for a seed every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1).unsigned_abs()) as i64
    }
}

struct History {
    dice: Dice,
    partition: SharePartition,
    settings: Settings,
    log: Vec<FetchedBatch>,
    now_ms: i64,
    /// Who has an offset, as far as the members know, and until when.
    held: BTreeMap<i64, (&'static str, i64)>,
    writes: Vec<StateWrite>,
    /// Offsets whose acceptance is durable.
    accepted: BTreeSet<i64>,
    delivered: BTreeMap<i64, i16>,
    stored: ReadState,
}

fn log_batches(dice: &mut Dice) -> Vec<FetchedBatch> {
    let (mut base_offset, mut batches) = (0, Vec::new());
    while base_offset < LOG_END {
        let last_offset = base_offset + dice.below(12);
        batches.push(FetchedBatch {
            base_offset,
            last_offset,
            producer_id: None,
            is_transactional: false,
            is_abort_marker: false,
        });
        base_offset = last_offset + 1;
    }
    batches
}

impl History {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed * 7_919 + 1);
        let log = log_batches(&mut dice);
        let settings = Settings {
            max_record_locks: 20 + dice.below(60),
            delivery_count_limit: 2 + dice.below(5) as i16,
            ..Settings::default()
        };
        let stored = ReadState { state_epoch: 0, start_offset: 0, batches: Vec::new() };
        let partition = SharePartition::new(0, &stored, 0).expect("a state");
        Self {
            dice,
            partition,
            settings,
            log,
            now_ms: 0,
            held: BTreeMap::new(),
            writes: Vec::new(),
            accepted: BTreeSet::new(),
            delivered: BTreeMap::new(),
            stored,
        }
    }

    fn acquire(&mut self) {
        if !self.partition.can_acquire(&self.settings) {
            return;
        }
        let offset = self.partition.next_fetch_offset();
        let from = self.log.partition_point(|batch| batch.last_offset < offset);
        let to = (from + 1 + self.dice.below(6) as usize).min(self.log.len());
        let member = MEMBERS[self.dice.below(3) as usize];
        let mode = [AcquireMode::BatchOptimized, AcquireMode::RecordLimit];
        let ask = Acquire {
            member: Str::from(member),
            mode: mode[self.dice.below(2) as usize],
            batch_size: 1 + self.dice.below(20) as i32,
            max_records: 1 + self.dice.below(30),
        };
        let fetched = Fetched { offset, batches: &self.log[from..to], aborted: &[] };
        let acquired = self.partition.acquire(&ask, fetched, &self.settings, self.now_ms);
        let until = self.now_ms + self.settings.record_lock_duration_ms;
        let mut count = 0;
        for range in acquired.ranges {
            for offset in range.first_offset..=range.last_offset {
                let before = self.held.insert(offset, (member, until));
                let is_free = before.is_none_or(|(_, until)| until <= self.now_ms);
                assert!(is_free, "{offset} is with {before:?} and {member}");
                assert!(!self.accepted.contains(&offset), "{offset} was accepted");
                let times = self.delivered.entry(offset).or_default();
                assert!(range.delivery_count > *times, "{offset}: {times} and {range:?}");
                *times = range.delivery_count;
                assert!(*times <= self.settings.delivery_count_limit.max(1), "{offset}");
                count += 1;
            }
        }
        assert_eq!(count, acquired.count);
        assert!(ask.mode == AcquireMode::BatchOptimized || count <= ask.max_records);
    }

    fn acknowledge(&mut self) {
        let member = MEMBERS[self.dice.below(3) as usize];
        let theirs = self.held.iter().filter(|(_, (owner, _))| *owner == member);
        let theirs: Vec<i64> = theirs.map(|(offset, _)| *offset).collect();
        if theirs.is_empty() {
            return;
        }
        let first = theirs[self.dice.below(theirs.len() as i64) as usize];
        let mut last = first;
        while theirs.contains(&(last + 1)) && self.dice.below(4) > 0 {
            last += 1;
        }
        let types: Vec<i8> = match self.dice.below(2) {
            0 => vec![self.dice.below(5) as i8],
            _ => (first..=last).map(|_| self.dice.below(5) as i8).collect(),
        };
        let ack = Acknowledgement { first_offset: first, last_offset: last, types: types.clone() };
        let result =
            self.partition.acknowledge(&Str::from(member), &[ack], &self.settings, self.now_ms);
        let Ok(write) = result else {
            // Late for at least one of them, or told already.
            return;
        };
        for (place, offset) in (first..=last).enumerate() {
            if types.len() == 1 && types[0] == 4 || types.get(place) == Some(&4) {
                let until = self.now_ms + self.settings.record_lock_duration_ms;
                self.held.insert(offset, (member, until));
            }
        }
        self.writes.extend(write);
    }

    fn finish(&mut self) {
        if self.writes.is_empty() {
            return;
        }
        let place = self.dice.below(self.writes.len() as i64) as usize;
        let write = self.writes.remove(place);
        let is_written = self.dice.below(5) > 0;
        self.partition.written(write.id, is_written, self.now_ms);
        if !is_written {
            return;
        }
        let before = std::mem::take(&mut self.stored.batches);
        self.stored.start_offset = self.stored.start_offset.max(write.start_offset);
        let batches = before.into_iter().chain(write.batches.iter().copied());
        self.stored.batches = combine(batches, self.stored.start_offset);
        for StateBatch { first_offset, last_offset, delivery_state, .. } in write.batches {
            for offset in first_offset..=last_offset {
                self.held.remove(&offset);
                if delivery_state == RecordState::Acknowledged.id() {
                    self.accepted.insert(offset);
                }
            }
        }
    }

    fn check(&self) {
        let (mut complete, mut behind) = (0, i64::MIN);
        for (first, last, state, _) in self.partition.runs() {
            assert!(first > behind && last >= first, "{first} {last} behind {behind}");
            behind = last;
            if matches!(state, RecordState::Acknowledged | RecordState::Archived) {
                complete += (last - first.max(self.partition.start_offset()) + 1).max(0);
            }
        }
        assert_eq!(complete, self.partition.delivery_complete_count());
        assert!(self.partition.in_flight() <= self.settings.max_record_locks + 12 * 6);
        for offset in self.stored.start_offset..self.partition.start_offset() {
            assert!(!self.held.contains_key(&offset) || self.partition.start_offset() > offset);
        }
    }

    fn step(&mut self) {
        match self.dice.below(20) {
            0..6 => self.acquire(),
            6..12 => self.acknowledge(),
            12..17 => self.finish(),
            17 => {
                let member = Str::from(MEMBERS[self.dice.below(3) as usize]);
                let write = self.partition.release(&member, &self.settings);
                self.held.retain(|_, (owner, _)| *member != **owner);
                self.writes.extend(write);
            }
            18 => {
                self.now_ms += self.dice.below(20_000);
                self.writes.extend(self.partition.expire(&self.settings, self.now_ms));
            }
            _ => {
                if self.dice.below(40) == 0 {
                    self.restart();
                }
            }
        }
        self.check();
    }

    /// Another leader goes on from what is stored.
    fn restart(&mut self) {
        let state = self.stored.clone();
        self.partition = SharePartition::new(1, &state, state.start_offset).expect("a state");
        self.writes.clear();
        self.held.clear();
        self.delivered.clear();
    }

    /// Everybody accepts until nothing is left.
    fn drain(&mut self) {
        for _ in 0..5_000 {
            self.now_ms += self.settings.record_lock_duration_ms;
            self.writes.extend(self.partition.expire(&self.settings, self.now_ms));
            for write in std::mem::take(&mut self.writes) {
                self.partition.written(write.id, true, self.now_ms);
            }
            self.held.clear();
            self.acquire();
            let held: Vec<(i64, &str)> =
                self.held.iter().map(|(offset, (member, _))| (*offset, *member)).collect();
            for (offset, member) in held {
                let ack =
                    Acknowledgement { first_offset: offset, last_offset: offset, types: vec![1] };
                let member = Str::copy_from(member);
                let write =
                    self.partition.acknowledge(&member, &[ack], &self.settings, self.now_ms);
                let write = write.expect("acquired just now").expect("something to write");
                self.partition.written(write.id, true, self.now_ms);
            }
            self.held.clear();
            self.check();
            let end = self.log.last().map_or(0, |batch| batch.last_offset + 1);
            if self.partition.start_offset() == end {
                assert_eq!(self.partition.in_flight(), 0);
                return;
            }
        }
        panic!("records are left: {:?}", self.partition);
    }
}

/// kafka-semantics 160, 161, 165, 168: nobody gets what another has, nothing accepted is delivered
/// again, nothing is delivered too often, and in the end nothing is left.
#[test]
fn histories_hold_what_is_promised() {
    for seed in 0..400 {
        let mut history = History::new(seed);
        for _ in 0..400 {
            history.step();
        }
        history.drain();
    }
}
