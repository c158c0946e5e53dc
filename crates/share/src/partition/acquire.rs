//! A member acquires records (kafka-semantics 160, 166).

use wire::Str;

use super::aborted::AbortedTransaction;
use super::batch::{Batch, Run};
use super::record::{Held, RecordState};
use super::settings::Settings;
use super::window::SharePartition;

/// How many records a member may get at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcquireMode {
    /// As many as asked for, or what is left of the batch that holds the last of them.
    BatchOptimized,
    /// Not one more than asked for (KIP-1206).
    RecordLimit,
}

/// What a member asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquire {
    /// Who asks.
    pub member: Str,
    /// What the limit means.
    pub mode: AcquireMode,
    /// Records after which a new range begins, where a batch of the log ends.
    pub batch_size: i32,
    /// Records wanted at most.
    pub max_records: i64,
}

/// A batch of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchedBatch {
    /// Its first offset.
    pub base_offset: i64,
    /// Its last offset.
    pub last_offset: i64,
    /// Its producer, if it has one.
    pub producer_id: Option<i64>,
    /// It is part of a transaction.
    pub is_transactional: bool,
    /// It is the marker of an aborted transaction.
    pub is_abort_marker: bool,
}

/// What was read of the log from an offset on.
#[derive(Clone, Copy, Debug)]
pub struct Fetched<'a> {
    /// Where the read began.
    pub offset: i64,
    /// The batches, at least those that could be acquired; the first may begin before.
    pub batches: &'a [FetchedBatch],
    /// For groups that see committed records only, the aborted transactions among them.
    pub aborted: &'a [AbortedTransaction],
}

/// Records that a member has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquiredRange {
    /// The first offset.
    pub first_offset: i64,
    /// The last offset.
    pub last_offset: i64,
    /// How often they were delivered, this time included.
    pub delivery_count: i16,
}

impl AcquiredRange {
    fn new(first_offset: i64, last_offset: i64, delivery_count: i16) -> Self {
        Self { first_offset, last_offset, delivery_count }
    }

    /// How many offsets it has.
    #[expect(clippy::len_without_is_empty, reason = "there are no empty ranges")]
    pub fn len(&self) -> i64 {
        self.last_offset - self.first_offset + 1
    }
}

/// What a member got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acquired {
    /// The records, in order.
    pub ranges: Vec<AcquiredRange>,
    /// How many there are.
    pub count: i64,
}

impl Acquired {
    fn push(&mut self, range: AcquiredRange) {
        self.count += range.len();
        self.ranges.push(range);
    }

    fn append(&mut self, other: Self) {
        self.count += other.count;
        self.ranges.extend(other.ranges);
    }
}

/// One turn of acquiring.
struct Turn<'a> {
    ask: &'a Acquire,
    fetched: &'a [FetchedBatch],
    /// The first offset of what was fetched.
    first_offset: i64,
    /// The last offset to acquire.
    last_offset: i64,
    settings: &'a Settings,
    lock_until_ms: i64,
}

impl Turn<'_> {
    fn has_record_limit(&self) -> bool {
        self.ask.mode == AcquireMode::RecordLimit
    }

    /// The last offset of the batch of the log that holds an offset.
    fn end_of_batch(&self, offset: i64) -> i64 {
        let before = self.fetched.partition_point(|batch| batch.base_offset <= offset);
        let batch = before.checked_sub(1).and_then(|place| self.fetched.get(place));
        batch.map_or(offset, |batch| batch.last_offset.max(offset))
    }
}

impl SharePartition {
    /// Gives records to a member: those of what was fetched that are available, and those that
    /// nobody had yet as far as there is room.
    pub fn acquire(
        &mut self,
        ask: &Acquire,
        fetched: Fetched<'_>,
        settings: &Settings,
        now_ms: i64,
    ) -> Acquired {
        let (Some(first), Some(last)) = (fetched.batches.first(), fetched.batches.last()) else {
            return Acquired::default();
        };
        if ask.max_records <= 0 || last.last_offset < self.start_offset {
            return Acquired::default();
        }
        let (last_offset, max_records) =
            self.room(fetched.offset, ask.max_records, last.last_offset, settings);
        if max_records <= 0 {
            return Acquired::default();
        }
        self.archive_stale(fetched.offset, first.base_offset);
        let turn = Turn {
            ask,
            fetched: fetched.batches,
            first_offset: first.base_offset,
            last_offset,
            settings,
            lock_until_ms: now_ms.saturating_add(settings.record_lock_duration_ms),
        };
        let acquired = self.acquire_within(&turn, max_records);
        if acquired.ranges.is_empty() {
            return acquired;
        }
        self.locked_until(turn.lock_until_ms);
        self.without_aborted(acquired, fetched.batches, fetched.aborted)
    }

    /// The last offset that may be acquired and how many records (kafka-semantics 165). What is
    /// below the end can be acquired whatever is in flight.
    fn room(
        &self,
        fetch_offset: i64,
        max_records: i64,
        last_offset: i64,
        settings: &Settings,
    ) -> (i64, i64) {
        let room = max_records.min(settings.max_record_locks - self.in_flight());
        if room > 0 || fetch_offset > self.end_offset {
            return (last_offset, room);
        }
        let below_end = self.end_offset - fetch_offset + 1;
        (last_offset.min(self.end_offset), max_records.min(below_end))
    }

    fn acquire_within(&mut self, turn: &Turn<'_>, mut max_records: i64) -> Acquired {
        let mut base_offset = turn.first_offset;
        match self.batches.range(..=base_offset).next_back() {
            None => base_offset = base_offset.max(self.start_offset),
            Some((first, batch)) if batch.last >= base_offset => base_offset = *first,
            Some(_) => {}
        }
        let from = turn.first_offset.min(base_offset);
        if from > turn.last_offset {
            return Acquired::default();
        }
        let known: Vec<i64> =
            self.batches.range(from..=turn.last_offset).map(|(k, _)| *k).collect();
        let mut acquired = Acquired::default();
        let mut gap_start = base_offset;
        let mut end = base_offset - 1;
        for first in &known {
            if acquired.count >= max_records {
                break;
            }
            let Some(batch) = self.batches.get(first) else { continue };
            let last = batch.last;
            end = last;
            if self.active_gap().is_some() {
                if gap_start < *first {
                    let left = max_records - acquired.count;
                    acquired.append(self.acquire_new(turn, gap_start, first - 1, left));
                }
                gap_start = last + 1;
                if acquired.count >= max_records {
                    break;
                }
            }
            let is_throttled = self.is_throttled(*first, turn);
            if is_throttled && acquired.count > 0 {
                max_records = 0;
                break;
            }
            let left = max_records - acquired.count;
            let before = acquired.count;
            self.acquire_known(turn, *first, left, is_throttled, &mut acquired);
            if is_throttled && acquired.count > before {
                max_records = 0;
                break;
            }
        }
        // Where the loop ended early there is nothing left to acquire.
        if acquired.count < max_records && end < turn.last_offset {
            let left = max_records - acquired.count;
            acquired.append(self.acquire_new(turn, end + 1, turn.last_offset, left));
        }
        if let Some(range) = acquired.ranges.last().filter(|_| !known.is_empty()) {
            self.close_gap_before(range.last_offset + 1);
        }
        acquired
    }

    /// Acquires what is available of a batch that is known already.
    fn acquire_known(
        &mut self,
        turn: &Turn<'_>,
        first: i64,
        left: i64,
        is_throttled: bool,
        acquired: &mut Acquired,
    ) {
        let Some(batch) = self.batches.get_mut(&first) else { return };
        let last = batch.last;
        let is_within = first >= turn.first_offset && last <= turn.last_offset;
        let is_too_large = turn.has_record_limit() && batch.len(first) > left;
        let in_parts = !is_within || is_too_large || is_throttled;
        if let Some(whole) = batch.whole_mut() {
            if !whole.is_available() {
                return;
            }
            if !in_parts {
                whole.acquire(&turn.ask.member, turn.lock_until_ms);
                acquired.push(AcquiredRange::new(first, last, whole.delivery_count));
                return;
            }
            batch.tracked = true;
        }
        acquire_parts(batch, first, turn, left, acquired);
    }

    /// Whether records of a batch were delivered so often that they come in small company.
    fn is_throttled(&self, first: i64, turn: &Turn<'_>) -> bool {
        let Some(batch) = self.batches.get(&first) else { return false };
        let limit = turn.settings.throttle_from();
        let is_often = |held: &Held| held.is_available() && held.delivery_count >= limit;
        match batch.whole() {
            Some(whole) => is_often(whole),
            None => batch
                .between(turn.first_offset, turn.last_offset)
                .iter()
                .any(|run| is_often(&run.held)),
        }
    }

    /// Acquires records that nobody had yet, by whole batches of the log.
    fn acquire_new(
        &mut self,
        turn: &Turn<'_>,
        first: i64,
        last: i64,
        max_records: i64,
    ) -> Acquired {
        let first = if self.batches.is_empty() { first.max(self.end_offset) } else { first };
        let mut last_acquired = last;
        if max_records < last - first + 1 {
            last_acquired = turn.end_of_batch(first + max_records - 1);
            if self.active_gap().is_some() {
                last_acquired = last_acquired.min(last);
            }
        }
        if last_acquired < first {
            return Acquired::default();
        }
        let ranges = self.create_batches(turn, first, last_acquired, max_records);
        if self.batches.first_key_value().is_some_and(|(key, _)| *key == first) {
            self.start_offset = first;
        }
        self.end_offset = self.end_offset.max(last_acquired);
        let mut acquired = Acquired::default();
        ranges.into_iter().for_each(|range| acquired.push(range));
        self.close_gap_before(first + acquired.count);
        acquired
    }

    fn create_batches(
        &mut self,
        turn: &Turn<'_>,
        first: i64,
        last: i64,
        max_records: i64,
    ) -> Vec<AcquiredRange> {
        let held = || Held::acquired(&turn.ask.member, 1, turn.lock_until_ms);
        if turn.has_record_limit() {
            let last_wanted = last.min(first + max_records - 1);
            let batch = if last_wanted < last {
                self.looks_back = true;
                let rest = Held::of(RecordState::Available, 0);
                Batch::in_two(first, last_wanted, last, held(), rest)
            } else {
                Batch::new(first, last, held())
            };
            self.batches.insert(first, batch);
            return vec![AcquiredRange::new(first, last_wanted, 1)];
        }
        let mut ranges = Vec::new();
        let mut begin = first;
        if last - first + 1 > i64::from(turn.ask.batch_size) {
            for batch in turn.fetched {
                if batch.base_offset > last {
                    break;
                }
                if batch.base_offset > begin
                    && batch.base_offset - begin >= i64::from(turn.ask.batch_size)
                {
                    ranges.push(AcquiredRange::new(begin, batch.base_offset - 1, 1));
                    begin = batch.base_offset;
                }
            }
        }
        ranges.push(AcquiredRange::new(begin, last, 1));
        for range in &ranges {
            let batch = Batch::new(range.first_offset, range.last_offset, held());
            self.batches.insert(range.first_offset, batch);
        }
        ranges
    }
}

/// Acquires available records of a tracked batch, as far as they may come together.
fn acquire_parts(
    batch: &mut Batch,
    first: i64,
    turn: &Turn<'_>,
    left: i64,
    acquired: &mut Acquired,
) {
    let len = batch.len(first);
    let runs = batch.between(turn.first_offset, turn.last_offset);
    let parts = choose_parts(runs, len, turn, left);
    let mut ranges: Vec<AcquiredRange> = Vec::new();
    for (first, last, delivery_count) in parts {
        batch.change(first, last, |run: &mut Run| {
            run.held.acquire(&turn.ask.member, turn.lock_until_ms);
        });
        match ranges.last_mut() {
            Some(range)
                if range.last_offset + 1 == first && range.delivery_count == delivery_count =>
            {
                range.last_offset = last;
            }
            _ => ranges.push(AcquiredRange::new(first, last, delivery_count)),
        }
    }
    ranges.into_iter().for_each(|range| acquired.push(range));
}

/// The available records that come together: a record that is delivered for the last time comes
/// alone, and those delivered often in company that halves with each time (kafka-semantics 166).
fn choose_parts(runs: &[Run], len: i64, turn: &Turn<'_>, left: i64) -> Vec<(i64, i64, i16)> {
    let throttle_from = turn.settings.throttle_from();
    let (mut parts, mut count, mut company) = (Vec::new(), 0, None);
    for run in runs.iter().filter(|run| run.held.is_available()) {
        let delivery_count = run.held.delivery_count.saturating_add(1);
        let is_last = turn.settings.is_last(delivery_count);
        if is_last && count > 0 {
            break;
        }
        if run.held.delivery_count >= throttle_from && company.is_none() {
            let halvings = u32::from((run.held.delivery_count - throttle_from + 1).unsigned_abs());
            company = Some(len.checked_shr(halvings).unwrap_or(0).max(1));
        }
        let (first, last) = (run.first.max(turn.first_offset), run.last.min(turn.last_offset));
        let mut take = if is_last { 1 } else { last - first + 1 };
        let mut is_enough = is_last;
        for limit in [turn.has_record_limit().then_some(left), company] {
            if let Some(limit) = limit.filter(|limit| count < *limit) {
                take = take.min(limit - count);
                is_enough |= count + take == limit;
            }
        }
        parts.push((first, first + take - 1, delivery_count));
        count += take;
        if is_enough {
            break;
        }
    }
    parts
}
