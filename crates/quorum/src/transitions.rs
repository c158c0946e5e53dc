//! From one role into another.

use std::mem;

use crate::command::Command;
use crate::control::ControlRecord;
use crate::election::{ElectionState, Tally};
use crate::error::Refusal;
use crate::machine::{Machine, Turn};
use crate::message::{ChangeRefusal, FetchResponse, LeaderHint, Response, Token};
use crate::roles::{
    Candidate, Follower, Leader, Prospective, Resigned, Role, Unattached, VoterChange,
    VoterChangeKind,
};
use crate::types::{Endpoint, LeaderEpoch, Millis, NodeId, Now, Random};

impl Machine {
    /// The role a replica wakes up in. A leader of before wakes up resigned: it may have told
    /// others of its epoch, but cannot know any more what it promised in it.
    pub(crate) fn restore_role(&mut self, now: Now, random: &mut dyn Random) {
        if self.log.last_epoch() > self.election.epoch {
            self.election = ElectionState::unknown_leader(self.log.last_epoch());
        }
        let local = self.config.local.id;
        let deadline = now.ms + self.election_timeout(random);
        let may_stand = self.may_stand();
        self.role = match self.election.leader {
            Some(leader) if leader == local && may_stand => Role::Resigned(Resigned {
                election_deadline: deadline,
                unacknowledged: self.voters().others(local).map(|v| v.key.id).collect(),
                preferred: Vec::new(),
            }),
            Some(leader) if leader != local && !self.voter_endpoints(leader).is_empty() => {
                self.leader_endpoints = self.voter_endpoints(leader);
                Role::Follower(self.new_follower(now.ms))
            }
            _ => Role::Unattached(Unattached { election_deadline: may_stand.then_some(deadline) }),
        };
        self.announced = (self.election.epoch, self.leader());
    }

    /// How long to wait before (or for) an election: random, so that voters do not stand all at
    /// once. The only voter has nobody to wait for.
    pub(crate) fn election_timeout(&self, random: &mut dyn Random) -> Millis {
        if self.voters().is_only(&self.config.local) {
            return 0;
        }
        let timeout = self.config.timeouts.election;
        timeout + random.below(timeout)
    }

    fn new_follower(&self, now: Millis) -> Follower {
        let fetch_deadline = now + self.config.timeouts.fetch;
        Follower {
            fetch_deadline,
            has_fetched: false,
            download: None,
            has_reported: false,
            membership_deadline: fetch_deadline,
        }
    }

    pub(crate) fn voter_endpoints(&self, id: NodeId) -> Vec<Endpoint> {
        self.voters().get(id).map(|voter| voter.endpoints.clone()).unwrap_or_default()
    }

    /// The leader of the epoch. A replica that led and resigned knows of none.
    pub fn leader(&self) -> Option<NodeId> {
        self.election.leader.filter(|id| *id != self.config.local.id || self.is_leader())
    }

    /// Someone knows of an epoch and maybe its leader. Follows if that is news.
    pub(crate) fn learn(&mut self, hint: &LeaderHint, turn: &mut Turn<'_>) {
        let leader = hint.leader.filter(|id| *id != self.config.local.id);
        let is_new_epoch = hint.epoch > self.election.epoch;
        let endpoints = || match (&hint.endpoint, leader) {
            (Some(endpoint), _) => vec![endpoint.clone()],
            (None, Some(leader)) => self.voter_endpoints(leader),
            (None, None) => Vec::new(),
        };
        match leader {
            Some(leader) if is_new_epoch => {
                let endpoints = endpoints();
                self.become_follower(hint.epoch, leader, endpoints, turn);
            }
            None if is_new_epoch => self.become_unattached(hint.epoch, turn),
            Some(leader) if hint.epoch == self.election.epoch => {
                let endpoints = endpoints();
                let knows_where = !self.leader_endpoints.is_empty();
                let is_known = self.election.leader == Some(leader);
                let may_follow = self.election.leader.is_none() || (is_known && !knows_where);
                if may_follow && !(is_known && endpoints.is_empty()) {
                    self.become_follower(hint.epoch, leader, endpoints, turn);
                }
            }
            _ => {}
        }
    }

    /// Into an epoch (or on in the current one) without a leader to fetch from.
    pub(crate) fn become_unattached(&mut self, epoch: LeaderEpoch, turn: &mut Turn<'_>) {
        let election_deadline = self.may_stand().then(|| {
            // Whoever waited goes on waiting: else a replica that keeps starting epochs could
            // keep all others from ever standing.
            let waiting = match &self.role {
                Role::Leader(_) => None,
                role => role.next_deadline().filter(|deadline| *deadline > turn.now.ms),
            };
            waiting.unwrap_or_else(|| turn.now.ms + self.election_timeout(turn.random))
        });
        let election = if epoch > self.election.epoch {
            self.leader_endpoints.clear();
            ElectionState::unknown_leader(epoch)
        } else {
            self.election
        };
        self.enter(Role::Unattached(Unattached { election_deadline }), election, turn);
    }

    /// Follows the leader of the epoch; without endpoints it stays unattached, and only knows
    /// that there is one.
    pub(crate) fn become_follower(
        &mut self,
        epoch: LeaderEpoch,
        leader: NodeId,
        endpoints: Vec<Endpoint>,
        turn: &mut Turn<'_>,
    ) {
        let voted = self.election.voted.filter(|_| epoch == self.election.epoch);
        let election = ElectionState { epoch, leader: Some(leader), voted };
        if endpoints.is_empty() {
            self.leader_endpoints.clear();
            let election_deadline =
                self.may_stand().then(|| turn.now.ms + self.election_timeout(turn.random));
            self.enter(Role::Unattached(Unattached { election_deadline }), election, turn);
            return;
        }
        self.leader_endpoints = endpoints;
        let follower = self.new_follower(turn.now.ms);
        self.enter(Role::Follower(follower), election, turn);
    }

    /// Asks whether it would be elected.
    pub(crate) fn become_prospective(&mut self, turn: &mut Turn<'_>) {
        let role = Prospective {
            election_deadline: turn.now.ms + self.election_timeout(turn.random),
            tally: Tally::new(self.voters(), self.config.local.id),
        };
        self.enter(Role::Prospective(role), self.election, turn);
    }

    /// Stands in a new epoch.
    pub(crate) fn become_candidate(&mut self, turn: &mut Turn<'_>) {
        let role = Candidate {
            election_deadline: turn.now.ms + self.election_timeout(turn.random),
            tally: Tally::new(self.voters(), self.config.local.id),
        };
        let voted = Some(self.config.local);
        let election = ElectionState { epoch: self.election.epoch + 1, leader: None, voted };
        self.leader_endpoints.clear();
        self.enter(Role::Candidate(role), election, turn);
    }

    /// Leads, and writes the record that says so. If the voters come from the formatter's snapshot
    /// they are written too, because that snapshot is given to nobody.
    pub(crate) fn become_leader(&mut self, granting: Vec<NodeId>, turn: &mut Turn<'_>) {
        let fetch_timeout = self.config.timeouts.fetch;
        let start = self.log.end_offset();
        let mut leader =
            Leader::new(self.config.local, start, self.voters(), turn.now.ms, fetch_timeout);
        leader.local_flushed(self.log.durable_end_offset());
        let local = self.config.local.id;
        let election =
            ElectionState { epoch: self.election.epoch, leader: Some(local), voted: None };
        self.leader_endpoints = self.config.endpoints.clone();
        self.enter(Role::Leader(Box::new(leader)), election, turn);
        let voters = self.voters().ids().collect();
        let mut records = vec![ControlRecord::LeaderChange { leader: local, voters, granting }];
        if self.kraft_version() > 0 && self.membership.voters_offset().is_some_and(|at| at < 0) {
            records.push(ControlRecord::KRaftVersion(self.kraft_version()));
            records.push(ControlRecord::Voters(self.voters().clone()));
        }
        self.append_control(records, turn);
    }

    /// Gives leadership up. The epoch stays its own until somebody starts the next.
    pub(crate) fn become_resigned(&mut self, turn: &mut Turn<'_>) {
        let Role::Leader(leader) = &self.role else { return };
        let preferred = leader.preferred_successors();
        let election_deadline = turn.now.ms + self.election_timeout(turn.random);
        let unacknowledged = preferred.iter().map(|key| key.id).collect();
        let role = Resigned { election_deadline, unacknowledged, preferred };
        self.enter(Role::Resigned(role), self.election, turn);
    }

    /// Takes the role on, remembers the election, tells the node, and sends away whoever waited
    /// for something of the role before.
    fn enter(&mut self, role: Role, election: ElectionState, turn: &mut Turn<'_>) {
        let old = mem::replace(&mut self.role, role);
        if election != self.election {
            self.set_election(election, turn);
        }
        let leader = self.leader();
        if self.announced != (election.epoch, leader) {
            self.announced = (election.epoch, leader);
            turn.out.push(Command::LeaderChanged { epoch: election.epoch, leader });
        }
        if let Role::Leader(old) = old {
            for parked in old.parked {
                self.refuse_fetch(parked.token, Refusal::NotLeaderOrFollower, turn);
            }
            if let Some(change) = old.change {
                self.finish_change(&change, Err(Refusal::NotLeaderOrFollower), turn);
            }
        }
    }

    /// Remembers the election before anything that follows is done. What was to be remembered a
    /// moment ago and nothing was done upon need not be written any more: a quorum of one goes
    /// from candidate to leader with one write.
    pub(crate) fn set_election(&mut self, election: ElectionState, turn: &mut Turn<'_>) {
        self.election = election;
        let is_silent = |command: &Command| matches!(command, Command::LeaderChanged { .. });
        if let Some(last) = turn.out.iter().rposition(|command| !is_silent(command))
            && matches!(turn.out[last], Command::PersistElection { .. })
        {
            turn.out.remove(last);
        }
        turn.out.push(Command::PersistElection {
            election,
            kraft_version: self.kraft_version(),
            voters: self.voters().ids().collect(),
        });
    }

    pub(crate) fn refuse_fetch(&self, token: Token, refusal: Refusal, turn: &mut Turn<'_>) {
        let response = FetchResponse {
            result: Err(refusal),
            hint: self.hint(),
            high_watermark: None,
            log_start_offset: self.log.start_offset(),
        };
        turn.reply(token, Response::Fetch(response));
    }

    /// Answers the administrator whose voter change came to an end.
    pub(crate) fn finish_change(
        &self,
        change: &VoterChange,
        result: Result<(), Refusal>,
        turn: &mut Turn<'_>,
    ) {
        let result =
            result.map_err(|refusal| ChangeRefusal { refusal, message: refusal.to_string() });
        let response = crate::message::ChangeResponse { result, hint: self.hint() };
        let response = match change.kind {
            VoterChangeKind::Add { .. } => Response::AddVoter(response),
            VoterChangeKind::Remove => Response::RemoveVoter(response),
            VoterChangeKind::Update => Response::UpdateVoter(response),
        };
        turn.reply(change.token, response);
    }
}
