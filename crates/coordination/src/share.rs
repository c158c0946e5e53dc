//! The share coordinator: shards of `__share_group_state`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use bytes::Bytes;
use env::Env;
use share::ShareKey;
use share::coordinator::{
    Call, Effect, Record, Request, Response, Settings as ShareSettings, Shard as ShareShard, Timer,
    TopicsDeleted,
};
use wire::Uuid;

use crate::coordinator::Coordinator;
use crate::error::Error;
use crate::log::ShardLog;
use crate::partition::partition_for;
use crate::place::Status;
use crate::reply::Reply;
use crate::settings::Settings;
use crate::shard::{Answer, Command, Origin, Outcome, Shard, Token};

/// The internal topic of share coordinators.
pub const SHARE_TOPIC: &str = "__share_group_state";

/// The state of all share partitions whose shards live on this broker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ShareCoordinator {
    coordinator: Coordinator<ShareShard>,
    partitions: Arc<AtomicI32>,
}

impl ShareCoordinator {
    /// A coordinator without shards. `partitions` is the number of partitions that the topic has, or
    /// will have; `perform` does what shards want done outside, and must not wait.
    pub fn new(
        env: Env,
        settings: Settings,
        of_shards: ShareSettings,
        partitions: i32,
        perform: impl Fn(Origin, Effect) + Send + Sync + 'static,
    ) -> Self {
        let make_shard = move || ShareShard::new(of_shards.clone());
        Self {
            coordinator: Coordinator::new(env, SHARE_TOPIC, settings, make_shard, perform),
            partitions: Arc::new(AtomicI32::new(partitions.max(1))),
        }
    }

    /// The topic has this many partitions, above 0.
    pub fn set_partitions(&self, partitions: i32) {
        self.partitions.store(partitions.max(1), Ordering::Relaxed);
    }

    /// The partition that holds the state of a share partition (kafka-semantics 244).
    pub fn partition_for(&self, key: &ShareKey) -> i32 {
        partition_for(&key.coordinator_key(), self.partitions.load(Ordering::Relaxed))
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

    /// Asks the shard that holds the state of a share partition. The request is in its queue when
    /// this returns.
    pub fn call<C: Call>(
        &self,
        key: &ShareKey,
        request: C,
    ) -> impl Future<Output = Result<C::Answer, Error>> + Send + use<C> {
        self.call_shard(self.partition_for(key), request)
    }

    /// Asks the shard of a partition, for requests that are not about one share partition.
    pub fn call_shard<C: Call>(
        &self,
        partition: i32,
        request: C,
    ) -> impl Future<Output = Result<C::Answer, Error>> + Send + use<C> {
        let request: Request = request.into();
        let reply = match request.refusal() {
            Some(response) => Reply::ready(response),
            None => self.coordinator.call(partition, request),
        };
        // A shard answers each request in its own kind.
        async move { C::answer(reply.await?).ok_or(Error::UnknownServerError) }
    }

    /// Topics are gone: the state of their partitions goes, too.
    pub async fn topics_deleted(&self, topic_ids: Vec<Uuid>) {
        let request = || Request::from(TopicsDeleted { topic_ids: topic_ids.clone() });
        self.coordinator.tell_all(request).await;
    }

    /// The shards that live here and what they do, by partition.
    pub fn shards(&self) -> Vec<(i32, Status)> {
        self.coordinator.shards()
    }
}

impl Shard for ShareShard {
    type Request = Request;
    type Response = Response;
    type Record = Record;
    type Timer = Timer;
    type AfterWrite = ();
    type Effect = Effect;

    fn encode(record: &Record) -> Result<(Bytes, Option<Bytes>), String> {
        record.encode().map_err(|error| error.to_string())
    }

    fn decode(key: Option<&Bytes>, value: Option<&Bytes>) -> Result<Option<Record>, String> {
        Record::decode(key, value).map_err(|error| error.to_string())
    }

    fn replay(&mut self, offset: i64, _: Option<i64>, record: Record, _: i64) {
        self.replay(offset, record);
    }

    /// Nobody writes to `__share_group_state` in a transaction.
    fn replay_marker(&mut self, _: i64, _: i64, _: bool) {}

    fn committed(&mut self, high_watermark: i64) {
        self.committed(high_watermark);
    }

    fn revert(&mut self, offset: i64) {
        self.revert(offset);
    }

    fn loaded(&mut self, _: i64) -> Outcome<Self> {
        self.loaded().into()
    }

    fn handle(&mut self, request: Request, _: Token, now_ms: i64) -> Outcome<Self> {
        self.handle(request, now_ms).into()
    }

    fn expire(&mut self, timer: &Timer, now_ms: i64) -> Outcome<Self> {
        self.expire(*timer, now_ms).into()
    }

    /// Nothing is begun that goes on after a write.
    fn written(&mut self, (): (), _: Result<(), Error>, _: i64) -> Outcome<Self> {
        share::coordinator::Outcome::default().into()
    }
}

impl From<share::coordinator::Outcome> for Outcome<ShareShard> {
    fn from(outcome: share::coordinator::Outcome) -> Self {
        use share::coordinator as of_share;

        let of_share::Outcome { records, answer, commands } = outcome;
        let answer = answer.map(|answer| match answer {
            of_share::Answer::Now(response) => Answer::Now(response),
            of_share::Answer::Committed(response) => Answer::Committed(response),
        });
        let command = |command| match command {
            of_share::Command::Schedule { timer, after_ms } => {
                Command::Schedule { timer, after_ms }
            }
            of_share::Command::Perform(effect) => Command::Perform(effect),
        };
        let commands = commands.into_iter().map(command).collect();
        // Each record is about a share partition of its own.
        Self { records, divisible: true, answer, commands, after_write: None }
    }
}
