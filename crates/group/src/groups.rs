//! Groups of any type: listing, describing, deleting.

use wire::Str;

use crate::classic::ClassicGroup;
use crate::consumer::ConsumerGroup;
use crate::error::Error;
use crate::journal::Record;
use crate::offsets::request::CommitOffsets;
use crate::other::OtherGroup;
use crate::part::Part;
use crate::share::ShareGroup;
use crate::streams::StreamsGroup;

/// The types of groups (KIP-848, KIP-932, KIP-1071).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupType {
    /// The classic protocol, and groups that only hold offsets.
    Classic,
    /// Consumer groups of KIP-848.
    Consumer,
    /// Share groups of KIP-932.
    Share,
    /// Streams groups of KIP-1071.
    Streams,
}

impl GroupType {
    /// The name that clients see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
            Self::Share => "share",
            Self::Streams => "streams",
        }
    }
}

/// Groups are listed.
#[derive(Clone, Debug, PartialEq)]
pub struct ListGroups {
    /// States to list, in any case; none lists all.
    pub states: Vec<Str>,
    /// Types to list, in any case; none lists all.
    pub types: Vec<Str>,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedGroup {
    /// The group.
    pub group_id: Str,
    /// Protocol type, empty if none.
    pub protocol_type: Str,
    /// Its state.
    pub state: &'static str,
    /// Its type.
    pub group_type: GroupType,
}

/// Groups are deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteGroups {
    /// Their ids, each once.
    pub group_ids: Vec<Str>,
}

/// What became of a group to delete.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletedGroup {
    /// The group.
    pub group_id: Str,
    /// Whether it is gone.
    pub result: Result<(), Error>,
}

/// A group of any type.
#[derive(Clone, Debug)]
pub(crate) enum Group {
    Classic(Box<ClassicGroup>),
    Consumer(Box<ConsumerGroup>),
    Streams(Box<StreamsGroup>),
    Share(Box<ShareGroup>),
    Other(OtherGroup),
}

impl Group {
    pub(crate) fn as_classic(&self) -> Option<&ClassicGroup> {
        match self {
            Self::Classic(group) => Some(group),
            Self::Consumer(_) | Self::Share(_) | Self::Streams(_) | Self::Other(_) => None,
        }
    }

    pub(crate) fn id(&self) -> &Str {
        match self {
            Self::Classic(group) => &group.id,
            Self::Consumer(group) => &group.id,
            Self::Streams(group) => &group.id,
            Self::Share(group) => &group.id,
            Self::Other(group) => &group.id,
        }
    }

    /// Whether the part is one of this kind of group.
    pub(crate) fn is_of_kind(&self, part: &Part) -> bool {
        matches!(
            (self, part),
            (Self::Consumer(_), Part::Consumer(_))
                | (Self::Streams(_), Part::Streams(_))
                | (Self::Share(_), Part::Share(_))
        )
    }

    /// Applies a part and gives the one that was there before. One of another kind changes nothing.
    pub(crate) fn apply(&mut self, part: Part) -> Part {
        match (self, part) {
            (Self::Consumer(group), Part::Consumer(part)) => Part::Consumer(group.apply(part)),
            (Self::Streams(group), Part::Streams(part)) => Part::Streams(group.apply(part)),
            (Self::Share(group), Part::Share(part)) => Part::Share(group.apply(part)),
            (_, part) => part,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Classic(group) => group.is_empty(),
            Self::Consumer(group) => group.is_empty(),
            Self::Streams(group) => group.is_empty(),
            Self::Share(group) => group.is_empty(),
            Self::Other(group) => group.is_empty(),
        }
    }

    /// Whether a member may be subscribed to the topic.
    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        match self {
            Self::Classic(group) => group.is_subscribed_to(topic),
            Self::Consumer(group) => group.is_subscribed_to(topic),
            Self::Streams(group) => group.is_subscribed_to(topic),
            Self::Share(group) => group.is_subscribed_to(topic),
            Self::Other(group) => !group.is_empty(),
        }
    }

    /// Whether offsets may be committed (kafka-semantics 111, 112).
    pub(crate) fn validate_commit(
        &self,
        request: &CommitOffsets,
        transactional: bool,
    ) -> Result<(), Error> {
        match self {
            Self::Classic(group) => {
                let CommitOffsets { member_id, group_instance_id, generation_id, .. } = request;
                let instance_id = group_instance_id.as_ref();
                group.validate_commit(member_id, instance_id, *generation_id, transactional)
            }
            Self::Consumer(group) => group.validate_commit(request, transactional),
            Self::Streams(group) => group.validate_commit(request, transactional),
            Self::Share(group) => Err(Error::NotConsumerGroup(group.id.clone())),
            Self::Other(group) if request.generation_id < 0 && group.is_empty() => Ok(()),
            Self::Other(_) => Err(Error::UnknownMemberId),
        }
    }

    pub(crate) fn listed(&self) -> ListedGroup {
        match self {
            Self::Classic(group) => ListedGroup {
                group_id: group.id.clone(),
                protocol_type: group.protocol_type.clone().unwrap_or_default(),
                state: group.state_name(),
                group_type: GroupType::Classic,
            },
            Self::Consumer(group) => ListedGroup {
                group_id: group.id.clone(),
                protocol_type: Str::from_static("consumer"),
                state: group.state_name(),
                group_type: GroupType::Consumer,
            },
            Self::Streams(group) => ListedGroup {
                group_id: group.id.clone(),
                protocol_type: Str::from_static("streams"),
                state: group.state_name(),
                group_type: GroupType::Streams,
            },
            Self::Share(group) => ListedGroup {
                group_id: group.id.clone(),
                protocol_type: Str::from_static("share"),
                state: group.state_name(),
                group_type: GroupType::Share,
            },
            Self::Other(group) => ListedGroup {
                group_id: group.id.clone(),
                protocol_type: group.protocol_type(),
                state: group.state_name(),
                group_type: group.group_type,
            },
        }
    }

    /// Adds what removes the group itself.
    pub(crate) fn add_tombstones(&self, records: &mut Vec<Record>) {
        match self {
            Self::Classic(group) => {
                records.push(Record::Group { group_id: group.id.clone(), value: None });
            }
            Self::Consumer(group) => group.add_tombstones(records),
            Self::Streams(group) => group.add_tombstones(records),
            Self::Share(group) => group.add_tombstones(records),
            Self::Other(group) => records.extend(group.tombstones()),
        }
    }
}

impl ListGroups {
    /// Whether a group passes the filters.
    pub(crate) fn selects(&self, group: &ListedGroup) -> bool {
        let among = |names: &[Str], name: &str| {
            names.is_empty() || names.iter().any(|wanted| wanted.trim().eq_ignore_ascii_case(name))
        };
        among(&self.states, group.state) && among(&self.types, group.group_type.name())
    }
}
