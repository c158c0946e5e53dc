//! Streams groups among the groups of a shard: who is there, who is created, which timers run.

use wire::Str;

use super::describe::DescribedStreamsGroup;
use super::heartbeat::Standing;
use super::part::Part;
use super::request::{DescribeStreamsGroups, StreamsBeat, StreamsHeartbeat, StreamsRefused};
use super::state::StreamsGroup;
use super::turn::{Effects, RevocationTimer, StreamsTurn};
use crate::consumer::TopicHashes;
use crate::error::Error;
use crate::groups::Group;
use crate::journal::Record;
use crate::outcome::Timer;
use crate::request::Response;
use crate::state::State;
use crate::turn::Turn;

/// Handles StreamsGroupHeartbeat. A group is created by the first member that joins; an empty
/// classic group gives way.
pub(crate) fn heartbeat(
    state: &mut State,
    request: StreamsHeartbeat,
    hashes: &mut TopicHashes,
    turn: &mut Turn<'_>,
) {
    let (group_id, member_id) = (request.group_id.detach(), request.member_id.detach());
    let mut records = Vec::new();
    let result = match request.leaves() {
        true => leave(state, &request),
        false => go_on(state, request, hashes, &mut records, turn),
    };
    match result {
        Ok((beat, effects)) => {
            turn.out.records.extend(records);
            if effects.initial_delay_ms.is_some() {
                state.delayed_groups.insert(group_id.clone());
            }
            carry_out(&group_id, &member_id, effects, turn);
            turn.out.answer_committed(Response::StreamsHeartbeat(Ok(beat)));
        }
        Err(refused) => turn.out.answer(Response::StreamsHeartbeat(Err(refused))),
    }
}

fn leave(
    state: &mut State,
    request: &StreamsHeartbeat,
) -> Result<(StreamsBeat, Effects), StreamsRefused> {
    match state.groups.get_mut(&request.group_id) {
        Some(Group::Streams(group)) => group.leave(request),
        Some(_) => Err(not_streams(&request.group_id)),
        None => {
            let text = Error::GroupIdNotFound(request.group_id.clone()).to_string();
            Err(StreamsRefused::GroupIdNotFound(text))
        }
    }
}

fn go_on(
    state: &mut State,
    request: StreamsHeartbeat,
    hashes: &mut TopicHashes,
    records: &mut Vec<Record>,
    turn: &Turn<'_>,
) -> Result<(StreamsBeat, Effects), StreamsRefused> {
    let joins = request.member_epoch == 0;
    let group_id = request.group_id.clone();
    let is_delayed = state.delayed_groups.contains(&group_id);
    let settings = turn.settings.streams.of_group(&**turn.cluster, &group_id);
    let turn = StreamsTurn { settings: &settings, cluster: &**turn.cluster, now_ms: turn.now_ms };
    match state.groups.get_mut(&group_id) {
        Some(Group::Streams(group)) => {
            let standing = Standing { is_stored: true, is_delayed };
            return group.heartbeat(request, standing, hashes, turn);
        }
        Some(group @ Group::Classic(_)) if joins && group.is_empty() => {
            group.add_tombstones(records);
        }
        Some(_) => return Err(not_streams(&group_id)),
        None if joins => {}
        None => {
            let text = format!("Streams group {group_id} not found.");
            return Err(StreamsRefused::GroupIdNotFound(text));
        }
    }
    let standing = Standing { is_stored: false, is_delayed };
    StreamsGroup::new(group_id.detach()).heartbeat(request, standing, hashes, turn)
}

fn not_streams(group_id: &Str) -> StreamsRefused {
    StreamsRefused::GroupIdNotFound(Error::NotStreamsGroup(group_id.clone()).to_string())
}

/// Describes groups as far as they are committed.
pub(crate) fn describe(
    state: &State,
    request: &DescribeStreamsGroups,
) -> Vec<Result<DescribedStreamsGroup, Error>> {
    let describe = |group_id: &Str| match state.committed_group(group_id).as_deref() {
        Some(Group::Streams(group)) => {
            group.describe().ok_or_else(|| Error::GroupIdNotFound(group_id.clone()))
        }
        Some(_) => Err(Error::NotStreamsGroup(group_id.clone())),
        None => Err(Error::GroupIdNotFound(group_id.clone())),
    };
    request.group_ids.iter().map(describe).collect()
}

/// The group has waited long enough for more members.
pub(crate) fn expire_initial_delay(state: &mut State, group_id: &Str, turn: &mut Turn<'_>) {
    state.delayed_groups.remove(group_id);
    let Some(Group::Streams(group)) = state.groups.get(group_id) else { return };
    let settings = turn.settings.streams.of_group(&**turn.cluster, group_id);
    let cluster = &**turn.cluster;
    let of_streams = StreamsTurn { settings: &settings, cluster, now_ms: turn.now_ms };
    let effects = group.initial_delay_over(of_streams);
    turn.out.records.extend(effects.parts.into_iter().map(|part| record(group_id, part)));
}

impl StreamsGroup {
    /// Handles a timer of a member that fired.
    pub(crate) fn expire(&self, timer: &Timer, turn: &mut Turn<'_>) {
        let (member_id, effects) = match timer {
            Timer::Session { member_id, .. } => (member_id, self.session_expired(member_id)),
            Timer::Revocation { member_id, .. } => (member_id, self.revocation_expired(member_id)),
            // Those of groups of other kinds.
            Timer::MemberJoin { .. }
            | Timer::MemberSync { .. }
            | Timer::Join { .. }
            | Timer::Sync { .. }
            | Timer::InitialDelay { .. }
            | Timer::Retention => return,
        };
        if let Some(effects) = effects {
            carry_out(&self.id, member_id, effects, turn);
        }
    }

    /// The group is loaded: its members' clocks start anew.
    pub(crate) fn loaded(&self, turn: &mut Turn<'_>) {
        for (member_id, effects) in self.clocks() {
            carry_out(&self.id, &member_id, effects, turn);
        }
    }

    /// What removes the group.
    pub(crate) fn add_tombstones(&self, records: &mut Vec<Record>) {
        records.extend(self.tombstones().into_iter().map(|part| record(&self.id, part)));
    }
}

fn carry_out(group_id: &Str, member_id: &Str, effects: Effects, turn: &mut Turn<'_>) {
    let Effects { parts, revocation_timer, leaves, initial_delay_ms } = effects;
    turn.out.records.extend(parts.into_iter().map(|part| record(group_id, part)));
    let session = Timer::Session { group_id: group_id.clone(), member_id: member_id.clone() };
    let revocation = Timer::Revocation { group_id: group_id.clone(), member_id: member_id.clone() };
    if leaves {
        turn.out.cancel(session);
        turn.out.cancel(revocation);
        return;
    }
    match revocation_timer {
        RevocationTimer::Keep => {}
        RevocationTimer::Start { after_ms } => turn.out.schedule(revocation, after_ms),
        RevocationTimer::Stop => turn.out.cancel(revocation),
    }
    let settings = turn.settings.streams.of_group(&**turn.cluster, group_id);
    turn.out.schedule(session, settings.session_timeout_ms.into());
    if let Some(delay_ms) = initial_delay_ms {
        turn.out.schedule(Timer::InitialDelay { group_id: group_id.clone() }, delay_ms.into());
    }
}

fn record(group_id: &Str, part: Part) -> Record {
    Record::Part { group_id: group_id.clone(), part: crate::part::Part::Streams(part) }
}
