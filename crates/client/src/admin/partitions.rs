//! Leaders and replicas of partitions: elect them, move them.

use wire::Str;
use wire::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use wire::messages::elect_leaders_request::TopicPartitions;
use wire::messages::{AlterPartitionReassignmentsRequest, ElectLeadersRequest};

use super::{Admin, CHANGE_TIMEOUT_MS, OfTopic, Partitions, by_topic};
use crate::error::{Error, check};

impl Admin {
    /// Elects leaders: the preferred ones, or any replica that lives for those that have none
    /// (`unclean`). Without `partitions` all are meant. Each one's outcome.
    ///
    /// # Errors
    /// The request fails as a whole.
    pub async fn elect_leaders(
        &self,
        unclean: bool,
        partitions: Option<Vec<(Str, i32)>>,
    ) -> Result<Partitions<Result<(), Error>>, Error> {
        let topic = |(topic, partitions): (Str, Vec<(i32, ())>)| TopicPartitions {
            topic,
            partitions: partitions.into_iter().map(|(partition, ())| partition).collect(),
            ..TopicPartitions::default()
        };
        let request = ElectLeadersRequest {
            election_type: i8::from(unclean),
            topic_partitions: partitions.map(|all| {
                let topics = by_topic(all.into_iter().map(|partition| (partition, ())));
                topics.into_iter().map(topic).collect()
            }),
            timeout_ms: CHANGE_TIMEOUT_MS,
            ..ElectLeadersRequest::default()
        };
        let response = self.cluster.call_control(&request).await?;
        check(response.error_code, None)?;
        let mut results = Partitions::new();
        for topic in response.replica_election_results {
            for partition in topic.partition_result {
                let result = check(partition.error_code, partition.error_message.as_deref());
                results.insert((topic.topic.clone(), partition.partition_id), result);
            }
        }
        Ok(results)
    }

    /// Moves replicas; `None` cancels what is under way. Each partition's outcome.
    ///
    /// # Errors
    /// The request fails as a whole.
    pub async fn alter_partition_reassignments(
        &self,
        replicas: Partitions<Option<Vec<i32>>>,
        allow_replication_factor_change: bool,
    ) -> Result<Partitions<Result<(), Error>>, Error> {
        let partition = |(partition_index, replicas)| ReassignablePartition {
            partition_index,
            replicas,
            ..ReassignablePartition::default()
        };
        let topic = |(name, partitions): OfTopic<Option<Vec<i32>>>| ReassignableTopic {
            name,
            partitions: partitions.into_iter().map(partition).collect(),
            ..ReassignableTopic::default()
        };
        let request = AlterPartitionReassignmentsRequest {
            timeout_ms: CHANGE_TIMEOUT_MS,
            allow_replication_factor_change,
            topics: by_topic(replicas).into_iter().map(topic).collect(),
            ..AlterPartitionReassignmentsRequest::default()
        };
        let response = self.cluster.call_control(&request).await?;
        check(response.error_code, response.error_message.as_deref())?;
        let mut results = Partitions::new();
        for topic in response.responses {
            for partition in topic.partitions {
                let result = check(partition.error_code, partition.error_message.as_deref());
                results.insert((topic.name.clone(), partition.partition_index), result);
            }
        }
        Ok(results)
    }
}
