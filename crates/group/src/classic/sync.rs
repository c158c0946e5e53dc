//! SyncGroup (kafka-semantics 102).

use std::collections::HashMap;

use wire::{Bytes, Str};

use super::AfterWrite;
use super::request::{SyncGroup, Synced};
use super::state::{ClassicGroup, State};
use crate::error::Error;
use crate::outcome::Token;
use crate::request::Response;
use crate::turn::Turn;

impl ClassicGroup {
    /// Handles SyncGroup: followers wait for the leader's assignment, which is written first.
    pub(crate) fn sync(&mut self, request: SyncGroup, token: Token, turn: &mut Turn<'_>) {
        if let Err(error) = self.validate_sync(&request) {
            turn.out.answer(Response::SyncGroup(Err(error)));
            return;
        }
        match self.state {
            State::Empty => {
                turn.out.answer(Response::SyncGroup(Err(Error::UnknownMemberId)));
            }
            State::PreparingRebalance { .. } => {
                turn.out.answer(Response::SyncGroup(Err(Error::RebalanceInProgress)));
            }
            State::CompletingRebalance => self.await_assignment(request, token, turn),
            State::Stable => {
                self.has_synced(&request.member_id, turn);
                let assignment =
                    self.members.get(&request.member_id).map(|member| member.assignment.clone());
                let synced = self.synced(assignment.unwrap_or_default());
                turn.out.answer(Response::SyncGroup(Ok(synced)));
            }
        }
    }

    fn validate_sync(&self, request: &SyncGroup) -> Result<(), Error> {
        if self.is_empty() {
            return Err(Error::UnknownMemberId);
        }
        self.validate_member(&request.member_id, request.group_instance_id.as_ref())?;
        if request.generation_id != self.generation_id {
            return Err(Error::IllegalGeneration);
        }
        let differs = |member: &Option<Str>, group: &Option<Str>| {
            member.is_some() && group.is_some() && member != group
        };
        if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol_name, &self.protocol_name)
        {
            return Err(Error::InconsistentGroupProtocol);
        }
        Ok(())
    }

    fn await_assignment(&mut self, request: SyncGroup, token: Token, turn: &mut Turn<'_>) {
        let SyncGroup { member_id, assignments, .. } = request;
        if let Some(member) = self.members.get_mut(&member_id) {
            let before = member.awaiting_sync.replace(token);
            turn.reply_sync(before, Err(Error::RebalanceInProgress));
        }
        turn.out.park();
        self.has_synced(&member_id, turn);
        if self.is_leader(&member_id) {
            let assignments: HashMap<Str, Bytes> = assignments.into_iter().collect();
            self.write(Some(&assignments), turn);
            turn.out.after_write = Some(AfterWrite::assignment(self, assignments));
        }
    }

    fn has_synced(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        self.pending_syncs.remove(member_id);
        if self.pending_syncs.is_empty() {
            self.stop_waiting_for_syncs(turn);
        }
    }

    pub(super) fn synced(&self, assignment: Bytes) -> Synced {
        Synced {
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            assignment,
        }
    }
}
