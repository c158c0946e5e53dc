//! The group coordinator: shards of `__consumer_offsets`.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use env::Env;
use group::{
    Call, ClusterChanged, ClusterView, Record, Request, ResolveRegexes, Response, TopicsDeleted,
};
use replica::TransactionEnd;
use wire::{Str, Uuid};

use crate::coordinator::Coordinator;
use crate::error::Error;
use crate::log::ShardLog;
use crate::partition::partition_for;
use crate::place::Status;
use crate::reply::Reply;
use crate::settings::Settings;
use crate::shard::{Answer, Command, InTransaction, Origin, Outcome, Shard, Token};

/// The internal topic of group coordinators.
pub const GROUP_TOPIC: &str = "__consumer_offsets";

/// All groups whose shards live on this broker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GroupCoordinator {
    coordinator: Coordinator<group::Shard>,
    settings: Arc<group::Settings>,
    partitions: Arc<AtomicI32>,
    /// The cluster as it is, for shards that are loaded from now on.
    cluster: Arc<RwLock<ClusterView>>,
}

impl GroupCoordinator {
    /// A coordinator without shards. `partitions` is the number of partitions that the topic has, or
    /// will have; `perform` does what shards want done outside, and must not wait.
    pub fn new(
        env: Env,
        settings: Settings,
        group_settings: group::Settings,
        partitions: i32,
        perform: impl Fn(Origin, ResolveRegexes) + Send + Sync + 'static,
    ) -> Self {
        let group_settings = Arc::new(group_settings);
        let cluster = Arc::new(RwLock::new(ClusterView::default()));
        let (of_shards, seen) = (Arc::clone(&group_settings), Arc::clone(&cluster));
        let make_shard = move || {
            let cluster = seen.read().unwrap_or_else(PoisonError::into_inner).clone();
            group::Shard::new(group::Settings::clone(&of_shards), cluster)
        };
        Self {
            settings: group_settings,
            coordinator: Coordinator::new(env, GROUP_TOPIC, settings, make_shard, perform),
            partitions: Arc::new(AtomicI32::new(partitions.max(1))),
            cluster,
        }
    }

    /// The cluster as it is now, for shards that are loaded from now on. Those that serve are told
    /// by [`GroupCoordinator::cluster_changed`].
    pub fn set_cluster(&self, cluster: ClusterView) {
        *self.cluster.write().unwrap_or_else(PoisonError::into_inner) = cluster;
    }

    /// Tells all shards how the cluster changed. Changes are to be told in their order.
    pub async fn cluster_changed(&self, changed: ClusterChanged) {
        self.coordinator.tell_all(|| changed.clone().into()).await;
    }

    /// The topic has this many partitions, above 0.
    pub fn set_partitions(&self, partitions: i32) {
        self.partitions.store(partitions.max(1), Ordering::Relaxed);
    }

    /// The partition that holds a group (kafka-semantics 244).
    pub fn partition_for(&self, group_id: &str) -> i32 {
        partition_for(group_id, self.partitions.load(Ordering::Relaxed))
    }

    /// See [`Coordinator::elected`].
    pub fn elected(&self, partition: i32, leader_epoch: i32, log: Arc<dyn ShardLog>) {
        self.coordinator.elected(partition, leader_epoch, log);
    }

    /// See [`Coordinator::resigned`].
    pub fn resigned(&self, partition: i32, leader_epoch: Option<i32>) {
        self.coordinator.resigned(partition, leader_epoch);
    }

    /// Drops all shards.
    pub fn close(&self) {
        self.coordinator.close();
    }

    /// Asks the shard that holds a group. The request is in its queue when this returns. What is
    /// wrong whatever the group is answered here, too, also when the group lives elsewhere.
    pub fn call<C: Call>(
        &self,
        group_id: &str,
        request: C,
    ) -> impl Future<Output = Result<C::Answer, Error>> + Send + use<C> {
        self.call_shard(self.partition_for(group_id), request)
    }

    /// Asks the shard of a partition, for requests that are not about one group.
    pub fn call_shard<C: Call>(
        &self,
        partition: i32,
        request: C,
    ) -> impl Future<Output = Result<C::Answer, Error>> + Send + use<C> {
        let request: Request = request.into();
        let reply = match request.refusal(&self.settings) {
            Some(response) => Reply::ready(response),
            None => self.coordinator.call(partition, request),
        };
        // A shard answers each request in its own kind.
        async move { C::answer(reply.await?).ok_or(Error::UnknownServerError) }
    }

    /// Commits offsets in a transaction, at the shard of a partition.
    pub fn commit_in(
        &self,
        transaction: InTransaction,
        partition: i32,
        request: group::TxnCommitOffsets,
    ) -> impl Future<Output = Result<<group::TxnCommitOffsets as Call>::Answer, Error>> + Send + use<>
    {
        let request: Request = request.into();
        let reply = match request.refusal(&self.settings) {
            Some(response) => Reply::ready(response),
            None => self.coordinator.call_in(transaction, partition, request),
        };
        async move { group::TxnCommitOffsets::answer(reply.await?).ok_or(Error::UnknownServerError) }
    }

    /// See [`Coordinator::end_transaction`].
    pub fn end_transaction(&self, partition: i32, end: TransactionEnd) -> Reply<()> {
        self.coordinator.end_transaction(partition, end)
    }

    /// Topics are gone: their offsets go, too (kafka-semantics 121).
    pub async fn topics_deleted(&self, topics: Vec<(Str, Uuid)>) {
        let request = || Request::from(TopicsDeleted { topics: topics.clone() });
        self.coordinator.tell_all(request).await;
    }

    /// The shards that live here and what they do, by partition.
    pub fn shards(&self) -> Vec<(i32, Status)> {
        self.coordinator.shards()
    }
}

impl Shard for group::Shard {
    type Request = Request;
    type Response = Response;
    type Record = Record;
    type Timer = group::Timer;
    type AfterWrite = group::AfterWrite;
    type Effect = ResolveRegexes;

    fn encode(record: &Record) -> Result<(Bytes, Option<Bytes>), String> {
        record.encode().map_err(|error| error.to_string())
    }

    fn decode(key: Option<&Bytes>, value: Option<&Bytes>) -> Result<Option<Record>, String> {
        Record::decode(key, value).map_err(|error| error.to_string())
    }

    fn replay(&mut self, offset: i64, producer_id: Option<i64>, record: Record, now_ms: i64) {
        self.replay(offset, producer_id, record, now_ms);
    }

    fn replay_marker(&mut self, offset: i64, producer_id: i64, commits: bool) {
        self.replay_marker(offset, producer_id, commits);
    }

    fn committed(&mut self, high_watermark: i64) {
        self.committed(high_watermark);
    }

    fn revert(&mut self, offset: i64) {
        self.revert(offset);
    }

    fn loaded(&mut self, now_ms: i64) -> Outcome<Self> {
        self.loaded(now_ms).into()
    }

    fn handle(&mut self, request: Request, token: Token, now_ms: i64) -> Outcome<Self> {
        self.handle(request, group::Token(token.0), now_ms).into()
    }

    fn expire(&mut self, timer: &group::Timer, now_ms: i64) -> Outcome<Self> {
        self.expire(timer, now_ms).into()
    }

    fn written(
        &mut self,
        after: group::AfterWrite,
        result: Result<(), Error>,
        now_ms: i64,
    ) -> Outcome<Self> {
        self.written(after, result.map_err(write_error), now_ms).into()
    }
}

fn write_error(error: Error) -> group::WriteError {
    match error {
        Error::NotCoordinator => group::WriteError::NotCoordinator,
        Error::CoordinatorLoadInProgress => group::WriteError::CoordinatorLoadInProgress,
        Error::CoordinatorNotAvailable => group::WriteError::CoordinatorNotAvailable,
        // The last three are about transactions, whose requests leave nothing for after the write.
        Error::UnknownServerError
        | Error::InvalidProducerEpoch
        | Error::TransactionCoordinatorFenced
        | Error::InvalidTxnState => group::WriteError::UnknownServerError,
    }
}

impl From<group::Outcome> for Outcome<group::Shard> {
    fn from(outcome: group::Outcome) -> Self {
        let group::Outcome { records, divisible, answer, commands, after_write } = outcome;
        let answer = answer.map(|answer| match answer {
            group::Answer::Now(response) => Answer::Now(response),
            group::Answer::Committed(response) => Answer::Committed(response),
            group::Answer::Parked => Answer::Parked,
        });
        let command = |command| match command {
            group::Command::Reply { to, response } => Command::Reply { to: Token(to.0), response },
            group::Command::Schedule { timer, after_ms } => Command::Schedule { timer, after_ms },
            group::Command::Cancel { timer } => Command::Cancel { timer },
            group::Command::Resolve(regexes) => Command::Perform(regexes),
        };
        let commands = commands.into_iter().map(command).collect();
        Self { records, divisible, answer, commands, after_write }
    }
}
