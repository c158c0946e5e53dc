//! The records that a streams group consists of (kafka-storage 8.1, types 17 to 23).

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::stored::group::{
    StreamsGroupCurrentMemberAssignmentValue as CurrentValue,
    StreamsGroupMemberMetadataValue as MemberValue, StreamsGroupMetadataValue as GroupValue,
    StreamsGroupTargetAssignmentMemberValue as TargetMemberValue,
    StreamsGroupTargetAssignmentMetadataValue as TargetValue,
    StreamsGroupTopologyValue as TopologyValue,
};
use wire::{Bytes, Reader, Str, Writer};

use super::member::MemberMetadata;
use super::reconcile::CurrentAssignment;
use super::tasks::TaskSets;
use super::topology::Topology;
use crate::error::JournalError;
use crate::journal::{check_version, encoded, value_reader};

const GROUP: i16 = 17;
const MEMBER: i16 = 19;
const TARGET: i16 = 20;
const TARGET_MEMBER: i16 = 21;
const CURRENT: i16 = 22;
const TOPOLOGY: i16 = 23;

/// One record. Without a value it is a tombstone.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The group itself, which ends with its tombstone.
    Group(Option<GroupHead>),
    /// What a member told of itself.
    Member(Str, Option<Arc<MemberMetadata>>),
    /// When the target assignment was made.
    Target(Option<TargetHead>),
    /// What a member shall have.
    TargetMember(Str, Option<Arc<TaskSets>>),
    /// What a member has.
    Current(Str, Option<Arc<CurrentAssignment>>),
    /// The topology.
    Topology(Option<Arc<Topology>>),
}

/// Head of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupHead {
    /// Grows with every change.
    pub epoch: i32,
    /// Stands for the topics as they were looked at last.
    pub metadata_hash: i64,
    /// Epoch of the topology whose topics are all there; -1 if they are not.
    pub validated_topology_epoch: i32,
    /// Settings that the assignment follows, by name.
    pub assignment_configs: BTreeMap<Str, Str>,
}

/// Head of a target assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetHead {
    /// The group epoch it was made for.
    pub epoch: i32,
    /// When, in milliseconds; 0 if that is not known.
    pub timestamp_ms: i64,
}

impl Default for GroupHead {
    /// A group before its first record.
    fn default() -> Self {
        Self {
            epoch: 1,
            metadata_hash: 0,
            validated_topology_epoch: 0,
            assignment_configs: BTreeMap::new(),
        }
    }
}

impl Default for TargetHead {
    /// A group before its first assignment.
    fn default() -> Self {
        Self { epoch: 1, timestamp_ms: 0 }
    }
}

/// A value that begins with its version, as its type reads it.
macro_rules! decoded {
    ($record_type:expr, $value:expr, $type:ty) => {{
        let (version, mut reader) = value_reader($value)?;
        check_version($record_type, version, <$type>::MAX_VERSION)?;
        <$type>::decode(&mut reader, version)?
    }};
}

/// What is stored, with the one version that there is.
macro_rules! stored {
    ($value:expr) => {
        $value
            .as_ref()
            .map(|value| encoded(0, |writer| value.to_stored().encode(writer, 0)))
            .transpose()
    };
}

impl Part {
    pub(crate) fn record_type(&self) -> i16 {
        match self {
            Self::Group(_) => GROUP,
            Self::Member(..) => MEMBER,
            Self::Target(_) => TARGET,
            Self::TargetMember(..) => TARGET_MEMBER,
            Self::Current(..) => CURRENT,
            Self::Topology(_) => TOPOLOGY,
        }
    }

    pub(crate) fn is_tombstone(&self) -> bool {
        match self {
            Self::Group(value) => value.is_none(),
            Self::Member(_, value) => value.is_none(),
            Self::Target(value) => value.is_none(),
            Self::TargetMember(_, value) => value.is_none(),
            Self::Current(_, value) => value.is_none(),
            Self::Topology(value) => value.is_none(),
        }
    }

    /// Reads what follows the group id in a key, and the value; none if it is no part of a streams
    /// group.
    pub(crate) fn decode(
        record_type: i16,
        key: &mut Reader,
        value: Option<&Bytes>,
    ) -> Result<Option<Self>, JournalError> {
        let part = match record_type {
            GROUP => Self::Group(value.map(decode_group).transpose()?),
            MEMBER => Self::Member(key.str(false)?, value.map(decode_member).transpose()?),
            TARGET => Self::Target(value.map(decode_target).transpose()?),
            TARGET_MEMBER => {
                Self::TargetMember(key.str(false)?, value.map(decode_target_member).transpose()?)
            }
            CURRENT => Self::Current(key.str(false)?, value.map(decode_current).transpose()?),
            TOPOLOGY => Self::Topology(value.map(decode_topology).transpose()?),
            _ => return Ok(None),
        };
        Ok(Some(part))
    }

    /// Writes what follows the group id in the key, and gives the value.
    pub(crate) fn encode(&self, key: &mut Writer) -> Result<Option<Bytes>, JournalError> {
        match self {
            Self::Group(value) => stored!(value),
            Self::Member(member_id, value) => {
                key.str(member_id, false)?;
                stored!(value)
            }
            Self::Target(value) => stored!(value),
            Self::TargetMember(member_id, value) => {
                key.str(member_id, false)?;
                stored!(value)
            }
            Self::Current(member_id, value) => {
                key.str(member_id, false)?;
                stored!(value)
            }
            Self::Topology(value) => stored!(value),
        }
    }
}

fn decode_group(value: &Bytes) -> Result<GroupHead, JournalError> {
    Ok(GroupHead::from_stored(&decoded!(GROUP, value, GroupValue)))
}

fn decode_member(value: &Bytes) -> Result<Arc<MemberMetadata>, JournalError> {
    Ok(Arc::new(MemberMetadata::from_stored(&decoded!(MEMBER, value, MemberValue))))
}

fn decode_target(value: &Bytes) -> Result<TargetHead, JournalError> {
    Ok(TargetHead::from_stored(&decoded!(TARGET, value, TargetValue)))
}

fn decode_target_member(value: &Bytes) -> Result<Arc<TaskSets>, JournalError> {
    Ok(Arc::new(TaskSets::from_stored(&decoded!(TARGET_MEMBER, value, TargetMemberValue))))
}

fn decode_current(value: &Bytes) -> Result<Arc<CurrentAssignment>, JournalError> {
    Ok(Arc::new(CurrentAssignment::from_stored(&decoded!(CURRENT, value, CurrentValue))))
}

fn decode_topology(value: &Bytes) -> Result<Arc<Topology>, JournalError> {
    let topology = Topology::from_stored(decoded!(TOPOLOGY, value, TopologyValue));
    Ok(Arc::new(topology.detach()))
}
