//! The follower's side of replication, and what else answers bring.

use crate::command::Command;
use crate::error::{Refusal, Violation};
use crate::event::SendFailure;
use crate::machine::{Machine, Turn};
use crate::message::{
    FetchOutcome, FetchResponse, FetchSnapshotResponse, FetchedRecords, LeaderHint, PieceContent,
    RequestId, Response,
};
use crate::peers::{Answered, Lane, Sent};
use crate::roles::{Role, SnapshotDownload};
use crate::types::{Offset, OffsetAndEpoch, SnapshotId};
use crate::voters::VoterSet;

impl Machine {
    pub(crate) fn handle_response(
        &mut self,
        request_id: RequestId,
        outcome: Result<Response, SendFailure>,
        turn: &mut Turn<'_>,
    ) {
        let backoff = turn.now.ms + self.config.timeouts.retry_backoff;
        let failed_until = outcome.is_err().then_some(backoff);
        let Some(answered) = self.peers.answered(request_id, failed_until) else { return };
        match outcome {
            Ok(response) => self.handle_answer(answered, response, turn),
            Err(failure) => self.handle_failure(answered, failure, turn),
        }
    }

    fn handle_answer(&mut self, answered: Answered, response: Response, turn: &mut Turn<'_>) {
        let hint = hint_of(&response).cloned();
        if let Some(hint) = &hint {
            self.learn(hint, turn);
        }
        if let (Sent::SupportedVersions, Response::SupportedVersions(versions)) =
            (answered.sent, &response)
        {
            return self.new_voter_answered(answered.peer, *versions, turn);
        }
        if answered.epoch != self.election.epoch {
            return;
        }
        if hint.is_some_and(|hint| hint.epoch < self.election.epoch) {
            // The peer lives in the past: it will hear of the epoch from its leader.
            return self.hold_off(answered, turn);
        }
        match (answered.sent, response) {
            (Sent::Vote { pre_vote }, Response::Vote(response)) => {
                if response.granted.is_err() {
                    self.hold_off(answered, turn);
                }
                self.count_vote(answered.peer, pre_vote, &response);
            }
            (Sent::BeginQuorumEpoch, Response::BeginQuorumEpoch(response)) => {
                match (&mut self.role, response.result) {
                    (Role::Leader(leader), Ok(())) => leader.acknowledged(answered.peer),
                    _ => self.hold_off(answered, turn),
                }
            }
            (Sent::EndQuorumEpoch, Response::EndQuorumEpoch(_)) => {
                if let Role::Resigned(role) = &mut self.role {
                    role.unacknowledged.remove(&answered.peer);
                }
            }
            (Sent::Fetch { offset }, Response::Fetch(response)) => {
                self.handle_fetched(answered, offset, response, turn);
            }
            (Sent::FetchSnapshot { id, position }, Response::FetchSnapshot(response)) => {
                self.handle_snapshot_piece(answered, id, position, response, turn);
            }
            (Sent::Membership, Response::UpdateVoter(response)) => {
                if let Role::Follower(role) = &mut self.role {
                    role.has_reported |= response.result.is_ok();
                }
            }
            (Sent::Membership, _) => {}
            _ => self.hold_off(answered, turn),
        }
    }

    fn handle_failure(&mut self, answered: Answered, failure: SendFailure, turn: &mut Turn<'_>) {
        match answered.sent {
            Sent::Vote { pre_vote: true }
                if failure == SendFailure::UnsupportedVersion
                    && answered.epoch == self.election.epoch =>
            {
                // A peer that knows no pre-votes cannot refuse one: the candidacy will show.
                if let Role::Prospective(role) = &mut self.role {
                    role.tally.record(answered.peer, true);
                }
            }
            Sent::SupportedVersions => self.new_voter_answered(answered.peer, None, turn),
            _ => {}
        }
    }

    fn hold_off(&mut self, answered: Answered, turn: &Turn<'_>) {
        let until = turn.now.ms + self.config.timeouts.retry_backoff;
        self.peers.back_off(answered.peer, answered.sent.lane(), until);
    }

    fn handle_fetched(
        &mut self,
        answered: Answered,
        offset: Offset,
        response: FetchResponse,
        turn: &mut Turn<'_>,
    ) {
        let role = match &mut self.role {
            Role::Follower(role) if self.election.leader == Some(answered.peer) => role,
            // Asked somebody to find the leader; now it is known who that is, or not.
            _ => return self.hold_off(answered, turn),
        };
        let outcome = match response.result {
            Ok(outcome) => outcome,
            Err(_) => return self.hold_off(answered, turn),
        };
        role.fetch_deadline = turn.now.ms + self.config.timeouts.fetch;
        role.has_fetched = true;
        if offset != self.log.end_offset() {
            return;
        }
        match outcome {
            FetchOutcome::Records(records) => {
                let is_sound = self.append_fetched(records, turn);
                self.follow_high_watermark(response.high_watermark, turn);
                if !is_sound {
                    self.hold_off(answered, turn);
                }
            }
            FetchOutcome::Diverging(point) => self.truncate_to(point, turn),
            FetchOutcome::Snapshot(id) => self.start_download(id, answered, turn),
            FetchOutcome::Read { .. } => self.hold_off(answered, turn),
        }
    }

    /// Appends what continues the log; says whether all of it did.
    fn append_fetched(&mut self, records: FetchedRecords, turn: &mut Turn<'_>) -> bool {
        let base_offset = self.log.end_offset();
        let (mut next_offset, mut epoch) = (base_offset, self.log.last_epoch());
        for batch in &records.batches {
            let continues = batch.base_offset == next_offset
                && (batch.base_offset..Offset::MAX).contains(&batch.last_offset)
                && batch.epoch >= epoch
                && batch.epoch <= self.election.epoch;
            if !continues {
                return false;
            }
            (next_offset, epoch) = (batch.last_offset + 1, batch.epoch);
        }
        if next_offset == base_offset {
            return true;
        }
        for batch in &records.batches {
            self.log.append(batch.epoch, batch.last_offset + 1);
            for (offset, record) in &batch.control {
                self.membership.apply(*offset, record);
            }
        }
        turn.out.push(Command::AppendFetched { base_offset, bytes: records.bytes });
        true
    }

    /// The leader committed that much; as far as it is here, it is committed here too.
    fn follow_high_watermark(&mut self, leader: Option<Offset>, turn: &mut Turn<'_>) {
        if let Some(high_watermark) = leader.filter(|offset| *offset >= 0) {
            self.set_high_watermark(high_watermark.min(self.log.end_offset()), turn);
        }
    }

    /// Cuts off what the leader does not have. That can never be committed records.
    fn truncate_to(&mut self, divergence: OffsetAndEpoch, turn: &mut Turn<'_>) {
        let to = self.log.truncation_point(divergence).min(self.log.end_offset());
        let high_watermark = self.high_watermark.unwrap_or(0);
        if to < high_watermark || divergence.offset < 0 || divergence.epoch < 0 {
            let violation = Violation::TruncationBelowHighWatermark {
                leader: self.election.leader.unwrap_or(-1),
                epoch: self.election.epoch,
                to,
                high_watermark,
            };
            turn.out.push(Command::Halt(violation));
            self.is_shut_down = true;
            return;
        }
        self.log.truncate(to);
        self.membership.truncate_end(to);
        turn.out.push(Command::Truncate { end_offset: to });
    }

    fn start_download(&mut self, id: SnapshotId, answered: Answered, turn: &mut Turn<'_>) {
        let is_useful = id.offset > self.high_watermark.unwrap_or(0)
            && id.offset > 0
            && id.epoch <= self.election.epoch;
        match &mut self.role {
            Role::Follower(role) if is_useful => {
                role.download = Some(SnapshotDownload { id, position: 0, installing: false });
            }
            _ => self.hold_off(answered, turn),
        }
    }

    fn handle_snapshot_piece(
        &mut self,
        answered: Answered,
        id: SnapshotId,
        position: u64,
        response: FetchSnapshotResponse,
        turn: &mut Turn<'_>,
    ) {
        let fetch_deadline = turn.now.ms + self.config.timeouts.fetch;
        let Role::Follower(role) = &mut self.role else { return };
        let is_expected = role.download.is_some_and(|d| d.id == id && d.position == position);
        if self.election.leader != Some(answered.peer) || !is_expected {
            return;
        }
        let piece = match response.result {
            Ok(piece) => piece,
            Err(refusal) => {
                // The leader has a newer one by now; the next fetch will tell.
                if matches!(refusal, Refusal::SnapshotNotFound | Refusal::PositionOutOfRange) {
                    role.download = None;
                }
                return self.hold_off(answered, turn);
            }
        };
        let PieceContent::Bytes(bytes) = piece.content else {
            return self.hold_off(answered, turn);
        };
        let next = position + bytes.len() as u64;
        let fits = piece.snapshot == id && piece.position == position && next <= piece.size;
        if !fits || bytes.is_empty() {
            role.download = None;
            return self.hold_off(answered, turn);
        }
        role.fetch_deadline = fetch_deadline;
        role.has_fetched = true;
        let installing = next == piece.size;
        role.download = Some(SnapshotDownload { id, position: next, installing });
        turn.out.push(Command::WriteSnapshotPiece { id, position, bytes });
        if installing {
            turn.out.push(Command::InstallSnapshot { id });
        }
    }

    pub(crate) fn handle_snapshot_installed(
        &mut self,
        id: SnapshotId,
        size: u64,
        kraft_version: i16,
        voters: Option<VoterSet>,
        turn: &mut Turn<'_>,
    ) {
        self.log.install_snapshot(id, size);
        self.membership.reset(id.offset, kraft_version, voters);
        if let Role::Follower(role) = &mut self.role {
            role.download = None;
        }
        self.set_high_watermark(id.offset, turn);
    }

    pub(crate) fn handle_snapshot_unsound(&mut self, id: SnapshotId, turn: &mut Turn<'_>) {
        if let Role::Follower(role) = &mut self.role
            && role.download.is_some_and(|download| download.id == id)
        {
            role.download = None;
        }
        if let Some((leader, _)) = self.leader_destination() {
            let until = turn.now.ms + self.config.timeouts.retry_backoff;
            self.peers.back_off(leader, Lane::Fetch, until);
        }
    }
}

fn hint_of(response: &Response) -> Option<&LeaderHint> {
    match response {
        Response::Vote(response) => Some(&response.hint),
        Response::BeginQuorumEpoch(response) | Response::EndQuorumEpoch(response) => {
            Some(&response.hint)
        }
        Response::Fetch(response) => Some(&response.hint),
        Response::FetchSnapshot(response) => Some(&response.hint),
        // An administrator's answer has no leader in all versions.
        Response::AddVoter(_) | Response::RemoveVoter(_) | Response::UpdateVoter(_) => None,
        Response::SupportedVersions(_) | Response::Describe(_) => None,
    }
}
