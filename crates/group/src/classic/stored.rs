//! A classic group as `__consumer_offsets` holds it, and back (kafka-semantics 109, 110).

use std::collections::HashMap;

use wire::stored::group::GroupMetadataValue;
use wire::stored::group::group_metadata_value::MemberMetadata;
use wire::{Bytes, Str};

use super::member::Member;
use super::request::{Client, Protocol};
use super::state::{ClassicGroup, State};
use super::subscription::subscribed_topics;

impl ClassicGroup {
    /// What is written: members with these assignments (none where one is missing), or with those
    /// they have.
    pub(super) fn stored(&self, assignments: Option<&HashMap<Str, Bytes>>) -> GroupMetadataValue {
        let protocol_name = self.protocol_name.as_deref().unwrap_or_default();
        let members = self.members.iter().map(|member| MemberMetadata {
            member_id: member.id.clone(),
            group_instance_id: member.group_instance_id.clone(),
            client_id: member.client.id.clone(),
            client_host: member.client.host.clone(),
            rebalance_timeout: member.rebalance_timeout_ms,
            session_timeout: member.session_timeout_ms,
            subscription: member.metadata(protocol_name).cloned().unwrap_or_default(),
            assignment: match assignments {
                Some(assignments) => assignments.get(&member.id).cloned().unwrap_or_default(),
                None => member.assignment.clone(),
            },
            ..MemberMetadata::default()
        });
        GroupMetadataValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation_id,
            protocol: self.protocol_name.clone(),
            leader: self.leader.clone(),
            current_state_timestamp: self.state_timestamp_ms.unwrap_or(-1),
            members: members.collect(),
            ..GroupMetadataValue::default()
        }
    }

    /// What is written for a group that was just created and has no generation yet.
    pub(crate) fn stored_empty(&self) -> GroupMetadataValue {
        GroupMetadataValue {
            protocol: None,
            leader: None,
            current_state_timestamp: self.state_timestamp_ms.unwrap_or(-1),
            ..GroupMetadataValue::default()
        }
    }

    /// The group a record describes: stable with its members, or empty.
    pub(crate) fn load(group_id: Str, value: &GroupMetadataValue) -> Self {
        let mut group = Self::new(group_id, value.current_state_timestamp);
        group.state_timestamp_ms =
            (value.current_state_timestamp != -1).then_some(value.current_state_timestamp);
        group.generation_id = value.generation;
        group.protocol_type =
            (!value.protocol_type.is_empty()).then(|| value.protocol_type.detach());
        group.protocol_name = value.protocol.as_ref().map(Str::detach);
        group.leader = value.leader.as_ref().map(Str::detach);
        if !value.members.is_empty() {
            group.state = State::Stable;
        }
        for member in &value.members {
            group.members.add(load_member(member, group.protocol_name.as_ref()));
        }
        group.subscribed_topics = subscribed_topics(&group);
        group
    }
}

fn load_member(stored: &MemberMetadata, protocol_name: Option<&Str>) -> Member {
    // Version 0 has no rebalance timeout.
    let rebalance_timeout_ms = match stored.rebalance_timeout {
        -1 => stored.session_timeout,
        timeout => timeout,
    };
    Member {
        id: stored.member_id.detach(),
        group_instance_id: stored.group_instance_id.as_ref().map(Str::detach),
        client: Client { id: stored.client_id.detach(), host: stored.client_host.detach() },
        rebalance_timeout_ms,
        session_timeout_ms: stored.session_timeout,
        assignment: Bytes::copy_from_slice(&stored.assignment),
        is_new: false,
        protocols: vec![Protocol {
            name: protocol_name.cloned().unwrap_or_default(),
            metadata: Bytes::copy_from_slice(&stored.subscription),
        }],
        awaiting_join: None,
        awaiting_sync: None,
    }
}
