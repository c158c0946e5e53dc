//! Beginning and end of a leader's epoch, as voters hear of it.

use crate::error::Refusal;
use crate::machine::{Machine, Turn};
use crate::message::{BeginQuorumEpochRequest, EndQuorumEpochRequest, EpochResponse, LeaderHint};
use crate::roles::Role;
use crate::types::{Endpoint, LeaderEpoch, Millis, NodeId, ReplicaKey};

impl Machine {
    pub(crate) fn handle_begin_quorum_epoch(
        &mut self,
        request: BeginQuorumEpochRequest,
        turn: &mut Turn<'_>,
    ) -> EpochResponse {
        let result = self
            .check_voter_request(request.leader, request.epoch)
            .and_then(|()| self.check_receiver(request.voter.as_ref()))
            .and_then(|()| {
                self.accept_leader(request.leader, request.epoch, request.endpoints, turn)
            });
        EpochResponse { result, hint: self.hint() }
    }

    pub(crate) fn handle_end_quorum_epoch(
        &mut self,
        request: EndQuorumEpochRequest,
        turn: &mut Turn<'_>,
    ) -> EpochResponse {
        let result = self.check_voter_request(request.leader, request.epoch).and_then(|()| {
            self.accept_leader(request.leader, request.epoch, request.endpoints, turn)
        });
        if result.is_ok() {
            let delay = self.succession_delay(&request.preferred, turn);
            let deadline = turn.now.ms + delay;
            if let Role::Follower(role) = &mut self.role {
                role.fetch_deadline = role.fetch_deadline.min(deadline);
                // Its leader is gone: nobody is disturbed by an election.
                role.has_fetched = false;
            }
        }
        EpochResponse { result, hint: self.hint() }
    }

    /// Somebody says that it leads in the epoch. There can be no two: a contradiction is refused.
    fn accept_leader(
        &mut self,
        leader: NodeId,
        epoch: LeaderEpoch,
        endpoints: Vec<Endpoint>,
        turn: &mut Turn<'_>,
    ) -> Result<(), Refusal> {
        let is_other_known = epoch == self.election.epoch
            && self.election.leader.is_some_and(|known| known != leader);
        if is_other_known || leader == self.config.local.id {
            return Err(Refusal::InvalidRequest);
        }
        let named = endpoints.iter().find(|e| e.name == self.config.listener).cloned();
        let endpoint = named.or_else(|| endpoints.into_iter().next());
        self.learn(&LeaderHint { epoch, leader: Some(leader), endpoint }, turn);
        Ok(())
    }

    /// How long a voter waits before it stands after its leader resigned: the best successor not
    /// at all, each next one longer, up to the backoff's maximum.
    fn succession_delay(&self, preferred: &[ReplicaKey], turn: &mut Turn<'_>) -> Millis {
        let position = preferred.iter().position(|key| key.accepts(&self.config.local));
        match position.unwrap_or(preferred.len()) {
            0 if !preferred.is_empty() => 0,
            position => {
                let backoff = self.config.timeouts.election_backoff_max;
                let share =
                    backoff * (position.max(1) as u64) / (preferred.len().max(1) as u64 + 1);
                let spread = backoff / (preferred.len().max(1) as u64 + 1);
                (share + turn.random.below(spread.max(1))).min(backoff)
            }
        }
    }
}
