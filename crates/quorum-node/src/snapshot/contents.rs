//! A snapshot's bytes: header batch, data batches, footer batch (kafka-storage 7).

use bytes::Bytes;
use quorum::{ControlRecord, VoterSet};
use records::{BatchBuilder, batches};
use wire::stored::raft::{SnapshotFooterRecord, SnapshotHeaderRecord};

use crate::control::{self, BatchError};

/// About how many bytes of records go into one batch of a snapshot.
const BATCH_BYTES: usize = 1 << 20;

/// Why bytes are not a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The batch that starts at this byte is not sound.
    #[error("at byte {position}: {source}")]
    Batch {
        /// Where.
        position: usize,
        /// What is wrong.
        source: BatchError,
    },
    /// It does not begin with a header.
    #[error("the snapshot has no header")]
    NoHeader,
    /// It does not end with a footer, so it is cut off.
    #[error("the snapshot has no footer")]
    NoFooter,
    /// There is something behind the footer.
    #[error("the snapshot goes on behind its footer, at byte {position}")]
    TrailingBytes {
        /// Where.
        position: usize,
    },
}

/// A snapshot that was read and found complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotContents {
    /// Timestamp of the last record it covers, milliseconds since 1970; 0 if none.
    pub last_contained_log_timestamp: i64,
    /// `kraft.version`; 0 if it says nothing.
    pub kraft_version: i16,
    /// The voters, from version 1 on.
    pub voters: Option<VoterSet>,
    /// The records, framed as metadata records, sharing the memory of the file.
    pub records: Vec<Bytes>,
}

impl SnapshotContents {
    /// Reads a whole snapshot and checks every batch.
    ///
    /// # Errors
    /// [`SnapshotError`] says what is wrong and where.
    pub fn decode(buffer: &Bytes) -> Result<Self, SnapshotError> {
        let mut contents = Self {
            last_contained_log_timestamp: 0,
            kraft_version: 0,
            voters: None,
            records: Vec::new(),
        };
        let (mut has_header, mut has_footer) = (false, false);
        let mut iter = batches(buffer);
        loop {
            let position = iter.position();
            let at = |source| SnapshotError::Batch { position, source };
            let Some(batch) = iter.next() else { break };
            let batch = batch.map_err(|error| at(error.into()))?;
            batch.verify_crc().map_err(|error| at(error.into()))?;
            if has_footer {
                return Err(SnapshotError::TrailingBytes { position });
            }
            for (_, record) in control::control_records(&batch).map_err(at)? {
                match record {
                    wire::ControlRecord::SnapshotHeader(header) => {
                        contents.last_contained_log_timestamp = header.last_contained_log_timestamp;
                        has_header = true;
                    }
                    wire::ControlRecord::SnapshotFooter(_) => has_footer = true,
                    record => contents.apply(control::from_stored(record)),
                }
            }
            if !has_header {
                return Err(SnapshotError::NoHeader);
            }
            contents.records.extend(control::values(buffer, &batch).map_err(at)?);
        }
        match (has_header, has_footer) {
            (false, _) => Err(SnapshotError::NoHeader),
            (true, false) => Err(SnapshotError::NoFooter),
            (true, true) if iter.position() < buffer.len() => {
                Err(SnapshotError::TrailingBytes { position: iter.position() })
            }
            (true, true) => Ok(contents),
        }
    }

    fn apply(&mut self, record: Option<ControlRecord>) {
        match record {
            Some(ControlRecord::KRaftVersion(version)) => self.kraft_version = version,
            Some(ControlRecord::Voters(voters)) => self.voters = Some(voters),
            Some(ControlRecord::LeaderChange { .. }) | None => {}
        }
    }
}

/// What the head of a snapshot says.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The epoch in the snapshot's name, written into all its batches.
    pub(crate) epoch: i32,
    /// Timestamp of the last record covered.
    pub(crate) last_contained_log_timestamp: i64,
    /// `kraft.version`; nothing is written for 0.
    pub(crate) kraft_version: i16,
    /// The voters.
    pub(crate) voters: Option<VoterSet>,
    /// The present, for the batches' own timestamps.
    pub(crate) now_ms: i64,
}

/// Turns records into the bytes of a snapshot, a batch at a time.
pub(crate) struct Encoder {
    epoch: i32,
    now_ms: i64,
    next_offset: i64,
    batch: Option<BatchBuilder>,
}

impl Encoder {
    /// Starts a snapshot; the bytes of its head come back.
    pub(crate) fn start(head: &Head) -> Result<(Self, Bytes), wire::EncodeError> {
        let mut encoder =
            Self { epoch: head.epoch, now_ms: head.now_ms, next_offset: 0, batch: None };
        let mut records = vec![wire::ControlRecord::SnapshotHeader(SnapshotHeaderRecord {
            version: 0,
            last_contained_log_timestamp: head.last_contained_log_timestamp,
            ..SnapshotHeaderRecord::default()
        })];
        if head.kraft_version > 0 {
            records.push(control::to_stored(&ControlRecord::KRaftVersion(head.kraft_version)));
            let voters = head.voters.iter().cloned().map(ControlRecord::Voters);
            records.extend(voters.map(|record| control::to_stored(&record)));
        }
        let bytes = encoder.control(&records)?;
        Ok((encoder, bytes))
    }

    fn control(&mut self, records: &[wire::ControlRecord]) -> Result<Bytes, wire::EncodeError> {
        let bytes = control::control_batch(self.next_offset, self.epoch, self.now_ms, records)?;
        self.next_offset += records.len() as i64;
        Ok(bytes)
    }

    /// Adds a record; a batch that became full comes back.
    pub(crate) fn push(&mut self, record: &[u8]) -> Option<Bytes> {
        let full = match &self.batch {
            Some(batch) if batch.size() + record.len() > BATCH_BYTES => self.flush(),
            _ => None,
        };
        let batch = self.batch.get_or_insert_with(|| {
            BatchBuilder::new(self.next_offset).partition_leader_epoch(self.epoch)
        });
        batch.push_key_value(self.now_ms, None, Some(record));
        self.next_offset += 1;
        full
    }

    fn flush(&mut self) -> Option<Bytes> {
        self.batch.take().map(BatchBuilder::build)
    }

    /// Ends the snapshot; the last batches come back.
    pub(crate) fn finish(mut self) -> Result<[Option<Bytes>; 2], wire::EncodeError> {
        let last = self.flush();
        let footer = wire::ControlRecord::SnapshotFooter(SnapshotFooterRecord::default());
        Ok([last, Some(self.control(&[footer])?)])
    }
}

/// A whole snapshot in memory, for small ones.
pub(crate) fn encode(
    head: &Head,
    records: impl IntoIterator<Item = Bytes>,
) -> Result<Bytes, wire::EncodeError> {
    let (mut encoder, head) = Encoder::start(head)?;
    let mut bytes = head.to_vec();
    for record in records {
        bytes.extend(encoder.push(&record).into_iter().flatten());
    }
    for batch in encoder.finish()?.into_iter().flatten() {
        bytes.extend(batch);
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorum::{Endpoint, KRaftVersions, ReplicaKey, Voter};
    use wire::Uuid;

    fn head(kraft_version: i16) -> Head {
        let voter = Voter {
            key: ReplicaKey::new(1, Uuid([9; 16])),
            endpoints: vec![Endpoint {
                name: "CONTROLLER".to_owned(),
                host: "127.0.0.1".to_owned(),
                port: 9093,
            }],
            kraft_versions: KRaftVersions::SUPPORTED,
        };
        let voters = (kraft_version > 0).then(|| VoterSet::from_iter([voter]));
        Head { epoch: 3, last_contained_log_timestamp: 77, kraft_version, voters, now_ms: 1_000 }
    }

    #[test]
    fn reads_what_was_written() {
        let records: Vec<Bytes> =
            (0..5_000_u32).map(|n| Bytes::from(vec![n as u8; 300 + n as usize % 100])).collect();
        for kraft_version in [0, 1] {
            let head = head(kraft_version);
            let bytes = encode(&head, records.clone()).unwrap();
            assert!(batches(&bytes).count() > 3);
            let read = SnapshotContents::decode(&bytes).unwrap();
            assert_eq!(read.last_contained_log_timestamp, 77);
            assert_eq!((read.kraft_version, &read.voters), (kraft_version, &head.voters));
            assert_eq!(read.records, records);
        }
    }

    #[test]
    fn a_cut_or_damaged_snapshot_is_refused() {
        let bytes = encode(&head(1), [Bytes::from_static(b"record")]).unwrap();
        for len in 0..bytes.len() {
            assert!(SnapshotContents::decode(&bytes.slice(..len)).is_err(), "cut at {len}");
        }
        for position in 0..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[position] ^= 0x40;
            // The leader epoch and the base offset are not covered by the checksum.
            let _ = SnapshotContents::decode(&Bytes::from(damaged));
        }
        let doubled: Bytes = [&bytes[..], &bytes[..]].concat().into();
        let error = SnapshotContents::decode(&doubled).unwrap_err();
        assert!(matches!(error, SnapshotError::TrailingBytes { .. }), "{error}");
    }
}
