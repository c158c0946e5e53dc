//! The face of the machine: one partition of `__share_group_state`.

use std::collections::BTreeSet;

use super::error::Error;
use super::journal::{Record, Snapshot, Stored, Update};
use super::outcome::{Command, Effect, Outcome, Timer};
use super::request::{
    Delete, Initialize, Read, ReadState, ReadSummary, Request, Response, Summary, TopicsDeleted,
    Write,
};
use super::settings::Settings;
use super::state::{PartitionState, State};
use crate::batch::{NO_OFFSET, StateBatch, combine};
use crate::key::ShareKey;

/// Pieces in which the state of one share partition may be. Windows have up to 10,000 records
/// (`group.share.max.partition.max.record.locks`), and one batch may reach beyond.
const BATCHES_MAX: usize = 50_000;
/// A leader or state epoch, or an offset, that is not told.
const NONE: i32 = -1;
/// What is told of a share partition whose state never began.
const UNINITIALIZED: Summary = Summary {
    state_epoch: 0,
    leader_epoch: 0,
    start_offset: NO_OFFSET,
    delivery_complete_count: -1,
};

/// The share coordinator of one partition of `__share_group_state`.
///
/// There are two kinds of methods. [`handle`](Self::handle), [`expire`](Self::expire) and
/// [`loaded`](Self::loaded) decide: they return records, answers, timers and what is to be done
/// outside. [`replay`](Self::replay) changes what is stored, the same way for records just decided
/// on and for records of the log.
#[derive(Debug)]
pub struct Shard {
    settings: Settings,
    state: State,
    /// Below it nothing is left to delete.
    pruned_before: Option<i64>,
}

impl Shard {
    /// A shard without state, to be loaded by `replay`.
    pub fn new(settings: Settings) -> Self {
        Self { settings, state: State::default(), pruned_before: None }
    }

    /// Applies the record at `record_offset`. Offsets grow from call to call, except after
    /// [`revert`](Self::revert).
    pub fn replay(&mut self, record_offset: i64, record: Record) {
        self.state.replay(record_offset, record);
    }

    /// Records below `high_watermark` are committed.
    pub fn committed(&mut self, high_watermark: i64) {
        self.state.commit(high_watermark);
    }

    /// Takes back records from `offset` on: they could not be written.
    pub fn revert(&mut self, offset: i64) {
        self.state.revert(offset);
    }

    /// The whole log is replayed and requests may come.
    pub fn loaded(&mut self) -> Outcome {
        let mut out = Outcome::default();
        out.schedule(Timer::Prune, self.settings.prune_interval_ms);
        out.schedule(Timer::SnapshotCold, self.settings.cold_snapshot_interval_ms);
        out
    }

    /// Handles a request.
    pub fn handle(&mut self, request: Request, now_ms: i64) -> Outcome {
        if let Some(response) = request.refusal() {
            return Outcome::now(response);
        }
        match request {
            Request::Initialize(request) => {
                let records = self.initialize(&request, now_ms);
                outcome(records, |records| (records, ()), Response::Initialize)
            }
            Request::Read(request) => {
                outcome(self.read(&request, now_ms), |answer| answer, Response::Read)
            }
            Request::Write(request) => {
                let records = self.write(request, now_ms);
                outcome(records, |records| (records, ()), Response::Write)
            }
            Request::Delete(request) => {
                let records = self.delete(&request);
                outcome(records, |records| (records, ()), Response::Delete)
            }
            Request::ReadSummary(request) => {
                let answer = self.summary(&request);
                outcome(answer, |summary| (Vec::new(), summary), Response::ReadSummary)
            }
            Request::TopicsDeleted(request) => {
                let response = Response::TopicsDeleted(());
                Outcome::committed(self.topics_deleted(&request), response)
            }
            Request::Pruned(request) => {
                self.pruned_before = Some(request.before_offset);
                Outcome::now(Response::Pruned(()))
            }
        }
    }

    /// Handles a timer that fired.
    pub fn expire(&mut self, timer: Timer, now_ms: i64) -> Outcome {
        let mut out = Outcome::default();
        match timer {
            Timer::Prune => {
                out.schedule(timer, self.settings.prune_interval_ms);
                let needed = self.state.first_needed_offset();
                if let Some(before_offset) = needed.filter(|_| needed != self.pruned_before) {
                    out.commands.push(Command::Perform(Effect::DeleteRecords { before_offset }));
                }
            }
            Timer::SnapshotCold => {
                out.schedule(timer, self.settings.cold_snapshot_interval_ms);
                out.records = self.snapshot_cold(now_ms);
            }
        }
        out
    }

    fn initialize(&self, request: &Initialize, now_ms: i64) -> Result<Vec<Record>, Error> {
        let state = self.state.get(&request.key);
        fence_state(state.map(|state| &**state), request.state_epoch)?;
        exists(request.exists)?;
        let snapshot = Snapshot {
            snapshot_epoch: state.map_or(0, |state| state.snapshot.snapshot_epoch.wrapping_add(1)),
            state_epoch: request.state_epoch,
            leader_epoch: 0,
            start_offset: request.start_offset,
            // Where the group starts is not known, and so there is nothing to count yet.
            delivery_complete_count: if request.start_offset == NO_OFFSET { -1 } else { 0 },
            create_timestamp_ms: now_ms,
            write_timestamp_ms: now_ms,
            batches: Vec::new(),
        };
        Ok(vec![record(&request.key, snapshot)])
    }

    fn read(&self, request: &Read, now_ms: i64) -> Result<(Vec<Record>, ReadState), Error> {
        let state = self.state.get(&request.key).ok_or(Error::ReadUninitialized)?;
        fence_leader(state, request.leader_epoch)?;
        exists(request.exists)?;
        let Snapshot { state_epoch, start_offset, delivery_complete_count, .. } = state.snapshot;
        let batches = state.snapshot.batches.clone();
        let answer = ReadState { state_epoch, start_offset, batches };
        if request.leader_epoch == NONE || request.leader_epoch == state.leader_epoch_max {
            return Ok((Vec::new(), answer));
        }
        let changed = Changed {
            leader_epoch: request.leader_epoch,
            start_offset,
            delivery_complete_count,
            batches: Vec::new(),
        };
        Ok((vec![self.changed(&request.key, state, changed, now_ms)], answer))
    }

    fn write(&self, request: Write, now_ms: i64) -> Result<Vec<Record>, Error> {
        let state = self.state.get(&request.key).ok_or(Error::WriteUninitialized)?;
        fence_leader(state, request.leader_epoch)?;
        fence_state(Some(state), request.state_epoch)?;
        exists(request.exists)?;
        if state.snapshot.batches.len() + request.batches.len() > BATCHES_MAX {
            return Err(Error::TooManyBatches);
        }
        let changed = Changed {
            // Only a leader that reads becomes the one that is fenced against.
            leader_epoch: state.snapshot.leader_epoch,
            start_offset: request.start_offset,
            delivery_complete_count: request.delivery_complete_count,
            batches: request.batches,
        };
        Ok(vec![self.changed(&request.key, state, changed, now_ms)])
    }

    /// The record of a change: an update, or a snapshot after many of them.
    fn changed(
        &self,
        key: &ShareKey,
        state: &PartitionState,
        changed: Changed,
        now_ms: i64,
    ) -> Record {
        let Changed { leader_epoch, start_offset, delivery_complete_count, batches } = changed;
        let before = &state.snapshot;
        if state.updates < self.settings.updates_per_snapshot {
            let update = Update {
                snapshot_epoch: before.snapshot_epoch,
                leader_epoch,
                start_offset,
                delivery_complete_count,
                batches: combine(batches, start_offset),
            };
            return Record { key: key.clone(), stored: Stored::Update(update) };
        }
        let start_offset =
            if start_offset == NO_OFFSET { before.start_offset } else { start_offset };
        let batches = before.batches.iter().copied().chain(batches);
        let snapshot = Snapshot {
            snapshot_epoch: before.snapshot_epoch.wrapping_add(1),
            state_epoch: before.state_epoch,
            leader_epoch,
            start_offset,
            delivery_complete_count,
            create_timestamp_ms: now_ms,
            write_timestamp_ms: now_ms,
            batches: combine(batches, start_offset),
        };
        record(key, snapshot)
    }

    fn delete(&self, request: &Delete) -> Result<Vec<Record>, Error> {
        exists(request.exists)?;
        let is_there = self.state.get(&request.key).is_some();
        Ok(is_there.then(|| tombstone(&request.key)).into_iter().collect())
    }

    fn summary(&self, request: &ReadSummary) -> Result<Summary, Error> {
        exists(request.exists)?;
        Ok(self.state.get(&request.key).map_or(UNINITIALIZED, |state| Summary {
            state_epoch: state.snapshot.state_epoch,
            leader_epoch: state.snapshot.leader_epoch,
            start_offset: state.snapshot.start_offset,
            delivery_complete_count: state.snapshot.delivery_complete_count,
        }))
    }

    fn topics_deleted(&self, request: &TopicsDeleted) -> Vec<Record> {
        let deleted: BTreeSet<_> = request.topic_ids.iter().collect();
        let keys = self.state.iter().map(|(key, _)| key);
        keys.filter(|key| deleted.contains(&key.topic_id)).map(tombstone).collect()
    }

    /// Snapshots of share partitions that were not written to for long, so that the records before
    /// them can be deleted. While nothing at all is written that helps nobody.
    fn snapshot_cold(&self, now_ms: i64) -> Vec<Record> {
        let is_cold = |state: &PartitionState| {
            state.snapshot.create_timestamp_ms != state.snapshot.write_timestamp_ms
        };
        if self.state.iter().all(|(_, state)| is_cold(state)) {
            return Vec::new();
        }
        let interval_ms = self.settings.cold_snapshot_interval_ms;
        let is_due = |state: &PartitionState| {
            now_ms.saturating_sub(state.snapshot.write_timestamp_ms) >= interval_ms
        };
        let due = self.state.iter().filter(|(_, state)| is_due(state));
        due.map(|(key, state)| {
            let mut snapshot = state.snapshot.clone();
            snapshot.snapshot_epoch = snapshot.snapshot_epoch.wrapping_add(1);
            snapshot.write_timestamp_ms = now_ms;
            record(key, snapshot)
        })
        .collect()
    }
}

/// What a leader says of a share partition.
struct Changed {
    leader_epoch: i32,
    start_offset: i64,
    delivery_complete_count: i32,
    batches: Vec<StateBatch>,
}

fn outcome<T, A>(
    decided: Result<T, Error>,
    split: impl FnOnce(T) -> (Vec<Record>, A),
    response: impl FnOnce(Result<A, Error>) -> Response,
) -> Outcome {
    match decided.map(split) {
        Ok((records, answer)) => Outcome::committed(records, response(Ok(answer))),
        Err(error) => Outcome::committed(Vec::new(), response(Err(error))),
    }
}

fn record(key: &ShareKey, snapshot: Snapshot) -> Record {
    let key = ShareKey { group_id: key.group_id.detach(), ..*key };
    Record { key, stored: Stored::Snapshot(Box::new(snapshot)) }
}

fn tombstone(key: &ShareKey) -> Record {
    Record { key: key.clone(), stored: Stored::Tombstone }
}

fn exists(exists: bool) -> Result<(), Error> {
    if exists { Ok(()) } else { Err(Error::UnknownTopicOrPartition) }
}

/// kafka-semantics 168.
fn fence_leader(state: &PartitionState, leader_epoch: i32) -> Result<(), Error> {
    let is_old = leader_epoch != NONE && state.leader_epoch_max > leader_epoch;
    if is_old { Err(Error::FencedLeaderEpoch) } else { Ok(()) }
}

/// kafka-semantics 168.
fn fence_state(state: Option<&PartitionState>, state_epoch: i32) -> Result<(), Error> {
    let is_old = |state: &PartitionState| state.state_epoch_max > state_epoch;
    if state_epoch != NONE && state.is_some_and(is_old) {
        return Err(Error::FencedStateEpoch);
    }
    Ok(())
}
