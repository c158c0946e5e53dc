//! Members of a consumer group that speak the classic protocol (kafka-semantics 124): they join,
//! sync and heartbeat, and are led through the same steps as the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::stored::group::consumer_group_member_metadata_value::ClassicMemberMetadata;
use wire::{Str, Uuid};

use super::hash::TopicHashes;
use super::member::{Current, MemberState, Partitions, Subscription};
use super::state::ConsumerGroup;
use super::subscribe::Arrival;
use crate::classic::request::{
    Client, Heartbeat, JoinGroup, JoinRefused, Joined, Leaving, Left, Protocol, SyncGroup, Synced,
};
use crate::classic::{CONSUMER_PROTOCOL_TYPE, by_id, by_name, classic_metadata};
use crate::embedded;
use crate::error::Error;
use crate::journal::Record;
use crate::outcome::Timer;
use crate::turn::Turn;

impl ConsumerGroup {
    /// Handles JoinGroup.
    pub(crate) fn classic_join(
        &mut self,
        request: &JoinGroup,
        hashes: &mut TopicHashes,
        records: &mut Vec<Record>,
        turn: &mut Turn<'_>,
    ) -> Result<Joined, JoinRefused> {
        let settings = &turn.settings.consumer;
        let refused = |error| JoinRefused { member_id: request.member_id.clone(), error };
        if !settings.can_upgrade && !settings.can_downgrade {
            return Err(refused(Error::InconsistentGroupProtocol));
        }
        let is_new = request.member_id.is_empty();
        let member_id = match is_new {
            true => Str::from(request.random.to_string()),
            false => request.member_id.detach(),
        };
        self.check_room(&member_id, settings.max_size)
            .and_then(|()| self.check_protocols(request))
            .map_err(refused)?;
        if is_new && request.group_instance_id.is_none() && request.abilities.known_member_id {
            return Err(JoinRefused { member_id, error: Error::MemberIdRequired });
        }
        let said =
            request.protocols.first().map(|first| embedded::read_subscription(&first.metadata));
        let said = said.and_then(Result::ok);
        let said = said.ok_or_else(|| refused(Error::InconsistentGroupProtocol))?;
        let owned: Vec<(Uuid, Vec<i32>)> = by_id(&said.owned, &**turn.cluster)
            .into_iter()
            .map(|(topic_id, indexes)| (topic_id, indexes.into_iter().collect()))
            .collect();
        let arrival = Arrival {
            member_id: &member_id,
            instance_id: request.group_instance_id.as_ref(),
            joins: is_new || request.group_instance_id.is_none(),
            epoch: None,
            owned: Some(&owned),
        };
        let subject = self.subject(&arrival, records).map_err(refused)?;
        let after = Arc::new(subscription(request, said, subject.subscription.as_deref()));
        let current =
            self.advance(&subject, &after, Some(&owned), hashes, records, turn).map_err(refused)?;
        self.has_joined(&member_id, request, turn);
        Ok(Joined {
            member_id,
            generation_id: current.epoch,
            protocol_type: Some(Str::from_static(CONSUMER_PROTOCOL_TYPE)),
            protocol_name: request.protocols.first().map(|first| first.name.clone()),
            leader: Str::new(),
            skip_assignment: false,
            members: Vec::new(),
        })
    }

    /// The member has to ask for its assignment in time.
    fn has_joined(&mut self, member_id: &Str, request: &JoinGroup, turn: &mut Turn<'_>) {
        self.rejoining.remove(member_id);
        turn.out.cancel(self.rejoin_timer(member_id));
        turn.out.schedule(self.session_timer(member_id), i64::from(request.session_timeout_ms));
        turn.out.schedule(self.sync_timer(member_id), i64::from(request.rebalance_timeout_ms));
    }

    /// Whether the member has a protocol that all others of its kind have.
    fn check_protocols(&self, request: &JoinGroup) -> Result<(), Error> {
        let others = self.members().filter_map(|(_, _, it)| it.classic.as_ref());
        let mut support: BTreeMap<&str, usize> = BTreeMap::new();
        let mut count = 0;
        for other in others {
            count += 1;
            for protocol in &other.supported_protocols {
                *support.entry(&*protocol.name).or_default() += 1;
            }
        }
        let is_common =
            |it: &Protocol| support.get(&*it.name).copied().unwrap_or_default() == count;
        let is_supported = request.protocol_type == *CONSUMER_PROTOCOL_TYPE
            && request.protocols.iter().any(is_common);
        if is_supported { Ok(()) } else { Err(Error::InconsistentGroupProtocol) }
    }

    /// Handles SyncGroup.
    pub(crate) fn classic_sync(
        &mut self,
        request: &SyncGroup,
        turn: &mut Turn<'_>,
    ) -> Result<Synced, Error> {
        let instance_id = request.group_instance_id.as_ref();
        let (current, _, classic) =
            self.classic_member(&request.member_id, instance_id, request.generation_id)?;
        let protocol = classic.supported_protocols.first();
        let name = protocol.map(|protocol| protocol.name.clone()).unwrap_or_default();
        let is_other = |said: &Option<Str>, is: &str| said.as_ref().is_some_and(|it| *it != *is);
        if is_other(&request.protocol_type, CONSUMER_PROTOCOL_TYPE)
            || is_other(&request.protocol_name, &name)
        {
            return Err(Error::InconsistentGroupProtocol);
        }
        if self.target_epoch.epoch > current.epoch
            && current.state != MemberState::UnrevokedPartitions
        {
            self.await_rejoin(&request.member_id, turn);
            return Err(Error::RebalanceInProgress);
        }
        let metadata = protocol.map(|protocol| protocol.metadata.clone()).unwrap_or_default();
        let named = by_name(&without_epochs(&current), &**turn.cluster);
        let assignment = embedded::write_assignment(named, &metadata)
            .map_err(|_| Error::InconsistentGroupProtocol)?;
        turn.out.cancel(self.sync_timer(&request.member_id));
        let timer = self.session_timer(&request.member_id);
        turn.out.schedule(timer, i64::from(classic.session_timeout_ms));
        Ok(Synced {
            protocol_type: request.protocol_type.clone(),
            protocol_name: request.protocol_name.clone(),
            assignment,
        })
    }

    /// Handles Heartbeat. A member that has to give something back, or could get something, is sent
    /// to join again.
    pub(crate) fn classic_heartbeat(
        &mut self,
        request: &Heartbeat,
        turn: &mut Turn<'_>,
    ) -> Result<(), Error> {
        let instance_id = request.group_instance_id.as_ref();
        let member_id = &request.member_id;
        let (current, _, classic) =
            self.classic_member(member_id, instance_id, request.generation_id)?;
        let timer = self.session_timer(member_id);
        turn.out.schedule(timer, i64::from(classic.session_timeout_ms));
        let must_rejoin = current.epoch < self.target_epoch.epoch
            || match current.state {
                MemberState::UnrevokedPartitions => true,
                MemberState::UnreleasedPartitions => !self.waits_for_others(member_id, &current),
                MemberState::Stable | MemberState::Unknown => false,
            };
        if must_rejoin {
            self.await_rejoin(member_id, turn);
            return Err(Error::RebalanceInProgress);
        }
        Ok(())
    }

    /// Handles LeaveGroup, which also removes members that speak the protocol of KIP-848.
    pub(crate) fn classic_leave(
        &self,
        members: Vec<Leaving>,
        hashes: &mut TopicHashes,
        turn: &mut Turn<'_>,
    ) -> Vec<Left> {
        let mut leaving: Vec<Str> = Vec::new();
        let left = members.into_iter().map(|member| {
            let result = self.leaving_member(&member);
            if let Ok(member_id) = &result
                && !leaving.contains(member_id)
            {
                leaving.push(member_id.clone());
            }
            Left { member, result: result.map(|_| ()) }
        });
        let left = left.collect();
        self.fence(&leaving, hashes, turn);
        left
    }

    fn leaving_member(&self, leaving: &Leaving) -> Result<Str, Error> {
        let member_id = match &leaving.group_instance_id {
            None => Some(&leaving.member_id),
            Some(instance_id) => self.static_member(instance_id),
        };
        let found = member_id.filter(|member_id| self.member(member_id).is_some());
        let member_id = found.ok_or(Error::UnknownMemberId)?;
        if !leaving.member_id.is_empty() && *member_id != leaving.member_id {
            return Err(Error::FencedInstanceId);
        }
        Ok(member_id.clone())
    }

    /// A member that speaks the classic protocol and is in the generation.
    fn classic_member(
        &self,
        member_id: &Str,
        instance_id: Option<&Str>,
        generation_id: i32,
    ) -> Result<(Current, Arc<Subscription>, ClassicMemberMetadata), Error> {
        if let Some(instance_id) = instance_id {
            match self.static_member(instance_id) {
                None => return Err(Error::UnknownMemberId),
                Some(owner) if owner != member_id => return Err(Error::FencedInstanceId),
                Some(_) => {}
            }
        }
        let (member, subscription) = self.member(member_id).ok_or(Error::UnknownMemberId)?;
        let classic = subscription.classic.clone().ok_or(Error::UnknownMemberId)?;
        if member.epoch() != generation_id {
            return Err(Error::IllegalGeneration);
        }
        Ok((member.current(), Arc::clone(subscription), classic))
    }

    /// Whether something that the member shall have is still another's.
    fn waits_for_others(&self, member_id: &Str, current: &Current) -> bool {
        let target = self.targets.get(member_id);
        let missing = target.into_iter().flat_map(|target| target.iter()).flat_map(|(id, all)| {
            let has = current.assigned.get(id);
            all.iter()
                .filter(move |index| !has.is_some_and(|has| has.contains_key(*index)))
                .map(move |index| (*id, *index))
        });
        missing.into_iter().any(|(id, index)| self.owner(id, index).is_some())
    }

    /// The member has to join again in time.
    fn await_rejoin(&mut self, member_id: &Str, turn: &mut Turn<'_>) {
        let Some((_, subscription)) = self.member(member_id) else { return };
        let after_ms = i64::from(subscription.rebalance_timeout_ms);
        if self.rejoining.insert(member_id.detach()) {
            turn.out.schedule(self.rejoin_timer(member_id), after_ms);
        }
    }

    pub(super) fn session_timer(&self, member_id: &Str) -> Timer {
        Timer::Session { group_id: self.id.clone(), member_id: member_id.clone() }
    }

    pub(super) fn rejoin_timer(&self, member_id: &Str) -> Timer {
        Timer::MemberJoin { group_id: self.id.clone(), member_id: member_id.clone() }
    }

    pub(super) fn sync_timer(&self, member_id: &Str) -> Timer {
        Timer::MemberSync { group_id: self.id.clone(), member_id: member_id.clone() }
    }
}

/// What a member says of itself with a JoinGroup. There are no patterns in it.
fn subscription(
    request: &JoinGroup,
    said: embedded::Subscription,
    before: Option<&Subscription>,
) -> Subscription {
    let Client { id, host } = &request.client;
    Subscription {
        instance_id: request.group_instance_id.as_ref().map(Str::detach),
        rack_id: said.rack_id.or_else(|| before?.rack_id.clone()),
        client: Client { id: id.detach(), host: host.detach() },
        topics: said.topics.into_iter().collect(),
        regex: Some(Str::new()),
        rebalance_timeout_ms: request.rebalance_timeout_ms,
        server_assignor: before.and_then(|before| before.server_assignor.clone()),
        classic: Some(classic_metadata(request.session_timeout_ms, &request.protocols)),
    }
}

fn without_epochs(current: &Current) -> Partitions {
    let topics = current.assigned.iter();
    topics.map(|(topic_id, indexes)| (*topic_id, indexes.keys().copied().collect())).collect()
}
