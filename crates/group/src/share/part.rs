//! The records that a share group consists of (kafka-storage 8.1, types 10 to 15).

use std::sync::Arc;

use wire::stored::group::share_group_target_assignment_member_value::TopicPartition;
use wire::stored::group::{
    ShareGroupCurrentMemberAssignmentValue, ShareGroupMemberMetadataValue, ShareGroupMetadataValue,
    ShareGroupStatePartitionMetadataValue, ShareGroupTargetAssignmentMemberValue,
    ShareGroupTargetAssignmentMetadataValue,
};
use wire::{Bytes, Reader, Str, Writer};

use super::member::{Current, Subscription};
use super::states::States;
use crate::consumer::Partitions;
use crate::error::JournalError;
use crate::journal::{check_version, encoded, value_reader};

const MEMBER: i16 = 10;
const EPOCH: i16 = 11;
const TARGET_EPOCH: i16 = 12;
const TARGET: i16 = 13;
const CURRENT: i16 = 14;
const STATES: i16 = 15;

/// The group's epoch and the state of the topics it is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch {
    /// The epoch.
    pub epoch: i32,
    /// A hash of the topics the group is subscribed to.
    pub metadata_hash: i64,
}

/// The epoch of the target assignment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetEpoch {
    /// The group epoch that it is for.
    pub epoch: i32,
    /// When it was made, in milliseconds; 0 if unknown.
    pub timestamp_ms: i64,
}

/// One record. Without a value it is a tombstone.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The group's epoch; the group ends with its tombstone.
    Epoch(Option<Epoch>),
    /// What a member said of itself.
    Member(Str, Option<Arc<Subscription>>),
    /// The epoch of the target assignment.
    TargetEpoch(Option<TargetEpoch>),
    /// What a member shall have.
    Target(Str, Option<Arc<Partitions>>),
    /// What a member has.
    Current(Str, Option<Arc<Current>>),
    /// Which partitions have a state.
    States(Option<Arc<States>>),
}

impl Part {
    pub(crate) fn record_type(&self) -> i16 {
        match self {
            Self::Epoch(_) => EPOCH,
            Self::Member(..) => MEMBER,
            Self::TargetEpoch(_) => TARGET_EPOCH,
            Self::Target(..) => TARGET,
            Self::Current(..) => CURRENT,
            Self::States(_) => STATES,
        }
    }

    pub(crate) fn is_tombstone(&self) -> bool {
        match self {
            Self::Epoch(value) => value.is_none(),
            Self::Member(_, value) => value.is_none(),
            Self::TargetEpoch(value) => value.is_none(),
            Self::Target(_, value) => value.is_none(),
            Self::Current(_, value) => value.is_none(),
            Self::States(value) => value.is_none(),
        }
    }

    /// Reads what follows the group id in a key, and the value; none if it is no part of a share
    /// group.
    pub(crate) fn decode(
        record_type: i16,
        key: &mut Reader,
        value: Option<&Bytes>,
    ) -> Result<Option<Self>, JournalError> {
        let part = match record_type {
            EPOCH => Self::Epoch(value.map(decode_epoch).transpose()?),
            MEMBER => Self::Member(member_id(key)?, value.map(decode_member).transpose()?),
            TARGET_EPOCH => Self::TargetEpoch(value.map(decode_target_epoch).transpose()?),
            TARGET => Self::Target(member_id(key)?, value.map(decode_target).transpose()?),
            CURRENT => Self::Current(member_id(key)?, value.map(decode_current).transpose()?),
            STATES => Self::States(value.map(decode_states).transpose()?),
            _ => return Ok(None),
        };
        Ok(Some(part))
    }

    /// Writes what follows the group id in the key, and gives the value.
    pub(crate) fn encode(&self, key: &mut Writer) -> Result<Option<Bytes>, JournalError> {
        if let Self::Member(member_id, _)
        | Self::Target(member_id, _)
        | Self::Current(member_id, _) = self
        {
            key.str(member_id, false)?;
        }
        match self {
            Self::Epoch(value) => value.map(encode_epoch).transpose(),
            Self::Member(_, value) => {
                let encode =
                    |value: &Subscription| encoded(0, |writer| value.stored().encode(writer, 0));
                value.as_deref().map(encode).transpose()
            }
            Self::TargetEpoch(value) => value.map(encode_target_epoch).transpose(),
            Self::Target(_, value) => value.as_deref().map(encode_target).transpose(),
            Self::Current(_, value) => {
                let encode =
                    |value: &Current| encoded(0, |writer| value.stored().encode(writer, 0));
                value.as_deref().map(encode).transpose()
            }
            Self::States(value) => {
                let encode = |value: &States| encoded(0, |writer| value.stored().encode(writer, 0));
                value.as_deref().map(encode).transpose()
            }
        }
    }
}

fn member_id(key: &mut Reader) -> Result<Str, JournalError> {
    Ok(key.str(false)?.detach())
}

fn decode_epoch(value: &Bytes) -> Result<Epoch, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(EPOCH, version, ShareGroupMetadataValue::MAX_VERSION)?;
    let value = ShareGroupMetadataValue::decode(&mut reader, version)?;
    Ok(Epoch { epoch: value.epoch, metadata_hash: value.metadata_hash })
}

fn encode_epoch(value: Epoch) -> Result<Bytes, JournalError> {
    let Epoch { epoch, metadata_hash } = value;
    let stored =
        ShareGroupMetadataValue { epoch, metadata_hash, ..ShareGroupMetadataValue::default() };
    encoded(0, |writer| stored.encode(writer, 0))
}

fn decode_member(value: &Bytes) -> Result<Arc<Subscription>, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(MEMBER, version, ShareGroupMemberMetadataValue::MAX_VERSION)?;
    let value = ShareGroupMemberMetadataValue::decode(&mut reader, version)?;
    Ok(Arc::new(Subscription::load(value)))
}

fn decode_target_epoch(value: &Bytes) -> Result<TargetEpoch, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    let highest = ShareGroupTargetAssignmentMetadataValue::MAX_VERSION;
    check_version(TARGET_EPOCH, version, highest)?;
    let value = ShareGroupTargetAssignmentMetadataValue::decode(&mut reader, version)?;
    Ok(TargetEpoch { epoch: value.assignment_epoch, timestamp_ms: value.assignment_timestamp })
}

fn encode_target_epoch(value: TargetEpoch) -> Result<Bytes, JournalError> {
    let stored = ShareGroupTargetAssignmentMetadataValue {
        assignment_epoch: value.epoch,
        assignment_timestamp: value.timestamp_ms,
        ..ShareGroupTargetAssignmentMetadataValue::default()
    };
    encoded(0, |writer| stored.encode(writer, 0))
}

fn decode_target(value: &Bytes) -> Result<Arc<Partitions>, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(TARGET, version, ShareGroupTargetAssignmentMemberValue::MAX_VERSION)?;
    let value = ShareGroupTargetAssignmentMemberValue::decode(&mut reader, version)?;
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
    let stored = ShareGroupTargetAssignmentMemberValue {
        topic_partitions: topics.collect(),
        ..ShareGroupTargetAssignmentMemberValue::default()
    };
    encoded(0, |writer| stored.encode(writer, 0))
}

fn decode_current(value: &Bytes) -> Result<Arc<Current>, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(CURRENT, version, ShareGroupCurrentMemberAssignmentValue::MAX_VERSION)?;
    let value = ShareGroupCurrentMemberAssignmentValue::decode(&mut reader, version)?;
    Ok(Arc::new(Current::load(&value)))
}

fn decode_states(value: &Bytes) -> Result<Arc<States>, JournalError> {
    let (version, mut reader) = value_reader(value)?;
    check_version(STATES, version, ShareGroupStatePartitionMetadataValue::MAX_VERSION)?;
    let value = ShareGroupStatePartitionMetadataValue::decode(&mut reader, version)?;
    Ok(Arc::new(States::load(value)))
}
