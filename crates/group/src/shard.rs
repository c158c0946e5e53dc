//! The face of the machine: one partition of `__consumer_offsets`.

use wire::Str;

use crate::classic::request::{
    DescribeGroups, Heartbeat, JoinGroup, JoinRefused, LeaveGroup, Leaving, Left, SyncGroup,
};
use crate::classic::{AfterWrite, ClassicGroup, Turn};
use crate::error::{Error, WriteError};
use crate::groups::{DeleteGroups, DeletedGroup, Group, GroupType, ListGroups};
use crate::journal::Record;
use crate::offsets::request::{CommitOffsets, DeleteOffsets};
use crate::other::OtherGroup;
use crate::outcome::{Outcome, Timer, Token};
use crate::request::{Request, Response};
use crate::settings::Settings;
use crate::state::State;

/// The group coordinator of one partition of `__consumer_offsets`: its groups and their offsets.
///
/// There are two kinds of methods. [`handle`](Self::handle), [`expire`](Self::expire),
/// [`written`](Self::written) and [`loaded`](Self::loaded) decide: they return records, answers
/// and timers. [`replay`](Self::replay) and [`replay_marker`](Self::replay_marker) change what is
/// stored, the same way for records just decided on and for records of the log. Members of classic
/// groups are soft state and change while deciding; when their record cannot be written, `written`
/// takes that back.
///
/// ```text
///   committed()            replay()
///       v                     v
/// --- high watermark --- next offset      revert(offset) takes back what is above
/// ```
#[derive(Debug)]
pub struct Shard {
    settings: Settings,
    state: State,
}

impl Shard {
    /// A shard without groups, to be loaded by `replay`.
    pub fn new(settings: Settings) -> Self {
        Self { settings, state: State::default() }
    }

    /// Applies the record at `record_offset`. Offsets grow from call to call, except after
    /// [`revert`](Self::revert). `producer_id` is set for records of a transaction.
    pub fn replay(
        &mut self,
        record_offset: i64,
        producer_id: Option<i64>,
        record: Record,
        now_ms: i64,
    ) {
        self.state.replay(record_offset, producer_id, record, now_ms);
    }

    /// Applies a transaction marker at `record_offset`.
    pub fn replay_marker(&mut self, record_offset: i64, producer_id: i64, commits: bool) {
        self.state.replay_marker(record_offset, producer_id, commits);
    }

    /// Records below `high_watermark` are committed.
    pub fn committed(&mut self, high_watermark: i64) {
        self.state.uncommitted.commit(high_watermark);
    }

    /// Takes back records from `offset` on: they could not be written.
    pub fn revert(&mut self, offset: i64) {
        self.state.revert(offset);
    }

    /// The whole log is replayed and requests may come. Members go on where they were
    /// (kafka-semantics 110): their sessions start anew.
    pub fn loaded(&mut self, now_ms: i64) -> Outcome {
        self.state.is_live = true;
        let mut out = Outcome::default();
        out.schedule(Timer::Retention, self.settings.offsets_retention_check_interval_ms);
        let mut turn = Turn { settings: &self.settings, now_ms, out: &mut out };
        for group in self.state.groups.values_mut() {
            if let Group::Classic(group) = group {
                group.loaded(&mut turn);
            }
        }
        out
    }

    /// Handles a request.
    pub fn handle(&mut self, request: Request, token: Token, now_ms: i64) -> Outcome {
        let mut out = Outcome::default();
        if let Some(response) = request.refusal(&self.settings) {
            out.answer(response);
            return out;
        }
        let mut turn = Turn { settings: &self.settings, now_ms, out: &mut out };
        let state = &mut self.state;
        match request {
            Request::JoinGroup(request) => join(state, request, token, &mut turn),
            Request::SyncGroup(request) => sync(state, request, token, &mut turn),
            Request::Heartbeat(request) => heartbeat(state, &request, &mut turn),
            Request::LeaveGroup(request) => leave(state, request, &mut turn),
            Request::DescribeGroups(request) => describe(state, &request, &mut turn),
            Request::ListGroups(request) => list(state, &request, &mut turn),
            Request::DeleteGroups(request) => delete(state, request, &mut turn),
            Request::CommitOffsets(request) => commit(state, request, &mut turn),
            Request::TxnCommitOffsets(request) => txn_commit(state, request.0, &mut turn),
            Request::DeleteOffsets(request) => delete_offsets(state, request, &mut turn),
            Request::FetchOffsets(request) => {
                let topics = Response::FetchOffsets(state.fetch_offsets(&request));
                match request.require_stable {
                    true => turn.out.answer_committed(topics),
                    false => turn.out.answer(topics),
                }
            }
            Request::TopicsDeleted(request) => {
                state.topic_tombstones(&request.topics, &mut turn.out.records);
                turn.out.divisible = true;
                turn.out.answer_committed(Response::TopicsDeleted(()));
            }
        }
        out
    }

    /// Handles a timer that fired.
    pub fn expire(&mut self, timer: &Timer, now_ms: i64) -> Outcome {
        let mut out = Outcome::default();
        let mut turn = Turn { settings: &self.settings, now_ms, out: &mut out };
        let group_id = match timer {
            Timer::Session { group_id, .. }
            | Timer::Join { group_id }
            | Timer::Sync { group_id } => group_id,
            Timer::Retention => {
                self.state.expire(&self.settings, now_ms, &mut out.records);
                out.divisible = true;
                out.schedule(Timer::Retention, self.settings.offsets_retention_check_interval_ms);
                return out;
            }
        };
        if let Some(group) = classic_mut(&mut self.state, group_id) {
            match timer {
                Timer::Session { member_id, .. } => group.expire_session(member_id, &mut turn),
                Timer::Join { .. } => group.expire_join(&mut turn),
                Timer::Sync { .. } => group.expire_sync(&mut turn),
                Timer::Retention => {}
            }
        }
        out
    }

    /// Goes on after the records of an outcome are committed or failed. When a batch fails, this is
    /// called for its outcomes, the newest first, before [`revert`](Self::revert).
    pub fn written(
        &mut self,
        mut after: AfterWrite,
        result: Result<(), WriteError>,
        now_ms: i64,
    ) -> Outcome {
        let mut out = Outcome::default();
        let mut turn = Turn { settings: &self.settings, now_ms, out: &mut out };
        let group_id = after.group_id.clone();
        if let Some(replaced) = after.creates_group() {
            self.state.group_written(&group_id);
            if let Err(error) = result {
                if let Some(Group::Classic(mut group)) = self.state.groups.remove(&group_id) {
                    group.abandon(error, &mut turn);
                }
                self.state.groups.extend(replaced.map(|group| (group_id, Group::Other(group))));
            }
        } else if let Some(group) = classic_mut(&mut self.state, &group_id) {
            group.written(after, result, &mut turn);
        }
        out
    }
}

fn classic_mut<'a>(state: &'a mut State, group_id: &Str) -> Option<&'a mut ClassicGroup> {
    match state.groups.get_mut(group_id) {
        Some(Group::Classic(group)) => Some(group),
        _ => None,
    }
}

fn join(state: &mut State, request: JoinGroup, token: Token, turn: &mut Turn<'_>) {
    let group_id = request.group_id.clone();
    let refused = match state.groups.get(&group_id) {
        Some(Group::Other(group))
            if group.group_type != GroupType::Consumer || !group.is_empty() =>
        {
            Some((Str::new(), Error::InconsistentGroupProtocol))
        }
        Some(Group::Classic(_)) => None,
        _ if request.member_id.is_empty() => None,
        _ => Some((request.member_id.clone(), Error::UnknownMemberId)),
    };
    if let Some((member_id, error)) = refused {
        turn.out.answer(Response::JoinGroup(Err(JoinRefused { member_id, error })));
        return;
    }
    let is_new = classic_mut(state, &group_id).is_none();
    if is_new {
        create_group(state, &group_id, turn);
    }
    if let Some(group) = classic_mut(state, &group_id) {
        group.join(request, token, turn);
    }
}

/// Creates a classic group. It is written whatever comes of the join, as Kafka does. An empty group
/// of another type gives way.
fn create_group(state: &mut State, group_id: &Str, turn: &mut Turn<'_>) {
    let replaced = match state.groups.remove(group_id) {
        Some(Group::Other(other)) => Some(other),
        _ => None,
    };
    turn.out.records.extend(replaced.iter().flat_map(OtherGroup::tombstones));
    let group = ClassicGroup::new(group_id.detach(), turn.now_ms);
    let value = Some(Box::new(group.stored_empty()));
    turn.out.records.push(Record::Group { group_id: group.id.clone(), value });
    turn.out.after_write = Some(AfterWrite::new_group(group.id.clone(), replaced));
    state.create_group(group);
}

fn sync(state: &mut State, request: SyncGroup, token: Token, turn: &mut Turn<'_>) {
    match classic_mut(state, &request.group_id.clone()) {
        Some(group) => group.sync(request, token, turn),
        None => turn.out.answer(Response::SyncGroup(Err(Error::UnknownMemberId))),
    }
}

fn heartbeat(state: &mut State, request: &Heartbeat, turn: &mut Turn<'_>) {
    match classic_mut(state, &request.group_id) {
        Some(group) => group.heartbeat(request, turn),
        None => turn.out.answer(Response::Heartbeat(Err(Error::UnknownMemberId))),
    }
}

fn leave(state: &mut State, request: LeaveGroup, turn: &mut Turn<'_>) {
    match classic_mut(state, &request.group_id) {
        Some(group) => group.leave(request.members, turn),
        None => {
            let unknown = |member: Leaving| Left { member, result: Err(Error::UnknownMemberId) };
            let left = request.members.into_iter().map(unknown).collect();
            turn.out.answer(Response::LeaveGroup(Ok(left)));
        }
    }
}

fn describe(state: &State, request: &DescribeGroups, turn: &mut Turn<'_>) {
    let described =
        request.group_ids.iter().map(|group_id| match state.committed_group(group_id) {
            Some(Group::Classic(group)) => Ok(group.describe()),
            Some(Group::Other(_)) => Err(Error::NotClassicGroup(group_id.clone())),
            None => Err(Error::GroupIdNotFound(group_id.clone())),
        });
    turn.out.answer(Response::DescribeGroups(described.collect()));
}

fn list(state: &State, request: &ListGroups, turn: &mut Turn<'_>) {
    let listed = state.committed_groups().map(Group::listed);
    let selected = listed.filter(|group| request.selects(group)).collect();
    turn.out.answer(Response::ListGroups(selected));
}

fn delete(state: &State, request: DeleteGroups, turn: &mut Turn<'_>) {
    let delete_one = |group_id: Str, records: &mut Vec<Record>| {
        let result = match state.groups.get(&group_id) {
            None => Err(Error::GroupIdNotFound(group_id.clone())),
            Some(group) if !group.is_empty() => Err(Error::NonEmptyGroup),
            Some(group) => {
                state.add_offset_tombstones(&group_id, records);
                group.add_tombstones(records);
                Ok(())
            }
        };
        DeletedGroup { group_id, result }
    };
    let ids = request.group_ids.into_iter();
    let deleted = ids.map(|group_id| delete_one(group_id, &mut turn.out.records)).collect();
    turn.out.divisible = true;
    turn.out.answer_committed(Response::DeleteGroups(deleted));
}

fn commit(state: &mut State, request: CommitOffsets, turn: &mut Turn<'_>) {
    let CommitOffsets { group_id, member_id, group_instance_id, generation_id, .. } = &request;
    let valid = match state.groups.get(group_id) {
        Some(group) => {
            group.validate_commit(member_id, group_instance_id.as_ref(), *generation_id, false)
        }
        // A simple group comes to be when its first offset is replayed.
        None if *generation_id < 0 => Ok(()),
        None => Err(Error::GroupIdNotFound(group_id.clone())),
    };
    if let Err(error) = valid {
        turn.out.answer(Response::CommitOffsets(Err(error)));
        return;
    }
    if let Some(group) = classic_mut(state, group_id) {
        group.committed_by(member_id, turn);
    }
    let topics = request.commit(turn);
    turn.out.answer_committed(Response::CommitOffsets(Ok(topics)));
}

/// Commits in a transaction. Members need not heartbeat for it, and a rebalance does not matter: the
/// generation tells whether the offsets are the group's (kafka-semantics 153).
fn txn_commit(state: &State, request: CommitOffsets, turn: &mut Turn<'_>) {
    let CommitOffsets { group_id, member_id, group_instance_id, generation_id, .. } = &request;
    let valid = match state.groups.get(group_id) {
        Some(group) => {
            group.validate_commit(member_id, group_instance_id.as_ref(), *generation_id, true)
        }
        None if *generation_id < 0 => Ok(()),
        None => Err(Error::IllegalGeneration),
    };
    if let Err(error) = valid {
        turn.out.answer(Response::TxnCommitOffsets(Err(error)));
        return;
    }
    let topics = request.commit(turn);
    turn.out.answer_committed(Response::TxnCommitOffsets(Ok(topics)));
}

fn delete_offsets(state: &State, request: DeleteOffsets, turn: &mut Turn<'_>) {
    let valid = match state.groups.get(&request.group_id) {
        None => Err(Error::GroupIdNotFound(request.group_id.clone())),
        // Of other protocols nobody knows what members use.
        Some(Group::Classic(group)) if !group.is_empty() && !group.uses_consumer_protocol() => {
            Err(Error::NonEmptyGroup)
        }
        Some(group) => Ok(group),
    };
    match valid {
        Err(error) => turn.out.answer(Response::DeleteOffsets(Err(error))),
        Ok(group) => {
            let topics = state.delete_offsets(group, request, &mut turn.out.records);
            turn.out.answer_committed(Response::DeleteOffsets(Ok(topics)));
        }
    }
}
