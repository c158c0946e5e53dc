//! AlterPartitionReassignments.

use metadata::controller::{AlterReassignments, Reassign};
use wire::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use wire::messages::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse};

use crate::error_map;
use crate::handle::Handle;
use crate::operation::Operation;

impl Handle {
    /// Starts and cancels reassignments (kafka-semantics 203, 204).
    pub async fn alter_partition_reassignments(
        &self,
        request: AlterPartitionReassignmentsRequest,
    ) -> AlterPartitionReassignmentsResponse {
        if request.topics.is_empty() {
            return AlterPartitionReassignmentsResponse::default();
        }
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|partition| Reassign {
                index: partition.partition_index,
                replicas: partition.replicas.clone(),
            });
            (topic.name.detach(), partitions.collect())
        });
        let wanted = AlterReassignments {
            topics: topics.collect(),
            allow_replication_factor_change: request.allow_replication_factor_change,
        };
        let timeout_ms = Some(request.timeout_ms);
        let altered =
            self.ask(timeout_ms, |reply| Operation::AlterReassignments(wanted, reply)).await;
        let (error_code, error_message) = error_map::result_to_wire(&altered);
        let altered = altered.unwrap_or_else(|error| {
            let topics = request.topics.iter().map(|topic| {
                let failed =
                    topic.partitions.iter().map(|p| (p.partition_index, Err(error.clone())));
                (topic.name.clone(), failed.collect())
            });
            topics.collect()
        });
        let responses = altered.into_iter().map(|(name, results)| ReassignableTopicResponse {
            name,
            partitions: results
                .into_iter()
                .map(|(partition_index, result)| {
                    let (error_code, error_message) = error_map::result_to_wire(&result);
                    ReassignablePartitionResponse {
                        partition_index,
                        error_code,
                        error_message,
                        ..ReassignablePartitionResponse::default()
                    }
                })
                .collect(),
            ..ReassignableTopicResponse::default()
        });
        AlterPartitionReassignmentsResponse {
            allow_replication_factor_change: request.allow_replication_factor_change,
            error_code,
            error_message,
            responses: responses.collect(),
            ..AlterPartitionReassignmentsResponse::default()
        }
    }
}
