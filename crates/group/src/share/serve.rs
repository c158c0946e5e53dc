//! What a shard does with requests about share groups.

use std::collections::BTreeSet;

use wire::{Str, Uuid};

use super::part::{Epoch, Part};
use super::request::{
    AlterStates, Altered, DeleteStates, DescribeShareGroups, EndStates, ListStates, ShareBeat,
    ShareHeartbeat, StatesBegun, StatesDeleted,
};
use super::state::{ShareGroup, record};
use crate::consumer::{Partitions, TopicHashes};
use crate::error::Error;
use crate::groups::Group;
use crate::journal::Record;
use crate::outcome::Timer;
use crate::request::Response;
use crate::state::State;
use crate::turn::Turn;

impl ShareGroup {
    /// Its members go on where they were: their sessions start anew.
    pub(crate) fn loaded(&self, turn: &mut Turn<'_>) {
        self.member_ids().for_each(|member_id| self.await_heartbeat(member_id, turn));
    }

    /// A member was silent for too long.
    pub(crate) fn expire_session(
        &self,
        member_id: &Str,
        hashes: &mut TopicHashes,
        turn: &mut Turn<'_>,
    ) {
        // One that left meanwhile is gone already.
        let parts = self.remove_member(member_id, hashes, turn).unwrap_or_default();
        turn.out.records.extend(parts.into_iter().map(|part| self.record(part)));
    }

    /// (Re)starts the timer that notices a member's silence.
    fn await_heartbeat(&self, member_id: &Str, turn: &mut Turn<'_>) {
        let of_broker = turn.settings.share.session_timeout_ms;
        let name = "share.session.timeout.ms";
        let after_ms = turn.cluster.group_millis(&self.id, name, of_broker);
        turn.out.schedule(self.session(member_id), i64::from(after_ms));
    }

    fn session(&self, member_id: &Str) -> Timer {
        Timer::Session { group_id: self.id.clone(), member_id: member_id.detach() }
    }
}

fn existing<'a>(state: &'a State, group_id: &Str) -> Result<&'a ShareGroup, Error> {
    match state.groups.get(group_id) {
        Some(Group::Share(group)) => Ok(group),
        Some(_) => Err(Error::NotShareGroup(group_id.clone())),
        None => Err(Error::GroupIdNotFound(group_id.clone())),
    }
}

/// Changes are offered to people only while nobody uses what is changed.
fn empty<'a>(state: &'a State, group_id: &Str) -> Result<&'a ShareGroup, Error> {
    let group = existing(state, group_id)?;
    if group.is_empty() { Ok(group) } else { Err(Error::NonEmptyGroup) }
}

/// A member is there, joins or leaves (kafka-semantics 158).
pub(crate) fn heartbeat(
    state: &mut State,
    request: &ShareHeartbeat,
    hashes: &mut TopicHashes,
    turn: &mut Turn<'_>,
) {
    let result = match request.is_leave() {
        true => leave(state, request, hashes, turn),
        false => stay(state, request, hashes, turn),
    };
    match result {
        Ok(beat) => turn.out.answer_committed(Response::ShareHeartbeat(Ok(beat))),
        Err(error) => turn.out.answer(Response::ShareHeartbeat(Err(error))),
    }
}

/// The first member that joins creates the group.
fn stay(
    state: &mut State,
    request: &ShareHeartbeat,
    hashes: &mut TopicHashes,
    turn: &mut Turn<'_>,
) -> Result<ShareBeat, Error> {
    let group_id = &request.group_id;
    let mut new;
    let group = match state.groups.get_mut(group_id) {
        Some(Group::Share(group)) => &mut **group,
        Some(_) => return Err(Error::NotShareGroup(group_id.clone())),
        None if request.is_join() => {
            new = ShareGroup::new(group_id.detach());
            &mut new
        }
        None => return Err(Error::ShareGroupNotFound(group_id.clone())),
    };
    let (beat, parts) = group.heartbeat(request, hashes, turn)?;
    group.await_heartbeat(&request.member_id, turn);
    turn.out.records.extend(parts.into_iter().map(|part| group.record(part)));
    Ok(beat)
}

fn leave(
    state: &State,
    request: &ShareHeartbeat,
    hashes: &mut TopicHashes,
    turn: &mut Turn<'_>,
) -> Result<ShareBeat, Error> {
    let group = existing(state, &request.group_id)?;
    let parts = group.remove_member(&request.member_id, hashes, turn)?;
    turn.out.records.extend(parts.into_iter().map(|part| group.record(part)));
    turn.out.cancel(group.session(&request.member_id));
    Ok(ShareBeat {
        member_id: request.member_id.clone(),
        member_epoch: request.member_epoch,
        heartbeat_interval_ms: 0,
        assignment: None,
        begins: None,
    })
}

pub(crate) fn describe(state: &State, request: &DescribeShareGroups, turn: &mut Turn<'_>) {
    let described =
        request.group_ids.iter().map(|group_id| match state.committed_group(group_id).as_deref() {
            Some(Group::Share(group)) => Ok(group.describe(&**turn.cluster)),
            Some(_) => Err(Error::NotShareGroup(group_id.clone())),
            None => Err(Error::GroupIdNotFound(group_id.clone())),
        });
    let described = described.collect();
    turn.out.answer(Response::DescribeShareGroups(described));
}

/// A group that is gone has nothing to remember.
pub(crate) fn states_begun(state: &State, request: &StatesBegun, turn: &mut Turn<'_>) {
    if let Ok(group) = existing(state, &request.group_id) {
        let parts = group.states_begun(request, &**turn.cluster, turn.now_ms);
        turn.out.records.extend(parts.into_iter().map(|part| group.record(part)));
    }
    turn.out.answer_committed(Response::StatesBegun(()));
}

pub(crate) fn list_states(state: &State, request: &ListStates, turn: &mut Turn<'_>) {
    let listed = match state.committed_group(&request.group_id).as_deref() {
        Some(Group::Share(group)) => Ok(group.list_states()),
        Some(_) => Err(Error::NotShareGroup(request.group_id.clone())),
        None => Ok(Partitions::new()),
    };
    turn.out.answer(Response::ListStates(listed));
}

/// Sets start offsets. A group that is not there is created (kafka-semantics 169).
pub(crate) fn alter_states(state: &State, request: &AlterStates, turn: &mut Turn<'_>) {
    match altered(state, request, turn) {
        Ok(altered) => turn.out.answer_committed(Response::AlterStates(Ok(altered))),
        Err(error) => turn.out.answer(Response::AlterStates(Err(error))),
    }
}

fn altered(state: &State, request: &AlterStates, turn: &mut Turn<'_>) -> Altered {
    let new;
    let group = match empty(state, &request.group_id) {
        Ok(group) => group,
        Err(Error::GroupIdNotFound(_)) => {
            new = ShareGroup::new(request.group_id.detach());
            let epoch = Part::Epoch(Some(Epoch::default()));
            turn.out.records.push(new.record(epoch));
            &new
        }
        Err(error) => return Err(error),
    };
    let (topics, begin, parts) = group.alter_states(&request.topics, &**turn.cluster, turn.now_ms);
    turn.out.records.extend(parts.into_iter().map(|part| group.record(part)));
    Ok((topics, begin))
}

/// States of topics are to end, or all of them because the group shall (kafka-semantics 169).
pub(crate) fn delete_states(state: &State, request: &DeleteStates, turn: &mut Turn<'_>) {
    let end = empty(state, &request.group_id).map(|group| {
        let (end, parts) = group.delete_states(request.topics.as_deref(), &**turn.cluster);
        turn.out.records.extend(parts.into_iter().map(|part| group.record(part)));
        end
    });
    match end {
        Ok(end) => turn.out.answer_committed(Response::DeleteStates(Ok(end))),
        Err(error) => turn.out.answer(Response::DeleteStates(Err::<EndStates, _>(error))),
    }
}

pub(crate) fn states_deleted(state: &State, request: &StatesDeleted, turn: &mut Turn<'_>) {
    if let Ok(group) = existing(state, &request.group_id) {
        let parts = group.states_deleted(&request.topic_ids);
        turn.out.records.extend(parts.into_iter().map(|part| group.record(part)));
    }
    turn.out.answer_committed(Response::StatesDeleted(()));
}

/// Topics are gone, and so shall be what groups remember of them.
pub(crate) fn topics_gone(state: &State, topics: &[(Str, Uuid)], records: &mut Vec<Record>) {
    let topic_ids: BTreeSet<Uuid> = topics.iter().map(|(_, id)| *id).collect();
    for (group_id, group) in &state.groups {
        if let Group::Share(group) = group {
            let parts = group.topics_gone(&topic_ids).into_iter();
            records.extend(parts.map(|part| record(group_id, part)));
        }
    }
}
