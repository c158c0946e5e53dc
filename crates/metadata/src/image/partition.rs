//! One partition as the metadata log knows it.

use wire::Uuid;
use wire::stored::metadata::{PartitionChangeRecord, PartitionRecord};

use crate::error::{ReplayError, Result};
use crate::ids::{BrokerIds, Directories, NO_LEADER, directory};
use crate::record_version::RecordOptions;

/// The leader of a [`PartitionChangeRecord`] that leaves the leader, and with it the leader epoch,
/// as it is.
pub const NO_LEADER_CHANGE: i32 = -2;

/// Whether the leader is known to hold all committed records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LeaderRecoveryState {
    /// The leader was in the ISR or the ELR when it was elected.
    #[default]
    Recovered,
    /// The leader came from an unclean election and has yet to recover (kafka-semantics 58).
    Recovering,
}

impl LeaderRecoveryState {
    /// The state stored as `value`.
    pub fn from_value(value: i8) -> Option<Self> {
        match value {
            0 => Some(Self::Recovered),
            1 => Some(Self::Recovering),
            _ => None,
        }
    }

    /// How the state is stored.
    pub fn value(self) -> i8 {
        match self {
            Self::Recovered => 0,
            Self::Recovering => 1,
        }
    }
}

/// A partition: where its replicas are, who leads, who is in sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The assigned replicas; the first one is the preferred leader. While a reassignment runs,
    /// target and current replicas together.
    pub replicas: BrokerIds,
    /// The log directory of each replica, in the order of `replicas`.
    pub directories: Directories,
    /// The in-sync replicas.
    pub isr: BrokerIds,
    /// Replicas a running reassignment will remove.
    pub removing_replicas: BrokerIds,
    /// Replicas a running reassignment adds.
    pub adding_replicas: BrokerIds,
    /// Replicas outside the ISR that hold all committed records (KIP-966).
    pub eligible_leader_replicas: BrokerIds,
    /// Replicas that left the ELR uncleanly; in practice the last leader, while there is none.
    pub last_known_elr: BrokerIds,
    /// The leader, or [`NO_LEADER`].
    pub leader: i32,
    /// Rises with every leader change.
    pub leader_epoch: i32,
    /// Rises with every change (kafka-semantics 51).
    pub partition_epoch: i32,
    /// Whether the leader still recovers from an unclean election.
    pub leader_recovery_state: LeaderRecoveryState,
}

impl Partition {
    /// A new partition, led by the first in-sync replica.
    pub fn new(replicas: BrokerIds, directories: Directories, isr: BrokerIds) -> Self {
        let leader = isr.first().copied().unwrap_or(NO_LEADER);
        Self {
            replicas,
            directories,
            isr,
            leader,
            removing_replicas: BrokerIds::EMPTY,
            adding_replicas: BrokerIds::EMPTY,
            eligible_leader_replicas: BrokerIds::EMPTY,
            last_known_elr: BrokerIds::EMPTY,
            leader_epoch: 0,
            partition_epoch: 0,
            leader_recovery_state: LeaderRecoveryState::Recovered,
        }
    }

    /// The partition a record describes.
    pub fn from_record(record: &PartitionRecord) -> Result<Self> {
        let replicas = BrokerIds::from(&record.replicas);
        Ok(Self {
            directories: directories_of(&record.directories, &replicas)?,
            replicas,
            isr: BrokerIds::from(&record.isr),
            removing_replicas: BrokerIds::from(&record.removing_replicas),
            adding_replicas: BrokerIds::from(&record.adding_replicas),
            eligible_leader_replicas: or_empty(record.eligible_leader_replicas.as_ref()),
            last_known_elr: or_empty(record.last_known_elr.as_ref()),
            leader: record.leader,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
            leader_recovery_state: recovery_state(record.leader_recovery_state)?,
        })
    }

    /// The partition after a change. Naming a leader, even the same one, raises the leader epoch.
    pub fn merge(&self, change: &PartitionChangeRecord) -> Result<Self> {
        let changed = |new: Option<&Vec<i32>>, old: &BrokerIds| match new {
            Some(ids) => BrokerIds::from(ids),
            None => old.clone(),
        };
        let replicas = changed(change.replicas.as_ref(), &self.replicas);
        let directories = match &change.directories {
            Some(directories) => directories_of(directories, &replicas)?,
            None => directories_of(&self.directories, &replicas)?,
        };
        let leader_changes = change.leader != NO_LEADER_CHANGE;
        Ok(Self {
            directories,
            replicas,
            isr: changed(change.isr.as_ref(), &self.isr),
            removing_replicas: changed(change.removing_replicas.as_ref(), &self.removing_replicas),
            adding_replicas: changed(change.adding_replicas.as_ref(), &self.adding_replicas),
            eligible_leader_replicas: changed(
                change.eligible_leader_replicas.as_ref(),
                &self.eligible_leader_replicas,
            ),
            last_known_elr: changed(change.last_known_elr.as_ref(), &self.last_known_elr),
            leader: if leader_changes { change.leader } else { self.leader },
            leader_epoch: self.leader_epoch.wrapping_add(i32::from(leader_changes)),
            partition_epoch: self.partition_epoch.wrapping_add(1),
            leader_recovery_state: match change.leader_recovery_state {
                -1 => self.leader_recovery_state,
                state => recovery_state(state)?,
            },
        })
    }

    /// The record that creates the partition as it is.
    pub fn to_record(&self, topic_id: Uuid, index: i32, options: RecordOptions) -> PartitionRecord {
        let unless_empty =
            |ids: &BrokerIds| (options.is_elr_enabled && !ids.is_empty()).then(|| ids.to_vec());
        PartitionRecord {
            partition_id: index,
            topic_id,
            replicas: self.replicas.to_vec(),
            isr: self.isr.to_vec(),
            removing_replicas: self.removing_replicas.to_vec(),
            adding_replicas: self.adding_replicas.to_vec(),
            leader: self.leader,
            leader_recovery_state: self.leader_recovery_state.value(),
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            directories: match options.metadata_version.is_directory_assignment_supported() {
                true => self.directories.to_vec(),
                false => Vec::new(),
            },
            eligible_leader_replicas: unless_empty(&self.eligible_leader_replicas),
            last_known_elr: unless_empty(&self.last_known_elr),
            ..PartitionRecord::default()
        }
    }

    /// Whether anybody leads.
    pub fn has_leader(&self) -> bool {
        self.leader != NO_LEADER
    }

    /// The replica that leads when all is well: the first one.
    pub fn preferred_replica(&self) -> i32 {
        self.replicas.first().copied().unwrap_or(NO_LEADER)
    }

    /// Whether the preferred replica leads.
    pub fn has_preferred_leader(&self) -> bool {
        self.leader == self.preferred_replica()
    }

    /// Whether a reassignment runs.
    pub fn is_reassigning(&self) -> bool {
        !self.removing_replicas.is_empty() || !self.adding_replicas.is_empty()
    }

    /// The log directory of the replica on `broker`, if there is one.
    pub fn directory(&self, broker: i32) -> Option<Uuid> {
        let index = self.replicas.iter().position(|replica| *replica == broker)?;
        self.directories.get(index).copied()
    }
}

/// As many directories as replicas; none at all means that they were assigned before directories
/// had ids.
fn directories_of(directories: &[Uuid], replicas: &BrokerIds) -> Result<Directories> {
    if directories.iter().all(|id| *id == directory::MIGRATING) {
        return Ok(replicas.iter().map(|_| directory::MIGRATING).collect());
    }
    if directories.len() != replicas.len() {
        return Err(ReplayError::DirectoryCount {
            replicas: replicas.len(),
            directories: directories.len(),
        });
    }
    Ok(Directories::from(directories))
}

fn recovery_state(value: i8) -> Result<LeaderRecoveryState> {
    LeaderRecoveryState::from_value(value)
        .ok_or_else(|| ReplayError::unknown("leader recovery state", value))
}

fn or_empty(ids: Option<&Vec<i32>>) -> BrokerIds {
    ids.map_or(BrokerIds::EMPTY, BrokerIds::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition() -> Partition {
        let directories = [Uuid([1; 16]), Uuid([2; 16])].into_iter().collect();
        Partition::new(BrokerIds::from([1, 2]), directories, BrokerIds::from([1, 2]))
    }

    #[test]
    fn kafka_semantics_51_epochs() {
        let shrunk = partition()
            .merge(&PartitionChangeRecord {
                isr: Some(vec![1]),
                ..PartitionChangeRecord::default()
            })
            .unwrap();
        assert_eq!((shrunk.leader_epoch, shrunk.partition_epoch), (0, 1));
        let moved = shrunk
            .merge(&PartitionChangeRecord { leader: 1, ..PartitionChangeRecord::default() })
            .unwrap();
        assert_eq!((moved.leader, moved.leader_epoch, moved.partition_epoch), (1, 1, 2));
        assert_eq!(&*moved.isr, [1]);
    }

    #[test]
    fn directories_follow_replicas() {
        let change = PartitionChangeRecord {
            replicas: Some(vec![1, 2, 3]),
            directories: Some(vec![Uuid([1; 16])]),
            ..PartitionChangeRecord::default()
        };
        let error = partition().merge(&change).unwrap_err();
        assert!(matches!(error, ReplayError::DirectoryCount { replicas: 3, directories: 1 }));
        assert_eq!(partition().directory(2), Some(Uuid([2; 16])));
        assert_eq!(partition().directory(3), None);
    }

    #[test]
    fn a_partition_is_small() {
        assert!(size_of::<Partition>() <= 136);
    }
}
