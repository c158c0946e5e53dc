//! What each role does by itself: when time is up, or a request can be sent.

use crate::command::Command;
use crate::machine::{Machine, Turn};
use crate::message::{
    BeginQuorumEpochRequest, EndQuorumEpochRequest, FetchRequest, FetchSnapshotRequest,
    KnownHighWatermark, Request, UpdateVoterRequest, VoteRequest,
};
use crate::peers::{Lane, Sent};
use crate::roles::Role;
use crate::types::{Destination, Endpoint, Millis, NodeId};
use crate::voters::Voter;

impl Machine {
    /// One step of the current role; says whether the role changed, so that the next one acts too.
    pub(crate) fn act(&mut self, turn: &mut Turn<'_>) -> bool {
        if self.is_shut_down {
            return false;
        }
        if self.act_on_shutdown(turn) {
            return false;
        }
        match &self.role {
            Role::Unattached(_) => self.act_unattached(turn),
            Role::Prospective(_) => self.act_prospective(turn),
            Role::Candidate(_) => self.act_candidate(turn),
            Role::Leader(_) => self.act_leader(turn),
            Role::Follower(_) => self.act_follower(turn),
            Role::Resigned(_) => self.act_resigned(turn),
        }
    }

    pub(crate) fn handle_shutdown(&mut self, timeout_ms: Millis, turn: &mut Turn<'_>) {
        self.shutdown_deadline = Some(turn.now.ms + timeout_ms);
        if self.is_leader() {
            self.become_resigned(turn);
        }
    }

    /// The hand-over is done when all voters know of it, or one of them leads, or time is up.
    fn act_on_shutdown(&mut self, turn: &mut Turn<'_>) -> bool {
        let Some(deadline) = self.shutdown_deadline else { return false };
        let is_handing_over =
            matches!(&self.role, Role::Resigned(role) if !role.unacknowledged.is_empty());
        if is_handing_over && turn.now.ms < deadline {
            return false;
        }
        self.is_shut_down = true;
        turn.out.push(Command::ShutdownComplete);
        true
    }

    fn act_unattached(&mut self, turn: &mut Turn<'_>) -> bool {
        let may_stand = self.may_stand();
        let timeout = self.election_timeout(turn.random);
        let Role::Unattached(role) = &mut self.role else { return false };
        if may_stand {
            let deadline = *role.election_deadline.get_or_insert(turn.now.ms + timeout);
            if deadline <= turn.now.ms {
                self.become_prospective(turn);
                return true;
            }
        } else {
            role.election_deadline = None;
        }
        self.look_for_leader(turn);
        false
    }

    fn act_prospective(&mut self, turn: &mut Turn<'_>) -> bool {
        let may_stand = self.may_stand();
        let Role::Prospective(role) = &self.role else { return false };
        if may_stand && role.tally.is_won() {
            self.become_candidate(turn);
            return true;
        }
        if !may_stand || role.tally.is_lost() || role.election_deadline <= turn.now.ms {
            self.return_from_prospective(turn);
            return true;
        }
        self.ask_for_votes(true, turn);
        false
    }

    /// Not wanted: back to the leader it had, or to waiting.
    fn return_from_prospective(&mut self, turn: &mut Turn<'_>) {
        match self.leader() {
            Some(leader) if !self.leader_endpoints.is_empty() => {
                let endpoints = self.leader_endpoints.clone();
                self.become_follower(self.election.epoch, leader, endpoints, turn);
            }
            _ => {
                self.become_unattached(self.election.epoch, turn);
                let timeout = self.election_timeout(turn.random);
                let may_stand = self.may_stand();
                if let Role::Unattached(role) = &mut self.role {
                    role.election_deadline = may_stand.then_some(turn.now.ms + timeout);
                }
            }
        }
    }

    fn act_candidate(&mut self, turn: &mut Turn<'_>) -> bool {
        let may_stand = self.may_stand();
        let Role::Candidate(role) = &self.role else { return false };
        if !may_stand {
            self.become_unattached(self.election.epoch, turn);
            return true;
        }
        if role.tally.is_won() {
            let granting = role.tally.granting();
            self.become_leader(granting, turn);
            return true;
        }
        if role.tally.is_lost() || role.election_deadline <= turn.now.ms {
            self.become_prospective(turn);
            return true;
        }
        self.ask_for_votes(false, turn);
        false
    }

    fn ask_for_votes(&mut self, pre_vote: bool, turn: &mut Turn<'_>) {
        let (Role::Prospective(crate::roles::Prospective { tally, .. })
        | Role::Candidate(crate::roles::Candidate { tally, .. })) = &self.role
        else {
            return;
        };
        let undecided: Vec<Voter> =
            self.voters().iter().filter(|v| tally.is_undecided(v.key.id)).cloned().collect();
        for voter in undecided {
            let request = Request::Vote(VoteRequest {
                voter: Some(voter.key),
                candidate: self.config.local,
                epoch: self.election.epoch,
                log_end: self.log_end(),
                pre_vote,
            });
            self.send_to_voter(&voter, Sent::Vote { pre_vote }, request, turn);
        }
    }

    fn act_leader(&mut self, turn: &mut Turn<'_>) -> bool {
        let fetch_timeout = self.config.timeouts.fetch;
        let observer_session = self.config.timeouts.observer_session;
        let Role::Leader(leader) = &mut self.role else { return false };
        if leader.check_quorum_deadline.is_some_and(|deadline| deadline <= turn.now.ms) {
            self.become_resigned(turn);
            return true;
        }
        if leader.announce_deadline <= turn.now.ms {
            leader.remind_silent_voters(turn.now.ms, fetch_timeout);
            leader.forget_observers(turn.now.ms, observer_session);
        }
        if self.leader_was_removed() {
            self.become_resigned(turn);
            return true;
        }
        self.announce_epoch(turn);
        self.release_fetches(turn);
        self.drive_change(turn);
        false
    }

    fn announce_epoch(&mut self, turn: &mut Turn<'_>) {
        let Role::Leader(leader) = &self.role else { return };
        for id in leader.unacknowledged() {
            let Some(voter) = self.voters().get(id).cloned() else { continue };
            let request = Request::BeginQuorumEpoch(BeginQuorumEpochRequest {
                voter: Some(voter.key),
                leader: self.config.local.id,
                epoch: self.election.epoch,
                endpoints: self.config.endpoints.clone(),
            });
            self.send_to_voter(&voter, Sent::BeginQuorumEpoch, request, turn);
        }
    }

    fn act_resigned(&mut self, turn: &mut Turn<'_>) -> bool {
        let may_stand = self.may_stand();
        let Role::Resigned(role) = &self.role else { return false };
        let is_time_up = role.election_deadline <= turn.now.ms;
        if may_stand && is_time_up {
            self.become_prospective(turn);
            return true;
        }
        if !may_stand && (is_time_up || role.unacknowledged.is_empty()) {
            self.become_unattached(self.election.epoch, turn);
            return true;
        }
        let (preferred, unacknowledged) = (role.preferred.clone(), role.unacknowledged.clone());
        for id in unacknowledged {
            let Some(voter) = self.voters().get(id).cloned() else { continue };
            let request = Request::EndQuorumEpoch(EndQuorumEpochRequest {
                leader: self.config.local.id,
                epoch: self.election.epoch,
                preferred: preferred.clone(),
                endpoints: self.config.endpoints.clone(),
            });
            self.send_to_voter(&voter, Sent::EndQuorumEpoch, request, turn);
        }
        false
    }

    fn act_follower(&mut self, turn: &mut Turn<'_>) -> bool {
        let may_stand = self.may_stand();
        let fetch_timeout = self.config.timeouts.fetch;
        let Role::Follower(role) = &mut self.role else { return false };
        if role.fetch_deadline <= turn.now.ms {
            if may_stand {
                self.become_prospective(turn);
                return true;
            }
            // An observer has nothing to win by standing; it looks for a newer leader. Somebody
            // who stands may need its promise: it may be a voter already and not know it.
            role.fetch_deadline = turn.now.ms + fetch_timeout;
            role.has_fetched = false;
            self.look_for_leader(turn);
        }
        self.check_membership(turn);
        let Some((leader, endpoint)) = self.leader_destination() else { return false };
        if self.peers.is_backing_off(leader, Lane::Fetch) {
            self.look_for_leader(turn);
        } else {
            self.fetch_from(leader, endpoint, turn);
        }
        false
    }

    /// Fetches from any server that may know the leader; its refusal names it.
    fn look_for_leader(&mut self, turn: &mut Turn<'_>) {
        if self.peers.is_fetching() {
            return;
        }
        let local = self.config.local.id;
        let voters = self.voters().others(local);
        let mut servers: Vec<(NodeId, Endpoint)> = voters
            .filter_map(|v| Some((v.key.id, v.endpoint(&self.config.listener)?.clone())))
            .collect();
        if servers.is_empty() {
            let ids = (2..).map(|n: NodeId| -n);
            let own = &self.config.endpoints;
            let bootstrap = self.config.bootstrap_servers.iter().cloned();
            let others = ids.zip(bootstrap).filter(|(_, server)| {
                !own.iter().any(|e| (&e.host, e.port) == (&server.host, server.port))
            });
            servers.extend(others);
        }
        servers.retain(|(id, _)| self.peers.is_ready(*id, Lane::Fetch));
        if servers.is_empty() {
            return;
        }
        let (id, endpoint) = servers.swap_remove(turn.random.below(servers.len() as u64) as usize);
        self.fetch_from(id, endpoint, turn);
    }

    /// Fetches what comes next: a piece of the snapshot under way, or records. Only what is
    /// durable here counts as fetched, since the leader commits by it.
    fn fetch_from(&mut self, id: NodeId, endpoint: Endpoint, turn: &mut Turn<'_>) {
        if self.log.durable_end_offset() < self.log.end_offset() {
            return;
        }
        let download = match &self.role {
            Role::Follower(role) if self.election.leader == Some(id) => role.download,
            _ => None,
        };
        let (sent, request) = match download {
            Some(download) if download.installing => return,
            Some(download) => {
                let sent = Sent::FetchSnapshot { id: download.id, position: download.position };
                (
                    sent,
                    Request::FetchSnapshot(self.snapshot_request(download.id, download.position)),
                )
            }
            None => {
                let request = self.fetch_request();
                (Sent::Fetch { offset: request.offset }, Request::Fetch(request))
            }
        };
        self.send(Destination { id, endpoint }, sent, request, turn);
    }

    fn snapshot_request(
        &self,
        snapshot: crate::types::SnapshotId,
        position: u64,
    ) -> FetchSnapshotRequest {
        FetchSnapshotRequest {
            replica: self.config.local,
            epoch: self.election.epoch,
            snapshot,
            position: i64::try_from(position).unwrap_or(i64::MAX),
            max_bytes: self.config.fetch_snapshot_max_bytes,
        }
    }

    fn fetch_request(&self) -> FetchRequest {
        FetchRequest {
            replica: self.config.local,
            epoch: self.election.epoch,
            offset: self.log.end_offset(),
            last_fetched_epoch: self.log.last_epoch(),
            high_watermark: self
                .high_watermark
                .map_or(KnownHighWatermark::Unknown, KnownHighWatermark::At),
            max_wait_ms: u32::try_from(self.config.timeouts.fetch_wait_max).unwrap_or(u32::MAX),
            max_bytes: self.config.fetch_max_bytes,
        }
    }

    /// Sees to it that the voter set has this node, and has it right.
    fn check_membership(&mut self, turn: &mut Turn<'_>) {
        let Role::Follower(role) = &mut self.role else { return };
        if role.membership_deadline > turn.now.ms {
            return;
        }
        role.membership_deadline = turn.now.ms + self.config.timeouts.fetch;
        let Some(request) = self.membership_request() else { return };
        let Some((id, endpoint)) = self.leader_destination() else { return };
        self.send(Destination { id, endpoint }, Sent::Membership, request, turn);
    }

    fn membership_request(&self) -> Option<Request> {
        let own = self.config.as_voter();
        let entry = self.voters().get(self.config.local.id);
        if self.is_voter() {
            // With version 0 the leader collects what voters tell it, to be able to raise it.
            let has_reported = matches!(&self.role, Role::Follower(role) if role.has_reported);
            let is_right = entry == Some(&own) || (self.kraft_version() == 0 && has_reported);
            let epoch = self.election.epoch;
            return (!is_right)
                .then_some(Request::UpdateVoter(UpdateVoterRequest { epoch, voter: own }));
        }
        if !self.config.auto_join || !self.config.can_be_voter || self.kraft_version() == 0 {
            return None;
        }
        Some(match entry {
            // The node had another disk before: that one has to leave first.
            Some(old) => {
                Request::RemoveVoter(crate::message::RemoveVoterRequest { voter: old.key })
            }
            None => Request::AddVoter(crate::message::AddVoterRequest {
                voter: own.key,
                endpoints: own.endpoints,
                timeout_ms: u32::try_from(self.config.timeouts.request).unwrap_or(u32::MAX),
                ack_when_committed: false,
            }),
        })
    }

    fn send_to_voter(&mut self, voter: &Voter, sent: Sent, request: Request, turn: &mut Turn<'_>) {
        let Some(endpoint) = voter.endpoint(&self.config.listener).cloned() else { return };
        self.send(Destination { id: voter.key.id, endpoint }, sent, request, turn);
    }

    /// Sends, unless the peer still owes an answer or is on hold.
    pub(crate) fn send(
        &mut self,
        to: Destination,
        sent: Sent,
        request: Request,
        turn: &mut Turn<'_>,
    ) {
        if !self.peers.is_ready(to.id, sent.lane()) {
            return;
        }
        let deadline = turn.now.ms + self.config.timeouts.request;
        let request_id = self.peers.sent(to.id, sent, self.election.epoch, deadline);
        turn.out.push(Command::Send { request_id, to, request });
    }
}
