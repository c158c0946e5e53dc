//! Heartbeat and LeaveGroup (kafka-semantics 104, 106).

use super::request::{Heartbeat, Leaving, Left};
use super::state::{ClassicGroup, State};
use crate::error::Error;
use crate::request::Response;
use crate::turn::Turn;

impl ClassicGroup {
    /// Handles Heartbeat.
    pub(crate) fn heartbeat(&mut self, request: &Heartbeat, turn: &mut Turn<'_>) {
        let valid = self
            .validate_member(&request.member_id, request.group_instance_id.as_ref())
            .and_then(|()| match request.generation_id == self.generation_id {
                true => Ok(()),
                false => Err(Error::IllegalGeneration),
            });
        let result = valid.and_then(|()| {
            if let Some(member) = self.members.get(&request.member_id) {
                turn.await_heartbeat(&self.id, member);
            }
            match self.state {
                State::Empty => Err(Error::UnknownMemberId),
                State::PreparingRebalance { .. } => Err(Error::RebalanceInProgress),
                State::CompletingRebalance | State::Stable => Ok(()),
            }
        });
        turn.out.answer_committed(Response::Heartbeat(result));
    }

    /// Handles LeaveGroup.
    pub(crate) fn leave(&mut self, members: Vec<Leaving>, turn: &mut Turn<'_>) {
        let left: Vec<Left> = members
            .into_iter()
            .map(|member| Left { result: self.leave_one(&member, turn), member })
            .collect();
        if left.iter().any(|left| left.result.is_ok()) {
            match self.state {
                State::Stable | State::CompletingRebalance => self.prepare_rebalance(turn),
                State::PreparingRebalance { .. } => self.maybe_complete_join(turn),
                State::Empty => {}
            }
        }
        turn.out.answer_committed(Response::LeaveGroup(Ok(left)));
    }

    fn leave_one(&mut self, leaving: &Leaving, turn: &mut Turn<'_>) -> Result<(), Error> {
        let instance_id = leaving.group_instance_id.as_ref();
        if leaving.member_id.is_empty() {
            let member_id = instance_id
                .and_then(|instance_id| self.members.static_member_id(instance_id))
                .cloned()
                .ok_or(Error::UnknownMemberId)?;
            self.remove(&member_id, turn);
            return Ok(());
        }
        if !self.pending_joins.contains(&leaving.member_id) {
            self.validate_member(&leaving.member_id, instance_id)?;
        }
        self.remove(&leaving.member_id, turn);
        Ok(())
    }

    /// A commit shows that the member is alive (kafka-semantics 107).
    pub(crate) fn committed_by(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        if self.commits_are_heartbeats()
            && let Some(member) = self.members.get(member_id)
        {
            turn.await_heartbeat(&self.id, member);
        }
    }
}
