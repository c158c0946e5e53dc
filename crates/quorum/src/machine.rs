//! The face of the machine: one event in, a list of commands out.

use crate::command::Command;
use crate::config::Config;
use crate::config::limits::ROUNDS_MAX;
use crate::control::ControlRecord;
use crate::election::ElectionState;
use crate::error::{AppendRefusal, Refusal};
use crate::event::Event;
use crate::log_view::LogView;
use crate::message::{LeaderHint, Request, Response, Token};
use crate::peers::Peers;
use crate::roles::Role;
use crate::types::{
    Endpoint, LeaderEpoch, Millis, NodeId, Now, Offset, OffsetAndEpoch, Random, SnapshotId,
};
use crate::voters::{Membership, VoterSet};

/// One replica's part in KRaft.
///
/// Every decision is made in [`handle`](Self::handle); the machine has no clock, no randomness and
/// no disk of its own.
#[derive(Debug)]
pub struct Machine {
    pub(crate) config: Config,
    pub(crate) election: ElectionState,
    /// Where the leader of the epoch listens; empty if it is unknown.
    pub(crate) leader_endpoints: Vec<Endpoint>,
    pub(crate) role: Role,
    pub(crate) log: LogView,
    pub(crate) membership: Membership,
    pub(crate) high_watermark: Option<Offset>,
    pub(crate) peers: Peers,
    pub(crate) shutdown_deadline: Option<Millis>,
    pub(crate) is_shut_down: bool,
    /// Epoch and leader as the node was last told.
    pub(crate) announced: (LeaderEpoch, Option<NodeId>),
}

/// What a replica finds when it starts.
#[derive(Debug, Default)]
pub struct Stored {
    /// From `quorum-state`; the default if there is none.
    pub election: ElectionState,
    /// The log's shape.
    pub log: LogView,
    /// Control records of the latest snapshot and the log: voters and `kraft.version`.
    pub membership: Membership,
}

/// One call of [`Machine::handle`]: its inputs and the commands so far.
pub(crate) struct Turn<'a> {
    pub(crate) now: Now,
    pub(crate) random: &'a mut dyn Random,
    pub(crate) out: Vec<Command>,
}

impl Turn<'_> {
    pub(crate) fn reply(&mut self, token: Token, response: Response) {
        self.out.push(Command::Reply { token, response });
    }
}

impl Machine {
    /// A replica as it starts. The driver hands over [`Event::Tick`] next.
    pub fn new(config: Config, stored: Stored, now: Now, random: &mut dyn Random) -> Self {
        let snapshot = stored.log.latest_snapshot();
        let mut machine = Self {
            config,
            election: stored.election,
            leader_endpoints: Vec::new(),
            role: Role::Unattached(crate::roles::Unattached { election_deadline: None }),
            high_watermark: snapshot.map(|id| id.offset).filter(|offset| *offset > 0),
            log: stored.log,
            membership: stored.membership,
            peers: Peers::default(),
            shutdown_deadline: None,
            is_shut_down: false,
            announced: (0, None),
        };
        machine.restore_role(now, random);
        machine
    }

    /// Takes one event in and says what to do about it, in order.
    pub fn handle(&mut self, event: Event, now: Now, random: &mut dyn Random) -> Vec<Command> {
        let mut turn = Turn { now, random, out: Vec::new() };
        self.peers.expire(now.ms, self.config.timeouts.retry_backoff);
        self.dispatch(event, &mut turn);
        for round in 0.. {
            assert!(round < ROUNDS_MAX, "the quorum machine does not come to rest: {self:?}");
            if !self.act(&mut turn) {
                break;
            }
        }
        turn.out
    }

    fn dispatch(&mut self, event: Event, turn: &mut Turn<'_>) {
        match event {
            Event::Tick => {}
            Event::Request { token, request } => self.handle_request(token, request, turn),
            Event::Response { request_id, outcome } => {
                self.handle_response(request_id, outcome, turn);
            }
            Event::Append { token, epoch, record_count } => {
                self.handle_append(token, epoch, record_count, turn);
            }
            Event::Flushed { end_offset } => self.handle_flushed(end_offset, turn),
            Event::SnapshotWritten { id, size } => self.log.add_snapshot(id, size),
            Event::SnapshotInstalled { id, size, kraft_version, voters } => {
                self.handle_snapshot_installed(id, size, kraft_version, voters, turn);
            }
            Event::SnapshotUnsound { id } => self.handle_snapshot_unsound(id, turn),
            Event::LogStartMoved { start_offset, oldest_snapshot } => {
                self.log.move_start(start_offset, oldest_snapshot);
                self.membership.truncate_start(start_offset);
            }
            Event::Resign { epoch } => {
                if epoch == self.election.epoch && self.is_leader() {
                    self.become_resigned(turn);
                }
            }
            Event::UpgradeKRaftVersion { token, epoch, version, validate_only } => {
                let result = self.upgrade_kraft_version(epoch, version, validate_only, turn);
                turn.out.push(Command::Upgraded { token, result });
            }
            Event::Shutdown { timeout_ms } => self.handle_shutdown(timeout_ms, turn),
        }
    }

    fn handle_request(&mut self, token: Token, request: Request, turn: &mut Turn<'_>) {
        match request {
            Request::Vote(request) => {
                let response = self.handle_vote(&request, turn);
                turn.reply(token, Response::Vote(response));
            }
            Request::BeginQuorumEpoch(request) => {
                let response = self.handle_begin_quorum_epoch(request, turn);
                turn.reply(token, Response::BeginQuorumEpoch(response));
            }
            Request::EndQuorumEpoch(request) => {
                let response = self.handle_end_quorum_epoch(request, turn);
                turn.reply(token, Response::EndQuorumEpoch(response));
            }
            Request::Fetch(request) => self.handle_fetch(token, request, turn),
            Request::FetchSnapshot(request) => {
                let response = self.handle_fetch_snapshot(&request, turn);
                turn.reply(token, Response::FetchSnapshot(response));
            }
            Request::AddVoter(request) => self.handle_add_voter(token, request, turn),
            Request::RemoveVoter(request) => self.handle_remove_voter(token, &request, turn),
            Request::UpdateVoter(request) => self.handle_update_voter(token, request, turn),
            Request::SupportedVersions => {
                let versions = Some(crate::types::KRaftVersions::SUPPORTED);
                turn.reply(token, Response::SupportedVersions(versions));
            }
            Request::Describe => {
                let description = self.describe(turn.now).map(Box::new);
                turn.reply(token, Response::Describe(description));
            }
        }
    }

    /// Assigns offsets to a batch of the active controller.
    fn handle_append(
        &mut self,
        token: Token,
        epoch: LeaderEpoch,
        record_count: u32,
        turn: &mut Turn<'_>,
    ) {
        if !self.is_leader() || epoch != self.election.epoch || record_count == 0 {
            let refusal = AppendRefusal::NotLeader;
            turn.out.push(Command::RejectAppend { token, refusal });
            return;
        }
        let base_offset = self.log.end_offset();
        self.log.append(epoch, base_offset + Offset::from(record_count));
        turn.out.push(Command::AppendData { token, base_offset, epoch });
    }

    /// Appends control records as one batch of the current epoch, and lets them take effect.
    pub(crate) fn append_control(&mut self, records: Vec<ControlRecord>, turn: &mut Turn<'_>) {
        let base_offset = self.log.end_offset();
        let epoch = self.election.epoch;
        self.log.append(epoch, base_offset + records.len() as Offset);
        for (offset, record) in (base_offset..).zip(&records) {
            self.membership.apply(offset, record);
        }
        turn.out.push(Command::AppendControl { base_offset, epoch, records });
        if let Role::Leader(leader) = &mut self.role {
            leader.set_voters(self.membership.voters());
            leader.restart_check_quorum(turn.now.ms, self.config.timeouts.fetch);
        }
    }

    fn handle_flushed(&mut self, end_offset: Offset, turn: &mut Turn<'_>) {
        self.log.flushed(end_offset);
        if let Role::Leader(leader) = &mut self.role {
            leader.local_flushed(self.log.durable_end_offset());
            self.advance_leader_high_watermark(turn);
            self.release_fetches(turn);
        }
    }

    /// A replica's progress may have committed something more.
    pub(crate) fn advance_leader_high_watermark(&mut self, turn: &mut Turn<'_>) {
        let Role::Leader(leader) = &mut self.role else { return };
        if let Some(high_watermark) = leader.advance_high_watermark() {
            self.set_high_watermark(high_watermark, turn);
            self.voter_change_committed(turn);
        }
    }

    /// Notes that everything below is committed, unless more was known already.
    pub(crate) fn set_high_watermark(&mut self, high_watermark: Offset, turn: &mut Turn<'_>) {
        if self.high_watermark.is_none_or(|old| old < high_watermark) {
            self.high_watermark = Some(high_watermark);
            turn.out.push(Command::HighWatermarkAdvanced { high_watermark });
        }
    }

    /// When [`Event::Tick`] is due at the latest, in [`Now::ms`]; never once the node stops.
    pub fn next_deadline(&self) -> Option<Millis> {
        if self.is_shut_down {
            return None;
        }
        let others = [self.peers.next_deadline(), self.shutdown_deadline];
        self.role.next_deadline().into_iter().chain(others.into_iter().flatten()).min()
    }

    /// Epoch, leader and vote.
    pub fn election(&self) -> ElectionState {
        self.election
    }

    /// Whether this replica leads.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Where the epoch led by this replica begins in the log.
    pub fn epoch_start_offset(&self) -> Option<Offset> {
        match &self.role {
            Role::Leader(leader) => Some(leader.epoch_start_offset),
            _ => None,
        }
    }

    /// Whether this replica is in the voter set and may vote.
    pub fn is_voter(&self) -> bool {
        self.config.can_be_voter && self.voters().contains(&self.config.local)
    }

    /// Whether this replica may stand for election: as a voter, or as one whose removal is not
    /// known to be committed. The latter may be the only one with a log long enough to be elected,
    /// as a leader that has removed itself; it does not count its own vote.
    pub(crate) fn may_stand(&self) -> bool {
        let was_removed_for_good = || {
            let at = self.membership.voters_offset();
            at.is_none_or(|at| self.high_watermark.is_some_and(|committed| at < committed))
        };
        let was_voter = || {
            self.membership.previous_voters().is_some_and(|set| set.contains(&self.config.local))
        };
        // No epoch may follow the last one there is.
        self.election.epoch < LeaderEpoch::MAX
            && (self.is_voter()
                || (self.config.can_be_voter && was_voter() && !was_removed_for_good()))
    }

    /// The role's name, for people.
    pub fn role_name(&self) -> &'static str {
        self.role.name()
    }

    /// The voters in effect.
    pub fn voters(&self) -> &VoterSet {
        self.membership.voters()
    }

    /// `kraft.version` in effect.
    pub fn kraft_version(&self) -> i16 {
        self.membership.kraft_version()
    }

    /// The log's shape.
    pub fn log(&self) -> &LogView {
        &self.log
    }

    /// Everything below is committed, as far as known here.
    pub fn high_watermark(&self) -> Option<Offset> {
        self.high_watermark
    }

    /// The name of a snapshot of everything below `offset`, with what its control records have to
    /// say; `None` if `offset` is not committed, or before the start of the log, or covered by a
    /// snapshot that exists.
    pub fn snapshot_at(&self, offset: Offset) -> Option<(SnapshotId, i16, Option<VoterSet>)> {
        if self.high_watermark.is_none_or(|committed| offset > committed) {
            return None;
        }
        let id = SnapshotId::new(offset, self.log.epoch_before(offset)?);
        if self.log.latest_snapshot().is_some_and(|latest| latest.offset >= offset) {
            return None;
        }
        let (version, voters) = self.membership.at(offset);
        Some((id, version, voters.filter(|_| version > 0).cloned()))
    }

    /// Whom this replica takes for the leader, for an answer.
    pub(crate) fn hint(&self) -> LeaderHint {
        let leader = self.leader();
        let endpoint = leader.and_then(|_| self.leader_endpoint()).cloned();
        LeaderHint { epoch: self.election.epoch, leader, endpoint }
    }

    fn leader_endpoint(&self) -> Option<&Endpoint> {
        let named = self.leader_endpoints.iter().find(|e| e.name == self.config.listener);
        named.or_else(|| self.leader_endpoints.first())
    }

    /// Where the leader listens, if this replica follows one.
    pub(crate) fn leader_destination(&self) -> Option<(NodeId, Endpoint)> {
        Some((self.election.leader?, self.leader_endpoint()?.clone()))
    }

    pub(crate) fn log_end(&self) -> OffsetAndEpoch {
        self.log.end()
    }

    /// Requests that only the leader of the epoch named serves.
    pub(crate) fn check_leader_request(&self, epoch: LeaderEpoch) -> Result<(), Refusal> {
        if epoch > self.election.epoch {
            Err(Refusal::UnknownLeaderEpoch)
        } else if epoch < self.election.epoch {
            Err(Refusal::FencedLeaderEpoch)
        } else if !self.is_leader() {
            Err(Refusal::NotLeaderOrFollower)
        } else {
            Ok(())
        }
    }
}
