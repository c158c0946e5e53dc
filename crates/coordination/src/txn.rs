//! The transaction coordinator: shards of `__transaction_state`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI16, AtomicI32, Ordering};

use bytes::Bytes;
use env::Env;
use txn::{Call, Record, Request, Response, TransactionVersion, VersionChanged};

use crate::coordinator::Coordinator;
use crate::error::Error;
use crate::log::ShardLog;
use crate::partition::partition_for;
use crate::place::Status;
use crate::reply::Reply;
use crate::settings::Settings;
use crate::shard::{Answer, Command, Origin, Outcome, Shard, Token};

/// The internal topic of transaction coordinators.
pub const TRANSACTION_TOPIC: &str = "__transaction_state";

/// All transactional ids whose shards live on this broker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TransactionCoordinator {
    coordinator: Coordinator<txn::Shard>,
    settings: Arc<txn::Settings>,
    partitions: Arc<AtomicI32>,
    /// The level of `transaction.version`.
    version: Arc<AtomicI16>,
}

impl TransactionCoordinator {
    /// A coordinator without shards. `partitions` is the number of partitions that the topic has, or
    /// will have; `perform` does what shards want done outside, and must not wait.
    pub fn new(
        env: Env,
        settings: Settings,
        txn_settings: txn::Settings,
        partitions: i32,
        perform: impl Fn(Origin, txn::Effect) + Send + Sync + 'static,
    ) -> Self {
        let txn_settings = Arc::new(txn_settings);
        let version = Arc::new(AtomicI16::new(TransactionVersion::default().level()));
        let (of_shards, of_cluster) = (Arc::clone(&txn_settings), Arc::clone(&version));
        let make_shard = move || {
            let level = of_cluster.load(Ordering::Relaxed);
            let version = TransactionVersion::from_level(level).unwrap_or_default();
            txn::Shard::new(txn::Settings::clone(&of_shards), version)
        };
        Self {
            settings: txn_settings,
            coordinator: Coordinator::new(env, TRANSACTION_TOPIC, settings, make_shard, perform),
            partitions: Arc::new(AtomicI32::new(partitions.max(1))),
            version,
        }
    }

    /// The topic has this many partitions, above 0.
    pub fn set_partitions(&self, partitions: i32) {
        self.partitions.store(partitions.max(1), Ordering::Relaxed);
    }

    /// The cluster's `transaction.version`, for shards that are loaded from now on; whether it is
    /// news to the others, which [`TransactionCoordinator::version_changed`] tells them.
    pub fn set_version(&self, version: TransactionVersion) -> bool {
        self.version.swap(version.level(), Ordering::Relaxed) != version.level()
    }

    /// Tells all shards of the cluster's `transaction.version`.
    pub async fn version_changed(&self, version: TransactionVersion) {
        self.coordinator.tell_all(|| VersionChanged(version).into()).await;
    }

    /// The partition that holds a transactional id (kafka-semantics 244).
    pub fn partition_for(&self, transactional_id: &str) -> i32 {
        partition_for(transactional_id, self.partitions.load(Ordering::Relaxed))
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

    /// Asks the shard that holds a transactional id. The request is in its queue when this returns.
    /// What is wrong whatever the transactional id is answered here, too, also when it lives
    /// elsewhere.
    pub fn call<C: Call>(
        &self,
        transactional_id: &str,
        request: C,
    ) -> impl Future<Output = Result<C::Answer, Error>> + Send + use<C> {
        self.call_shard(self.partition_for(transactional_id), request)
    }

    /// Asks the shard of a partition, for requests that are not about one transactional id.
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

    /// The shards that live here and what they do, by partition.
    pub fn shards(&self) -> Vec<(i32, Status)> {
        self.coordinator.shards()
    }
}

impl Shard for txn::Shard {
    type Request = Request;
    type Response = Response;
    type Record = Record;
    type Timer = txn::Timer;
    type AfterWrite = txn::AfterWrite;
    type Effect = txn::Effect;

    fn encode(record: &Record) -> Result<(Bytes, Option<Bytes>), String> {
        record.encode().map_err(|error| error.to_string())
    }

    fn decode(key: Option<&Bytes>, value: Option<&Bytes>) -> Result<Option<Record>, String> {
        Record::decode(key, value).map_err(|error| error.to_string())
    }

    fn replay(&mut self, offset: i64, _: Option<i64>, record: Record, _: i64) {
        self.replay(offset, record);
    }

    /// Nobody writes to `__transaction_state` in a transaction.
    fn replay_marker(&mut self, _: i64, _: i64, _: bool) {}

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
        self.handle(request, txn::Token(token.0), now_ms).into()
    }

    fn expire(&mut self, timer: &txn::Timer, now_ms: i64) -> Outcome<Self> {
        self.expire(timer, now_ms).into()
    }

    fn written(
        &mut self,
        after: txn::AfterWrite,
        result: Result<(), Error>,
        now_ms: i64,
    ) -> Outcome<Self> {
        self.written(&after, result.is_ok(), now_ms).into()
    }
}

impl From<txn::Outcome> for Outcome<txn::Shard> {
    fn from(outcome: txn::Outcome) -> Self {
        let txn::Outcome { records, answer, commands, after_write } = outcome;
        let answer = answer.map(|answer| match answer {
            txn::Answer::Now(response) => Answer::Now(response),
            txn::Answer::Committed(response) => Answer::Committed(response),
            txn::Answer::Parked => Answer::Parked,
        });
        let command = |command| match command {
            txn::Command::Reply { to, response } => Command::Reply { to: Token(to.0), response },
            txn::Command::Schedule { timer, after_ms } => Command::Schedule { timer, after_ms },
            txn::Command::Perform(effect) => Command::Perform(effect),
        };
        let commands = commands.into_iter().map(command).collect();
        // Each record is about a transactional id of its own.
        Self { records, divisible: true, answer, commands, after_write }
    }
}
