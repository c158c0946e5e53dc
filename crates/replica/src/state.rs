//! One replica of a partition: leader or follower, and what follows from that.

use crate::isr::{AlterPartitionAnswer, IsrProposal};
use crate::leader::{CommitStatus, Leader, Outcome};
use crate::remote::{FollowerFetch, RemoteReplica};
use crate::{Context, Refusal};

/// Where the local log begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOffsets {
    /// First offset that may be read.
    pub log_start_offset: i64,
    /// The offset after the last record.
    pub log_end_offset: i64,
    /// How far this log counts for the high watermark: the log end, or less where records must be
    /// on the disk first.
    pub committable_offset: i64,
}

/// The settings replication goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicationRules {
    /// `min.insync.replicas` of the topic.
    pub min_insync_replicas: usize,
    /// `replica.lag.time.max.ms` of the broker.
    pub replica_lag_time_max_ms: i64,
}

/// A partition as the metadata log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The leader's broker id, -1 for none.
    pub leader: i32,
    /// Epoch of that leader.
    pub leader_epoch: i32,
    /// Epoch of the whole assignment: grows with every change (kafka-semantics 51).
    pub partition_epoch: i32,
    /// All replicas, preferred leader first.
    pub replicas: Vec<i32>,
    /// Those in sync.
    pub isr: Vec<i32>,
}

/// What a new assignment made of the replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// An assignment older than the one known: nothing changed.
    Stale,
    /// The replica leads.
    Leader {
        /// Where the leader epoch begins, when it is new: to be noted in the
        /// [`crate::LeaderEpochs`] before anything is appended, so that followers with records of
        /// epochs in between find out where to truncate.
        epoch_start_offset: Option<i64>,
        /// Whether the high watermark moved.
        high_watermark_advanced: bool,
    },
    /// The replica follows.
    Follower {
        /// Whether the leader epoch is new, so that fetching starts anew.
        is_new_epoch: bool,
    },
}

/// One replica of a partition, as its broker runs it.
///
/// Events come with the time and the log's offsets; what they cause comes back as an outcome. The
/// log itself, with its [`crate::LeaderEpochs`] and [`crate::ProducerStates`], is beside it, and
/// both are used under the partition's lock. One node is the case without remote replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaState {
    local_id: i32,
    leader_id: i32,
    leader_epoch: i32,
    partition_epoch: i32,
    high_watermark: i64,
    rules: ReplicationRules,
    /// While this replica leads.
    leading: Option<Box<Leader>>,
}

impl ReplicaState {
    /// A replica on broker `local_id` that knows no leader yet. `high_watermark` is the
    /// checkpointed one, or 0.
    pub fn new(
        local_id: i32,
        high_watermark: i64,
        log: LogOffsets,
        rules: ReplicationRules,
    ) -> Self {
        Self {
            local_id,
            leader_id: -1,
            leader_epoch: -1,
            partition_epoch: -1,
            high_watermark: clamp(high_watermark, log),
            rules,
            leading: None,
        }
    }

    /// Takes a new assignment from the metadata log.
    pub fn on_assignment(
        &mut self,
        assignment: &Assignment,
        log: LogOffsets,
        context: &Context<'_>,
    ) -> Transition {
        if assignment.partition_epoch < self.partition_epoch() {
            return Transition::Stale;
        }
        let is_new_epoch = assignment.leader_epoch > self.leader_epoch;
        self.leader_id = assignment.leader;
        self.leader_epoch = assignment.leader_epoch;
        self.partition_epoch = assignment.partition_epoch;
        if assignment.leader != self.local_id {
            self.leading = None;
            return Transition::Follower { is_new_epoch };
        }
        let end = log.log_end_offset;
        match &mut self.leading {
            Some(leader) => leader.carry_on(assignment, end, context.now_ms),
            None => {
                let leader = Leader::begin(self.local_id, assignment, end, context.now_ms);
                self.leading = Some(Box::new(leader));
            }
        }
        Transition::Leader {
            epoch_start_offset: is_new_epoch.then_some(end),
            high_watermark_advanced: self.advance_high_watermark(log, context),
        }
    }

    /// Changes the settings.
    pub fn on_rules(
        &mut self,
        rules: ReplicationRules,
        log: LogOffsets,
        context: &Context<'_>,
    ) -> Outcome {
        self.rules = rules;
        self.outcome(None, log, context)
    }

    /// Whether a leader may append now for a request with these acks.
    ///
    /// # Errors
    /// [`Refusal::NotLeaderOrFollower`]; [`Refusal::NotEnoughReplicas`] (kafka-semantics 38).
    pub fn admit_append(&self, acks: i16) -> Result<(), Refusal> {
        self.leading()?.admit_append(acks, &self.rules)
    }

    /// The leader appended; the log ends where `log` says.
    pub fn on_appended(&mut self, log: LogOffsets, context: &Context<'_>) -> Outcome {
        self.outcome(None, log, context)
    }

    /// How far an append with acks=-1 has come, whose last record is before `required_offset`.
    ///
    /// # Errors
    /// [`Refusal::NotLeaderOrFollower`] when leadership was lost meanwhile.
    pub fn commit_status(&self, required_offset: i64) -> Result<CommitStatus, Refusal> {
        let leader = self.leading()?;
        Ok(leader.commit_status(required_offset, self.high_watermark, &self.rules))
    }

    /// A follower fetched. `log` is as it was when the fetch was read, so that what is appended
    /// after does not make the follower look behind.
    ///
    /// # Errors
    /// [`Refusal::NotLeaderOrFollower`] when this is no leader, the follower is none of its
    /// replicas, or its broker has been registered anew since (KIP-903).
    pub fn on_follower_fetch(
        &mut self,
        fetch: &FollowerFetch,
        log: LogOffsets,
        context: &Context<'_>,
    ) -> Result<Outcome, Refusal> {
        let high_watermark = self.high_watermark;
        let leader = self.leading.as_deref_mut().ok_or(Refusal::NotLeaderOrFollower)?;
        let moved = leader.on_follower_fetch(fetch, log.log_end_offset, context)?;
        let proposal = leader.maybe_expand(fetch.replica_id, high_watermark, context);
        let high_watermark_advanced = moved && self.advance_high_watermark(log, context);
        Ok(Outcome { high_watermark_advanced, proposal })
    }

    /// Looks for followers that lag; to be called every half of `replica.lag.time.max.ms`
    /// (kafka-semantics 47).
    pub fn check_lag(&mut self, log: LogOffsets, context: &Context<'_>) -> Option<IsrProposal> {
        self.leading.as_deref_mut()?.maybe_shrink(log.log_end_offset, &self.rules, context)
    }

    /// The controller answered a proposal (kafka-semantics 49, 50).
    pub fn on_alter_partition(
        &mut self,
        proposal: &IsrProposal,
        answer: AlterPartitionAnswer,
        log: LogOffsets,
        context: &Context<'_>,
    ) -> Outcome {
        let Some(leader) = self.leading.as_deref_mut() else { return Outcome::default() };
        let again = leader.on_alter_partition(proposal, answer);
        self.outcome(again, log, context)
    }

    /// A follower's fetch was answered: the follower follows its leader's high watermark as far
    /// as its log goes (kafka-semantics 44). Whether it moved.
    pub fn on_leader_high_watermark(&mut self, high_watermark: i64, log: LogOffsets) -> bool {
        let before = self.high_watermark;
        if self.leading.is_none() {
            self.high_watermark = clamp(high_watermark, log);
        }
        self.high_watermark != before
    }

    /// The log was truncated, or its start moved: the high watermark stays within it.
    pub fn on_log_bounds(&mut self, log: LogOffsets) {
        self.high_watermark = clamp(self.high_watermark, log);
    }

    /// Offset up to which records are committed, exclusive.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// The broker that leads, -1 for none.
    pub fn leader_id(&self) -> i32 {
        self.leader_id
    }

    /// Epoch of the leader, -1 before the first assignment.
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    /// Epoch of the assignment, -1 before the first. A leader learns of its own changes from the
    /// controller's answer, before the metadata log.
    pub fn partition_epoch(&self) -> i32 {
        let answered = self.leading.as_ref().map_or(-1, |leader| leader.partition_epoch());
        self.partition_epoch.max(answered)
    }

    /// Whether this replica leads.
    pub fn is_leader(&self) -> bool {
        self.leading.is_some()
    }

    /// The committed ISR; empty while this replica follows.
    pub fn isr(&self) -> &[i32] {
        self.leading.as_ref().map_or(&[], |leader| leader.isr.committed())
    }

    /// The followers as their leader sees them; empty while this replica follows.
    pub fn remote_replicas(&self) -> &[RemoteReplica] {
        self.leading.as_ref().map_or(&[], |leader| &leader.remotes)
    }

    /// Whether this replica leads with fewer in-sync replicas than the effective minimum.
    pub fn is_under_min_isr(&self) -> bool {
        self.leading.as_ref().is_some_and(|leader| leader.is_under_min_isr(&self.rules))
    }

    /// Whether this replica leads with exactly as many in-sync replicas as the effective minimum.
    pub fn is_at_min_isr(&self) -> bool {
        self.leading.as_ref().is_some_and(|leader| {
            leader.isr.committed().len() == leader.effective_min_isr(&self.rules)
        })
    }

    /// The smallest log start among this leader and its live followers: what `DeleteRecords`
    /// waits for (kafka-semantics 202).
    ///
    /// # Errors
    /// [`Refusal::NotLeaderOrFollower`].
    pub fn low_watermark(&self, log: LogOffsets, context: &Context<'_>) -> Result<i64, Refusal> {
        let is_alive = |broker_id| {
            context.brokers.standing(broker_id).is_some_and(|standing| !standing.is_fenced)
        };
        let remotes = self.leading()?.remotes.iter();
        let starts = remotes
            .filter(|remote| is_alive(remote.broker_id))
            .map(|remote| remote.log_start_offset);
        Ok(starts.fold(log.log_start_offset, i64::min))
    }

    pub(crate) fn leading(&self) -> Result<&Leader, Refusal> {
        self.leading.as_deref().ok_or(Refusal::NotLeaderOrFollower)
    }

    fn outcome(
        &mut self,
        proposal: Option<IsrProposal>,
        log: LogOffsets,
        context: &Context<'_>,
    ) -> Outcome {
        let high_watermark_advanced = self.advance_high_watermark(log, context);
        Outcome { high_watermark_advanced, proposal }
    }

    /// Moves a leader's high watermark forward, never back (kafka-semantics 43).
    fn advance_high_watermark(&mut self, log: LogOffsets, context: &Context<'_>) -> bool {
        let Some(leader) = &self.leading else { return false };
        let limit = leader.high_watermark_limit(log, &self.rules, context);
        let advanced = limit.is_some_and(|limit| limit > self.high_watermark);
        if advanced {
            self.high_watermark = limit.unwrap_or(self.high_watermark);
        }
        advanced
    }
}

fn clamp(high_watermark: i64, log: LogOffsets) -> i64 {
    high_watermark.min(log.log_end_offset).max(log.log_start_offset)
}
