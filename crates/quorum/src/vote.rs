//! Elections: giving votes and counting them (kafka-semantics 214, 215).

use crate::election::ElectionState;
use crate::error::Refusal;
use crate::machine::{Machine, Turn};
use crate::message::{VoteRequest, VoteResponse};
use crate::roles::{Ballot, Role};
use crate::types::{NodeId, ReplicaKey};

impl Machine {
    pub(crate) fn handle_vote(
        &mut self,
        request: &VoteRequest,
        turn: &mut Turn<'_>,
    ) -> VoteResponse {
        let granted = self.consider_vote(request, turn);
        VoteResponse { granted, hint: self.hint() }
    }

    fn consider_vote(
        &mut self,
        request: &VoteRequest,
        turn: &mut Turn<'_>,
    ) -> Result<bool, Refusal> {
        let log_end = request.log_end;
        let is_own_epoch_in_log = if request.pre_vote {
            log_end.epoch > request.epoch
        } else {
            log_end.epoch >= request.epoch
        };
        if log_end.offset < 0 || log_end.epoch < 0 || is_own_epoch_in_log {
            return Err(Refusal::InvalidRequest);
        }
        self.check_voter_request(request.candidate.id, request.epoch)?;
        if request.epoch > self.election.epoch {
            self.become_unattached(request.epoch, turn);
        }
        self.check_receiver(request.voter.as_ref())?;
        let ballot = Ballot {
            candidate: &request.candidate,
            candidate_log: log_end,
            own_log: self.log_end(),
            pre_vote: request.pre_vote,
            voted: self.election.voted,
            leader_known: self.election.leader.is_some(),
        };
        let granted = self.role.grants(&ballot);
        if granted && !request.pre_vote {
            self.promise(request.candidate, turn);
        }
        Ok(granted)
    }

    /// Requests among voters: from a node that can be one, of an epoch that is not over.
    pub(crate) fn check_voter_request(&self, from: NodeId, epoch: i32) -> Result<(), Refusal> {
        if epoch < self.election.epoch {
            Err(Refusal::FencedLeaderEpoch)
        } else if from < 0 {
            Err(Refusal::InvalidRequest)
        } else if self.is_shut_down {
            Err(Refusal::BrokerNotAvailable)
        } else {
            Ok(())
        }
    }

    /// Whether the sender means this replica, if it says whom it means (KIP-853).
    pub(crate) fn check_receiver(&self, receiver: Option<&ReplicaKey>) -> Result<(), Refusal> {
        match receiver {
            Some(key) if !key.accepts(&self.config.local) => Err(Refusal::InvalidVoterKey),
            _ => Ok(()),
        }
    }

    /// Remembers the vote before anyone hears of it, and waits another election timeout.
    fn promise(&mut self, candidate: ReplicaKey, turn: &mut Turn<'_>) {
        let timeout = self.election_timeout(turn.random);
        let may_stand = self.may_stand();
        match &mut self.role {
            Role::Unattached(role) => {
                role.election_deadline = may_stand.then_some(turn.now.ms + timeout);
            }
            Role::Prospective(role) => role.election_deadline = turn.now.ms + timeout,
            _ => {}
        }
        if self.election.voted != Some(candidate) {
            let voted = Some(candidate);
            self.set_election(ElectionState { voted, ..self.election }, turn);
        }
    }

    /// A vote or promise has come in, for this epoch.
    pub(crate) fn count_vote(&mut self, from: NodeId, pre_vote: bool, response: &VoteResponse) {
        let granted = match response.granted {
            Ok(granted) => granted,
            // A peer that knows no pre-votes cannot refuse one: the candidacy will show.
            Err(Refusal::UnsupportedVersion) if pre_vote => true,
            Err(_) => return,
        };
        match &mut self.role {
            Role::Prospective(role) if pre_vote => role.tally.record(from, granted),
            Role::Candidate(role) if !pre_vote => role.tally.record(from, granted),
            _ => {}
        }
    }
}
