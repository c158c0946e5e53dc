//! Producer snapshots: what is known of producers at an offset (kafka-storage 3.5).

use std::io;

use records::crc32c;
use replica::{ProducerSnapshotEntry, ProducerStates};
use wire::stored::storage::producer_snapshot::{ProducerEntry, ProducerSnapshot};
use wire::{Bytes, Reader, Writer};

use crate::home::Home;
use crate::log::Log;
use crate::{Error, SegmentFile};

const VERSION: i16 = 1;
/// Version and checksum; the checksum covers what follows.
const UNCHECKED: usize = 2 + 4;

/// Writes a snapshot file's bytes.
pub fn encode(producers: impl ExactSizeIterator<Item = ProducerSnapshotEntry>) -> Vec<u8> {
    let producer_entries = producers
        .map(|producer| ProducerEntry {
            producer_id: producer.producer_id,
            epoch: producer.epoch,
            last_sequence: producer.last_sequence,
            last_offset: producer.last_offset,
            offset_delta: producer.offset_delta,
            timestamp: producer.timestamp,
            coordinator_epoch: producer.coordinator_epoch,
            current_txn_first_offset: producer.current_txn_first_offset,
        })
        .collect();
    let mut writer = Writer::contiguous();
    writer.i16(VERSION);
    // Only a count beyond 2^31 could not be written, and that many producers fit no memory.
    let written = ProducerSnapshot { crc: 0, producer_entries }.encode(&mut writer, VERSION);
    debug_assert!(written.is_ok(), "a snapshot of fewer than 2^31 producers");
    let mut bytes = writer.into_bytes().to_vec();
    let crc = crc32c(&bytes[UNCHECKED..]);
    bytes[2..UNCHECKED].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// Reads a snapshot file's bytes.
///
/// # Errors
/// Why they are not those of a snapshot: another version, a wrong checksum, a wrong length.
pub fn decode(bytes: &[u8]) -> Result<Vec<ProducerSnapshotEntry>, String> {
    let mut reader = Reader::new(Bytes::copy_from_slice(bytes));
    let version = reader.i16().map_err(|error| error.to_string())?;
    if version != VERSION {
        return Err(format!("unknown version {version}, expected {VERSION}"));
    }
    let snapshot =
        ProducerSnapshot::decode(&mut reader, version).map_err(|error| error.to_string())?;
    let computed = crc32c(&bytes[UNCHECKED..]);
    if snapshot.crc != computed {
        return Err(format!("stored crc = {}, computed crc = {computed}", snapshot.crc));
    }
    reader.finish().map_err(|error| error.to_string())?;
    Ok(snapshot
        .producer_entries
        .into_iter()
        .map(|entry| ProducerSnapshotEntry {
            producer_id: entry.producer_id,
            epoch: entry.epoch,
            last_sequence: entry.last_sequence,
            last_offset: entry.last_offset,
            offset_delta: entry.offset_delta,
            timestamp: entry.timestamp,
            coordinator_epoch: entry.coordinator_epoch,
            current_txn_first_offset: entry.current_txn_first_offset,
        })
        .collect())
}

/// Puts a snapshot onto the disk, whole or not at all.
pub(crate) fn write(home: &Home, offset: i64, bytes: &[u8]) -> Result<(), Error> {
    let path = home.segment_file(SegmentFile::ProducerSnapshot, offset);
    home.written_to(&path, home.dir.files().write_atomically(&path, bytes))
}

/// Removes the snapshot at an offset; fine if there is none.
pub(crate) fn remove(home: &Home, offset: i64) -> Result<(), Error> {
    let path = home.segment_file(SegmentFile::ProducerSnapshot, offset);
    let removed = match home.dir.files().remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    home.checked(&path, removed)
}

/// The producers of the newest snapshot in `snapshots` (ascending) that is good; bad ones are
/// removed, from the disk and from the list. Without one, the producers known at
/// `log_start_offset`: none.
pub(crate) fn load_newest(
    home: &Home,
    snapshots: &mut Vec<i64>,
    log_start_offset: i64,
) -> Result<ProducerStates, Error> {
    while let Some(&offset) = snapshots.last() {
        let path = home.segment_file(SegmentFile::ProducerSnapshot, offset);
        let bytes = match home.dir.files().read(&path) {
            // A flush was to write it, and a truncation came first.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                snapshots.pop();
                continue;
            }
            bytes => home.checked(&path, bytes)?,
        };
        match decode(&bytes) {
            Ok(producers) => return Ok(ProducerStates::from_snapshot(producers, offset)),
            Err(reason) => {
                tracing::warn!(
                    path = %path.display(),
                    "a producer snapshot is corrupt and is removed: {reason}"
                );
                snapshots.pop();
                remove(home, offset)?;
            }
        }
    }
    Ok(ProducerStates::new(log_start_offset))
}

impl Log {
    /// Takes a snapshot of the producers at the log end, to be written with the next flush.
    pub(crate) fn snapshot_producers(&mut self) {
        let offset = self.log_end_offset();
        if self.snapshots.last().is_some_and(|last| *last >= offset) || offset == 0 {
            return;
        }
        self.pending_snapshots.push((offset, encode(self.producers.snapshot())));
        self.snapshots.push(offset);
    }

    /// Removes snapshots that no start-up would look at: of those on the disk the newest and those
    /// at the base of a segment stay. One that cannot be removed is left to the next start.
    pub(crate) fn remove_old_snapshots(&mut self) {
        let segments = self.shared.segments.load();
        let bases = segments.all();
        let pending = self.pending_snapshots.first().map_or(i64::MAX, |(offset, _)| *offset);
        let newest = self.snapshots.iter().copied().rfind(|offset| *offset < pending);
        let home = self.shared.home.clone();
        self.snapshots.retain(|&offset| {
            let is_base = bases.binary_search_by_key(&offset, |s| s.base_offset).is_ok();
            let stays = is_base || Some(offset) == newest || offset >= pending;
            if !stays && let Err(error) = remove(&home, offset) {
                tracing::warn!("cannot remove an old producer snapshot: {error}");
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(producer_id: i64) -> ProducerSnapshotEntry {
        ProducerSnapshotEntry {
            producer_id,
            epoch: 3,
            last_sequence: 17,
            last_offset: 40,
            offset_delta: 4,
            timestamp: 1_700_000_000_000,
            coordinator_epoch: -1,
            current_txn_first_offset: -1,
        }
    }

    #[test]
    fn round_trip() {
        let entries = vec![entry(1), entry(2)];
        assert_eq!(decode(&encode(entries.clone().into_iter())), Ok(entries));
        assert_eq!(decode(&encode([].into_iter())), Ok(vec![]));
    }

    #[test]
    fn an_empty_snapshot_is_as_kafka_writes_it() {
        // Version 1, CRC-32C of four zero bytes, no entries.
        assert_eq!(encode([].into_iter()), [0, 1, 0x48, 0x67, 0x4b, 0xc7, 0, 0, 0, 0]);
    }

    #[test]
    fn every_changed_byte_and_every_length_is_noticed() {
        let bytes = encode([entry(1)].into_iter());
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 0x10;
            decode(&changed).unwrap_err();
            decode(&bytes[..position]).unwrap_err();
        }
        let mut longer = bytes;
        longer.push(0);
        decode(&longer).unwrap_err();
    }
}
