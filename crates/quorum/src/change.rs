//! Changing the voters, one at a time, and raising `kraft.version` (kafka-semantics 219, 220).
//!
//! A new voter is asked which versions it supports, has to catch up, and then counts from the
//! moment its record is appended. The answer waits for the record to be committed.

use std::fmt;

use crate::control::ControlRecord;
use crate::error::Refusal;
use crate::machine::{Machine, Turn};
use crate::message::{
    AddVoterRequest, ChangeRefusal, ChangeResponse, RemoveVoterRequest, Request, Response, Token,
    UpdateVoterRequest,
};
use crate::peers::{Lane, Sent};
use crate::roles::{Role, VoterChange, VoterChangeKind, VoterChangeStage};
use crate::types::{Destination, KRaftVersions, LeaderEpoch, Millis, NodeId, Offset, ReplicaKey};
use crate::voters::{Voter, VoterSet};

/// A replica in the words of Apache Kafka's tools, which show these messages as they are.
struct Told<'a>(&'a ReplicaKey);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReplicaKey { id, directory_id } = self.0;
        write!(f, "ReplicaKey(id={id}, directoryId={directory_id})")
    }
}

type Checked<T> = Result<T, (Refusal, String)>;

fn refuse<T>(refusal: Refusal, message: impl Into<String>) -> Checked<T> {
    Err((refusal, message.into()))
}

impl Machine {
    pub(crate) fn handle_add_voter(
        &mut self,
        token: Token,
        request: AddVoterRequest,
        turn: &mut Turn<'_>,
    ) {
        if let Err(refused) = self.check_add_voter(&request) {
            let response = self.refused_change(refused);
            return turn.reply(token, Response::AddVoter(response));
        }
        let timeout = Millis::from(request.timeout_ms).min(self.config.timeouts.change);
        let voter = Voter {
            key: request.voter,
            endpoints: request.endpoints,
            kraft_versions: KRaftVersions::SUPPORTED,
        };
        let kind = VoterChangeKind::Add { voter, ack_when_committed: request.ack_when_committed };
        let change = VoterChange {
            token,
            kind,
            stage: VoterChangeStage::Asking,
            deadline: turn.now.ms + timeout,
        };
        self.set_change(change);
    }

    fn check_add_voter(&self, request: &AddVoterRequest) -> Checked<()> {
        self.check_change("adding")?;
        let key = &request.voter;
        if key.id < 0 || key.directory_id.is_zero() {
            return refuse(Refusal::InvalidRequest, "a voter has an id and a directory id");
        }
        if !request.endpoints.iter().any(|e| e.name == self.config.listener) {
            let listener = &self.config.listener;
            return refuse(
                Refusal::InvalidRequest,
                format!("the voter has no endpoint for the listener {listener}"),
            );
        }
        if self.voters().get(key.id).is_some() {
            return refuse(
                Refusal::DuplicateVoter,
                format!(
                    "The voter id for {} is already part of the set of voters {}.",
                    Told(key),
                    self.told_voters()
                ),
            );
        }
        Ok(())
    }

    pub(crate) fn handle_remove_voter(
        &mut self,
        token: Token,
        request: &RemoveVoterRequest,
        turn: &mut Turn<'_>,
    ) {
        if let Err(refused) = self.check_remove_voter(&request.voter) {
            let response = self.refused_change(refused);
            return turn.reply(token, Response::RemoveVoter(response));
        }
        let voters = self.voters().without(request.voter.id);
        self.commit_change(token, VoterChangeKind::Remove, voters, turn);
    }

    fn check_remove_voter(&self, key: &ReplicaKey) -> Checked<()> {
        self.check_change("removing")?;
        let is_voter = self.voters().get(key.id).is_some_and(|voter| voter.key == *key);
        // A quorum without voters could never be again.
        if is_voter && self.voters().len() > 1 { Ok(()) } else { self.not_removable(key) }
    }

    fn not_removable(&self, key: &ReplicaKey) -> Checked<()> {
        let voters = self.told_voters();
        refuse(
            Refusal::VoterNotFound,
            format!("Cannot remove voter {} from the set of voters {voters}", Told(key)),
        )
    }

    fn told_voters(&self) -> String {
        let voters: Vec<String> =
            self.voters().iter().map(|voter| Told(&voter.key).to_string()).collect();
        format!("[{}]", voters.join(", "))
    }

    pub(crate) fn handle_update_voter(
        &mut self,
        token: Token,
        request: UpdateVoterRequest,
        turn: &mut Turn<'_>,
    ) {
        let voter = request.voter;
        if let Err(refused) = self.check_update_voter(request.epoch, &voter) {
            let response = self.refused_change(refused);
            return turn.reply(token, Response::UpdateVoter(response));
        }
        let is_known = self.voters().get(voter.key.id) == Some(&voter);
        if self.kraft_version() > 0 && !is_known {
            let voters = self.voters().with(voter);
            return self.commit_change(token, VoterChangeKind::Update, voters, turn);
        }
        if let Role::Leader(leader) = &mut self.role {
            leader.reported.insert(voter.key.id, voter);
        }
        let response = ChangeResponse { result: Ok(()), hint: self.hint() };
        turn.reply(token, Response::UpdateVoter(response));
    }

    fn check_update_voter(&self, epoch: LeaderEpoch, voter: &Voter) -> Checked<()> {
        self.check_leader_request(epoch).map_err(|refusal| (refusal, refusal.to_string()))?;
        self.check_no_change_pending()?;
        if !self.voters().contains(&voter.key) {
            return refuse(
                Refusal::VoterNotFound,
                format!("{} is not in the voter set", voter.key),
            );
        }
        if !voter.endpoints.iter().any(|e| e.name == self.config.listener) {
            let listener = &self.config.listener;
            return refuse(
                Refusal::InvalidRequest,
                format!("the voter has no endpoint for the listener {listener}"),
            );
        }
        self.check_versions(voter.kraft_versions)
    }

    fn check_versions(&self, versions: KRaftVersions) -> Checked<()> {
        let version = self.kraft_version();
        if versions.contains(version) {
            return Ok(());
        }
        let KRaftVersions { min, max } = versions;
        refuse(
            Refusal::InvalidRequest,
            format!("the voter supports kraft.version {min} to {max}, in use is {version}"),
        )
    }

    /// What every change of the voter set needs.
    fn check_change(&self, doing: &str) -> Checked<()> {
        self.check_leader_request(self.election.epoch)
            .map_err(|refusal| (refusal, refusal.to_string()))?;
        self.check_no_change_pending()?;
        if self.kraft_version() == 0 {
            return refuse(
                Refusal::UnsupportedVersion,
                format!(
                    "Cluster doesn't support {doing} voter because the kraft.version feature is 0"
                ),
            );
        }
        Ok(())
    }

    fn check_no_change_pending(&self) -> Checked<()> {
        let Role::Leader(leader) = &self.role else {
            return refuse(Refusal::NotLeaderOrFollower, "this replica is not the leader");
        };
        let Some(high_watermark) = leader.high_watermark else {
            return refuse(Refusal::RequestTimedOut, "the leader has not committed anything yet");
        };
        let is_committed = self.membership.voters_offset().is_none_or(|at| at < high_watermark);
        if leader.change.is_some() || !is_committed {
            return refuse(Refusal::RequestTimedOut, "another voter change is under way");
        }
        Ok(())
    }

    fn refused_change(&self, (refusal, message): (Refusal, String)) -> ChangeResponse {
        ChangeResponse { result: Err(ChangeRefusal { refusal, message }), hint: self.hint() }
    }

    fn set_change(&mut self, change: VoterChange) {
        if let Role::Leader(leader) = &mut self.role {
            leader.change = Some(change);
        }
    }

    /// Appends the new set, which holds at once, and waits for it to be committed.
    fn commit_change(
        &mut self,
        token: Token,
        kind: VoterChangeKind,
        voters: VoterSet,
        turn: &mut Turn<'_>,
    ) {
        let offset = self.log.end_offset();
        self.append_control(vec![ControlRecord::Voters(voters)], turn);
        let deadline = turn.now.ms + self.config.timeouts.change;
        let stage = VoterChangeStage::Committing(offset);
        let change = VoterChange { token, kind, stage, deadline };
        if matches!(&change.kind, VoterChangeKind::Add { ack_when_committed: false, .. }) {
            if let Role::Leader(leader) = &mut self.role {
                leader.change = None;
            }
            return self.finish_change(&change, Ok(()), turn);
        }
        self.set_change(change);
    }

    /// Moves the change under way on, or gives it up.
    pub(crate) fn drive_change(&mut self, turn: &mut Turn<'_>) {
        let Role::Leader(leader) = &mut self.role else { return };
        let Some(change) = leader.change.clone() else { return };
        if change.deadline <= turn.now.ms {
            leader.change = None;
            return self.finish_change(&change, Err(Refusal::RequestTimedOut), turn);
        }
        let VoterChangeKind::Add { voter, .. } = &change.kind else { return };
        match change.stage {
            VoterChangeStage::Asking => {
                let Some(endpoint) = voter.endpoint(&self.config.listener).cloned() else { return };
                let to = Destination { id: voter.key.id, endpoint };
                self.send(to, Sent::SupportedVersions, Request::SupportedVersions, turn);
            }
            VoterChangeStage::CatchingUp => {
                if leader.is_caught_up(&voter.key, self.log.end()) {
                    let voters = self.voters().with(voter.clone());
                    self.commit_change(change.token, change.kind, voters, turn);
                }
            }
            VoterChangeStage::Committing(_) => {}
        }
    }

    /// The new voter said which versions it supports, or could not be asked.
    pub(crate) fn new_voter_answered(
        &mut self,
        from: NodeId,
        versions: Option<KRaftVersions>,
        turn: &mut Turn<'_>,
    ) {
        let checked = versions.map(|versions| self.check_versions(versions).map(|()| versions));
        let Role::Leader(leader) = &mut self.role else { return };
        let Some(change) = &mut leader.change else { return };
        let VoterChangeKind::Add { voter, .. } = &mut change.kind else { return };
        if voter.key.id != from || change.stage != VoterChangeStage::Asking {
            return;
        }
        match checked {
            Some(Ok(versions)) => {
                voter.kraft_versions = versions;
                change.stage = VoterChangeStage::CatchingUp;
            }
            refused => {
                let refusal = match refused {
                    Some(Err((refusal, _))) => refusal,
                    _ => Refusal::RequestTimedOut,
                };
                if let Some(change) = leader.change.take() {
                    self.finish_change(&change, Err(refusal), turn);
                }
                let until = turn.now.ms + self.config.timeouts.retry_backoff;
                self.peers.back_off(from, Lane::Other, until);
            }
        }
    }

    /// The high watermark moved: the change may be committed.
    pub(crate) fn voter_change_committed(&mut self, turn: &mut Turn<'_>) {
        let Role::Leader(leader) = &mut self.role else { return };
        let is_committed = leader.change.as_ref().is_some_and(|change| {
            matches!(change.stage, VoterChangeStage::Committing(at)
                if leader.high_watermark.is_some_and(|committed| committed > at))
        });
        if is_committed && let Some(change) = leader.change.take() {
            self.finish_change(&change, Ok(()), turn);
        }
    }

    /// A leader that was removed goes when the set without it is committed; until then nobody
    /// else could commit it.
    pub(crate) fn leader_was_removed(&self) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        let is_committed = match (self.membership.voters_offset(), leader.high_watermark) {
            (Some(at), Some(high_watermark)) => at < high_watermark,
            _ => false,
        };
        is_committed && !self.voters().contains(&self.config.local)
    }

    /// Raises `kraft.version`: writes the version and the voters as they told of themselves.
    pub(crate) fn upgrade_kraft_version(
        &mut self,
        epoch: LeaderEpoch,
        version: i16,
        validate_only: bool,
        turn: &mut Turn<'_>,
    ) -> Result<Offset, Refusal> {
        self.check_leader_request(epoch)?;
        if version == self.kraft_version() {
            return Ok(self.log.end_offset());
        }
        if version < self.kraft_version() || !KRaftVersions::SUPPORTED.contains(version) {
            return Err(Refusal::InvalidUpdateVersion);
        }
        self.check_no_change_pending().map_err(|(refusal, _)| refusal)?;
        let voters = self.reported_voters().ok_or(Refusal::InvalidUpdateVersion)?;
        if voters.iter().any(|voter| !voter.kraft_versions.contains(version)) {
            return Err(Refusal::InvalidUpdateVersion);
        }
        let offset = self.log.end_offset();
        if !validate_only {
            let records = vec![ControlRecord::KRaftVersion(version), ControlRecord::Voters(voters)];
            self.append_control(records, turn);
        }
        Ok(offset)
    }

    /// The voters with the directories they told; `None` as long as one is silent.
    fn reported_voters(&self) -> Option<VoterSet> {
        let Role::Leader(leader) = &self.role else { return None };
        let local = self.config.local.id;
        self.voters()
            .ids()
            .map(|id| match leader.reported.get(&id) {
                _ if id == local => Some(self.config.as_voter()),
                reported => reported.cloned(),
            })
            .collect()
    }
}
