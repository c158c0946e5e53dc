//! What all handlers share.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use config::ServerConfig;
use coordination::{GroupCoordinator, ShareCoordinator, TransactionCoordinator};
use env::Env;
use metadata::Image;
use metrics::{Level, Tally};
use replication::Replicas;
use tokio::sync::Notify;
use wire::{ErrorCode, Str};

use crate::auto_create::AutoCreation;
use crate::codecs::CodecPool;
use crate::fetch_session::FetchSessions;
use crate::groups;
use crate::loggers::Loggers;
use crate::producer_ids::ProducerIds;
use crate::share::{self, Shares};
use crate::streams_topics::StreamsTopics;
use crate::telemetry::{Receiver, Telemetry};
use crate::to_controller::ToController;
use crate::transactions;

/// What a broker is made of; the node puts it together.
#[derive(Debug)]
pub struct BrokerParts {
    /// Clock, randomness, tasks.
    pub env: Env,
    /// This node's id.
    pub node_id: i32,
    /// The cluster's id.
    pub cluster_id: Str,
    /// The configuration as it is now.
    pub config: Arc<ArcSwap<ServerConfig>>,
    /// The cluster as it is now.
    pub image: Arc<ArcSwap<Image>>,
    /// The replicas on this node.
    pub replicas: Arc<Replicas>,
    /// The way to the active controller.
    pub controller: Arc<dyn ToController>,
    /// The loggers of this process.
    pub loggers: Arc<Loggers>,
    /// Who receives the metrics of clients, if anybody does.
    pub telemetry: Option<Receiver>,
}

/// A broker: what its handlers reach.
pub struct Broker {
    pub(crate) env: Env,
    pub(crate) node_id: i32,
    pub(crate) cluster_id: Str,
    config: Arc<ArcSwap<ServerConfig>>,
    image: Arc<ArcSwap<Image>>,
    pub(crate) replicas: Arc<Replicas>,
    pub(crate) controller: Arc<dyn ToController>,
    pub(crate) loggers: Arc<Loggers>,
    pub(crate) auto_creation: AutoCreation,
    pub(crate) streams_topics: StreamsTopics,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) codecs: CodecPool,
    pub(crate) fetch_sessions: FetchSessions,
    pub(crate) groups: GroupCoordinator,
    pub(crate) transactions: TransactionCoordinator,
    pub(crate) share_states: ShareCoordinator,
    pub(crate) shares: Shares,
    pub(crate) telemetry: Telemetry,
    /// There is something to tell the controller before the next heartbeat is due.
    pub(crate) news: Notify,
    /// Fetches that wait for data.
    pub(crate) waiting_fetches: Level,
    /// Produce requests that wait for replicas or the disk.
    pub(crate) waiting_produces: Level,
    /// Partitions that requests named and that are not here.
    pub(crate) failures: Failures,
}

/// Requests for partitions that are not here.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) produce: Tally,
    pub(crate) fetch: Tally,
}

impl Broker {
    /// Puts a broker together. It serves once connections are given to it.
    pub fn new(parts: BrokerParts) -> Arc<Self> {
        let telemetry_max_bytes = parts.config.load().node.telemetry_max_bytes;
        let slots = parts.config.load().fetch.max_incremental_fetch_session_cache_slots;
        let slots = usize::try_from(slots).unwrap_or(0);
        Arc::new_cyclic(|me| Self {
            fetch_sessions: FetchSessions::new(slots, parts.env.random().fork()),
            groups: groups::coordinator(&parts.env, &parts.config.load(), me.clone()),
            transactions: transactions::coordinator(&parts.env, &parts.config.load(), me.clone()),
            shares: Shares::new(&parts.env, &parts.config.load()),
            share_states: share::coordinator(&parts.env, &parts.config.load(), me.clone()),
            telemetry: Telemetry::new(&parts.env, telemetry_max_bytes, parts.telemetry),
            env: parts.env,
            node_id: parts.node_id,
            cluster_id: parts.cluster_id,
            config: parts.config,
            image: parts.image,
            replicas: parts.replicas,
            controller: parts.controller,
            loggers: parts.loggers,
            auto_creation: AutoCreation::default(),
            streams_topics: StreamsTopics::default(),
            producer_ids: ProducerIds::default(),
            news: Notify::new(),
            codecs: CodecPool::default(),
            waiting_fetches: Level::default(),
            waiting_produces: Level::default(),
            failures: Failures::default(),
        })
    }

    /// The configuration as it is now.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Sends a heartbeat at once, since what it says has changed (cordoned log directories).
    pub fn tell_controller(&self) {
        self.news.notify_one();
    }

    /// An id that no producer ever had.
    pub(crate) async fn next_producer_id(&self) -> Result<i64, ErrorCode> {
        let image = self.image();
        let epoch = image.cluster.broker(self.node_id).map_or(-1, |broker| broker.epoch);
        self.producer_ids.next(&*self.controller, self.node_id, epoch).await
    }

    /// Operations that wait: fetches for data, Produce requests for replicas or the disk.
    pub fn waiting(&self) -> (u64, u64) {
        (self.waiting_fetches.get(), self.waiting_produces.get())
    }

    /// How many partitions were named in Fetch and in Produce requests that are not here.
    pub fn failures(&self) -> (u64, u64) {
        (self.failures.fetch.get(), self.failures.produce.get())
    }

    /// The group coordinator.
    pub fn groups(&self) -> &GroupCoordinator {
        &self.groups
    }

    /// This node's id.
    pub fn node_id(&self) -> i32 {
        self.node_id
    }

    /// The replicas on this node.
    pub fn replicas(&self) -> &Arc<Replicas> {
        &self.replicas
    }

    /// The cluster as it is now.
    pub fn image(&self) -> Arc<Image> {
        self.image.load_full()
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("node_id", &self.node_id).finish_non_exhaustive()
    }
}
