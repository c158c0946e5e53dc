//! Leaders propose new in-sync replicas (kafka-semantics 49, 50).

use wire::Uuid;

use super::error::Reason;
use super::error::Result;
use super::partition_change::PartitionChange;
use super::{ByTopic, Controller, Decision};
use crate::ids::BrokerIds;
use crate::image::{LeaderRecoveryState, NO_LEADER_CHANGE, Partition};
use wire::stored::metadata::MetadataRecord;

/// What a leader proposes.
#[derive(Clone, Debug)]
pub struct AlterPartition {
    /// The leader.
    pub broker_id: i32,
    /// Its broker epoch.
    pub broker_epoch: i64,
    /// The proposals by topic.
    pub topics: ByTopic<Uuid, PartitionProposal>,
}

/// A proposal for one partition.
#[derive(Clone, Debug)]
pub struct PartitionProposal {
    /// The partition.
    pub index: i32,
    /// The leader epoch the leader is in.
    pub leader_epoch: i32,
    /// The partition epoch the proposal builds on.
    pub partition_epoch: i32,
    /// The in-sync replicas with the broker epochs they fetched under; -1 for unknown.
    pub new_isr: Vec<(i32, i64)>,
    /// Whether the leader has recovered; `None` for a value that has no meaning.
    pub leader_recovery_state: Option<LeaderRecoveryState>,
}

/// The partition after an accepted proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlteredPartition {
    /// The leader.
    pub leader: i32,
    /// Its epoch.
    pub leader_epoch: i32,
    /// The in-sync replicas.
    pub isr: BrokerIds,
    /// Whether the leader has recovered.
    pub leader_recovery_state: LeaderRecoveryState,
    /// The partition epoch.
    pub partition_epoch: i32,
}

/// What became of each proposal, by topic.
pub type AlterPartitionResult = ByTopic<Uuid, (i32, Result<AlteredPartition, Reason>)>;

impl Controller {
    /// Takes proposals.
    ///
    /// # Errors
    /// `StaleBrokerEpoch` for the whole request.
    pub fn alter_partition(
        &self,
        request: &AlterPartition,
    ) -> Result<Decision<AlterPartitionResult>> {
        self.check_broker_epoch(request.broker_id, request.broker_epoch)?;
        let mut records = Vec::new();
        let mut results = Vec::with_capacity(request.topics.len());
        for (topic_id, proposals) in &request.topics {
            let of_topic = proposals.iter().map(|proposal| {
                let result = self.alter_one(request.broker_id, *topic_id, proposal, &mut records);
                (proposal.index, result)
            });
            results.push((*topic_id, of_topic.collect()));
        }
        Ok(Decision::of(records, results))
    }

    fn alter_one(
        &self,
        broker_id: i32,
        topic_id: Uuid,
        proposal: &PartitionProposal,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<AlteredPartition, Reason> {
        let topic = self.image.topics.by_id(topic_id).ok_or(Reason::UnknownTopicId)?;
        let partition = topic.partition(proposal.index).ok_or(Reason::UnknownTopicOrPartition)?;
        let leader_recovery_state = self.check_proposal(broker_id, partition, proposal)?;
        let may_lead = |id| self.may_lead(partition, id);
        let default_directory = |id| self.default_directory(id);
        let change = PartitionChange {
            election: self.election_of(&topic.name),
            isr: proposal.new_isr.iter().map(|(id, _)| *id).collect(),
            leader_recovery_state,
            ..self.partition_change(topic, proposal.index, partition, &may_lead, &default_directory)
        };
        let mut after = partition.clone();
        if let Some(record) = change.build() {
            // The record was made from this partition a moment ago, so it fits.
            after = partition.merge(&record).map_err(|_| Reason::UnknownServerError)?;
            let leader = record.leader;
            records.push(MetadataRecord::PartitionChange(record));
            // The change completed a reassignment that took the leader away: it happens, but the
            // asker must fetch metadata before it goes on.
            if leader != broker_id && leader != NO_LEADER_CHANGE {
                return Err(Reason::NewLeaderElected);
            }
        }
        Ok(AlteredPartition {
            leader: after.leader,
            leader_epoch: after.leader_epoch,
            isr: after.isr,
            leader_recovery_state: after.leader_recovery_state,
            partition_epoch: after.partition_epoch,
        })
    }

    fn check_proposal(
        &self,
        broker_id: i32,
        partition: &Partition,
        proposal: &PartitionProposal,
    ) -> Result<LeaderRecoveryState, Reason> {
        // Whoever knows more than this controller probably knows a newer one.
        if proposal.leader_epoch > partition.leader_epoch
            || proposal.partition_epoch > partition.partition_epoch
        {
            return Err(Reason::NotController);
        }
        if proposal.leader_epoch < partition.leader_epoch {
            return Err(Reason::FencedLeaderEpoch);
        }
        if broker_id != partition.leader {
            return Err(Reason::InvalidRequest);
        }
        if proposal.partition_epoch < partition.partition_epoch {
            return Err(Reason::InvalidUpdateVersion);
        }
        let isr: Vec<i32> = proposal.new_isr.iter().map(|(id, _)| *id).collect();
        let state = proposal.leader_recovery_state.ok_or(Reason::InvalidRequest)?;
        let regresses = partition.leader_recovery_state == LeaderRecoveryState::Recovered
            && state == LeaderRecoveryState::Recovering;
        if !is_valid_isr(&isr, &partition.replicas)
            || !isr.contains(&partition.leader)
            || (state == LeaderRecoveryState::Recovering && isr.len() > 1)
            || regresses
        {
            return Err(Reason::InvalidRequest);
        }
        if proposal.new_isr.iter().all(|(id, epoch)| self.may_join_isr(*id, *epoch)) {
            Ok(state)
        } else {
            Err(Reason::IneligibleReplica)
        }
    }

    /// Whether a broker is active in the incarnation that fetched; epoch -1 stands for any
    /// (kafka-semantics 48).
    fn may_join_isr(&self, id: i32, epoch: i64) -> bool {
        self.image
            .cluster
            .broker(id)
            .is_some_and(|broker| broker.is_active() && (epoch == -1 || epoch == broker.epoch))
    }
}

/// Not empty, no duplicates, only replicas.
fn is_valid_isr(isr: &[i32], replicas: &BrokerIds) -> bool {
    let mut sorted = isr.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    !isr.is_empty() && sorted.len() == isr.len() && replicas.contains_all(isr)
}
