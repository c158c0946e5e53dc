//! JoinGroup (kafka-semantics 91 to 101).

use std::collections::HashSet;

use wire::{Str, Uuid};

use super::AfterWrite;
use super::member::Member;
use super::request::{Client, JoinGroup, JoinRefused, Joined, Protocol};
use super::state::{ClassicGroup, State};
use crate::error::Error;
use crate::limits::{NEW_MEMBER_JOIN_TIMEOUT_MS, PENDING_MEMBERS_MAX};
use crate::outcome::Token;
use crate::request::Response;
use crate::turn::Turn;

impl ClassicGroup {
    /// Handles JoinGroup. The group is new or known; whether the member may be unknown is checked
    /// before.
    pub(crate) fn join(&mut self, mut request: JoinGroup, token: Token, turn: &mut Turn<'_>) {
        keep_first_of_each_name(&mut request.protocols);
        if !self.has_room_for(&request.member_id, turn.settings.max_size) {
            self.remove(&request.member_id.clone(), turn);
            turn.refuse_join(Str::new(), Error::GroupMaxSizeReached);
        } else if !self.supports(&request.protocol_type, &request.protocols) {
            turn.refuse_join(request.member_id, Error::InconsistentGroupProtocol);
        } else if request.member_id.is_empty() {
            self.join_new(request, token, turn);
        } else {
            self.join_known(request, token, turn);
        }
    }

    /// Whether one more member, or this one again, fits (kafka-semantics 101). While members join
    /// only those that wait count: that also shrinks a group whose maximum was lowered.
    fn has_room_for(&self, member_id: &str, max_size: usize) -> bool {
        match self.state {
            State::Empty => true,
            State::PreparingRebalance { .. } => {
                self.members.get(member_id).is_some_and(Member::is_awaiting_join)
                    || self.members.awaiting_join() < max_size
            }
            State::CompletingRebalance | State::Stable => {
                self.members.contains(member_id) || self.members.len() < max_size
            }
        }
    }

    /// Whether a member with these protocols can be in the group (kafka-semantics 93).
    fn supports(&self, protocol_type: &Str, protocols: &[Protocol]) -> bool {
        if self.is_empty() {
            !protocol_type.is_empty() && !protocols.is_empty()
        } else {
            self.protocol_type.as_ref() == Some(protocol_type)
                && self.members.support_any(protocols)
        }
    }

    fn join_new(&mut self, request: JoinGroup, token: Token, turn: &mut Turn<'_>) {
        let prefix = request.group_instance_id.as_ref().unwrap_or(&request.client.id);
        let member_id = Str::from(format!("{prefix}-{}", java_uuid(request.random)));
        match &request.group_instance_id {
            Some(instance_id) => match self.members.static_member_id(instance_id).cloned() {
                Some(old) => self.replace_static_member(request, old, member_id, token, turn),
                None => self.add_member(request, member_id, token, turn),
            },
            None if request.abilities.known_member_id => {
                self.add_pending_member(&request, member_id, turn);
            }
            None => self.add_member(request, member_id, token, turn),
        }
    }

    /// Gives a new member its id and lets it come back with it, so that a client that never saw
    /// the id leaves no member behind (kafka-semantics 91).
    fn add_pending_member(&mut self, request: &JoinGroup, member_id: Str, turn: &mut Turn<'_>) {
        if self.pending_joins.len() >= PENDING_MEMBERS_MAX {
            turn.refuse_join(Str::new(), Error::GroupMaxSizeReached);
            return;
        }
        turn.await_life(&self.id, &member_id, i64::from(request.session_timeout_ms));
        self.pending_joins.insert(member_id.clone());
        turn.refuse_join(member_id, Error::MemberIdRequired);
    }

    fn join_known(&mut self, request: JoinGroup, token: Token, turn: &mut Turn<'_>) {
        let member_id = request.member_id.clone();
        let instance_id = request.group_instance_id.as_ref();
        if instance_id.is_none() && self.pending_joins.contains(&member_id) {
            self.add_member(request, member_id.detach(), token, turn);
            return;
        }
        if let Err(error) = self.validate_member(&member_id, instance_id) {
            turn.refuse_join(member_id, error);
            return;
        }
        let unchanged =
            self.members.get(&member_id).is_some_and(|member| member.matches(&request.protocols));
        match self.state {
            State::PreparingRebalance { .. } => self.rejoin(request, token, turn),
            // It may have missed the answer; it gets it again (kafka-semantics 98).
            State::CompletingRebalance if unchanged => {
                let joined = self.joined(&member_id);
                turn.out.answer(Response::JoinGroup(Ok(joined)));
            }
            // A leader joins again to have the assignment made anew (kafka-semantics 98).
            State::Stable if unchanged && !self.is_leader(&member_id) => {
                let joined = self.joined(&member_id);
                turn.out.answer(Response::JoinGroup(Ok(joined)));
            }
            State::CompletingRebalance | State::Stable => self.rejoin(request, token, turn),
            State::Empty => turn.refuse_join(member_id, Error::UnknownMemberId),
        }
    }

    /// A member joins the next generation with what it says now.
    fn rejoin(&mut self, request: JoinGroup, token: Token, turn: &mut Turn<'_>) {
        let member_id = request.member_id.clone();
        self.update_member(&member_id, &request);
        self.await_join(&member_id, token, turn);
        self.rebalance_or_complete_join(turn);
    }

    fn update_member(&mut self, member_id: &str, request: &JoinGroup) {
        let protocols = request.protocols.iter().map(Protocol::detach).collect();
        self.members.set_protocols(member_id, protocols);
        if let Some(member) = self.members.get_mut(member_id) {
            member.rebalance_timeout_ms = request.rebalance_timeout_ms;
            member.session_timeout_ms = request.session_timeout_ms;
        }
    }

    /// Parks a join. One that the same member has waiting already is told to try again: its
    /// client gave it up, or it would learn the outcome twice.
    pub(super) fn await_join(&mut self, member_id: &Str, token: Token, turn: &mut Turn<'_>) {
        let before = self.members.await_join(member_id, token);
        let refused =
            JoinRefused { member_id: member_id.clone(), error: Error::RebalanceInProgress };
        turn.reply_join(before, Err(refused));
        turn.out.park();
    }

    fn add_member(
        &mut self,
        request: JoinGroup,
        member_id: Str,
        token: Token,
        turn: &mut Turn<'_>,
    ) {
        if let State::PreparingRebalance { initial: Some(delay) } = &mut self.state {
            delay.member_added = true;
        }
        let member = Member {
            id: member_id.clone(),
            group_instance_id: request.group_instance_id.as_ref().map(Str::detach),
            client: Client { id: request.client.id.detach(), host: request.client.host.detach() },
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            assignment: wire::Bytes::new(),
            is_new: true,
            protocols: request.protocols.iter().map(Protocol::detach).collect(),
            awaiting_join: Some(token),
            awaiting_sync: None,
        };
        if self.members.is_empty() {
            self.protocol_type = Some(request.protocol_type.detach());
        }
        self.leader.get_or_insert_with(|| member_id.clone());
        self.pending_joins.remove(&member_id);
        self.members.add(member);
        turn.await_life(&self.id, &member_id, NEW_MEMBER_JOIN_TIMEOUT_MS);
        turn.out.park();
        self.rebalance_or_complete_join(turn);
    }

    /// A static member is back without its member id: it gets a new one and whoever has the old
    /// one is fenced (kafka-semantics 99, 100).
    fn replace_static_member(
        &mut self,
        request: JoinGroup,
        old_member_id: Str,
        member_id: Str,
        token: Token,
        turn: &mut Turn<'_>,
    ) {
        let Some(before) = self.members.get(&old_member_id).cloned() else { return };
        let led_by = self.leader.clone().unwrap_or_default();
        self.rename_static_member(&old_member_id, &member_id, Error::FencedInstanceId, turn);
        self.update_member(&member_id, &request);
        self.await_join(&member_id, token, turn);
        if let Some(member) = self.members.get(&member_id) {
            turn.await_heartbeat(&self.id, member);
        }
        match self.state {
            State::Stable if self.members.vote() == self.protocol_name => {
                let after = AfterWrite::static_member(
                    self,
                    StaticReplacement {
                        before,
                        member_id,
                        led_by,
                        skip_assignment: request.abilities.skip_assignment,
                    },
                );
                self.write(None, turn);
                turn.out.after_write = Some(after);
            }
            State::Stable | State::CompletingRebalance => self.prepare_rebalance(turn),
            State::PreparingRebalance { .. } => self.maybe_complete_join(turn),
            State::Empty => {}
        }
    }

    /// Gives a static member another id and fences whoever waits with the old one.
    pub(super) fn rename_static_member(
        &mut self,
        old: &Str,
        new: &Str,
        error: Error,
        turn: &mut Turn<'_>,
    ) {
        let (join, sync) = self.members.replace_id(old, new.clone());
        let refused = JoinRefused { member_id: old.clone(), error: error.clone() };
        turn.reply_join(join, Err(refused));
        turn.reply_sync(sync, Err(error));
        turn.cancel_session(&self.id, old);
        if self.pending_syncs.remove(old) {
            self.pending_syncs.insert(new.clone());
        }
        if self.is_leader(old) {
            self.leader = Some(new.clone());
        }
    }

    /// The current generation as one of its members learns it.
    pub(super) fn joined(&self, member_id: &Str) -> Joined {
        Joined {
            member_id: member_id.clone(),
            generation_id: self.generation_id,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            skip_assignment: false,
            members: if self.is_leader(member_id) { self.joined_members() } else { Vec::new() },
        }
    }
}

/// A static member that got a new id without a rebalance: what is needed to answer it, or to go
/// back.
#[derive(Clone, Debug)]
pub(super) struct StaticReplacement {
    /// The member as it was.
    pub(super) before: Member,
    /// Its new id.
    pub(super) member_id: Str,
    /// The leader before.
    pub(super) led_by: Str,
    /// The member understands that it need not assign.
    pub(super) skip_assignment: bool,
}

/// A member's vote and metadata for a protocol are those it names first.
fn keep_first_of_each_name(protocols: &mut Vec<Protocol>) {
    let mut seen = HashSet::with_capacity(protocols.len());
    protocols.retain(|protocol| seen.insert(protocol.name.clone()));
}

/// Random bits as Java's `UUID.randomUUID().toString()` shows them.
fn java_uuid(random: Uuid) -> String {
    let mut bits = random.as_u128();
    bits = (bits & !(0xf << 76)) | (0x4 << 76);
    bits = (bits & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_ids_end_in_random_uuids_as_java_writes_them() {
        assert_eq!(java_uuid(Uuid::ZERO), "00000000-0000-4000-8000-000000000000");
        assert_eq!(java_uuid(Uuid([0xff; 16])), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
