//! In which version each record is written.

use wire::stored::metadata::{BrokerRegistrationChangeRecord, MetadataRecord};

use crate::MetadataVersion;

/// What the finalized features allow records to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordOptions {
    /// The finalized `metadata.version`.
    pub metadata_version: MetadataVersion,
    /// Whether `eligible.leader.replicas.version` is on.
    pub is_elr_enabled: bool,
}

/// The version in which a cluster at `metadata_version` writes `record` (kafka-storage 7).
pub fn record_version(record: &MetadataRecord, metadata_version: MetadataVersion) -> i16 {
    match record {
        MetadataRecord::RegisterBroker(_) => metadata_version.register_broker_record_version(),
        MetadataRecord::Partition(_) | MetadataRecord::PartitionChange(_) => {
            metadata_version.partition_record_version()
        }
        MetadataRecord::BrokerRegistrationChange(change) => registration_change_version(change),
        _ => 0,
    }
}

/// The lowest version that can say what the change says.
fn registration_change_version(change: &BrokerRegistrationChangeRecord) -> i16 {
    if change.cordoned_log_dirs.is_some() {
        3
    } else if !change.log_dirs.is_empty() {
        2
    } else if change.in_controlled_shutdown != 0 {
        1
    } else {
        0
    }
}
