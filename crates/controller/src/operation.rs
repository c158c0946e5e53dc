//! What the controller can be asked to write.

use env::Instant;
use metadata::controller::{
    AlterClientQuotas, AlterClientQuotasResult, AlterConfigsResult, AlterPartition,
    AlterPartitionResult, AlterReassignments, AlterReassignmentsResult, AssignReplicas,
    AssignReplicasResult, BrokerHeartbeat, CreatePartitions, CreatePartitionsResult, CreateTopics,
    CreateTopicsResult, DeletedTopic, ElectLeaders, ElectLeadersResult, Error, FeaturesUpdated,
    HeartbeatReply, IncrementalAlterConfigs, LegacyAlterConfigs, ProducerIdBlock, RegisterBroker,
    RegisterController, TopicReference, UpdateFeatures,
};
use tokio::sync::oneshot;

/// Where an answer goes. One whose asker is gone is not sent.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// A request in the controller's queue.
pub(crate) struct Letter {
    /// When it was put there.
    pub(crate) arrived: Instant,
    /// After which nobody waits for it any more.
    pub(crate) deadline: Option<Instant>,
    /// What is asked.
    pub(crate) operation: Operation,
}

/// What is asked, and where the answer goes.
pub(crate) enum Operation {
    AllocateProducerIds(i32, i64, Reply<ProducerIdBlock>),
    AlterClientQuotas(AlterClientQuotas, Reply<AlterClientQuotasResult>),
    AlterConfigs(LegacyAlterConfigs, Reply<AlterConfigsResult>),
    AlterPartition(AlterPartition, Reply<AlterPartitionResult>),
    AlterReassignments(AlterReassignments, Reply<AlterReassignmentsResult>),
    AssignReplicas(AssignReplicas, Reply<AssignReplicasResult>),
    BrokerHeartbeat(BrokerHeartbeat, Reply<HeartbeatReply>),
    CreatePartitions(CreatePartitions, Reply<CreatePartitionsResult>),
    CreateTopics(CreateTopics, Reply<CreateTopicsResult>),
    DeleteTopics(Vec<TopicReference>, Reply<Vec<DeletedTopic>>),
    ElectLeaders(ElectLeaders, Reply<ElectLeadersResult>),
    IncrementalAlterConfigs(IncrementalAlterConfigs, Reply<AlterConfigsResult>),
    RegisterBroker(RegisterBroker, Reply<i64>),
    RegisterController(RegisterController, Reply<()>),
    UnregisterBroker(i32, Reply<()>),
    UpdateFeatures(UpdateFeatures, Reply<FeaturesUpdated>),
}

impl Operation {
    /// Answers with a refusal.
    pub(crate) fn refuse(self, error: Error) {
        match self {
            Self::AllocateProducerIds(_, _, reply) => refuse(reply, error),
            Self::AlterClientQuotas(_, reply) => refuse(reply, error),
            Self::AlterConfigs(_, reply) | Self::IncrementalAlterConfigs(_, reply) => {
                refuse(reply, error);
            }
            Self::AlterPartition(_, reply) => refuse(reply, error),
            Self::AlterReassignments(_, reply) => refuse(reply, error),
            Self::AssignReplicas(_, reply) => refuse(reply, error),
            Self::BrokerHeartbeat(_, reply) => refuse(reply, error),
            Self::CreatePartitions(_, reply) => refuse(reply, error),
            Self::CreateTopics(_, reply) => refuse(reply, error),
            Self::DeleteTopics(_, reply) => refuse(reply, error),
            Self::ElectLeaders(_, reply) => refuse(reply, error),
            Self::RegisterBroker(_, reply) => refuse(reply, error),
            Self::RegisterController(_, reply) | Self::UnregisterBroker(_, reply) => {
                refuse(reply, error);
            }
            Self::UpdateFeatures(_, reply) => refuse(reply, error),
        }
    }
}

/// Nobody may be waiting any more; that is fine.
fn refuse<T>(reply: Reply<T>, error: Error) {
    let _ = reply.send(Err(error));
}
