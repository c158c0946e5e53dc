//! ListPartitionReassignments.

use wire::Str;
use wire::messages::list_partition_reassignments_response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use wire::messages::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse};

use crate::handle::Handle;

impl Handle {
    /// Lists the reassignments that run, as far as committed.
    pub fn list_partition_reassignments(
        &self,
        request: ListPartitionReassignmentsRequest,
    ) -> ListPartitionReassignmentsResponse {
        let wanted: Option<Vec<(Str, Vec<i32>)>> = request.topics.map(|topics| {
            topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect()
        });
        let image = self.metadata().image();
        let ongoing = image.list_reassignments(wanted.as_deref());
        let topics = ongoing.into_iter().map(|(name, partitions)| OngoingTopicReassignment {
            name,
            partitions: partitions
                .into_iter()
                .map(|partition| OngoingPartitionReassignment {
                    partition_index: partition.index,
                    replicas: partition.replicas.to_vec(),
                    adding_replicas: partition.adding_replicas.to_vec(),
                    removing_replicas: partition.removing_replicas.to_vec(),
                    ..OngoingPartitionReassignment::default()
                })
                .collect(),
            ..OngoingTopicReassignment::default()
        });
        ListPartitionReassignmentsResponse {
            error_message: None,
            topics: topics.collect(),
            ..ListPartitionReassignmentsResponse::default()
        }
    }
}
