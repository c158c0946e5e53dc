//! From one generation to the next (kafka-semantics 94 to 97, 103, 105).

use std::collections::BTreeSet;

use wire::{Bytes, Str};

use super::member::Member;
use super::request::JoinedMember;
use super::state::{ClassicGroup, InitialDelay, State};
use super::subscription::subscribed_topics;
use crate::error::Error;
use crate::outcome::Timer;
use crate::turn::Turn;

impl ClassicGroup {
    /// The group was read from the log: its members' sessions start anew, and one with more
    /// members than it may have shrinks (kafka-semantics 101, 110).
    pub(crate) fn loaded(&mut self, turn: &mut Turn<'_>) {
        for member in self.members.iter() {
            turn.await_heartbeat(&self.id, member);
        }
        if self.members.len() > turn.settings.max_size {
            self.prepare_rebalance(turn);
        }
    }

    /// Something changed that asks for a new generation: starts one, or completes the one under
    /// way if that was all it waited for.
    pub(super) fn rebalance_or_complete_join(&mut self, turn: &mut Turn<'_>) {
        if self.is_preparing() {
            self.maybe_complete_join(turn);
        } else {
            self.prepare_rebalance(turn);
        }
    }

    /// Starts the join phase. An empty group gives its first members some time to arrive.
    pub(crate) fn prepare_rebalance(&mut self, turn: &mut Turn<'_>) {
        if self.is_completing() {
            self.refuse_assignment(Error::RebalanceInProgress, turn);
        }
        self.stop_waiting_for_syncs(turn);
        if self.is_empty() {
            let delay_ms = turn.settings.initial_rebalance_delay_ms;
            let remaining_ms = self.rebalance_timeout_ms().saturating_sub(delay_ms).max(0);
            turn.out.schedule(self.join_timer(), i64::from(delay_ms));
            let delay = InitialDelay { delay_ms, remaining_ms, member_added: false };
            self.enter(State::PreparingRebalance { initial: Some(delay) }, turn.now_ms);
            return;
        }
        self.enter(State::PreparingRebalance { initial: None }, turn.now_ms);
        if self.has_all_members_joined() {
            self.complete_join(turn);
        } else {
            turn.out.schedule(self.join_timer(), i64::from(self.rebalance_timeout_ms()));
        }
    }

    /// Completes the join phase if everyone is there. The first rebalance of an empty group waits
    /// for its timer instead: more members may come.
    pub(super) fn maybe_complete_join(&mut self, turn: &mut Turn<'_>) {
        let waits = self.state == State::PreparingRebalance { initial: None };
        if waits && self.has_all_members_joined() {
            self.complete_join(turn);
        }
    }

    /// The join timer fired.
    pub(crate) fn expire_join(&mut self, turn: &mut Turn<'_>) {
        let State::PreparingRebalance { initial } = &mut self.state else { return };
        match initial {
            Some(delay) if delay.member_added && delay.remaining_ms > 0 => {
                let next_ms = turn.settings.initial_rebalance_delay_ms.min(delay.remaining_ms);
                *delay = InitialDelay {
                    delay_ms: next_ms,
                    remaining_ms: (delay.remaining_ms - delay.delay_ms).max(0),
                    member_added: false,
                };
                turn.out.schedule(self.join_timer(), i64::from(next_ms));
            }
            _ => self.complete_join(turn),
        }
    }

    /// Ends the join phase with those who joined. Dynamic members that did not are dropped, static
    /// ones stay until their session ends (kafka-semantics 95).
    pub(super) fn complete_join(&mut self, turn: &mut Turn<'_>) {
        turn.out.cancel(self.join_timer());
        let absent: Vec<Str> = self
            .members
            .iter()
            .filter(|member| !member.is_awaiting_join() && !member.is_static())
            .map(|member| member.id.clone())
            .collect();
        for member_id in &absent {
            self.remove(member_id, turn);
        }
        if !self.elect_joined_leader() && !self.members.is_empty() {
            // Only static members are left and none of them is here: their sessions will tell.
            turn.out.schedule(self.join_timer(), i64::from(self.rebalance_timeout_ms()));
            return;
        }
        self.start_generation(turn);
    }

    /// Keeps a leader that joined, else takes the first member that did. False if nobody joined.
    fn elect_joined_leader(&mut self) -> bool {
        let current = self.leader.as_ref().and_then(|leader| self.members.get(leader));
        if current.is_some_and(Member::is_awaiting_join) {
            return true;
        }
        match self.members.iter().find(|member| member.is_awaiting_join()) {
            Some(member) => {
                self.leader = Some(member.id.clone());
                true
            }
            None => false,
        }
    }

    fn start_generation(&mut self, turn: &mut Turn<'_>) {
        self.generation_id = self.generation_id.wrapping_add(1);
        self.protocol_name = self.members.vote();
        self.subscribed_topics = subscribed_topics(self);
        self.pending_syncs.clear();
        if self.members.is_empty() {
            self.enter(State::Empty, turn.now_ms);
            self.write(None, turn);
            return;
        }
        self.enter(State::CompletingRebalance, turn.now_ms);
        let member_ids: Vec<Str> = self.members.iter().map(|member| member.id.clone()).collect();
        for member_id in member_ids {
            let joined = self.joined(&member_id);
            let waiting = self.members.take_join(&member_id);
            turn.reply_join(waiting, Ok(joined));
            if let Some(member) = self.members.get_mut(&member_id) {
                member.is_new = false;
                turn.await_heartbeat(&self.id, member);
            }
            self.pending_syncs.insert(member_id);
        }
        let sync_timer = Timer::Sync { group_id: self.id.clone() };
        turn.out.schedule(sync_timer, i64::from(self.rebalance_timeout_ms()));
    }

    pub(super) fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol_name = self.protocol_name.as_deref().unwrap_or_default();
        self.members
            .iter()
            .map(|member| JoinedMember {
                member_id: member.id.clone(),
                group_instance_id: member.group_instance_id.clone(),
                metadata: member.metadata(protocol_name).cloned().unwrap_or_default(),
            })
            .collect()
    }

    /// Forgets a member, pending or not, and fails its waiting requests. A new leader is the member
    /// that has been there longest (kafka-semantics 97).
    pub(super) fn remove(&mut self, member_id: &Str, turn: &mut Turn<'_>) {
        if self.pending_joins.remove(member_id) {
            turn.cancel_session(&self.id, member_id);
        }
        self.pending_syncs.remove(member_id);
        if let Some(member) = self.members.remove(member_id) {
            turn.cancel_session(&self.id, member_id);
            turn.dismiss(&member);
        }
        if self.is_leader(member_id) {
            self.leader = self.members.iter().next().map(|member| member.id.clone());
        }
    }

    /// The session timer of a member fired (kafka-semantics 105).
    pub(crate) fn expire_session(&mut self, member_id: &Str, turn: &mut Turn<'_>) {
        if self.pending_joins.contains(member_id) {
            self.remove(member_id, turn);
            if self.is_preparing() && self.has_all_members_joined() {
                self.complete_join(turn);
            }
            return;
        }
        let is_gone =
            self.members.get(member_id).is_some_and(|member| !member.needs_no_heartbeat());
        if !is_gone {
            return;
        }
        self.remove(member_id, turn);
        match self.state {
            State::Stable | State::CompletingRebalance => self.prepare_rebalance(turn),
            State::PreparingRebalance { .. } if self.has_all_members_joined() => {
                self.complete_join(turn);
            }
            State::PreparingRebalance { .. } | State::Empty => {}
        }
    }

    /// The sync timer fired: members that know the generation and did not ask for their assignment
    /// are gone (kafka-semantics 103).
    pub(crate) fn expire_sync(&mut self, turn: &mut Turn<'_>) {
        if !(self.is_completing() || self.is_stable()) || self.pending_syncs.is_empty() {
            return;
        }
        let silent: BTreeSet<Str> = std::mem::take(&mut self.pending_syncs);
        for member_id in &silent {
            self.remove(member_id, turn);
        }
        self.prepare_rebalance(turn);
    }

    pub(super) fn stop_waiting_for_syncs(&mut self, turn: &mut Turn<'_>) {
        self.pending_syncs.clear();
        turn.out.cancel(Timer::Sync { group_id: self.id.clone() });
    }

    /// No member has an assignment any more, and waiting SyncGroups fail.
    pub(super) fn refuse_assignment(&mut self, error: Error, turn: &mut Turn<'_>) {
        for member in self.members.iter_mut() {
            member.assignment = Bytes::new();
            if let Some(waiting) = member.awaiting_sync.take() {
                turn.reply_sync(Some(waiting), Err(error.clone()));
                turn.await_heartbeat(&self.id, member);
            }
        }
    }

    fn join_timer(&self) -> Timer {
        Timer::Join { group_id: self.id.clone() }
    }
}
