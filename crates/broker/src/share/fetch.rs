//! Fetching for a share group: waits until there are records to acquire (kafka-semantics 166).

use std::sync::Arc;
use std::time::Duration;

use replication::{Parked, ReadAsk, ReadError, ReadOutcome, Visibility};
use share::partition::{AbortedTransaction, Acquire, AcquireMode, AcquiredRange, Fetched};
use share::session::TopicIdPartition;
use wire::{ErrorCode, FileRange, Str};

use super::partition::{Access, SharedPartition};
use super::settings::GroupSettings;
use super::walk::{Walked, walk};
use crate::error_map;
use crate::request::Request;

/// What a member wants.
pub(crate) struct FetchAsk {
    /// The group.
    pub(crate) group_id: Str,
    /// The member.
    pub(crate) member: Str,
    /// The partitions, in the order in which they have their turn.
    pub(crate) partitions: Vec<TopicIdPartition>,
    /// Records wanted at most.
    pub(crate) max_records: i64,
    /// Not one more than that.
    pub(crate) has_record_limit: bool,
    /// Records after which a new range begins.
    pub(crate) batch_size: i32,
    /// Bytes to wait for.
    pub(crate) min_bytes: i64,
    /// Bytes to read at most.
    pub(crate) max_bytes: u64,
    /// How long to wait.
    pub(crate) max_wait: Duration,
}

/// What became of one partition.
pub(crate) enum Found {
    /// Records, and which of them the member has.
    Records(FileRange, Vec<AcquiredRange>),
    /// There is nothing to acquire.
    Nothing,
    /// It cannot be fetched from.
    Failed(ErrorCode),
}

impl Found {
    /// Whether there are records.
    pub(crate) fn has_records(&self) -> bool {
        matches!(self, Self::Records(..))
    }
}

/// A fetch under way.
pub(super) struct Fetch<'a> {
    request: &'a Request,
    ask: &'a FetchAsk,
    settings: GroupSettings,
    targets: Vec<Target>,
}

struct Target {
    shared: Result<Arc<SharedPartition>, ErrorCode>,
}

impl FetchAsk {
    /// Acquires what there is; waits if there is nothing.
    pub(crate) async fn fetch(&self, request: &Request) -> Vec<(TopicIdPartition, Found)> {
        let fetch = Fetch::new(request, self);
        let found = fetch.run().await;
        self.partitions.iter().copied().zip(found).collect()
    }
}

impl<'a> Fetch<'a> {
    fn new(request: &'a Request, ask: &'a FetchAsk) -> Self {
        let broker = &request.broker;
        let settings = broker.share_settings(&ask.group_id);
        let target = |partition: &TopicIdPartition| Target {
            shared: broker.share_partition(&request.image, &ask.group_id, *partition),
        };
        let targets = ask.partitions.iter().map(target).collect();
        Self { request, ask, settings, targets }
    }

    async fn run(&self) -> Vec<Found> {
        let found = self.acquire(true);
        let is_nothing_wanted = self.ask.max_records <= 0 || self.ask.max_bytes == 0;
        if is_nothing_wanted || is_enough(&found) || self.ask.max_wait.is_zero() {
            return found;
        }
        let env = &self.request.broker.env;
        let deadline = env.now() + self.ask.max_wait;
        loop {
            let parked = Registered::new(self);
            // Once more, now that nothing can be missed.
            let found = self.acquire(true);
            if is_enough(&found) {
                return found;
            }
            tokio::select! {
                biased;
                () = parked.parked.woken() => {}
                () = env.sleep_until(deadline) => return self.acquire(false),
            }
        }
    }

    /// Acquires what there is, if that is enough or `waits` is not set.
    fn acquire(&self, waits: bool) -> Vec<Found> {
        let open = self.targets.iter().filter(|target| self.has_room(target)).count();
        let bytes = self.ask.max_bytes / open.max(1) as u64;
        let bytes = u32::try_from(bytes.max(1)).unwrap_or(u32::MAX);
        if waits && self.ask.min_bytes > 1 && !self.has_bytes(bytes) {
            return self.targets.iter().map(|target| self.refusal(target)).collect();
        }
        let (mut left, mut nothing_yet) = (self.ask.max_records, true);
        let mut found = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            let of_target = self.acquire_from(target, left, bytes, nothing_yet);
            if let Found::Records(_, ranges) = &of_target {
                let count: i64 = ranges.iter().map(AcquiredRange::len).sum();
                left -= count;
                nothing_yet = false;
            }
            found.push(of_target);
        }
        found
    }

    fn has_room(&self, target: &Target) -> bool {
        let Ok(shared) = &target.shared else { return false };
        let settings = &self.settings.partition;
        matches!(shared.with(|machine| machine.can_acquire(settings)), Access::Done(true))
    }

    /// Why a partition cannot be fetched from, if it cannot.
    fn refusal(&self, target: &Target) -> Found {
        match &target.shared {
            Err(error) => Found::Failed(*error),
            Ok(shared) => match shared.with(|_| ()) {
                Access::Refused(error) => Found::Failed(error),
                Access::Loading | Access::Done(()) => Found::Nothing,
            },
        }
    }

    /// Whether there are as many bytes as the member waits for.
    fn has_bytes(&self, bytes: u32) -> bool {
        let mut sum = 0;
        for target in &self.targets {
            let Ok(shared) = &target.shared else { continue };
            let settings = &self.settings.partition;
            let read = shared.with(|machine| {
                let offset = machine.can_acquire(settings).then(|| machine.next_fetch_offset())?;
                Some(shared.replica.read(&self.read_ask(offset, bytes, false)))
            });
            match read {
                Access::Done(Some(Ok(outcome))) => sum += outcome.bytes() as i64,
                Access::Done(Some(Err(_))) => return true,
                _ => {}
            }
        }
        sum >= self.ask.min_bytes
    }

    fn read_ask(&self, offset: i64, max_bytes: u32, at_least_one_batch: bool) -> ReadAsk {
        ReadAsk {
            offset,
            max_bytes,
            at_least_one_batch,
            visibility: self.settings.visibility,
            current_leader_epoch: None,
            last_fetched_epoch: None,
            follower: None,
        }
    }

    fn acquire_from(&self, target: &Target, left: i64, bytes: u32, one_batch: bool) -> Found {
        let shared = match &target.shared {
            Ok(shared) => shared,
            Err(error) => return Found::Failed(*error),
        };
        loop {
            match self.try_acquire(shared, left, bytes, one_batch) {
                Attempt::Found(found) => {
                    if let Found::Failed(error) = &found {
                        self.request.broker.shares.remove(shared, *error);
                    }
                    return found;
                }
                Attempt::Again => {}
            }
        }
    }

    fn try_acquire(
        &self,
        shared: &SharedPartition,
        left: i64,
        bytes: u32,
        one_batch: bool,
    ) -> Attempt {
        let broker = &self.request.broker;
        let settings = &self.settings.partition;
        let access = shared.with(|machine| {
            if left <= 0 || !machine.can_acquire(settings) {
                return Attempt::Found(Found::Nothing);
            }
            let offset = machine.next_fetch_offset();
            let outcome = match shared.replica.read(&self.read_ask(offset, bytes, one_batch)) {
                Ok(outcome) => outcome,
                Err(error) => {
                    let start = shared.replica.log_start_offset();
                    if is_out_of_range(&error) && start > machine.start_offset() {
                        machine.log_start_moved(start);
                        return Attempt::Again;
                    }
                    return Attempt::Found(failed(&error));
                }
            };
            let Some(range) = &outcome.range else { return Attempt::Found(Found::Nothing) };
            let until = machine.end_offset().max(offset).saturating_add(left);
            let reads_markers = self.settings.visibility == Visibility::LastStable;
            let walked = match walk(range, until, reads_markers) {
                Ok(walked) => walked,
                Err(error) => {
                    tracing::error!(partition = ?shared.replica, "cannot be fetched: {error}");
                    return Attempt::Found(Found::Failed(ErrorCode::KafkaStorageError));
                }
            };
            let aborted = aborted(&outcome);
            let fetched = Fetched { offset, batches: &walked.batches, aborted: &aborted };
            let before = (machine.start_offset(), machine.end_offset());
            let now_ms = broker.shares.now_ms(&broker.env);
            let acquired = machine.acquire(&self.acquire_ask(left), fetched, settings, now_ms);
            if acquired.ranges.is_empty() {
                // All of it was aborted, or is not there any more: what follows may be.
                let moved = before != (machine.start_offset(), machine.end_offset());
                return if moved { Attempt::Again } else { Attempt::Found(Found::Nothing) };
            }
            Attempt::Found(records(&walked, range, acquired.ranges))
        });
        match access {
            Access::Done(attempt) => attempt,
            Access::Loading => Attempt::Found(Found::Nothing),
            Access::Refused(error) => Attempt::Found(Found::Failed(error)),
        }
    }

    fn acquire_ask(&self, left: i64) -> Acquire {
        Acquire {
            member: self.ask.member.clone(),
            mode: match self.ask.has_record_limit {
                true => AcquireMode::RecordLimit,
                false => AcquireMode::BatchOptimized,
            },
            batch_size: self.ask.batch_size,
            max_records: left,
        }
    }
}

enum Attempt {
    Found(Found),
    /// Something moved: what follows is to be looked at.
    Again,
}

fn records(walked: &Walked, range: &FileRange, ranges: Vec<AcquiredRange>) -> Found {
    let (first, last) = match (ranges.first(), ranges.last()) {
        (Some(first), Some(last)) => (first.first_offset, last.last_offset),
        _ => return Found::Nothing,
    };
    Found::Records(walked.slice(range, first, last), ranges)
}

fn aborted(outcome: &ReadOutcome) -> Vec<AbortedTransaction> {
    let aborted = outcome.aborted_transactions.iter().flatten();
    aborted
        .map(|transaction| AbortedTransaction {
            producer_id: transaction.producer_id,
            first_offset: transaction.first_offset,
        })
        .collect()
}

fn is_out_of_range(error: &ReadError) -> bool {
    error_map::read(error) == ErrorCode::OffsetOutOfRange
}

/// A log that ends before the share partition's start will go on; the member hears of nothing.
fn failed(error: &ReadError) -> Found {
    if is_out_of_range(error) { Found::Nothing } else { Found::Failed(error_map::read(error)) }
}

/// Whether the member is told at once.
fn is_enough(found: &[Found]) -> bool {
    let is_failed = |found: &Found| matches!(found, Found::Failed(_));
    found.iter().any(Found::has_records) || found.iter().all(is_failed)
}

/// A wait that is registered with every partition until it is dropped.
struct Registered<'a> {
    fetch: &'a Fetch<'a>,
    parked: Arc<Parked>,
}

impl<'a> Registered<'a> {
    fn new(fetch: &'a Fetch<'a>) -> Self {
        let parked = Parked::new(1);
        for shared in fetch.shared() {
            shared.await_change(&parked);
            shared.replica.await_data(fetch.settings.visibility, &parked);
        }
        Self { fetch, parked }
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        for shared in self.fetch.shared() {
            shared.forget(&self.parked);
            shared.replica.forget(&self.parked);
        }
    }
}

impl Fetch<'_> {
    fn shared(&self) -> impl Iterator<Item = &Arc<SharedPartition>> {
        self.targets.iter().filter_map(|target| target.shared.as_ref().ok())
    }
}
