//! The records that a consumer group consists of (kafka-storage 8.1, types 3 to 8 and 16).

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::stored::group::consumer_group_target_assignment_member_value::TopicPartition;
use wire::stored::group::{
    ConsumerGroupCurrentMemberAssignmentValue, ConsumerGroupMemberMetadataValue,
    ConsumerGroupMetadataValue, ConsumerGroupRegularExpressionValue,
    ConsumerGroupTargetAssignmentMemberValue, ConsumerGroupTargetAssignmentMetadataValue,
};
use wire::{Bytes, Reader, Str, Writer};

use super::member::{Current, Partitions, Subscription};
use crate::error::JournalError;
use crate::journal::{check_version, encoded, value_reader};

const EPOCH: i16 = 3;
const PARTITION_METADATA: i16 = 4;
const MEMBER: i16 = 5;
const TARGET_EPOCH: i16 = 6;
const TARGET: i16 = 7;
const CURRENT: i16 = 8;
const REGEX: i16 = 16;

/// The group's epoch and the state of the topics it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// The epoch.
    pub epoch: i32,
    /// A hash of the topics the group is subscribed to.
    pub metadata_hash: i64,
}

impl Epoch {
    /// Of a group that was never written.
    pub(crate) const FIRST: Self = Self { epoch: 1, metadata_hash: 0 };
}

/// The epoch of the target assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetEpoch {
    /// The group epoch that it is for.
    pub epoch: i32,
    /// When it was made, in milliseconds; 0 if unknown.
    pub timestamp_ms: i64,
}

impl TargetEpoch {
    /// Of a group that never had one.
    pub(crate) const FIRST: Self = Self { epoch: 1, timestamp_ms: 0 };
    /// Of a group whose target assignment was removed.
    pub(crate) const GONE: Self = Self { epoch: -1, timestamp_ms: 0 };
}

/// The topics that a pattern matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Their names.
    pub topics: BTreeSet<Str>,
    /// The state of the cluster that was looked at.
    pub version: i64,
    /// When that was, in milliseconds.
    pub timestamp_ms: i64,
}

/// One record. Without a value it is a tombstone.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The group's epoch; the group ends with its tombstone.
    Epoch(Option<Epoch>),
    /// What brokers before 4.1 kept instead of a hash. It is only ever removed.
    PartitionMetadata(Option<Bytes>),
    /// What a member said of itself.
    Member(Str, Option<Arc<Subscription>>),
    /// The epoch of the target assignment.
    TargetEpoch(Option<TargetEpoch>),
    /// What a member shall have.
    Target(Str, Option<Arc<Partitions>>),
    /// What a member has.
    Current(Str, Option<Arc<Current>>),
    /// The topics of a pattern.
    Regex(Str, Option<Arc<Resolved>>),
}

impl Part {
    pub(crate) fn record_type(&self) -> i16 {
        match self {
            Self::Epoch(_) => EPOCH,
            Self::PartitionMetadata(_) => PARTITION_METADATA,
            Self::Member(..) => MEMBER,
            Self::TargetEpoch(_) => TARGET_EPOCH,
            Self::Target(..) => TARGET,
            Self::Current(..) => CURRENT,
            Self::Regex(..) => REGEX,
        }
    }

    pub(crate) fn is_tombstone(&self) -> bool {
        match self {
            Self::Epoch(value) => value.is_none(),
            Self::PartitionMetadata(value) => value.is_none(),
            Self::Member(_, value) => value.is_none(),
            Self::TargetEpoch(value) => value.is_none(),
            Self::Target(_, value) => value.is_none(),
            Self::Current(_, value) => value.is_none(),
            Self::Regex(_, value) => value.is_none(),
        }
    }

    /// Reads what follows the group id in a key, and the value; none if it is no part of a consumer
    /// group.
    pub(crate) fn decode(
        record_type: i16,
        key: &mut Reader,
        value: Option<&Bytes>,
    ) -> Result<Option<Self>, JournalError> {
        let part = match record_type {
            EPOCH => Self::Epoch(value.map(decode_epoch).transpose()?),
            PARTITION_METADATA => {
                Self::PartitionMetadata(value.map(|it| Bytes::copy_from_slice(it)))
            }
            MEMBER => Self::Member(key.str(false)?, value.map(decode_member).transpose()?),
            TARGET_EPOCH => Self::TargetEpoch(value.map(decode_target_epoch).transpose()?),
            TARGET => Self::Target(key.str(false)?, value.map(decode_target).transpose()?),
            CURRENT => Self::Current(key.str(false)?, value.map(decode_current).transpose()?),
            REGEX => Self::Regex(key.str(false)?, value.map(decode_regex).transpose()?),
            _ => return Ok(None),
        };
        Ok(Some(part))
    }

    /// Writes what follows the group id in the key, and gives the value.
    pub(crate) fn encode(&self, key: &mut Writer) -> Result<Option<Bytes>, JournalError> {
        match self {
            Self::Epoch(value) => value.map(encode_epoch).transpose(),
            Self::PartitionMetadata(value) => Ok(value.clone()),
            Self::Member(member_id, value) => {
                key.str(member_id, false)?;
                let encode =
                    |value: &Subscription| encoded(0, |writer| value.stored().encode(writer, 0));
                value.as_deref().map(encode).transpose()
            }
            Self::TargetEpoch(value) => value.map(encode_target_epoch).transpose(),
            Self::Target(member_id, value) => {
                key.str(member_id, false)?;
                value.as_deref().map(encode_target).transpose()
            }
            Self::Current(member_id, value) => {
                key.str(member_id, false)?;
                let encode =
                    |value: &Current| encoded(0, |writer| value.stored().encode(writer, 0));
                value.as_deref().map(encode).transpose()
            }
            Self::Regex(regex, value) => {
                key.str(regex, false)?;
                value.as_deref().map(encode_regex).transpose()
            }
        }
    }
}

fn decode_epoch(value: &Bytes) -> Result<Epoch, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(EPOCH, version, ConsumerGroupMetadataValue::MAX_VERSION)?;
    let value = ConsumerGroupMetadataValue::decode(&mut reader, version)?;
    Ok(Epoch { epoch: value.epoch, metadata_hash: value.metadata_hash })
}

fn encode_epoch(value: Epoch) -> Result<Bytes, JournalError> {
    let Epoch { epoch, metadata_hash } = value;
    let stored = ConsumerGroupMetadataValue {
        epoch,
        metadata_hash,
        ..ConsumerGroupMetadataValue::default()
    };
    encoded(0, |writer| stored.encode(writer, 0))
}

fn decode_member(value: &Bytes) -> Result<Arc<Subscription>, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(MEMBER, version, ConsumerGroupMemberMetadataValue::MAX_VERSION)?;
    let value = ConsumerGroupMemberMetadataValue::decode(&mut reader, version)?;
    Ok(Arc::new(Subscription::load(value)))
}

fn decode_target_epoch(value: &Bytes) -> Result<TargetEpoch, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    let highest = ConsumerGroupTargetAssignmentMetadataValue::MAX_VERSION;
    check_version(TARGET_EPOCH, version, highest)?;
    let value = ConsumerGroupTargetAssignmentMetadataValue::decode(&mut reader, version)?;
    Ok(TargetEpoch { epoch: value.assignment_epoch, timestamp_ms: value.assignment_timestamp })
}

fn encode_target_epoch(value: TargetEpoch) -> Result<Bytes, JournalError> {
    let stored = ConsumerGroupTargetAssignmentMetadataValue {
        assignment_epoch: value.epoch,
        assignment_timestamp: value.timestamp_ms,
        ..ConsumerGroupTargetAssignmentMetadataValue::default()
    };
    encoded(0, |writer| stored.encode(writer, 0))
}

fn decode_target(value: &Bytes) -> Result<Arc<Partitions>, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(TARGET, version, ConsumerGroupTargetAssignmentMemberValue::MAX_VERSION)?;
    let value = ConsumerGroupTargetAssignmentMemberValue::decode(&mut reader, version)?;
    let topics = value.topic_partitions.into_iter();
    let partitions =
        topics.map(|topic| (topic.topic_id, topic.partitions.into_iter().collect())).collect();
    Ok(Arc::new(partitions))
}

fn encode_target(value: &Partitions) -> Result<Bytes, JournalError> {
    let topics = value.iter().map(|(topic_id, partitions)| TopicPartition {
        topic_id: *topic_id,
        partitions: partitions.iter().copied().collect(),
        ..TopicPartition::default()
    });
    let stored = ConsumerGroupTargetAssignmentMemberValue {
        topic_partitions: topics.collect(),
        ..ConsumerGroupTargetAssignmentMemberValue::default()
    };
    encoded(0, |writer| stored.encode(writer, 0))
}

fn decode_current(value: &Bytes) -> Result<Arc<Current>, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(CURRENT, version, ConsumerGroupCurrentMemberAssignmentValue::MAX_VERSION)?;
    let value = ConsumerGroupCurrentMemberAssignmentValue::decode(&mut reader, version)?;
    Ok(Arc::new(Current::load(&value)))
}

fn decode_regex(value: &Bytes) -> Result<Arc<Resolved>, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(REGEX, version, ConsumerGroupRegularExpressionValue::MAX_VERSION)?;
    let value = ConsumerGroupRegularExpressionValue::decode(&mut reader, version)?;
    Ok(Arc::new(Resolved {
        topics: value.topics.iter().map(Str::detach).collect(),
        version: value.version,
        timestamp_ms: value.timestamp,
    }))
}

fn encode_regex(value: &Resolved) -> Result<Bytes, JournalError> {
    let stored = ConsumerGroupRegularExpressionValue {
        topics: value.topics.iter().cloned().collect(),
        version: value.version,
        timestamp: value.timestamp_ms,
        ..ConsumerGroupRegularExpressionValue::default()
    };
    encoded(0, |writer| stored.encode(writer, 0))
}
