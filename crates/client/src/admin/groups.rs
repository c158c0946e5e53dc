//! Groups: list, describe, delete; their committed offsets.

use std::collections::BTreeMap;

use wire::messages::consumer_group_describe_response::DescribedGroup as ConsumerGroup;
use wire::messages::describe_groups_response::DescribedGroup as ClassicGroup;
use wire::messages::list_groups_response::ListedGroup;
use wire::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use wire::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use wire::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use wire::messages::{
    ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest,
    OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
};
use wire::{ApiKey, ApiRequest, ErrorCode, Str};

use super::{Admin, Partitions, by_topic};
use crate::error::{Error, check};

/// The last versions that name topics; later ones have ids only.
const OFFSET_FETCH_BY_NAME: i16 = 9;
const OFFSET_COMMIT_BY_NAME: i16 = 9;
/// From here on a request may name several groups.
const OFFSET_FETCH_GROUPS: i16 = 8;

/// An offset that a group committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOffset {
    /// The offset of the record the group is to read next.
    pub offset: i64,
    /// The leader epoch of the record before it; -1 if unknown.
    pub leader_epoch: i32,
    /// What the group keeps with it.
    pub metadata: Str,
}

impl Admin {
    /// The groups of a cluster, each with the broker that coordinates it. Without filters all.
    ///
    /// # Errors
    /// A broker refuses or cannot be reached.
    pub async fn list_groups(
        &self,
        states: &[Str],
        types: &[Str],
    ) -> Result<Vec<ListedGroup>, Error> {
        let brokers = self.cluster.metadata(Some(&[])).await?.brokers;
        let mut groups = BTreeMap::new();
        for broker in brokers {
            let found = self.cluster.retrying(|| self.list_at(broker.node_id, states, types));
            for group in found.await? {
                groups.insert(group.group_id.clone(), group);
            }
        }
        Ok(groups.into_values().collect())
    }

    async fn list_at(
        &self,
        broker: i32,
        states: &[Str],
        types: &[Str],
    ) -> Result<Vec<ListedGroup>, Error> {
        let connection = self.cluster.broker(broker).await?;
        let request = ListGroupsRequest {
            states_filter: states.to_vec(),
            types_filter: types.to_vec(),
            ..ListGroupsRequest::default()
        };
        let response = connection.call(&request).await?;
        check(response.error_code, None)?;
        Ok(response.groups)
    }

    /// Asks the coordinator of a group, again while that fails in a way that passes.
    pub(super) async fn call_coordinator<R: ApiRequest, T>(
        &self,
        group: &str,
        at_most: i16,
        request: impl Fn(i16) -> R,
        read: impl Fn(R::Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.cluster
            .retrying(|| async {
                let connection = self.cluster.coordinator(group).await?;
                let version = connection.version(R::API, at_most)?;
                let timeout = self.cluster.config().request_timeout;
                let request = request(version);
                read(connection.call_version(&request, version, timeout).await?)
            })
            .await
    }

    /// A classic group.
    ///
    /// # Errors
    /// The coordinator refuses.
    pub async fn describe_classic_group(&self, group: &Str) -> Result<ClassicGroup, Error> {
        let request = |_| DescribeGroupsRequest {
            groups: vec![group.clone()],
            ..DescribeGroupsRequest::default()
        };
        self.call_coordinator(group, i16::MAX, request, |response| {
            let described = response.groups.into_iter().next().ok_or_else(nothing)?;
            check(described.error_code, described.error_message.as_deref())?;
            Ok(described)
        })
        .await
    }

    /// A group of the consumer protocol (KIP-848).
    ///
    /// # Errors
    /// The coordinator refuses.
    pub async fn describe_consumer_group(&self, group: &Str) -> Result<ConsumerGroup, Error> {
        let request = |_| ConsumerGroupDescribeRequest {
            group_ids: vec![group.clone()],
            ..ConsumerGroupDescribeRequest::default()
        };
        self.call_coordinator(group, i16::MAX, request, |response| {
            let described = response.groups.into_iter().next().ok_or_else(nothing)?;
            check(described.error_code, described.error_message.as_deref())?;
            Ok(described)
        })
        .await
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// The coordinator refuses.
    pub async fn delete_group(&self, group: &Str) -> Result<(), Error> {
        let request = |_| DeleteGroupsRequest {
            groups_names: vec![group.clone()],
            ..DeleteGroupsRequest::default()
        };
        self.call_coordinator(group, i16::MAX, request, |response| {
            let result = response.results.into_iter().next().ok_or_else(nothing)?;
            check(result.error_code, None)
        })
        .await
    }

    /// The offsets a group committed, of the partitions named or of all.
    ///
    /// # Errors
    /// The coordinator refuses.
    pub async fn group_offsets(
        &self,
        group: &Str,
        partitions: Option<&[(Str, i32)]>,
    ) -> Result<Partitions<GroupOffset>, Error> {
        let topics = partitions.map(|partitions| {
            let topics = by_topic(partitions.iter().map(|key| (key.clone(), ())));
            let topic = |(name, partitions): (Str, Vec<(i32, ())>)| OffsetFetchRequestTopics {
                name,
                partition_indexes: partitions
                    .into_iter()
                    .map(|(partition, ())| partition)
                    .collect(),
                ..OffsetFetchRequestTopics::default()
            };
            topics.into_iter().map(topic).collect::<Vec<_>>()
        });
        let request = |_| OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: group.clone(),
                member_epoch: -1,
                topics: topics.clone(),
                ..OffsetFetchRequestGroup::default()
            }],
            ..OffsetFetchRequest::default()
        };
        let connection = self.cluster.coordinator(group).await?;
        if connection.version(ApiKey::OffsetFetch, i16::MAX)? < OFFSET_FETCH_GROUPS {
            return Err(Error::Unsupported(ApiKey::OffsetFetch));
        }
        self.call_coordinator(group, OFFSET_FETCH_BY_NAME, request, |response| {
            let found = response.groups.into_iter().next().ok_or_else(nothing)?;
            check(found.error_code, None)?;
            let mut offsets = Partitions::new();
            for topic in found.topics {
                for partition in topic.partitions {
                    check(partition.error_code, None)?;
                    if partition.committed_offset < 0 {
                        continue;
                    }
                    let offset = GroupOffset {
                        offset: partition.committed_offset,
                        leader_epoch: partition.committed_leader_epoch,
                        metadata: partition.metadata.unwrap_or_default(),
                    };
                    offsets.insert((topic.name.clone(), partition.partition_index), offset);
                }
            }
            Ok(offsets)
        })
        .await
    }

    /// Sets committed offsets of a group without members. Each partition's outcome.
    ///
    /// # Errors
    /// The coordinator refuses all of it.
    pub async fn alter_group_offsets(
        &self,
        group: &Str,
        offsets: &Partitions<GroupOffset>,
    ) -> Result<(), Error> {
        let partition =
            |(partition_index, offset): (i32, GroupOffset)| OffsetCommitRequestPartition {
                partition_index,
                committed_offset: offset.offset,
                committed_leader_epoch: offset.leader_epoch,
                committed_metadata: Some(offset.metadata),
                ..OffsetCommitRequestPartition::default()
            };
        let topic = |(name, partitions): (Str, Vec<(i32, GroupOffset)>)| OffsetCommitRequestTopic {
            name,
            partitions: partitions.into_iter().map(partition).collect(),
            ..OffsetCommitRequestTopic::default()
        };
        let topics: Vec<_> = by_topic(offsets.clone()).into_iter().map(topic).collect();
        let request = |_| OffsetCommitRequest {
            group_id: group.clone(),
            generation_id_or_member_epoch: -1,
            retention_time_ms: -1,
            topics: topics.clone(),
            ..OffsetCommitRequest::default()
        };
        self.call_coordinator(group, OFFSET_COMMIT_BY_NAME, request, |response| {
            for topic in response.topics {
                for partition in topic.partitions {
                    check(partition.error_code, None)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Deletes committed offsets of a group. Each partition's outcome.
    ///
    /// # Errors
    /// The coordinator refuses all of it.
    pub async fn delete_group_offsets(
        &self,
        group: &Str,
        partitions: &[(Str, i32)],
    ) -> Result<Partitions<Result<(), Error>>, Error> {
        let partition =
            |(partition_index, ()): (i32, ())| OffsetDeleteRequestPartition { partition_index };
        let topic = |(name, partitions): (Str, Vec<(i32, ())>)| OffsetDeleteRequestTopic {
            name,
            partitions: partitions.into_iter().map(partition).collect(),
        };
        let topics = by_topic(partitions.iter().map(|key| (key.clone(), ())));
        let topics: Vec<_> = topics.into_iter().map(topic).collect();
        let request = |_| OffsetDeleteRequest { group_id: group.clone(), topics: topics.clone() };
        self.call_coordinator(group, i16::MAX, request, |response| {
            check(response.error_code, None)?;
            let mut results = Partitions::new();
            for topic in response.topics {
                for partition in topic.partitions {
                    let result = check(partition.error_code, None);
                    results.insert((topic.name.clone(), partition.partition_index), result);
                }
            }
            Ok(results)
        })
        .await
    }
}

/// An answer without what was asked for.
fn nothing() -> Error {
    Error::refused(ErrorCode::UnknownServerError.code(), None)
}
