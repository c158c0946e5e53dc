//! Control records and batches of the metadata log: between bytes and the quorum's terms.

use bytes::Bytes;
use quorum::message::{BatchSummary, FetchedRecords};
use quorum::{ControlRecord, Endpoint, KRaftVersions, ReplicaKey, Voter, VoterSet};
use records::{BatchBuilder, BatchView, batches};
use wire::Str;
use wire::stored::raft::{
    KRaftVersionRecord, LeaderChangeMessage, VotersRecord, leader_change_message, voters_record,
};

/// Most bytes a batch of the metadata log or a snapshot may decompress to.
pub(crate) const DECOMPRESSED_BYTES_MAX: usize = 64 << 20;

/// Why bytes are not sound batches.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Not a batch, or a corrupt one.
    #[error(transparent)]
    Batch(#[from] records::Error),
    /// A control record that cannot be read.
    #[error("a control record cannot be read: {0}")]
    Control(#[from] wire::DecodeError),
    /// The last batch is not complete.
    #[error("the last batch is cut off at byte {position}")]
    Partial {
        /// Where it starts.
        position: usize,
    },
    /// A record without a value, or of an old format.
    #[error("a record of the metadata log has no value, or is of an old format")]
    NoValue,
}

/// The slice of `buffer` that `part` is, or a copy if it lies elsewhere (was decompressed).
pub(crate) fn share(buffer: &Bytes, part: &[u8]) -> Bytes {
    let (all, one) = (buffer.as_ptr_range(), part.as_ptr_range());
    if all.start <= one.start && one.end <= all.end {
        buffer.slice_ref(part)
    } else {
        Bytes::copy_from_slice(part)
    }
}

/// Writes one control batch.
pub(crate) fn control_batch(
    base_offset: i64,
    epoch: i32,
    timestamp: i64,
    records: &[wire::ControlRecord],
) -> Result<Bytes, wire::EncodeError> {
    let mut batch = BatchBuilder::new(base_offset).partition_leader_epoch(epoch).control();
    for record in records {
        let (key, value) = record.encode()?;
        batch.push_key_value(timestamp, Some(&key), Some(&value));
    }
    Ok(batch.build())
}

/// The quorum's control record as it is stored.
pub(crate) fn to_stored(record: &ControlRecord) -> wire::ControlRecord {
    match record {
        ControlRecord::LeaderChange { leader, voters, granting } => {
            let voter = |id: &i32| leader_change_message::Voter {
                voter_id: *id,
                ..leader_change_message::Voter::default()
            };
            // Version 0 names no directories; Apache Kafka 4.3 writes it with every kraft.version.
            wire::ControlRecord::LeaderChange(LeaderChangeMessage {
                version: 0,
                leader_id: *leader,
                voters: voters.iter().map(voter).collect(),
                granting_voters: granting.iter().map(voter).collect(),
                ..LeaderChangeMessage::default()
            })
        }
        ControlRecord::KRaftVersion(version) => {
            wire::ControlRecord::KRaftVersion(KRaftVersionRecord {
                version: 0,
                kraft_version: *version,
                ..KRaftVersionRecord::default()
            })
        }
        ControlRecord::Voters(voters) => wire::ControlRecord::Voters(voters_to_stored(voters)),
    }
}

fn voters_to_stored(voters: &VoterSet) -> VotersRecord {
    let endpoint = |endpoint: &Endpoint| voters_record::Endpoint {
        name: Str::copy_from(&endpoint.name),
        host: Str::copy_from(&endpoint.host),
        port: endpoint.port,
        ..voters_record::Endpoint::default()
    };
    let voter = |voter: &Voter| voters_record::Voter {
        voter_id: voter.key.id,
        voter_directory_id: voter.key.directory_id,
        endpoints: voter.endpoints.iter().map(endpoint).collect(),
        kraft_version_feature: voters_record::KRaftVersionFeature {
            min_supported_version: voter.kraft_versions.min,
            max_supported_version: voter.kraft_versions.max,
            ..voters_record::KRaftVersionFeature::default()
        },
        ..voters_record::Voter::default()
    };
    VotersRecord { voters: voters.iter().map(voter).collect(), ..VotersRecord::default() }
}

/// The stored record in the quorum's terms; `None` for one that does not concern it.
pub(crate) fn from_stored(record: wire::ControlRecord) -> Option<ControlRecord> {
    match record {
        wire::ControlRecord::LeaderChange(message) => {
            let ids = |voters: &[leader_change_message::Voter]| {
                voters.iter().map(|voter| voter.voter_id).collect()
            };
            Some(ControlRecord::LeaderChange {
                leader: message.leader_id,
                voters: ids(&message.voters),
                granting: ids(&message.granting_voters),
            })
        }
        wire::ControlRecord::KRaftVersion(record) => {
            Some(ControlRecord::KRaftVersion(record.kraft_version))
        }
        wire::ControlRecord::Voters(record) => {
            Some(ControlRecord::Voters(voters_from_stored(record)))
        }
        wire::ControlRecord::Abort(_)
        | wire::ControlRecord::Commit(_)
        | wire::ControlRecord::SnapshotHeader(_)
        | wire::ControlRecord::SnapshotFooter(_)
        | wire::ControlRecord::Unknown { .. } => None,
    }
}

fn voters_from_stored(record: VotersRecord) -> VoterSet {
    let endpoint = |endpoint: voters_record::Endpoint| Endpoint {
        name: endpoint.name.to_string(),
        host: endpoint.host.to_string(),
        port: endpoint.port,
    };
    let voter = |voter: voters_record::Voter| Voter {
        key: ReplicaKey::new(voter.voter_id, voter.voter_directory_id),
        endpoints: voter.endpoints.into_iter().map(endpoint).collect(),
        kraft_versions: KRaftVersions {
            min: voter.kraft_version_feature.min_supported_version,
            max: voter.kraft_version_feature.max_supported_version,
        },
    };
    record.voters.into_iter().map(voter).collect()
}

/// The control records of a batch with their offsets; none for a data batch.
pub(crate) fn control_records(
    batch: &BatchView<'_>,
) -> Result<Vec<(i64, wire::ControlRecord)>, BatchError> {
    if !batch.is_control() {
        return Ok(Vec::new());
    }
    let mut control = Vec::new();
    for record in &batch.records(DECOMPRESSED_BYTES_MAX)? {
        let record = record?;
        let (Some(key), Some(value)) = (record.key, record.value) else {
            return Err(BatchError::NoValue);
        };
        let (key, value) = (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value));
        control.push((record.offset, wire::ControlRecord::decode(&key, value)?));
    }
    Ok(control)
}

/// What the quorum has to know of a batch.
pub(crate) fn summarize(batch: &BatchView<'_>) -> Result<BatchSummary, BatchError> {
    let control = control_records(batch)?
        .into_iter()
        .filter_map(|(offset, record)| Some((offset, from_stored(record)?)))
        .collect();
    Ok(BatchSummary {
        base_offset: batch.base_offset(),
        last_offset: batch.last_offset(),
        epoch: batch.partition_leader_epoch(),
        control,
    })
}

/// Checks batches of the metadata log as a leader sent them, and says what the quorum has to know
/// of them; a partial one at the end is cut off.
///
/// # Errors
/// [`BatchError`] for the first batch that is not sound.
pub fn fetched(bytes: Bytes) -> Result<FetchedRecords, BatchError> {
    let mut summaries = Vec::new();
    let mut iter = batches(&bytes);
    for batch in iter.by_ref() {
        let batch = batch?;
        batch.verify_crc()?;
        if !batch.is_v2() {
            return Err(BatchError::NoValue);
        }
        summaries.push(summarize(&batch)?);
    }
    let complete = iter.position();
    Ok(FetchedRecords { bytes: bytes.slice(..complete), batches: summaries })
}

/// The values of a data batch's records, sharing `buffer`; none for a control batch.
pub(crate) fn values(buffer: &Bytes, batch: &BatchView<'_>) -> Result<Vec<Bytes>, BatchError> {
    if batch.is_control() {
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    for record in &batch.records(DECOMPRESSED_BYTES_MAX)? {
        let value = record?.value.ok_or(BatchError::NoValue)?;
        values.push(share(buffer, value));
    }
    Ok(values)
}
