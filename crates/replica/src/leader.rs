//! What a leader decides: whether to append, how far the high watermark goes, who is in sync.

use crate::isr::{AlterPartitionAnswer, Isr, IsrMember, IsrProposal};
use crate::remote::{FollowerFetch, RemoteReplica};
use crate::{Assignment, Context, LogOffsets, Refusal, ReplicationRules};

/// A partition replica while it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leader {
    local_id: i32,
    epoch: i32,
    partition_epoch: i32,
    /// Log end when this leader epoch began.
    pub(crate) epoch_start_offset: i64,
    pub(crate) isr: Isr,
    pub(crate) remotes: Vec<RemoteReplica>,
}

/// What an event did, for the driver to act on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The high watermark moved: waiting produce and fetch requests may be complete.
    pub high_watermark_advanced: bool,
    /// A change of the ISR to ask the controller for. Its answer, or its failure, is to be given
    /// to [`crate::ReplicaState::on_alter_partition`].
    pub proposal: Option<IsrProposal>,
}

/// How far an append with acks=-1 has come (kafka-semantics 39).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitStatus {
    /// Not below the high watermark yet.
    Pending,
    /// Replicated to enough replicas.
    Committed,
    /// Below the high watermark, but the ISR has shrunk below its minimum meanwhile:
    /// `NOT_ENOUGH_REPLICAS_AFTER_APPEND`.
    NotEnoughReplicas,
}

impl Leader {
    /// Begins the epoch of `assignment` with the log ending at `log_end_offset`.
    pub(crate) fn begin(
        local_id: i32,
        assignment: &Assignment,
        log_end_offset: i64,
        now_ms: i64,
    ) -> Self {
        let mut leader = Self {
            local_id,
            epoch: assignment.leader_epoch,
            partition_epoch: assignment.partition_epoch,
            epoch_start_offset: log_end_offset,
            isr: Isr::new(Vec::new()),
            remotes: Vec::new(),
        };
        leader.assign(assignment);
        leader.reset_remotes(log_end_offset, now_ms);
        leader
    }

    /// Leads on under a newer assignment; with a new leader epoch if that grew.
    pub(crate) fn carry_on(&mut self, assignment: &Assignment, log_end_offset: i64, now_ms: i64) {
        self.assign(assignment);
        if assignment.leader_epoch > self.epoch {
            self.epoch = assignment.leader_epoch;
            self.epoch_start_offset = log_end_offset;
            self.reset_remotes(log_end_offset, now_ms);
        }
    }

    fn assign(&mut self, assignment: &Assignment) {
        self.partition_epoch = assignment.partition_epoch;
        self.isr.commit(assignment.isr.clone());
        let is_remote = |id: &i32| *id != self.local_id;
        let mut known = std::mem::take(&mut self.remotes);
        let followers = assignment.replicas.iter().copied().filter(is_remote);
        self.remotes = followers
            .map(|id| match known.iter().position(|remote| remote.broker_id == id) {
                Some(index) => known.swap_remove(index),
                None => RemoteReplica::new(id),
            })
            .collect();
    }

    fn reset_remotes(&mut self, log_end_offset: i64, now_ms: i64) {
        for remote in &mut self.remotes {
            let in_isr = self.isr.committed().contains(&remote.broker_id);
            remote.on_new_epoch(log_end_offset, in_isr, now_ms);
        }
    }

    /// `min.insync.replicas`, but never more than there are replicas (kafka-semantics 38).
    pub(crate) fn effective_min_isr(&self, rules: &ReplicationRules) -> usize {
        rules.min_insync_replicas.min(self.remotes.len() + 1)
    }

    pub(crate) fn is_under_min_isr(&self, rules: &ReplicationRules) -> bool {
        self.isr.committed().len() < self.effective_min_isr(rules)
    }

    /// Kafka-semantics 38: with acks=-1 nothing is written while too few replicas are in sync.
    pub(crate) fn admit_append(&self, acks: i16, rules: &ReplicationRules) -> Result<(), Refusal> {
        if acks == -1 && self.is_under_min_isr(rules) {
            return Err(Refusal::NotEnoughReplicas {
                isr: self.isr.committed().len(),
                minimum: self.effective_min_isr(rules),
            });
        }
        Ok(())
    }

    pub(crate) fn commit_status(
        &self,
        required_offset: i64,
        high_watermark: i64,
        rules: &ReplicationRules,
    ) -> CommitStatus {
        if high_watermark < required_offset {
            CommitStatus::Pending
        } else if self.isr.maximal_len() < self.effective_min_isr(rules) {
            CommitStatus::NotEnoughReplicas
        } else {
            CommitStatus::Committed
        }
    }

    /// How far the high watermark may go (kafka-semantics 42, 43): to the smallest log end among
    /// the maximal ISR and those who are caught up and eligible, so that a follower about to join
    /// is not outrun forever; nowhere while too few replicas are in sync.
    pub(crate) fn high_watermark_limit(
        &self,
        log: LogOffsets,
        rules: &ReplicationRules,
        context: &Context<'_>,
    ) -> Option<i64> {
        if self.is_under_min_isr(rules) {
            return None;
        }
        let mut limit = log.committable_offset;
        for remote in &self.remotes {
            let counts = || {
                self.isr.is_in_maximal(remote.broker_id)
                    || (remote.is_caught_up(
                        log.log_end_offset,
                        context.now_ms,
                        rules.replica_lag_time_max_ms,
                    ) && remote.is_eligible(context))
            };
            if remote.log_end_offset < limit && counts() {
                limit = remote.log_end_offset;
            }
        }
        Some(limit)
    }

    /// Notes how far a follower has come. Whether its log end moved.
    pub(crate) fn on_follower_fetch(
        &mut self,
        fetch: &FollowerFetch,
        log_end_offset: i64,
        context: &Context<'_>,
    ) -> Result<bool, Refusal> {
        let replica_id = fetch.replica_id;
        let standing = context.brokers.standing(replica_id).filter(|broker| !broker.is_fenced);
        if fetch.broker_epoch != -1
            && standing.is_some_and(|broker| broker.epoch > fetch.broker_epoch)
        {
            return Err(Refusal::NotLeaderOrFollower);
        }
        let remote = self.remotes.iter_mut().find(|remote| remote.broker_id == replica_id);
        let remote = remote.ok_or(Refusal::NotLeaderOrFollower)?;
        let end_before = remote.log_end_offset;
        remote.on_fetch(fetch, log_end_offset, context.now_ms);
        Ok(remote.log_end_offset != end_before)
    }

    /// Proposes to take a follower into the ISR once it has reached the high watermark and the
    /// start of this leader epoch (kafka-semantics 48). The latter since records between may be
    /// committed already, which a follower that lacks them must not lose by leading.
    pub(crate) fn maybe_expand(
        &mut self,
        replica_id: i32,
        high_watermark: i64,
        context: &Context<'_>,
    ) -> Option<IsrProposal> {
        if self.isr.is_pending() || self.isr.committed().contains(&replica_id) {
            return None;
        }
        let remote = self.remotes.iter().find(|remote| remote.broker_id == replica_id)?;
        let is_in_sync = remote.log_end_offset >= high_watermark
            && remote.log_end_offset >= self.epoch_start_offset;
        if !is_in_sync || !remote.is_eligible(context) {
            return None;
        }
        let mut isr = self.isr.committed().to_vec();
        isr.push(replica_id);
        let proposal = self.proposal(&isr, context);
        Some(self.isr.begin(Some(replica_id), proposal))
    }

    /// Proposes to drop the followers that lag from the ISR (kafka-semantics 47).
    pub(crate) fn maybe_shrink(
        &mut self,
        log_end_offset: i64,
        rules: &ReplicationRules,
        context: &Context<'_>,
    ) -> Option<IsrProposal> {
        if self.isr.is_pending() {
            return None;
        }
        let is_in_sync = |broker_id: &i32| {
            *broker_id == self.local_id
                || self.remotes.iter().any(|remote| {
                    remote.broker_id == *broker_id
                        && remote.is_caught_up(
                            log_end_offset,
                            context.now_ms,
                            rules.replica_lag_time_max_ms,
                        )
                })
        };
        let isr: Vec<i32> = self.isr.committed().iter().copied().filter(is_in_sync).collect();
        if isr.len() == self.isr.committed().len() {
            return None;
        }
        let proposal = self.proposal(&isr, context);
        Some(self.isr.begin(None, proposal))
    }

    /// Takes the controller's answer to `proposal`; the proposal again when it is to be repeated.
    /// Answers to anything but the proposal under way come too late and change nothing.
    pub(crate) fn on_alter_partition(
        &mut self,
        proposal: &IsrProposal,
        answer: AlterPartitionAnswer,
    ) -> Option<IsrProposal> {
        if self.isr.proposal() != Some(proposal) {
            return None;
        }
        match answer {
            AlterPartitionAnswer::Committed { leader_epoch, partition_epoch, isr } => {
                if leader_epoch == self.epoch && partition_epoch >= self.partition_epoch {
                    self.partition_epoch = partition_epoch;
                    self.isr.commit(isr);
                }
                None
            }
            AlterPartitionAnswer::NotDone => {
                self.isr.give_up();
                None
            }
            AlterPartitionAnswer::AwaitMetadata => None,
            AlterPartitionAnswer::Failed => Some(proposal.clone()),
        }
    }

    pub(crate) fn partition_epoch(&self) -> i32 {
        self.partition_epoch
    }

    fn proposal(&self, isr: &[i32], context: &Context<'_>) -> IsrProposal {
        let member = |&broker_id: &i32| {
            let remote = self.remotes.iter().find(|remote| remote.broker_id == broker_id);
            let broker_epoch = if broker_id == self.local_id {
                context.local_broker_epoch
            } else {
                remote.and_then(|remote| remote.broker_epoch).unwrap_or(-1)
            };
            IsrMember { broker_id, broker_epoch }
        };
        IsrProposal {
            leader_epoch: self.epoch,
            partition_epoch: self.partition_epoch,
            isr: isr.iter().map(member).collect(),
        }
    }
}
