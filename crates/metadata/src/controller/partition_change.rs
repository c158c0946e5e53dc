//! One change of a partition: election, ISR and ELR, reassignment, all in one record.

use std::collections::BTreeSet;

use wire::Uuid;
use wire::stored::metadata::PartitionChangeRecord;

use super::reassignment::Reassignment;
use crate::ids::{BrokerIds, Directories, NO_LEADER};
use crate::image::{LeaderRecoveryState, NO_LEADER_CHANGE, Partition};
use crate::record_version::RecordOptions;

/// Who may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    /// The current leader if it still may, else the first replica in sync.
    Online,
    /// The preferred replica if it is in sync, else as `Online`.
    Preferred,
    /// As `Online`, but any live replica if none is in sync (kafka-semantics 58).
    Unclean,
}

/// What is to become of a partition. Starts as no change at all; set what shall differ and build.
pub(super) struct PartitionChange<'a> {
    pub(super) topic_id: Uuid,
    pub(super) index: i32,
    pub(super) partition: &'a Partition,
    pub(super) options: RecordOptions,
    pub(super) min_isr: usize,
    /// Whether a broker is alive and has its replica's directory.
    pub(super) is_acceptable_leader: &'a dyn Fn(i32) -> bool,
    /// The directory of a replica that is new.
    pub(super) default_directory: &'a dyn Fn(i32) -> Uuid,
    pub(super) election: Election,
    pub(super) isr: BrokerIds,
    pub(super) replicas: BrokerIds,
    pub(super) removing_replicas: BrokerIds,
    pub(super) adding_replicas: BrokerIds,
    pub(super) leader_recovery_state: LeaderRecoveryState,
    /// A broker that restarted without having stopped cleanly: it may have lost records.
    pub(super) unclean_shutdown: Option<i32>,
    /// A replica's directory as its broker reports it.
    pub(super) directory: Option<(i32, Uuid)>,
}

struct Elected {
    leader: i32,
    unclean: bool,
}

impl PartitionChange<'_> {
    /// The record that makes the change, or `None` if there is nothing to change.
    pub(super) fn build(mut self) -> Option<PartitionChangeRecord> {
        let mut record = PartitionChangeRecord {
            topic_id: self.topic_id,
            partition_id: self.index,
            ..PartitionChangeRecord::default()
        };
        self.complete_reassignment();
        let mut elr = self.eligible_leader_replicas();
        self.elect(&mut elr, &mut record);
        self.bump_leader_epoch_for_removed_replicas(&mut record);
        // An unclean election has set the ISR already; it leaves nothing eligible.
        let was_unclean = record.isr.is_some();
        if was_unclean || !self.options.is_elr_enabled {
            elr = BrokerIds::EMPTY;
        }
        record.eligible_leader_replicas = changed(&elr, &self.partition.eligible_leader_replicas);
        let may_be_empty = self.options.is_elr_enabled;
        if !was_unclean && (may_be_empty || !self.isr.is_empty()) {
            record.isr = changed(&self.isr, &self.partition.isr);
        }
        self.bump_leader_epoch_for_shrunk_isr(&mut record);
        self.note_last_known_leader(&mut record);
        self.assign(&mut record);
        if self.leader_recovery_state != self.partition.leader_recovery_state {
            record.leader_recovery_state = self.leader_recovery_state.value();
        }
        (!is_no_op(&record)).then_some(record)
    }

    fn complete_reassignment(&mut self) {
        let reassignment = Reassignment {
            removing: &self.removing_replicas,
            adding: &self.adding_replicas,
            replicas: &self.replicas,
        };
        if let Some((replicas, isr)) = reassignment.completed(&self.isr) {
            self.replicas = replicas;
            self.isr = isr;
            self.removing_replicas = BrokerIds::EMPTY;
            self.adding_replicas = BrokerIds::EMPTY;
        }
    }

    /// Replicas that leave an ISR that is too small hold all committed records: nothing was
    /// committed without them (kafka-semantics 55).
    fn eligible_leader_replicas(&self) -> BrokerIds {
        let current = &self.partition.eligible_leader_replicas;
        if !self.options.is_elr_enabled {
            return current.clone();
        }
        if self.isr.len() >= self.min_isr {
            return BrokerIds::EMPTY;
        }
        let candidates: BTreeSet<i32> =
            current.iter().chain(&self.partition.isr).copied().collect();
        let is_eligible = |id: &i32| !self.isr.contains(id) && self.unclean_shutdown != Some(*id);
        candidates.into_iter().filter(is_eligible).collect()
    }

    fn elect(&mut self, elr: &mut BrokerIds, record: &mut PartitionChangeRecord) {
        let Elected { leader, unclean } = self.choose_leader(elr);
        if leader == self.partition.leader {
            return;
        }
        if elr.contains(&leader) {
            self.isr = BrokerIds::from([leader]);
            *elr = elr.without(leader);
        }
        record.leader = leader;
        if unclean {
            // Whatever the others hold beyond the new leader is lost.
            record.isr = Some(vec![leader]);
            if self.partition.leader_recovery_state != LeaderRecoveryState::Recovering {
                record.leader_recovery_state = LeaderRecoveryState::Recovering.value();
            }
        }
    }

    fn choose_leader(&self, elr: &BrokerIds) -> Elected {
        let clean = |leader| Elected { leader, unclean: false };
        let is_valid = |id: i32| {
            let has_records = self.isr.contains(&id) || (self.isr.is_empty() && elr.contains(&id));
            has_records && (self.is_acceptable_leader)(id)
        };
        let preferred = self.replicas.first().copied();
        let is_preferred_wanted = self.election == Election::Preferred;
        if let Some(id) = preferred.filter(|id| is_preferred_wanted && is_valid(*id)) {
            return clean(id);
        }
        if is_valid(self.partition.leader) {
            return clean(self.partition.leader);
        }
        if let Some(id) = self.replicas.iter().copied().find(|id| is_valid(*id)) {
            return clean(id);
        }
        if let Some(leader) = self.last_known_leader(elr) {
            return Elected { leader, unclean: true };
        }
        let is_alive = |id: &i32| (self.is_acceptable_leader)(*id);
        match self.replicas.iter().copied().find(is_alive) {
            Some(leader) if self.election == Election::Unclean => Elected { leader, unclean: true },
            _ => clean(NO_LEADER),
        }
    }

    /// With nobody in sync and nobody eligible, the last leader is the best there is
    /// (kafka-semantics 57).
    fn last_known_leader(&self, elr: &BrokerIds) -> Option<i32> {
        let nobody_else = self.options.is_elr_enabled && elr.is_empty() && self.isr.is_empty();
        match &*self.partition.last_known_elr {
            [leader] if nobody_else => {
                Some(*leader).filter(|leader| (self.is_acceptable_leader)(*leader))
            }
            _ => None,
        }
    }

    /// A replica that is removed must not go on fetching under the old epoch (kafka-semantics 51).
    fn bump_leader_epoch_for_removed_replicas(&self, record: &mut PartitionChangeRecord) {
        let keeps_all = self.replicas.contains_all(&self.partition.replicas);
        if record.leader == NO_LEADER_CHANGE && !keeps_all {
            record.leader = self.partition.leader;
        }
    }

    /// Brokers before 3.6 need a new epoch to notice that the ISR shrank.
    fn bump_leader_epoch_for_shrunk_isr(&self, record: &mut PartitionChangeRecord) {
        let version = self.options.metadata_version;
        if !version.is_leader_epoch_bump_required_on_isr_shrink()
            || record.leader != NO_LEADER_CHANGE
        {
            return;
        }
        if let Some(isr) = &record.isr
            && !BrokerIds::from(isr).contains_all(&self.partition.isr)
        {
            record.leader = self.partition.leader;
        }
    }

    fn note_last_known_leader(&self, record: &mut PartitionChangeRecord) {
        if !self.options.is_elr_enabled {
            return;
        }
        let is_known = !self.partition.last_known_elr.is_empty();
        if record.leader == NO_LEADER && !is_known {
            record.last_known_elr = Some(vec![self.partition.leader]);
        } else if record.leader >= 0 && is_known {
            record.last_known_elr = Some(Vec::new());
        }
    }

    fn assign(&self, record: &mut PartitionChangeRecord) {
        if !self.replicas.is_empty() {
            if self.options.metadata_version.is_directory_assignment_supported() {
                let directories: Directories =
                    self.replicas.iter().map(|id| self.directory_of(*id)).collect();
                if directories != self.partition.directories {
                    record.directories = Some(directories.to_vec());
                }
            }
            record.replicas = changed(&self.replicas, &self.partition.replicas);
        }
        record.removing_replicas =
            changed(&self.removing_replicas, &self.partition.removing_replicas);
        record.adding_replicas = changed(&self.adding_replicas, &self.partition.adding_replicas);
    }

    fn directory_of(&self, replica: i32) -> Uuid {
        match self.directory {
            Some((id, directory)) if id == replica => directory,
            _ => self
                .partition
                .directory(replica)
                .unwrap_or_else(|| (self.default_directory)(replica)),
        }
    }
}

fn changed(target: &BrokerIds, current: &BrokerIds) -> Option<Vec<i32>> {
    (target != current).then(|| target.to_vec())
}

fn is_no_op(record: &PartitionChangeRecord) -> bool {
    let nothing = PartitionChangeRecord {
        topic_id: record.topic_id,
        partition_id: record.partition_id,
        ..PartitionChangeRecord::default()
    };
    *record == nothing
}
