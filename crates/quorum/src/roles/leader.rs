//! Leader: knows how far every replica is, and from that what is committed.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::limits::OBSERVERS_MAX;
use crate::describe::ReplicaState;
use crate::message::{FetchRequest, Token};
use crate::types::{Millis, NodeId, Now, Offset, OffsetAndEpoch, ReplicaKey};
use crate::voters::{Voter, VoterSet};

/// The leader's book.
#[derive(Debug)]
pub(crate) struct Leader {
    local: ReplicaKey,
    /// Offset of the LeaderChange record: nothing is committed in this epoch until it is.
    pub(crate) epoch_start_offset: Offset,
    /// The high watermark, once a record of this epoch is committed.
    pub(crate) high_watermark: Option<Offset>,
    voters: BTreeMap<NodeId, Progress>,
    observers: BTreeMap<ReplicaKey, Progress>,
    /// Voters heard of since the last time a majority was complete.
    heard: BTreeSet<NodeId>,
    /// When to resign unless a majority of voters is heard of.
    pub(crate) check_quorum_deadline: Option<Millis>,
    /// When to remind silent voters of the epoch.
    pub(crate) announce_deadline: Millis,
    /// Fetches that wait for something to return.
    pub(crate) parked: Vec<ParkedFetch>,
    /// The voter change under way.
    pub(crate) change: Option<VoterChange>,
    /// What voters told of themselves while `kraft.version` is 0: needed to raise it.
    pub(crate) reported: BTreeMap<NodeId, Voter>,
}

/// A fetch that waits.
#[derive(Clone, Debug)]
pub(crate) struct ParkedFetch {
    pub(crate) token: Token,
    pub(crate) request: FetchRequest,
    pub(crate) deadline: Millis,
}

/// A voter change under way; there is never more than one (kafka-semantics 219).
#[derive(Clone, Debug)]
pub(crate) struct VoterChange {
    pub(crate) token: Token,
    pub(crate) kind: VoterChangeKind,
    pub(crate) stage: VoterChangeStage,
    /// When it is given up.
    pub(crate) deadline: Millis,
}

#[derive(Clone, Debug)]
pub(crate) enum VoterChangeKind {
    Add { voter: Voter, ack_when_committed: bool },
    Remove,
    Update,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VoterChangeStage {
    /// The new voter is asked which versions it supports.
    Asking,
    /// The new voter has to catch up with the log.
    CatchingUp,
    /// The record at this offset has to be committed.
    Committing(Offset),
}

/// How far a replica is.
#[derive(Clone, Copy, Debug)]
struct Progress {
    key: ReplicaKey,
    end_offset: Option<Offset>,
    last_fetch: Option<Now>,
    last_caught_up_wall_ms: i64,
    /// The leader's log end when the replica last fetched.
    leader_end_offset: Offset,
    acknowledged: bool,
}

impl Progress {
    fn new(key: ReplicaKey) -> Self {
        Self {
            key,
            end_offset: None,
            last_fetch: None,
            last_caught_up_wall_ms: -1,
            leader_end_offset: -1,
            acknowledged: false,
        }
    }

    fn fetched(&mut self, offset: Offset, leader_end_offset: Offset, now: Now) {
        if offset >= leader_end_offset {
            self.last_caught_up_wall_ms = now.wall_ms;
        } else if self.leader_end_offset >= 0 && offset >= self.leader_end_offset {
            // It has now what the leader had when it last asked.
            let then = self.last_fetch.map_or(-1, |then| then.wall_ms);
            self.last_caught_up_wall_ms = self.last_caught_up_wall_ms.max(then);
        }
        self.leader_end_offset = leader_end_offset;
        self.end_offset = Some(offset);
        self.last_fetch = Some(now);
        self.acknowledged = true;
    }

    fn describe(&self) -> ReplicaState {
        ReplicaState {
            key: self.key,
            log_end_offset: self.end_offset.unwrap_or(-1),
            last_fetch_timestamp: self.last_fetch.map_or(-1, |then| then.wall_ms),
            last_caught_up_timestamp: self.last_caught_up_wall_ms,
        }
    }
}

impl Leader {
    pub(crate) fn new(
        local: ReplicaKey,
        epoch_start_offset: Offset,
        voters: &VoterSet,
        now: Millis,
        fetch_timeout: Millis,
    ) -> Self {
        let mut leader = Self {
            local,
            epoch_start_offset,
            high_watermark: None,
            voters: BTreeMap::new(),
            observers: BTreeMap::new(),
            heard: BTreeSet::new(),
            check_quorum_deadline: None,
            announce_deadline: now + fetch_timeout / 2,
            parked: Vec::new(),
            change: None,
            reported: BTreeMap::new(),
        };
        leader.set_voters(voters);
        leader.restart_check_quorum(now, fetch_timeout);
        leader
    }

    /// Another voter set has taken effect: who enters or leaves keeps the progress known of it.
    pub(crate) fn set_voters(&mut self, voters: &VoterSet) {
        let mut old = std::mem::take(&mut self.voters);
        for voter in voters.iter() {
            let known = old
                .remove(&voter.key.id)
                .filter(|p| voter.key.accepts(&p.key) || p.key.directory_id.is_zero())
                .or_else(|| self.observers.remove(&voter.key));
            let mut progress = known.unwrap_or_else(|| Progress::new(voter.key));
            progress.key = voter.key;
            self.voters.insert(voter.key.id, progress);
        }
        for (_, progress) in old {
            if progress.key != self.local && progress.last_fetch.is_some() {
                self.observers.insert(progress.key, progress);
            }
        }
        self.heard.retain(|id| self.voters.contains_key(id));
    }

    /// The replica has everything below `offset` on stable storage.
    pub(crate) fn replica_fetched(
        &mut self,
        replica: &ReplicaKey,
        offset: Offset,
        leader_end_offset: Offset,
        now: Now,
    ) {
        if let Some(progress) = self.voters.get_mut(&replica.id)
            && progress.key.accepts(replica)
        {
            progress.fetched(offset, leader_end_offset, now);
        } else if replica.id >= 0
            && (self.observers.contains_key(replica) || self.observers.len() < OBSERVERS_MAX)
        {
            let progress =
                self.observers.entry(*replica).or_insert_with(|| Progress::new(*replica));
            progress.fetched(offset, leader_end_offset, now);
        }
    }

    /// The leader's own log is durable below `offset`.
    pub(crate) fn local_flushed(&mut self, offset: Offset) {
        if let Some(progress) = self.local_progress() {
            progress.end_offset = progress.end_offset.max(Some(offset));
        }
    }

    fn local_progress(&mut self) -> Option<&mut Progress> {
        let local = self.local;
        self.voters.get_mut(&local.id).filter(|progress| progress.key.accepts(&local))
    }

    /// The offset below which a majority of voters has everything, if it is above the start of
    /// this epoch and above the last one found (kafka-semantics 216).
    pub(crate) fn advance_high_watermark(&mut self) -> Option<Offset> {
        let mut ends: Vec<Option<Offset>> = self.voters.values().map(|p| p.end_offset).collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        let majority_end = (*ends.get(ends.len() / 2)?)?;
        let is_new = majority_end > self.epoch_start_offset
            && self.high_watermark.is_none_or(|old| majority_end > old);
        is_new.then(|| {
            self.high_watermark = Some(majority_end);
            majority_end
        })
    }

    /// A voter was heard of: once a majority was, the wait for it starts anew.
    pub(crate) fn heard_of(&mut self, replica: &ReplicaKey, now: Millis, fetch_timeout: Millis) {
        let is_voter = self.voters.get(&replica.id).is_some_and(|p| p.key.accepts(replica));
        if !is_voter || replica.id == self.local.id {
            return;
        }
        self.heard.insert(replica.id);
        let own = usize::from(self.local_progress().is_some());
        if self.heard.len() + own > self.voters.len() / 2 {
            self.restart_check_quorum(now, fetch_timeout);
        }
    }

    /// Starts the wait for a majority; there is none when the leader is one by itself.
    pub(crate) fn restart_check_quorum(&mut self, now: Millis, fetch_timeout: Millis) {
        self.heard.clear();
        let own = usize::from(self.local_progress().is_some());
        let alone = own > self.voters.len() / 2;
        self.check_quorum_deadline = (!alone).then_some(now + fetch_timeout * 3 / 2);
    }

    /// The voter confirmed that it knows of this leader.
    pub(crate) fn acknowledged(&mut self, id: NodeId) {
        if let Some(progress) = self.voters.get_mut(&id) {
            progress.acknowledged = true;
        }
    }

    /// Voters that must be told of this leader (again).
    pub(crate) fn unacknowledged(&self) -> Vec<NodeId> {
        let local = self.local.id;
        let silent = self.voters.iter().filter(|(id, p)| **id != local && !p.acknowledged);
        silent.map(|(id, _)| *id).collect()
    }

    /// Tells voters again that have not fetched for half the fetch timeout.
    pub(crate) fn remind_silent_voters(&mut self, now: Millis, fetch_timeout: Millis) {
        self.announce_deadline = now + fetch_timeout / 2;
        for progress in self.voters.values_mut() {
            let fetched = progress.last_fetch.map(|then| then.ms);
            if fetched.is_none_or(|then| then + fetch_timeout / 2 <= now) {
                progress.acknowledged = false;
            }
        }
    }

    /// Forgets observers that have not fetched for `session`.
    pub(crate) fn forget_observers(&mut self, now: Millis, session: Millis) {
        self.observers.retain(|_, p| p.last_fetch.is_some_and(|then| then.ms + session > now));
    }

    /// Voters other than the leader by how far their logs are, best first.
    pub(crate) fn preferred_successors(&self) -> Vec<ReplicaKey> {
        let others = self.voters.values().filter(|p| p.key.id != self.local.id);
        let mut others: Vec<&Progress> = others.collect();
        others.sort_by(|a, b| b.end_offset.cmp(&a.end_offset).then(a.key.cmp(&b.key)));
        others.iter().map(|p| p.key).collect()
    }

    /// When the replica last had everything, on the wall clock, if it ever had and fetched since
    /// `since`.
    pub(crate) fn is_caught_up(&self, replica: &ReplicaKey, end: OffsetAndEpoch) -> bool {
        let progress = self.observers.get(replica);
        progress.is_some_and(|p| p.end_offset.is_some_and(|offset| offset >= end.offset))
    }

    pub(crate) fn describe_voters(&self, log_end_offset: Offset, now: Now) -> Vec<ReplicaState> {
        let describe = |progress: &Progress| {
            let mut state = progress.describe();
            if progress.key.id == self.local.id {
                state.log_end_offset = log_end_offset;
                state.last_fetch_timestamp = now.wall_ms;
                state.last_caught_up_timestamp = now.wall_ms;
            }
            state
        };
        self.voters.values().map(describe).collect()
    }

    pub(crate) fn describe_observers(&self) -> Vec<ReplicaState> {
        self.observers.values().map(Progress::describe).collect()
    }

    pub(crate) fn next_deadline(&self) -> Option<Millis> {
        let parked = self.parked.iter().map(|fetch| fetch.deadline);
        let change = self.change.iter().map(|change| change.deadline);
        let announce = (self.voters.len() > 1).then_some(self.announce_deadline);
        parked.chain(change).chain(announce).chain(self.check_quorum_deadline).min()
    }
}
