//! A classic group of consumers that becomes a group of KIP-848 while it has members, and back
//! (kafka-semantics 124, 135).

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::stored::group::consumer_group_member_metadata_value::{
    ClassicMemberMetadata, ClassicProtocol,
};
use wire::{Bytes, Str};

use super::member::Member;
use super::request::{JoinRefused, Protocol};
use super::state::{ClassicGroup, State};
use crate::cluster::Cluster;
use crate::consumer::{Partitions, Subscription};
use crate::embedded::{self, NamedPartitions};
use crate::error::Error;
use crate::turn::Turn;

/// A member on its way between the protocols.
#[derive(Clone, Debug)]
pub(crate) struct Convert {
    pub(crate) member_id: Str,
    pub(crate) subscription: Arc<Subscription>,
    pub(crate) assignment: Arc<Partitions>,
}

impl ClassicGroup {
    /// The group's generation.
    pub(crate) fn generation_id(&self) -> i32 {
        self.generation_id
    }

    /// The members as those of a consumer group, with what they have.
    pub(crate) fn converts(&self, turn: &Turn<'_>) -> Result<Vec<Convert>, Error> {
        let settings = &turn.settings.consumer;
        let refused = |reason: &str| {
            Error::CannotUpgrade(format!(
                "Cannot upgrade classic group {} to consumer group because {reason}.",
                self.id
            ))
        };
        if !settings.can_upgrade {
            return Err(refused("online upgrade is disabled"));
        }
        if !self.uses_consumer_protocol() {
            return Err(refused("the group does not use the consumer embedded protocol"));
        }
        if self.members.len() > settings.max_size {
            return Err(refused("the group size exceeds the consumer group maximum size"));
        }
        let convert = |member: &Member| {
            let malformed = || refused("the embedded consumer protocol is malformed");
            let (named, has_user_data) =
                embedded::read_assignment(&member.assignment).map_err(|_| malformed())?;
            if has_user_data {
                return Err(Error::CannotUpgrade(format!(
                    "Cannot upgrade classic group {} to consumer group because an unsupported \
                     custom assignor is in use. Please refer to the documentation or switch to a \
                     default assignor before re-attempting the upgrade.",
                    self.id
                )));
            }
            let subscription = self.subscription_of(member).ok_or_else(malformed)?;
            Ok(Convert {
                member_id: member.id.clone(),
                subscription: Arc::new(subscription),
                assignment: Arc::new(by_id(&named, &**turn.cluster)),
            })
        };
        self.members.iter().map(convert).collect()
    }

    fn subscription_of(&self, member: &Member) -> Option<Subscription> {
        let chosen = self.protocol_name.as_ref().and_then(|name| member.metadata(name));
        let metadata = chosen.or_else(|| member.protocols.first().map(|first| &first.metadata))?;
        let said = embedded::read_subscription(metadata).ok()?;
        Some(Subscription {
            instance_id: member.group_instance_id.clone(),
            rack_id: said.rack_id,
            client: member.client.clone(),
            topics: said.topics.into_iter().collect(),
            regex: Some(Str::new()),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            server_assignor: None,
            classic: Some(classic_metadata(member.session_timeout_ms, &member.protocols)),
        })
    }

    /// Whoever waits in the group has to begin anew, in the group that it becomes.
    pub(crate) fn dismiss_all(&mut self, turn: &mut Turn<'_>) {
        let member_ids: Vec<Str> = self.members.iter().map(|member| member.id.clone()).collect();
        for member_id in member_ids {
            let error = Error::RebalanceInProgress;
            let joins = self.members.take_join(&member_id);
            let refused = JoinRefused { member_id: member_id.clone(), error: error.clone() };
            turn.reply_join(joins, Err(refused));
            let syncs = self.members.get_mut(&member_id).and_then(|it| it.awaiting_sync.take());
            turn.reply_sync(syncs, Err(error));
        }
    }

    /// The group that members of a consumer group leave behind when all of them speak the classic
    /// protocol: stable, with what they should have had.
    pub(crate) fn of_converts(
        id: Str,
        generation_id: i32,
        converts: &[Convert],
        cluster: &dyn Cluster,
        now_ms: i64,
    ) -> Option<Self> {
        let mut group = Self::new(id, now_ms);
        group.generation_id = generation_id;
        group.protocol_type = Some(Str::from_static(super::state::CONSUMER_PROTOCOL_TYPE));
        for Convert { member_id, subscription, .. } in converts {
            group.members.add(classic_member(member_id, subscription)?);
        }
        let protocol_name = group.members.vote()?;
        for Convert { member_id, assignment, .. } in converts {
            let member = group.members.get_mut(member_id)?;
            let metadata = member.metadata(&protocol_name)?;
            let named = by_name(assignment, cluster);
            member.assignment = embedded::write_assignment(named, metadata).ok()?;
        }
        group.protocol_name = Some(protocol_name);
        group.state = State::Stable;
        Some(group)
    }

    /// The group as it is stored.
    pub(crate) fn stored_now(&self) -> wire::stored::group::GroupMetadataValue {
        self.stored(None)
    }

    /// A consumer group became this one: its members are called to join it anew.
    pub(super) fn begin_anew(&mut self, turn: &mut Turn<'_>) {
        for member in self.members.iter() {
            turn.await_heartbeat(&self.id, member);
        }
        self.prepare_rebalance(turn);
    }
}

/// What is kept of the classic protocol for a member of a consumer group.
pub(crate) fn classic_metadata(
    session_timeout_ms: i32,
    protocols: &[Protocol],
) -> ClassicMemberMetadata {
    let protocol = |protocol: &Protocol| ClassicProtocol {
        name: protocol.name.detach(),
        metadata: Bytes::copy_from_slice(&protocol.metadata),
        ..ClassicProtocol::default()
    };
    ClassicMemberMetadata {
        session_timeout_ms,
        supported_protocols: protocols.iter().map(protocol).collect(),
        ..ClassicMemberMetadata::default()
    }
}

fn classic_member(member_id: &Str, subscription: &Subscription) -> Option<Member> {
    let classic = subscription.classic.as_ref()?;
    let protocols = classic.supported_protocols.iter().map(|protocol| Protocol {
        name: protocol.name.clone(),
        metadata: protocol.metadata.clone(),
    });
    Some(Member {
        id: member_id.clone(),
        group_instance_id: subscription.instance_id.clone(),
        client: subscription.client.clone(),
        rebalance_timeout_ms: subscription.rebalance_timeout_ms,
        session_timeout_ms: classic.session_timeout_ms,
        assignment: Bytes::new(),
        is_new: false,
        protocols: protocols.collect(),
        awaiting_join: None,
        awaiting_sync: None,
    })
}

/// Partitions by topic id. Topics that are gone are left out.
pub(crate) fn by_id(named: &NamedPartitions, cluster: &dyn Cluster) -> Partitions {
    let mut partitions = Partitions::new();
    for (name, indexes) in named {
        if let Some(topic) = cluster.topic(name) {
            partitions.entry(topic.id).or_default().extend(indexes);
        }
    }
    partitions
}

/// Partitions by topic name. Topics that are gone are left out.
pub(crate) fn by_name(partitions: &Partitions, cluster: &dyn Cluster) -> NamedPartitions {
    let named = partitions.iter().filter_map(|(topic_id, indexes)| {
        Some((cluster.topic_name(*topic_id)?, indexes.iter().copied().collect()))
    });
    let sorted: BTreeMap<Str, Vec<i32>> = named.collect();
    sorted.into_iter().collect()
}
