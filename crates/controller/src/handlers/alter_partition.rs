//! AlterPartition: a leader proposes in-sync replicas.

use metadata::LeaderRecoveryState;
use metadata::controller::{AlterPartition, AlteredPartition, PartitionProposal, Reason};
use wire::messages::alter_partition_request::PartitionData as Proposed;
use wire::messages::alter_partition_response::{PartitionData, TopicData};
use wire::messages::{AlterPartitionRequest, AlterPartitionResponse};

use crate::error_map;
use crate::handle::{Handle, RequestContext};
use crate::operation::Operation;

/// From this version on replicas come with the broker epochs they fetch under (KIP-903).
const BROKER_EPOCHS: i16 = 3;

impl Handle {
    /// Takes a leader's proposals (kafka-semantics 50).
    pub async fn alter_partition(
        &self,
        context: &RequestContext,
        request: AlterPartitionRequest,
    ) -> AlterPartitionResponse {
        if request.topics.is_empty() {
            return AlterPartitionResponse::default();
        }
        let with_epochs = context.api_version >= BROKER_EPOCHS;
        let topics = request.topics.iter().map(|topic| {
            let proposals = topic.partitions.iter().map(|p| proposal(p, with_epochs));
            (topic.topic_id, proposals.collect())
        });
        let wanted = AlterPartition {
            broker_id: request.broker_id,
            broker_epoch: request.broker_epoch,
            topics: topics.collect(),
        };
        match self.ask(None, |reply| Operation::AlterPartition(wanted, reply)).await {
            Ok(altered) => {
                let topics = altered.into_iter().map(|(topic_id, results)| TopicData {
                    topic_id,
                    partitions: results.into_iter().map(|(i, result)| to_wire(i, result)).collect(),
                    ..TopicData::default()
                });
                AlterPartitionResponse {
                    topics: topics.collect(),
                    ..AlterPartitionResponse::default()
                }
            }
            Err(error) => AlterPartitionResponse {
                error_code: error_map::code(error.reason).code(),
                ..AlterPartitionResponse::default()
            },
        }
    }
}

fn proposal(proposed: &Proposed, with_epochs: bool) -> PartitionProposal {
    let new_isr = match with_epochs {
        true => {
            let members = proposed.new_isr_with_epochs.iter();
            members.map(|member| (member.broker_id, member.broker_epoch)).collect()
        }
        false => proposed.new_isr.iter().map(|id| (*id, -1)).collect(),
    };
    PartitionProposal {
        index: proposed.partition_index,
        leader_epoch: proposed.leader_epoch,
        partition_epoch: proposed.partition_epoch,
        new_isr,
        leader_recovery_state: LeaderRecoveryState::from_value(proposed.leader_recovery_state),
    }
}

fn to_wire(index: i32, result: Result<AlteredPartition, Reason>) -> PartitionData {
    match result {
        Ok(partition) => PartitionData {
            partition_index: index,
            leader_id: partition.leader,
            leader_epoch: partition.leader_epoch,
            isr: partition.isr.to_vec(),
            leader_recovery_state: partition.leader_recovery_state.value(),
            partition_epoch: partition.partition_epoch,
            ..PartitionData::default()
        },
        Err(reason) => PartitionData {
            partition_index: index,
            error_code: error_map::code(reason).code(),
            ..PartitionData::default()
        },
    }
}
