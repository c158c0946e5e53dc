//! Where to begin: offsets committed by a group, and the ends of partitions.

use std::collections::BTreeMap;

use wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use wire::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use wire::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use wire::messages::{ListOffsetsRequest, OffsetCommitRequest, OffsetFetchRequest};
use wire::{ApiKey, ErrorCode, Str};

use super::config::Isolation;
use super::group::Membership;
use crate::cluster::Cluster;
use crate::error::{Error, check};

/// A topic and a partition of it.
pub type TopicPartition = (Str, i32);

/// The last version that names topics; later ones need their ids.
const BY_NAME: i16 = 9;

/// "The oldest record" in ListOffsets.
pub(crate) const EARLIEST: i64 = -2;
/// "Behind the newest record" in ListOffsets.
pub(crate) const LATEST: i64 = -1;

/// Indexes by topic.
fn by_topic<'a>(partitions: impl Iterator<Item = &'a TopicPartition>) -> BTreeMap<Str, Vec<i32>> {
    let mut topics: BTreeMap<Str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in partitions {
        topics.entry(topic.clone()).or_default().push(*partition);
    }
    topics
}

/// The offsets of a timestamp ([`EARLIEST`], [`LATEST`], or ms since the epoch) in partitions
/// that one broker leads; errors by partition.
pub(crate) async fn list_offsets(
    cluster: &Cluster,
    leader: i32,
    partitions: &[TopicPartition],
    (timestamp, isolation): (i64, Isolation),
) -> Result<Vec<(TopicPartition, Result<i64, Error>)>, Error> {
    let partition = |index: i32| ListOffsetsPartition {
        partition_index: index,
        current_leader_epoch: records::NO_PARTITION_LEADER_EPOCH,
        timestamp,
        ..ListOffsetsPartition::default()
    };
    let topics = by_topic(partitions.iter()).into_iter().map(|(name, indexes)| ListOffsetsTopic {
        name,
        partitions: indexes.into_iter().map(partition).collect(),
        ..ListOffsetsTopic::default()
    });
    let connection = cluster.broker(leader).await?;
    let version = connection.version(ApiKey::ListOffsets, i16::MAX)?;
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level: if version >= 2 { isolation.code() } else { 0 },
        topics: topics.collect(),
        ..ListOffsetsRequest::default()
    };
    let response = connection.call(&request).await?;
    let found = response.topics.into_iter().flat_map(|topic| {
        let name = topic.name;
        topic.partitions.into_iter().map(move |partition| {
            let result = check(partition.error_code, None).map(|()| partition.offset);
            ((name.detach(), partition.partition_index), result)
        })
    });
    Ok(found.collect())
}

/// What a group committed for partitions; those without are left out.
pub(crate) async fn committed(
    cluster: &Cluster,
    group_id: &Str,
    partitions: &[TopicPartition],
) -> Result<BTreeMap<TopicPartition, i64>, Error> {
    let connection = cluster.coordinator(group_id).await?;
    let version = connection.version(ApiKey::OffsetFetch, BY_NAME)?;
    let topics = by_topic(partitions.iter()).into_iter();
    let request = if version >= 8 {
        let topics = topics.map(|(name, partition_indexes)| OffsetFetchRequestTopics {
            name,
            partition_indexes,
            ..OffsetFetchRequestTopics::default()
        });
        OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: group_id.clone(),
                topics: Some(topics.collect()),
                ..OffsetFetchRequestGroup::default()
            }],
            require_stable: true,
            ..OffsetFetchRequest::default()
        }
    } else {
        let topics = topics.map(|(name, partition_indexes)| OffsetFetchRequestTopic {
            name,
            partition_indexes,
            ..OffsetFetchRequestTopic::default()
        });
        OffsetFetchRequest {
            group_id: group_id.clone(),
            topics: Some(topics.collect()),
            require_stable: version >= 7,
            ..OffsetFetchRequest::default()
        }
    };
    let timeout = cluster.config().request_timeout;
    let response = connection.call_version(&request, version, timeout).await?;
    check(response.error_code, None)?;
    let mut found = BTreeMap::new();
    let mut take = |topic: &Str, partition: i32, code: i16, offset: i64| {
        check(code, None)?;
        if offset >= 0 {
            found.insert((topic.detach(), partition), offset);
        }
        Ok::<(), Error>(())
    };
    for topic in &response.topics {
        for at in &topic.partitions {
            take(&topic.name, at.partition_index, at.error_code, at.committed_offset)?;
        }
    }
    for group in &response.groups {
        check(group.error_code, None)?;
        for topic in &group.topics {
            for at in &topic.partitions {
                take(&topic.name, at.partition_index, at.error_code, at.committed_offset)?;
            }
        }
    }
    Ok(found)
}

/// Commits offsets for a group; `member` is what the committer is in it, if anything.
pub(crate) async fn commit(
    cluster: &Cluster,
    group_id: &Str,
    member: Option<&Membership>,
    offsets: &BTreeMap<TopicPartition, i64>,
) -> Result<(), Error> {
    if offsets.is_empty() {
        return Ok(());
    }
    let partition = |name: &Str, index: i32| OffsetCommitRequestPartition {
        partition_index: index,
        committed_offset: offsets.get(&(name.clone(), index)).copied().unwrap_or(-1),
        committed_metadata: Some(Str::new()),
        ..OffsetCommitRequestPartition::default()
    };
    let topics = by_topic(offsets.keys()).into_iter().map(|(name, indexes)| {
        let partitions = indexes.into_iter().map(|index| partition(&name, index)).collect();
        OffsetCommitRequestTopic { name, partitions, ..OffsetCommitRequestTopic::default() }
    });
    let request = OffsetCommitRequest {
        group_id: group_id.clone(),
        generation_id_or_member_epoch: member.map_or(-1, |member| member.generation_id),
        member_id: member.map(|member| member.member_id.clone()).unwrap_or_default(),
        group_instance_id: member.and_then(|member| member.instance_id.clone()),
        topics: topics.collect(),
        ..OffsetCommitRequest::default()
    };
    let connection = cluster.coordinator(group_id).await?;
    let version = connection.version(ApiKey::OffsetCommit, BY_NAME)?;
    let timeout = cluster.config().request_timeout;
    let response = connection.call_version(&request, version, timeout).await?;
    let mut partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    let failed = partitions.find(|at| at.error_code != ErrorCode::None.code());
    failed.map_or(Ok(()), |at| check(at.error_code, None))
}
