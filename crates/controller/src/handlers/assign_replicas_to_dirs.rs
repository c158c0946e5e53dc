//! AssignReplicasToDirs: a broker says in which directories its replicas are.

use metadata::controller::AssignReplicas;
use wire::ErrorCode;
use wire::messages::assign_replicas_to_dirs_response::{DirectoryData, PartitionData, TopicData};
use wire::messages::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};

use crate::error_map;
use crate::handle::Handle;
use crate::operation::Operation;

impl Handle {
    /// Takes assignments of replicas to directories (KIP-858).
    pub async fn assign_replicas_to_dirs(
        &self,
        request: AssignReplicasToDirsRequest,
    ) -> AssignReplicasToDirsResponse {
        let directories = request.directories.iter().map(|directory| {
            let topics = directory.topics.iter().map(|topic| {
                let indexes = topic.partitions.iter().map(|p| p.partition_index);
                (topic.topic_id, indexes.collect())
            });
            (directory.id, topics.collect())
        });
        let wanted = AssignReplicas {
            broker_id: request.broker_id,
            broker_epoch: request.broker_epoch,
            directories: directories.collect(),
        };
        let assigned = match self.ask(None, |r| Operation::AssignReplicas(wanted, r)).await {
            Ok(assigned) => assigned,
            Err(error) => {
                return AssignReplicasToDirsResponse {
                    error_code: error_map::code(error.reason).code(),
                    ..AssignReplicasToDirsResponse::default()
                };
            }
        };
        let partition = |(partition_index, result): (i32, Result<(), _>)| PartitionData {
            partition_index,
            error_code: match result {
                Ok(()) => ErrorCode::None.code(),
                Err(reason) => error_map::code(reason).code(),
            },
            ..PartitionData::default()
        };
        let directories = assigned.into_iter().map(|(id, topics)| DirectoryData {
            id,
            topics: topics
                .into_iter()
                .map(|(topic_id, partitions)| TopicData {
                    topic_id,
                    partitions: partitions.into_iter().map(partition).collect(),
                    ..TopicData::default()
                })
                .collect(),
            ..DirectoryData::default()
        });
        AssignReplicasToDirsResponse {
            directories: directories.collect(),
            ..AssignReplicasToDirsResponse::default()
        }
    }
}
