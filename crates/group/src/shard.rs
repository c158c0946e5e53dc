//! The face of the machine: one partition of `__consumer_offsets`.

use wire::Str;

use crate::classic::request::{
    DescribeGroups, Heartbeat, JoinGroup, JoinRefused, LeaveGroup, Leaving, Left, SyncGroup,
};
use crate::classic::{AfterWrite, ClassicGroup};
use crate::cluster::{ClusterChanged, ClusterView};
use crate::consumer::request::{ConsumerBeat, ConsumerHeartbeat, DescribeConsumerGroups};
use crate::consumer::{ConsumerGroup, TopicHashes};
use crate::error::{Error, WriteError};
use crate::groups::{DeleteGroups, DeletedGroup, Group, ListGroups};
use crate::journal::Record;
use crate::offsets::request::{CommitOffsets, DeleteOffsets, TopicsDeleted};
use crate::outcome::{Outcome, Timer, Token};
use crate::request::{Request, Response};
use crate::settings::Settings;
use crate::share::serve;
use crate::state::State;
use crate::streams;
use crate::turn::Turn;

/// A turn of a shard, without borrowing its state.
macro_rules! turn {
    ($shard:ident, $now_ms:ident, $out:expr) => {
        Turn {
            settings: &$shard.settings,
            cluster: &$shard.cluster,
            newest_topic_version: $shard.newest_topic_version,
            now_ms: $now_ms,
            out: $out,
        }
    };
}

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
    cluster: ClusterView,
    /// The state of the cluster that had the newest topic.
    newest_topic_version: i64,
    hashes: TopicHashes,
    state: State,
}

impl Shard {
    /// A shard without groups, to be loaded by `replay`.
    pub fn new(settings: Settings, cluster: ClusterView) -> Self {
        Self {
            settings,
            newest_topic_version: cluster.version(),
            cluster,
            hashes: TopicHashes::default(),
            state: State::default(),
        }
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
        let mut turn = turn!(self, now_ms, &mut out);
        for group in self.state.groups.values_mut() {
            match group {
                Group::Classic(group) => group.loaded(&mut turn),
                Group::Consumer(group) => group.loaded(&mut turn),
                Group::Streams(group) => group.loaded(&mut turn),
                Group::Share(group) => group.loaded(&mut turn),
                Group::Other(_) => {}
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
        if let Request::ClusterChanged(changed) = request {
            self.cluster_changed(changed);
            out.answer(Response::ClusterChanged(()));
            return out;
        }
        let mut turn = turn!(self, now_ms, &mut out);
        let (state, hashes) = (&mut self.state, &mut self.hashes);
        match request {
            Request::JoinGroup(request) => join(state, request, token, hashes, &mut turn),
            Request::SyncGroup(request) => sync(state, request, token, &mut turn),
            Request::Heartbeat(request) => heartbeat(state, &request, &mut turn),
            Request::LeaveGroup(request) => leave(state, request, hashes, &mut turn),
            Request::DescribeGroups(request) => describe(state, &request, &mut turn),
            Request::ListGroups(request) => list(state, &request, &mut turn),
            Request::DeleteGroups(request) => delete(state, request, &mut turn),
            Request::CommitOffsets(request) => commit(state, request, &mut turn),
            Request::TxnCommitOffsets(request) => txn_commit(state, request.0, &mut turn),
            Request::DeleteOffsets(request) => delete_offsets(state, request, &mut turn),
            Request::FetchOffsets(request) => {
                let is_allowed = state.validate_fetch(&request);
                let topics = is_allowed.map(|()| state.fetch_offsets(&request));
                let topics = Response::FetchOffsets(topics);
                match request.require_stable {
                    true => turn.out.answer_committed(topics),
                    false => turn.out.answer(topics),
                }
            }
            Request::TopicsDeleted(request) => topics_deleted(state, &request, &mut turn),
            Request::ConsumerHeartbeat(request) => {
                consumer_heartbeat(state, &request, hashes, &mut turn);
            }
            Request::DescribeConsumerGroups(request) => {
                describe_consumers(state, &request, &mut turn);
            }
            Request::RegexesResolved(request) => {
                if let Some(Group::Consumer(group)) = state.groups.get_mut(&request.group_id) {
                    group.regexes_resolved(request.resolved, hashes, &mut turn);
                }
                turn.out.answer(Response::RegexesResolved(()));
            }
            Request::StreamsHeartbeat(request) => {
                streams::heartbeat(state, request, hashes, &mut turn);
            }
            Request::DescribeStreamsGroups(request) => {
                let described = streams::describe(state, &request);
                turn.out.answer(Response::DescribeStreamsGroups(described));
            }
            Request::ShareHeartbeat(request) => {
                serve::heartbeat(state, &request, hashes, &mut turn);
            }
            Request::DescribeShareGroups(request) => serve::describe(state, &request, &mut turn),
            Request::StatesBegun(request) => serve::states_begun(state, &request, &mut turn),
            Request::ListStates(request) => serve::list_states(state, &request, &mut turn),
            Request::AlterStates(request) => serve::alter_states(state, &request, &mut turn),
            Request::DeleteStates(request) => serve::delete_states(state, &request, &mut turn),
            Request::StatesDeleted(request) => serve::states_deleted(state, &request, &mut turn),
            Request::ClusterChanged(_) => {}
        }
        out
    }

    /// Handles a timer that fired.
    pub fn expire(&mut self, timer: &Timer, now_ms: i64) -> Outcome {
        let mut out = Outcome::default();
        let mut turn = turn!(self, now_ms, &mut out);
        let group_id = match timer {
            Timer::Session { group_id, .. }
            | Timer::Revocation { group_id, .. }
            | Timer::MemberJoin { group_id, .. }
            | Timer::MemberSync { group_id, .. }
            | Timer::Join { group_id }
            | Timer::Sync { group_id } => group_id,
            Timer::InitialDelay { group_id } => {
                streams::expire_initial_delay(&mut self.state, group_id, &mut turn);
                return out;
            }
            Timer::Retention => {
                self.state.expire(&self.settings, now_ms, &mut out.records);
                out.divisible = true;
                out.schedule(Timer::Retention, self.settings.offsets_retention_check_interval_ms);
                return out;
            }
        };
        let hashes = &mut self.hashes;
        match self.state.groups.get_mut(group_id) {
            Some(Group::Classic(group)) => match timer {
                Timer::Session { member_id, .. } => group.expire_session(member_id, &mut turn),
                Timer::Join { .. } => group.expire_join(&mut turn),
                Timer::Sync { .. } => group.expire_sync(&mut turn),
                Timer::Revocation { .. }
                | Timer::MemberJoin { .. }
                | Timer::MemberSync { .. }
                | Timer::InitialDelay { .. }
                | Timer::Retention => {}
            },
            Some(Group::Consumer(group)) => match timer {
                Timer::Session { member_id, .. }
                | Timer::MemberJoin { member_id, .. }
                | Timer::MemberSync { member_id, .. } => {
                    group.fence(std::slice::from_ref(member_id), hashes, &mut turn);
                }
                Timer::Revocation { member_id, .. } => {
                    group.expire_revocation(member_id, hashes, &mut turn);
                }
                Timer::Join { .. }
                | Timer::Sync { .. }
                | Timer::InitialDelay { .. }
                | Timer::Retention => {}
            },
            Some(Group::Streams(group)) => group.expire(timer, &mut turn),
            Some(Group::Share(group)) => {
                if let Timer::Session { member_id, .. } = timer {
                    group.expire_session(member_id, hashes, &mut turn);
                }
            }
            Some(Group::Other(_)) | None => {}
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
        let mut turn = turn!(self, now_ms, &mut out);
        let group_id = after.group_id.clone();
        if let Some(replaced) = after.creates_group() {
            self.state.group_written(&group_id);
            if let Err(error) = result {
                if let Some(Group::Classic(mut group)) = self.state.groups.remove(&group_id) {
                    group.abandon(error, &mut turn);
                }
                self.state.groups.extend(replaced.map(|group| (group_id, group)));
            }
        } else if let Some(group) = classic_mut(&mut self.state, &group_id) {
            group.written(after, result, &mut turn);
        }
        out
    }

    fn cluster_changed(&mut self, changed: ClusterChanged) {
        let ClusterChanged { cluster, topics, has_new_topics } = changed;
        if has_new_topics {
            self.newest_topic_version = cluster.version();
        }
        self.cluster = cluster;
        self.hashes.forget(&topics);
        for group in self.state.groups.values_mut() {
            match group {
                Group::Consumer(group) => {
                    if topics.iter().any(|topic| group.is_subscribed_to(topic)) {
                        group.topics_changed();
                    }
                }
                Group::Share(group) => {
                    if topics.iter().any(|topic| group.is_subscribed_to(topic)) {
                        group.topics_changed();
                    }
                }
                Group::Streams(group) => group.topics_changed(topics.iter()),
                Group::Classic(_) | Group::Other(_) => {}
            }
        }
    }
}

fn classic_mut<'a>(state: &'a mut State, group_id: &Str) -> Option<&'a mut ClassicGroup> {
    match state.groups.get_mut(group_id) {
        Some(Group::Classic(group)) => Some(group),
        _ => None,
    }
}

fn join(
    state: &mut State,
    request: JoinGroup,
    token: Token,
    hashes: &mut TopicHashes,
    turn: &mut Turn<'_>,
) {
    let group_id = request.group_id.clone();
    if let Some(Group::Consumer(group)) = state.groups.get_mut(&group_id)
        && !group.is_empty()
    {
        let mut records = Vec::new();
        let result = group.classic_join(&request, hashes, &mut records, turn);
        if result.is_ok() {
            turn.out.records.extend(records);
        }
        turn.out.answer_committed(Response::JoinGroup(result));
        return;
    }
    let refused = match state.groups.get(&group_id) {
        Some(Group::Share(_) | Group::Other(_)) => {
            Some((Str::new(), Error::InconsistentGroupProtocol))
        }
        Some(Group::Streams(group)) if !group.is_empty() => {
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

/// A group that goes waits for nobody any more.
fn end_delay(state: &mut State, group_id: &Str, turn: &mut Turn<'_>) {
    if state.delayed_groups.remove(group_id) {
        turn.out.cancel(Timer::InitialDelay { group_id: group_id.clone() });
    }
}

/// Creates a classic group. It is written whatever comes of the join, as Kafka does. An empty group
/// of another type gives way.
fn create_group(state: &mut State, group_id: &Str, turn: &mut Turn<'_>) {
    let replaced = state.groups.remove(group_id);
    if let Some(replaced) = &replaced {
        replaced.add_tombstones(&mut turn.out.records);
        end_delay(state, group_id, turn);
    }
    let group = ClassicGroup::new(group_id.detach(), turn.now_ms);
    let value = Some(Box::new(group.stored_empty()));
    turn.out.records.push(Record::Group { group_id: group.id.clone(), value });
    turn.out.after_write = Some(AfterWrite::new_group(group.id.clone(), replaced));
    state.create_group(group);
}

fn sync(state: &mut State, request: SyncGroup, token: Token, turn: &mut Turn<'_>) {
    match state.groups.get_mut(&request.group_id) {
        Some(Group::Classic(group)) => group.sync(request, token, turn),
        Some(Group::Consumer(group)) => {
            let synced = group.classic_sync(&request, turn);
            turn.out.answer_committed(Response::SyncGroup(synced));
        }
        Some(Group::Share(_) | Group::Streams(_) | Group::Other(_)) | None => {
            turn.out.answer(Response::SyncGroup(Err(Error::UnknownMemberId)));
        }
    }
}

fn heartbeat(state: &mut State, request: &Heartbeat, turn: &mut Turn<'_>) {
    match state.groups.get_mut(&request.group_id) {
        Some(Group::Classic(group)) => group.heartbeat(request, turn),
        Some(Group::Consumer(group)) => {
            let result = group.classic_heartbeat(request, turn);
            turn.out.answer_committed(Response::Heartbeat(result));
        }
        Some(Group::Share(_) | Group::Streams(_) | Group::Other(_)) | None => {
            turn.out.answer(Response::Heartbeat(Err(Error::UnknownMemberId)));
        }
    }
}

fn leave(state: &mut State, request: LeaveGroup, hashes: &mut TopicHashes, turn: &mut Turn<'_>) {
    match state.groups.get_mut(&request.group_id) {
        Some(Group::Classic(group)) => group.leave(request.members, turn),
        Some(Group::Consumer(group)) => {
            let left = group.classic_leave(request.members, hashes, turn);
            turn.out.answer_committed(Response::LeaveGroup(Ok(left)));
        }
        Some(Group::Share(_) | Group::Streams(_) | Group::Other(_)) | None => {
            let unknown = |member: Leaving| Left { member, result: Err(Error::UnknownMemberId) };
            let left = request.members.into_iter().map(unknown).collect();
            turn.out.answer(Response::LeaveGroup(Ok(left)));
        }
    }
}

fn describe(state: &State, request: &DescribeGroups, turn: &mut Turn<'_>) {
    let described =
        request.group_ids.iter().map(|group_id| match state.committed_group(group_id) {
            Some(group) => match group.as_classic() {
                Some(group) => Ok(group.describe()),
                None => Err(Error::NotClassicGroup(group_id.clone())),
            },
            None => Err(Error::GroupIdNotFound(group_id.clone())),
        });
    turn.out.answer(Response::DescribeGroups(described.collect()));
}

fn list(state: &State, request: &ListGroups, turn: &mut Turn<'_>) {
    let listed = state.committed_groups().map(|group| group.listed());
    let selected = listed.filter(|group| request.selects(group)).collect();
    turn.out.answer(Response::ListGroups(selected));
}

fn delete(state: &mut State, request: DeleteGroups, turn: &mut Turn<'_>) {
    let delete_one = |state: &mut State, group_id: Str, turn: &mut Turn<'_>| {
        let records = &mut turn.out.records;
        let result = match state.groups.get(&group_id) {
            None => Err(Error::GroupIdNotFound(group_id.clone())),
            Some(group) if !group.is_empty() => Err(Error::NonEmptyGroup),
            Some(group) => {
                state.add_offset_tombstones(&group_id, records);
                group.add_tombstones(records);
                end_delay(state, &group_id, turn);
                Ok(())
            }
        };
        DeletedGroup { group_id, result }
    };
    let ids = request.group_ids.into_iter();
    let deleted = ids.map(|group_id| delete_one(state, group_id, turn)).collect();
    turn.out.divisible = true;
    turn.out.answer_committed(Response::DeleteGroups(deleted));
}

fn commit(state: &mut State, request: CommitOffsets, turn: &mut Turn<'_>) {
    let CommitOffsets { group_id, member_id, generation_id, .. } = &request;
    let valid = match state.groups.get(group_id) {
        Some(group) => group.validate_commit(&request, false),
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
    let CommitOffsets { group_id, generation_id, .. } = &request;
    let valid = match state.groups.get(group_id) {
        Some(group) => group.validate_commit(&request, true),
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

/// Topics are gone, and so is what groups hold of them.
fn topics_deleted(state: &State, request: &TopicsDeleted, turn: &mut Turn<'_>) {
    state.topic_tombstones(&request.topics, &mut turn.out.records);
    serve::topics_gone(state, &request.topics, &mut turn.out.records);
    turn.out.divisible = true;
    turn.out.answer_committed(Response::TopicsDeleted(()));
}

fn delete_offsets(state: &State, request: DeleteOffsets, turn: &mut Turn<'_>) {
    let valid = match state.groups.get(&request.group_id) {
        None => Err(Error::GroupIdNotFound(request.group_id.clone())),
        // Of other protocols nobody knows what members use.
        Some(Group::Classic(group)) if !group.is_empty() && !group.uses_consumer_protocol() => {
            Err(Error::NonEmptyGroup)
        }
        Some(Group::Share(_)) => Err(Error::NotConsumerGroup(request.group_id.clone())),
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

fn consumer_heartbeat(
    state: &mut State,
    request: &ConsumerHeartbeat,
    hashes: &mut TopicHashes,
    turn: &mut Turn<'_>,
) {
    let mut records = Vec::new();
    let result = match request.is_leave() {
        true => consumer_leave(state, request, hashes, turn),
        false => consumer_stays(state, request, hashes, &mut records, turn),
    };
    match result {
        Ok(beat) => {
            turn.out.records.extend(records);
            turn.out.answer_committed(Response::ConsumerHeartbeat(Ok(beat)));
        }
        Err(error) => turn.out.answer(Response::ConsumerHeartbeat(Err(error))),
    }
}

fn consumer_leave(
    state: &State,
    request: &ConsumerHeartbeat,
    hashes: &mut TopicHashes,
    turn: &mut Turn<'_>,
) -> Result<ConsumerBeat, Error> {
    match state.groups.get(&request.group_id) {
        Some(Group::Consumer(group)) => group.leave(request, hashes, turn),
        Some(_) => Err(Error::NotConsumerGroup(request.group_id.clone())),
        None => Err(Error::GroupIdNotFound(request.group_id.clone())),
    }
}

/// A group is created by the first member that joins; an empty classic group gives way
/// (kafka-semantics 124).
fn consumer_stays(
    state: &mut State,
    request: &ConsumerHeartbeat,
    hashes: &mut TopicHashes,
    records: &mut Vec<Record>,
    turn: &mut Turn<'_>,
) -> Result<ConsumerBeat, Error> {
    let group_id = &request.group_id;
    match state.groups.get_mut(group_id) {
        Some(Group::Consumer(group)) => return group.heartbeat(request, hashes, records, turn),
        Some(group @ Group::Classic(_)) if request.is_join() && group.is_empty() => {
            group.add_tombstones(records);
        }
        Some(Group::Classic(classic)) if request.is_join() => {
            let mut group = ConsumerGroup::upgraded(classic, hashes, records, turn)?;
            let beat = group.heartbeat(request, hashes, records, turn)?;
            classic.dismiss_all(turn);
            return Ok(beat);
        }
        Some(_) => return Err(Error::NotConsumerGroup(group_id.clone())),
        None if request.is_join() => {}
        None => return Err(Error::ConsumerGroupNotFound(group_id.clone())),
    }
    ConsumerGroup::new(group_id.detach()).heartbeat(request, hashes, records, turn)
}

fn describe_consumers(state: &State, request: &DescribeConsumerGroups, turn: &mut Turn<'_>) {
    let assignor = turn.settings.consumer.default_assignor();
    let described =
        request.group_ids.iter().map(|group_id| match state.committed_group(group_id).as_deref() {
            Some(Group::Consumer(group)) => Ok(group.describe(assignor, &**turn.cluster)),
            Some(_) => Err(Error::NotConsumerGroup(group_id.clone())),
            None => Err(Error::GroupIdNotFound(group_id.clone())),
        });
    turn.out.answer(Response::DescribeConsumerGroups(described.collect()));
}
