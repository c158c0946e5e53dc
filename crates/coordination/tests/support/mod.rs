//! A log in memory, and calls for tests.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use coordination::{Error, GroupCoordinator, Linger, LogError, Settings, ShardLog, Wait};
use env::Env;
use group::{
    Client, CommitOffsets, CommitPartition, CommitTopic, FetchOffsets, FetchTopic, Heartbeat,
    JoinAbilities, JoinGroup, Joined, Protocol, SyncGroup,
};
use records::BatchView;
use replica::{TransactionEnd, Verified};
use tokio::sync::watch;
use wire::{Str, Uuid};

/// The one partition that tests use.
pub(crate) const PARTITION: i32 = 0;

/// A partition that is led by whoever has its newest leader epoch.
#[derive(Clone, Debug)]
pub(crate) struct MemoryLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// The high watermark, or none once the leader is another one.
    high_watermark: watch::Sender<i64>,
    leader_epoch: watch::Sender<i32>,
    readable: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    batches: Vec<(i64, Bytes)>,
    next_offset: i64,
    /// The high watermark follows each append.
    commits: bool,
    refuses: Option<LogError>,
    max_batch_bytes: usize,
}

impl MemoryLog {
    pub(crate) fn new() -> Self {
        let state = State {
            batches: Vec::new(),
            next_offset: 0,
            commits: true,
            refuses: None,
            max_batch_bytes: 1 << 20,
        };
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            high_watermark: watch::Sender::new(0),
            leader_epoch: watch::Sender::new(0),
            readable: watch::Sender::new(true),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("not poisoned")
    }

    /// Batches so far.
    pub(crate) fn batches(&self) -> usize {
        self.state().batches.len()
    }

    /// The batches so far.
    pub(crate) fn contents(&self) -> Vec<Bytes> {
        self.state().batches.iter().map(|(_, batch)| batch.clone()).collect()
    }

    /// The high watermark stays where it is until `commit`.
    pub(crate) fn hold(&self) {
        self.state().commits = false;
    }

    /// The high watermark follows again.
    pub(crate) fn commit(&self) {
        self.state().commits = true;
        self.0.high_watermark.send_replace(self.log_end_offset());
    }

    /// Appends fail, or no longer.
    pub(crate) fn refuse(&self, error: Option<LogError>) {
        self.state().refuses = error;
    }

    pub(crate) fn set_max_batch_bytes(&self, bytes: usize) {
        self.state().max_batch_bytes = bytes;
    }

    /// Reads wait, or no longer.
    pub(crate) fn set_readable(&self, readable: bool) {
        self.0.readable.send_replace(readable);
    }

    /// Another leader epoch begins.
    pub(crate) fn set_leader_epoch(&self, epoch: i32) {
        self.0.leader_epoch.send_replace(epoch);
    }

    pub(crate) fn leader_epoch(&self) -> i32 {
        *self.0.leader_epoch.borrow()
    }

    /// What is not committed is lost, as when another replica is elected.
    pub(crate) fn truncate_to_high_watermark(&self) {
        let high_watermark = self.high_watermark();
        let mut state = self.state();
        state.batches.retain(|(base, _)| *base < high_watermark);
        state.next_offset = high_watermark;
    }

    /// Writes a batch behind the shard's back.
    pub(crate) fn write(&self, batch: Bytes) {
        let epoch = *self.0.leader_epoch.borrow();
        self.append(epoch, batch, Verified::default()).expect("written");
    }

    /// Destroys a byte of the last batch.
    pub(crate) fn corrupt(&self) {
        let mut state = self.state();
        let (_, batch) = state.batches.last_mut().expect("a batch");
        let mut bytes = BytesMut::from(&batch[..]);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        *batch = bytes.freeze();
    }
}

impl ShardLog for MemoryLog {
    fn log_start_offset(&self) -> i64 {
        0
    }

    fn log_end_offset(&self) -> i64 {
        self.state().next_offset
    }

    fn high_watermark(&self) -> i64 {
        *self.0.high_watermark.borrow()
    }

    fn max_batch_bytes(&self) -> usize {
        self.state().max_batch_bytes
    }

    fn append(&self, leader_epoch: i32, batch: Bytes, _: Verified) -> Result<i64, LogError> {
        let mut state = self.state();
        if leader_epoch != *self.0.leader_epoch.borrow() {
            return Err(LogError::NotLeader);
        }
        if let Some(error) = &state.refuses {
            return Err(error.clone());
        }
        let view = BatchView::first(&batch).expect("a batch").expect("whole");
        if view.size() > state.max_batch_bytes {
            return Err(LogError::TooLarge);
        }
        let base_offset = state.next_offset;
        let mut stamped = records::StampedBatch::new(&batch).expect("a batch").expect("whole");
        stamped.stamp(base_offset, leader_epoch);
        state.next_offset += i64::from(view.last_offset_delta()) + 1;
        state.batches.push((base_offset, stamped.to_bytes()));
        if state.commits {
            self.0.high_watermark.send_replace(state.next_offset);
        }
        Ok(base_offset)
    }

    fn append_end(&self, leader_epoch: i32, end: &TransactionEnd) -> Result<i64, LogError> {
        let TransactionEnd { producer_id, producer_epoch, marker, .. } = *end;
        self.append(leader_epoch, marker.batch(producer_id, producer_epoch, 0), Verified::default())
    }

    fn committed(&self, offset: i64) -> Wait<Result<i64, LogError>> {
        let mut high_watermark = self.0.high_watermark.subscribe();
        let mut leader_epoch = self.0.leader_epoch.subscribe();
        let epoch = *leader_epoch.borrow();
        Box::pin(async move {
            tokio::select! {
                biased;
                _ = leader_epoch.wait_for(|now| *now != epoch) => Err(LogError::NotLeader),
                reached = high_watermark.wait_for(|now| *now >= offset) => {
                    reached.map(|now| *now).map_err(|_| LogError::NotLeader)
                }
            }
        })
    }

    fn read(&self, offset: i64, max_bytes: usize) -> Wait<Result<Bytes, LogError>> {
        let log = self.clone();
        let mut readable = self.0.readable.subscribe();
        Box::pin(async move {
            let _ = readable.wait_for(|readable| *readable).await;
            let state = log.state();
            let mut bytes = BytesMut::new();
            let from = state.batches.partition_point(|(base, _)| *base < offset);
            for (_, batch) in &state.batches[from..] {
                if !bytes.is_empty() && bytes.len() + batch.len() > max_bytes {
                    break;
                }
                bytes.extend_from_slice(batch);
            }
            Ok(bytes.freeze())
        })
    }
}

/// Runs a test on a simulated environment.
pub(crate) fn simulate<C: Future<Output = ()>>(test: impl FnOnce(Env) -> C) {
    simulate_seed(1, test);
}

pub(crate) fn simulate_seed<C: Future<Output = ()>>(seed: u64, test: impl FnOnce(Env) -> C) {
    let env = Env::sim(seed);
    env.block_on(test(env.clone()));
    env.shutdown(Duration::ZERO);
}

pub(crate) fn coordinator(env: &Env, settings: Settings) -> GroupCoordinator {
    GroupCoordinator::new(env.clone(), settings, group::Settings::default(), 1, |_, _| ())
}

/// A coordinator with its shard active on a log.
pub(crate) async fn serving(env: &Env, settings: Settings, log: &MemoryLog) -> GroupCoordinator {
    let coordinator = coordinator(env, settings);
    coordinator.elected(PARTITION, 0, Arc::new(log.clone()));
    until_loaded(env, &coordinator).await;
    coordinator
}

pub(crate) async fn until_loaded(env: &Env, coordinator: &GroupCoordinator) {
    while !matches!(coordinator.shards()[..], [(_, coordination::Status::Active)]) {
        env.sleep(Duration::from_millis(1)).await;
    }
}

/// Lets everything run that can run at this time.
pub(crate) async fn settle(env: &Env) {
    env.sleep(Duration::from_millis(1)).await;
}

pub(crate) fn linger(linger: Linger) -> Settings {
    Settings { linger, ..Settings::default() }
}

pub(crate) fn commit(group_id: &str, offsets: &[(i32, i64)]) -> CommitOffsets {
    let partition = |(index, offset): &(i32, i64)| CommitPartition {
        index: *index,
        offset: *offset,
        leader_epoch: -1,
        metadata: Str::new(),
    };
    CommitOffsets {
        group_id: Str::copy_from(group_id),
        member_id: Str::new(),
        group_instance_id: None,
        generation_id: -1,
        knows_member_epochs: true,
        retention_ms: None,
        topics: vec![CommitTopic {
            name: Str::from("t"),
            id: Uuid::ZERO,
            partitions: offsets.iter().map(partition).collect(),
        }],
    }
}

/// The committed offsets of topic `t`.
pub(crate) async fn fetch(
    coordinator: &GroupCoordinator,
    group_id: &str,
    require_stable: bool,
) -> Result<HashMap<i32, i64>, Error> {
    let request = FetchOffsets {
        group_id: Str::copy_from(group_id),
        topics: None,
        member: (None, -1),
        require_stable,
    };
    let topics = coordinator.call(group_id, request).await?.expect("of a classic group");
    let partitions = topics.into_iter().flat_map(|topic| topic.partitions);
    Ok(partitions
        .filter_map(|(index, offset)| Some((index, offset.ok().flatten()?.offset)))
        .collect())
}

/// A request that changes nothing and is answered whenever the shard serves.
pub(crate) fn look() -> FetchOffsets {
    let topics = vec![FetchTopic { name: Str::from("t"), id: Uuid::ZERO, partitions: vec![0] }];
    FetchOffsets {
        group_id: Str::from("g"),
        topics: Some(topics),
        member: (None, -1),
        require_stable: false,
    }
}

pub(crate) fn join(group_id: &str, member_id: &str) -> JoinGroup {
    JoinGroup {
        group_id: Str::copy_from(group_id),
        member_id: Str::copy_from(member_id),
        group_instance_id: None,
        client: Client { id: Str::from("c"), host: Str::from("/127.0.0.1") },
        abilities: JoinAbilities::default(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        protocol_type: Str::from("consumer"),
        protocols: vec![Protocol { name: Str::from("range"), metadata: Bytes::new() }],
        random: Uuid::from_halves(0, 7),
    }
}

/// The one member of a stable group in generation 1.
pub(crate) async fn stable_member(coordinator: &GroupCoordinator, group_id: &str) -> Joined {
    let joined = coordinator.call(group_id, join(group_id, "")).await;
    let joined = joined.expect("answered").expect("joined");
    let request = SyncGroup {
        group_id: Str::copy_from(group_id),
        member_id: joined.member_id.clone(),
        group_instance_id: None,
        generation_id: joined.generation_id,
        protocol_type: None,
        protocol_name: None,
        assignments: vec![(joined.member_id.clone(), Bytes::from_static(b"A"))],
    };
    let synced = coordinator.call(group_id, request).await.expect("answered").expect("synced");
    assert_eq!(synced.assignment, b"A"[..]);
    joined
}

pub(crate) fn heartbeat(group_id: &str, member: &Joined) -> Heartbeat {
    Heartbeat {
        group_id: Str::copy_from(group_id),
        member_id: member.member_id.clone(),
        group_instance_id: None,
        generation_id: member.generation_id,
    }
}
