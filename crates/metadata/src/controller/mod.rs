//! What the active controller decides.
//!
//! Every request becomes a [`Decision`]: records to append and a response to give once they are
//! committed. Handlers compute, and change nothing but soft state (who was heard of when); only
//! [`Controller::replay`] changes the image, with the code that also loads it.

mod activation;
mod alter_partition;
mod alter_reassignments;
mod client_quotas;
mod configs;
mod create_partitions;
mod create_topics;
mod decision;
mod delete_topics;
mod directories;
mod elections;
mod error;
mod heartbeat;
mod heartbeats;
mod leadership;
mod names;
mod partition_assignment;
mod partition_change;
mod placement;
mod producer_ids;
mod reassignment;
mod registration;
mod settings;
mod update_features;

use wire::Uuid;

pub use activation::Bootstrap;
pub use alter_partition::{
    AlterPartition, AlterPartitionResult, AlteredPartition, PartitionProposal,
};
pub use alter_reassignments::{
    AlterReassignments, AlterReassignmentsResult, OngoingReassignment, Reassign,
};
pub use client_quotas::{AlterClientQuotas, AlterClientQuotasResult, AlterQuota};
pub use configs::{
    AlterConfigsResult, ConfigOp, ConfigSource, EffectiveConfig, IncrementalAlterConfigs,
    LegacyAlterConfigs, NewConfigs, OpKind,
};
pub use create_partitions::{CreatePartitions, CreatePartitionsResult, GrowTopic};
pub use create_topics::{
    CreateTopics, CreateTopicsResult, CreatedTopic, NewTopic, ReplicaAssignment, TopicDescription,
};
pub use decision::Decision;
pub use delete_topics::{DeletedTopic, TopicReference};
pub use directories::{AssignReplicas, AssignReplicasResult};
pub use elections::{ELECTIONS_PER_ROUND_MAX, ElectLeaders, ElectLeadersResult, ElectionType};
pub use error::{Error, Message, Reason, Result};
pub use heartbeat::{BrokerHeartbeat, HeartbeatReply};
pub use names::validate_topic_name;
pub use producer_ids::{PRODUCER_ID_BLOCK_LEN, ProducerIdBlock};
pub use registration::{QuorumState, RegisterBroker, RegisterController};
pub use settings::Settings;
pub use update_features::{
    FeatureUpdate, FeaturesUpdated, QuorumFeatures, UpdateFeatures, UpgradeType,
};

use crate::MetadataVersion;
use crate::error::ReplayError;
use crate::image::{Image, Replayed};
use heartbeats::Heartbeats;
use wire::stored::metadata::MetadataRecord;

/// Milliseconds of the monotonic clock, or a span of them.
pub type Millis = u64;

/// Items of topics, by name or by id.
pub type ByTopic<K, T> = Vec<(K, Vec<T>)>;

/// The largest number of partitions one request may create (kafka-apis 46).
pub const PARTITIONS_PER_REQUEST_MAX: usize = 10_000;

/// The largest number of records one request may lead to (kafka-apis 46).
pub const RECORDS_PER_REQUEST_MAX: usize = 10_000;

/// Where random numbers come from; the driver passes its own, seeded in a simulation.
pub trait Random {
    /// A number in `0..bound`; 0 when `bound` is 0.
    fn below(&mut self, bound: u64) -> u64;

    /// A UUID that was never drawn before.
    fn uuid(&mut self) -> Uuid;
}

/// The active controller: the image with everything appended so far, committed or not, and what
/// heartbeats said.
#[derive(Clone, Debug)]
pub struct Controller {
    settings: Settings,
    image: Image,
    heartbeats: Heartbeats,
}

impl Controller {
    /// A controller at the beginning of its term: `image` holds every record of the log.
    ///
    /// Nobody was heard of yet, so every broker that is not fenced counts as heard of now.
    pub fn new(settings: Settings, image: Image, now: Millis) -> Self {
        let mut heartbeats = Heartbeats::new(settings.broker_session_timeout_ms());
        for broker in image.cluster.brokers.values() {
            heartbeats.register(broker.id, broker.fenced);
            if !broker.fenced {
                heartbeats.contact(broker.id, broker.epoch, now);
            }
        }
        Self { settings, image, heartbeats }
    }

    /// The image with everything appended so far.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Applies a record that is being appended at `offset`.
    ///
    /// # Errors
    /// If it contradicts the records before: a fault of the decision that made it.
    pub fn replay(&mut self, offset: i64, record: &MetadataRecord) -> Result<(), ReplayError> {
        if let Replayed::Broker(id) = self.image.replay(offset, record)? {
            if matches!(record, MetadataRecord::RegisterBroker(_)) {
                self.heartbeats.remove(id);
            }
            match self.image.cluster.broker(id) {
                Some(broker) => self.heartbeats.register(id, broker.fenced),
                None => self.heartbeats.remove(id),
            }
        }
        Ok(())
    }

    /// Whether records fit onto the image: asked before they are appended, since a record that
    /// cannot be applied would stop every node that reads it.
    ///
    /// # Errors
    /// For the first that does not.
    pub fn verify(&self, records: &[MetadataRecord]) -> Result<(), ReplayError> {
        let mut image = self.image.clone();
        records.iter().try_for_each(|record| image.replay(0, record).map(|_| ()))
    }

    /// Takes over an image that says the same, so that memory is shared with those who read it.
    pub fn share(&mut self, image: &Image) {
        self.image = image.clone();
    }

    fn metadata_version(&self) -> MetadataVersion {
        self.image.features.metadata_version_or_minimum()
    }

    fn is_controller(&self, id: i32) -> bool {
        id == self.settings.node_id() || self.image.cluster.controllers.contains_key(&id)
    }
}

fn check_record_count(records: &[MetadataRecord]) -> Result<()> {
    match records.len() > RECORDS_PER_REQUEST_MAX {
        true => Err(too_large()),
        false => Ok(()),
    }
}

fn too_large() -> Error {
    Error::new(Reason::PolicyViolation, "Unable to perform excessively large batch operation.")
}
