//! Topics: list, describe, create, grow, delete.

use std::collections::BTreeMap;

use wire::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use wire::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use wire::messages::delete_topics_request::DeleteTopicState;
use wire::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use wire::messages::describe_topic_partitions_response::DescribeTopicPartitionsResponsePartition;
use wire::messages::list_partition_reassignments_response::OngoingPartitionReassignment;
use wire::messages::metadata_response::MetadataResponseTopic;
use wire::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    DescribeTopicPartitionsRequest, ListPartitionReassignmentsRequest,
};
use wire::{ApiKey, ErrorCode, Str, Uuid};

use super::{Admin, CHANGE_TIMEOUT_MS};
use crate::error::{Error, check};

/// A topic to be created.
#[derive(Debug, Clone, Default)]
pub struct NewTopic {
    /// Its name.
    pub name: Str,
    /// How many partitions; `None` for the broker's `num.partitions`.
    pub partitions: Option<i32>,
    /// How many replicas of each; `None` for the broker's `default.replication.factor`.
    pub replication_factor: Option<i16>,
    /// The replicas of each partition, in place of the two numbers.
    pub assignment: Vec<Vec<i32>>,
    /// Settings other than the defaults.
    pub configs: Vec<(Str, Str)>,
}

/// A topic and its partitions.
#[derive(Debug, Clone, Default)]
pub struct TopicDescription {
    /// Its name.
    pub name: Str,
    /// Its id; zero if the server has none.
    pub id: Uuid,
    /// Whether it is one of Kafka's own.
    pub is_internal: bool,
    /// Its partitions, by index.
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
}

/// Partitions being moved, by topic and index.
pub type Reassignments = BTreeMap<(Str, i32), OngoingPartitionReassignment>;

impl Admin {
    /// All topics, by name.
    ///
    /// # Errors
    /// As [`Connection::call`](crate::Connection::call).
    pub async fn list_topics(&self) -> Result<Vec<MetadataResponseTopic>, Error> {
        let mut topics = self.cluster.metadata(None).await?.topics;
        topics.retain(|topic| topic.name.is_some());
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(topics)
    }

    /// Creates topics; each by itself succeeds or not.
    ///
    /// # Errors
    /// The request failed as a whole.
    pub async fn create_topics(
        &self,
        topics: Vec<NewTopic>,
    ) -> Result<Vec<(Str, Result<Uuid, Error>)>, Error> {
        let request = CreateTopicsRequest {
            topics: topics.into_iter().map(creatable).collect(),
            timeout_ms: CHANGE_TIMEOUT_MS,
            ..CreateTopicsRequest::default()
        };
        let response = self.cluster.call(&request).await?;
        let results = response.topics.into_iter().map(|topic| {
            let result = check(topic.error_code, topic.error_message.as_deref());
            (topic.name, result.map(|()| topic.topic_id))
        });
        Ok(results.collect())
    }

    /// Deletes topics; each by itself succeeds or not.
    ///
    /// # Errors
    /// The request failed as a whole.
    pub async fn delete_topics(
        &self,
        names: &[Str],
    ) -> Result<Vec<(Str, Result<(), Error>)>, Error> {
        let connection = self.cluster.any().await?;
        let by_name = connection.version(ApiKey::DeleteTopics, i16::MAX)? < 6;
        let state = |name: &Str| DeleteTopicState {
            name: Some(name.clone()),
            ..DeleteTopicState::default()
        };
        let request = DeleteTopicsRequest {
            topics: if by_name { Vec::new() } else { names.iter().map(state).collect() },
            topic_names: if by_name { names.to_vec() } else { Vec::new() },
            timeout_ms: CHANGE_TIMEOUT_MS,
            ..DeleteTopicsRequest::default()
        };
        let response = connection.call(&request).await?;
        let results = response.responses.into_iter().map(|topic| {
            let result = check(topic.error_code, topic.error_message.as_deref());
            (topic.name.unwrap_or_default(), result)
        });
        Ok(results.collect())
    }

    /// Lets a topic have `count` partitions in all; `assignment` places the new ones.
    ///
    /// # Errors
    /// The broker refuses.
    pub async fn create_partitions(
        &self,
        topic: &Str,
        count: i32,
        assignment: Option<Vec<Vec<i32>>>,
    ) -> Result<(), Error> {
        let place = |broker_ids| CreatePartitionsAssignment {
            broker_ids,
            ..CreatePartitionsAssignment::default()
        };
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic {
                name: topic.clone(),
                count,
                assignments: assignment.map(|all| all.into_iter().map(place).collect()),
                ..CreatePartitionsTopic::default()
            }],
            timeout_ms: CHANGE_TIMEOUT_MS,
            ..CreatePartitionsRequest::default()
        };
        let response = self.cluster.call(&request).await?;
        for result in response.results {
            check(result.error_code, result.error_message.as_deref())?;
        }
        Ok(())
    }

    /// Describes topics by name, asking for at most `limit` partitions at a time. Topics that are
    /// gone are left out.
    ///
    /// # Errors
    /// The broker refuses one of them.
    pub async fn describe_topics(
        &self,
        names: &[Str],
        limit: i32,
    ) -> Result<Vec<TopicDescription>, Error> {
        let connection = self.cluster.any().await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        if connection.version(ApiKey::DescribeTopicPartitions, i16::MAX).is_err() {
            return self.describe_by_metadata(names).await;
        }
        let mut found: BTreeMap<Str, TopicDescription> = BTreeMap::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let begun = cursor.as_ref().map(|cursor| cursor.topic_name.clone());
            let rest = names.iter().filter(|name| begun.as_ref().is_none_or(|at| *name >= at));
            let asked =
                rest.map(|name| TopicRequest { name: name.clone(), ..TopicRequest::default() });
            let request = DescribeTopicPartitionsRequest {
                topics: asked.collect(),
                response_partition_limit: limit,
                cursor: cursor.take(),
                ..DescribeTopicPartitionsRequest::default()
            };
            let response = connection.call(&request).await?;
            let came = response.topics.len();
            for topic in response.topics {
                if topic.error_code == ErrorCode::UnknownTopicOrPartition.code() {
                    continue;
                }
                check(topic.error_code, None)?;
                let Some(name) = topic.name else { continue };
                let description = found.entry(name.clone()).or_default();
                description.name = name;
                description.id = topic.topic_id;
                description.is_internal = topic.is_internal;
                description.partitions.extend(topic.partitions);
            }
            // A server that gives a cursor and no topic would keep us here for ever.
            match response.next_cursor {
                Some(next) if came > 0 => {
                    cursor = Some(Cursor {
                        topic_name: next.topic_name,
                        partition_index: next.partition_index,
                        ..Cursor::default()
                    });
                }
                _ => return Ok(found.into_values().collect()),
            }
        }
    }

    /// As older brokers describe topics: without eligible leader replicas.
    async fn describe_by_metadata(&self, names: &[Str]) -> Result<Vec<TopicDescription>, Error> {
        let response = self.cluster.metadata(Some(names)).await?;
        let mut found = Vec::new();
        for topic in response.topics {
            if topic.error_code == ErrorCode::UnknownTopicOrPartition.code() {
                continue;
            }
            check(topic.error_code, None)?;
            let partition = |from: wire::messages::metadata_response::MetadataResponsePartition| {
                DescribeTopicPartitionsResponsePartition {
                    partition_index: from.partition_index,
                    leader_id: from.leader_id,
                    leader_epoch: from.leader_epoch,
                    replica_nodes: from.replica_nodes,
                    isr_nodes: from.isr_nodes,
                    offline_replicas: from.offline_replicas,
                    ..DescribeTopicPartitionsResponsePartition::default()
                }
            };
            let mut partitions: Vec<_> = topic.partitions.into_iter().map(partition).collect();
            partitions.sort_by_key(|partition| partition.partition_index);
            found.push(TopicDescription {
                name: topic.name.unwrap_or_default(),
                id: topic.topic_id,
                is_internal: topic.is_internal,
                partitions,
            });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The partitions that are being moved.
    ///
    /// # Errors
    /// The broker refuses.
    pub async fn list_reassignments(&self) -> Result<Reassignments, Error> {
        let request = ListPartitionReassignmentsRequest {
            timeout_ms: CHANGE_TIMEOUT_MS,
            topics: None,
            ..ListPartitionReassignmentsRequest::default()
        };
        let response = self.cluster.call(&request).await?;
        check(response.error_code, response.error_message.as_deref())?;
        let all = response.topics.into_iter().flat_map(|topic| {
            let name = topic.name;
            let key = move |index| (name.clone(), index);
            topic.partitions.into_iter().map(move |moved| (key(moved.partition_index), moved))
        });
        Ok(all.collect())
    }
}

fn creatable(topic: NewTopic) -> CreatableTopic {
    let assigned = topic.assignment.into_iter().zip(0..);
    let assigned = assigned.map(|(broker_ids, partition_index)| CreatableReplicaAssignment {
        partition_index,
        broker_ids,
        ..CreatableReplicaAssignment::default()
    });
    let assignments: Vec<_> = assigned.collect();
    let config = |(name, value): (Str, Str)| CreatableTopicConfig {
        name,
        value: Some(value),
        ..CreatableTopicConfig::default()
    };
    CreatableTopic {
        name: topic.name,
        num_partitions: topic.partitions.filter(|_| assignments.is_empty()).unwrap_or(-1),
        replication_factor: topic
            .replication_factor
            .filter(|_| assignments.is_empty())
            .unwrap_or(-1),
        assignments,
        configs: topic.configs.into_iter().map(config).collect(),
        ..CreatableTopic::default()
    }
}
