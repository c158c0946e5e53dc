//! The leader's side of replication: fetches and snapshot downloads it serves.

use crate::config::limits::{FETCH_WAIT_MAX_MS, PARKED_FETCHES_MAX};
use crate::describe::QuorumDescription;
use crate::error::Refusal;
use crate::log_view::Position;
use crate::machine::{Machine, Turn};
use crate::message::{
    FetchOutcome, FetchRequest, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse,
    KnownHighWatermark, PieceContent, Response, SnapshotPiece, Token,
};
use crate::roles::{ParkedFetch, Role};
use crate::types::{BOOTSTRAP_SNAPSHOT, Millis, Now, Offset};

impl Machine {
    pub(crate) fn handle_fetch(
        &mut self,
        token: Token,
        request: FetchRequest,
        turn: &mut Turn<'_>,
    ) {
        if request.offset < 0 || request.last_fetched_epoch < 0 || request.epoch < 0 {
            return self.refuse_fetch(token, Refusal::InvalidRequest, turn);
        }
        if let Err(refusal) = self.check_leader_request(request.epoch) {
            return self.refuse_fetch(token, refusal, turn);
        }
        self.heard_of(&request, turn.now.ms);
        let outcome = match self.log.position(request.offset, request.last_fetched_epoch) {
            Position::Diverging(end) => FetchOutcome::Diverging(end),
            Position::Snapshot(id) => FetchOutcome::Snapshot(id),
            Position::Valid => return self.serve_valid_fetch(token, request, turn),
        };
        self.answer_fetch(token, outcome, turn);
    }

    fn heard_of(&mut self, request: &FetchRequest, now: Millis) {
        let fetch_timeout = self.config.timeouts.fetch;
        if let Role::Leader(leader) = &mut self.role {
            leader.heard_of(&request.replica, now, fetch_timeout);
        }
    }

    /// The follower has everything below its offset: that may commit something. Then it gets what
    /// there is, or waits.
    fn serve_valid_fetch(&mut self, token: Token, request: FetchRequest, turn: &mut Turn<'_>) {
        let end_offset = self.log.end_offset();
        if let Role::Leader(leader) = &mut self.role {
            leader.replica_fetched(&request.replica, request.offset, end_offset, turn.now);
        }
        // Of one replica only the latest fetch can be meant.
        self.release_parked(turn, |parked| {
            parked.replica.id >= 0 && parked.replica == request.replica
        });
        self.advance_leader_high_watermark(turn);
        let wait_ms = request.max_wait_ms.min(FETCH_WAIT_MAX_MS);
        let deadline = turn.now.ms + Millis::from(wait_ms);
        let must_answer = self.has_news_for(&request) || wait_ms == 0;
        match &mut self.role {
            Role::Leader(leader) if !must_answer && leader.parked.len() < PARKED_FETCHES_MAX => {
                leader.parked.push(ParkedFetch { token, request, deadline });
            }
            _ => self.answer_with_records(token, &request, turn),
        }
    }

    /// Whether the fetch would bring records or a high watermark the follower does not know.
    fn has_news_for(&self, request: &FetchRequest) -> bool {
        let Role::Leader(leader) = &self.role else { return true };
        let has_new_high_watermark = match request.high_watermark {
            KnownHighWatermark::Untold => false,
            KnownHighWatermark::Unknown => leader.high_watermark.is_some(),
            KnownHighWatermark::At(known) => leader.high_watermark.is_some_and(|at| at > known),
        };
        self.log.end_offset() > request.offset || has_new_high_watermark
    }

    /// Answers the fetches whose wait has ended, with or without success.
    pub(crate) fn release_fetches(&mut self, turn: &mut Turn<'_>) {
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.parked.is_empty() {
            return;
        }
        let parked = std::mem::take(&mut leader.parked);
        let (ready, waiting): (Vec<_>, Vec<_>) = parked
            .into_iter()
            .partition(|p| p.deadline <= turn.now.ms || self.has_news_for(&p.request));
        if let Role::Leader(leader) = &mut self.role {
            leader.parked = waiting;
        }
        for fetch in ready {
            self.answer_with_records(fetch.token, &fetch.request, turn);
        }
    }

    fn release_parked(&mut self, turn: &mut Turn<'_>, is_meant: impl Fn(&FetchRequest) -> bool) {
        let Role::Leader(leader) = &mut self.role else { return };
        let parked = std::mem::take(&mut leader.parked);
        let (released, kept): (Vec<_>, Vec<_>) =
            parked.into_iter().partition(|p| is_meant(&p.request));
        leader.parked = kept;
        for fetch in released {
            self.answer_with_records(fetch.token, &fetch.request, turn);
        }
    }

    fn answer_with_records(&self, token: Token, request: &FetchRequest, turn: &mut Turn<'_>) {
        let max_bytes = request.max_bytes.min(self.config.fetch_max_bytes.max(1));
        let outcome = FetchOutcome::Read { offset: request.offset, max_bytes };
        self.answer_fetch(token, outcome, turn);
    }

    fn answer_fetch(&self, token: Token, outcome: FetchOutcome, turn: &mut Turn<'_>) {
        let response = FetchResponse {
            result: Ok(outcome),
            hint: self.hint(),
            high_watermark: self.leader_high_watermark(),
            log_start_offset: self.log.start_offset(),
        };
        turn.reply(token, Response::Fetch(response));
    }

    /// The high watermark as a leader may tell it: only once established in its epoch, since a
    /// follower may know a higher one of the epoch before.
    fn leader_high_watermark(&self) -> Option<Offset> {
        match &self.role {
            Role::Leader(leader) => leader.high_watermark,
            _ => None,
        }
    }

    pub(crate) fn handle_fetch_snapshot(
        &mut self,
        request: &FetchSnapshotRequest,
        turn: &mut Turn<'_>,
    ) -> FetchSnapshotResponse {
        let result = self.consider_fetch_snapshot(request, turn.now.ms);
        FetchSnapshotResponse { result, hint: self.hint() }
    }

    fn consider_fetch_snapshot(
        &mut self,
        request: &FetchSnapshotRequest,
        now: Millis,
    ) -> Result<SnapshotPiece, Refusal> {
        self.check_leader_request(request.epoch)?;
        let size = self
            .log
            .snapshot_size(request.snapshot)
            .filter(|_| request.snapshot != BOOTSTRAP_SNAPSHOT)
            .ok_or(Refusal::SnapshotNotFound)?;
        let position = u64::try_from(request.position)
            .ok()
            .filter(|position| *position < size)
            .ok_or(Refusal::PositionOutOfRange)?;
        let fetch_timeout = self.config.timeouts.fetch;
        if let Role::Leader(leader) = &mut self.role {
            leader.heard_of(&request.replica, now, fetch_timeout);
        }
        let max_bytes = request.max_bytes.min(self.config.fetch_snapshot_max_bytes.max(1));
        let content = PieceContent::Read { max_bytes };
        Ok(SnapshotPiece { snapshot: request.snapshot, size, position, content })
    }

    /// What DescribeQuorum answers; only the leader knows it.
    pub fn describe(&self, now: Now) -> Result<QuorumDescription, Refusal> {
        let Role::Leader(leader) = &self.role else {
            return Err(Refusal::NotLeaderOrFollower);
        };
        Ok(QuorumDescription {
            leader: self.config.local.id,
            epoch: self.election.epoch,
            high_watermark: leader.high_watermark,
            voters: leader.describe_voters(self.log.end_offset(), now),
            observers: leader.describe_observers(),
            nodes: self.voters().iter().map(|v| (v.key.id, v.endpoints.clone())).collect(),
        })
    }
}
