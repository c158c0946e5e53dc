//! The transaction coordinator of this broker: its settings, its logs, and how it follows the
//! cluster.

pub(crate) mod markers;
pub(crate) mod membership;
pub(crate) mod producing;

use std::sync::{Arc, Weak};

use config::ServerConfig;
use coordination::{Origin, Settings, TransactionCoordinator};
use env::Env;
use metadata::{Image, Update, features};
use txn::{Effect, ProducerIdAllocated, TransactionVersion};

use crate::replica_log::ReplicaLog;
use crate::state::Broker;
use crate::topic_name::TRANSACTION_STATE;

/// A coordinator without shards, as the configuration says.
pub(crate) fn coordinator(
    env: &Env,
    config: &ServerConfig,
    broker: Weak<Broker>,
) -> TransactionCoordinator {
    let transaction = &config.transaction;
    let settings = Settings {
        load_buffer_bytes: usize::try_from(transaction.state_log_load_buffer_size).unwrap_or(0),
        ..Settings::default()
    };
    let of_transactions = txn::Settings {
        max_timeout_ms: transaction.max_timeout_ms,
        two_phase_commit: transaction.two_phase_commit_enable,
        abort_timed_out_interval_ms: transaction
            .abort_timed_out_transaction_cleanup_interval_ms
            .into(),
        expiration_ms: transaction.transactional_id_expiration_ms.into(),
        remove_expired_interval_ms: transaction
            .remove_expired_transaction_cleanup_interval_ms
            .into(),
    };
    let partitions = transaction.state_log_num_partitions;
    let perform = move |origin, effect| {
        // Nobody is there any more while the node goes down.
        if let Some(broker) = broker.upgrade() {
            let performing = Arc::clone(&broker);
            let work = async move { performing.perform(origin, effect).await };
            drop(broker.env.spawn("end transactions", work));
        }
    };
    TransactionCoordinator::new(env.clone(), settings, of_transactions, partitions, perform)
}

impl Broker {
    /// Does what a shard wants done outside, and tells it what became of it.
    async fn perform(&self, origin: Origin, effect: Effect) {
        match effect {
            Effect::WriteMarkers(markers) => {
                let written = self.write_markers(origin.leader_epoch, markers).await;
                // A shard that is gone begins again where it is loaded next.
                let _ = self.transactions.call_shard(origin.partition, written).await;
            }
            Effect::AllocateProducerId { transactional_id } => {
                match self.next_producer_id().await {
                    Ok(producer_id) => {
                        let allocated = ProducerIdAllocated { transactional_id, producer_id };
                        let _ = self.transactions.call_shard(origin.partition, allocated).await;
                    }
                    // The shard looks at transactions that take too long again before long.
                    Err(error) => tracing::warn!("no producer id to end a transaction: {error}"),
                }
            }
        }
    }

    /// Follows a change of the cluster, after the replicas have: shards come and go with the
    /// leadership of their partitions.
    pub fn follow_transactions(&self, update: &Update) {
        let deleted = &update.changes.deleted_topics;
        for topic in deleted.iter().filter(|topic| topic.name == *TRANSACTION_STATE) {
            topic.partitions().for_each(|(index, _)| self.transactions.resigned(index, None));
        }
        let changed = update.after.topics.id(TRANSACTION_STATE);
        if changed.is_some_and(|id| update.changes.topics.contains_key(&id)) {
            self.place_transactions(&update.after);
        }
        if update.changes.features {
            let version = version(&update.after);
            if self.transactions.set_version(version) {
                let transactions = self.transactions.clone();
                let tell = async move { transactions.version_changed(version).await };
                drop(self.env.spawn("transaction version", tell));
            }
        }
    }

    /// Shards for the partitions that an image lets this broker lead, and no others: what a broker
    /// begins with. Replicas have to be there before.
    pub fn place_transactions(&self, image: &Image) {
        self.transactions.set_version(version(image));
        let Some(topic) = image.topics.by_name(TRANSACTION_STATE) else { return };
        let partitions = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
        self.transactions.set_partitions(partitions);
        for (index, partition) in topic.partitions() {
            if partition.leader != self.node_id {
                self.transactions.resigned(index, Some(partition.leader_epoch));
                continue;
            }
            match self.replicas.get(TRANSACTION_STATE, index) {
                Ok(replica) => {
                    let epoch = partition.leader_epoch;
                    let log = ReplicaLog::new(self.env.clone(), replica, epoch);
                    self.transactions.elected(index, epoch, Arc::new(log));
                }
                Err(error) => tracing::error!("{TRANSACTION_STATE}-{index} is not served: {error}"),
            }
        }
    }
}

/// The cluster's `transaction.version`. Levels this program does not know cannot be there: it would
/// not have been let into the cluster.
fn version(image: &Image) -> TransactionVersion {
    let level = image.features.level(features::TRANSACTION_VERSION);
    TransactionVersion::from_level(level).unwrap_or_default()
}
