//! The text checkpoints of a log directory and of a partition (kafka-storage §2).
//!
//! All have the same frame: a line with the version, a line with the number of entries, then one
//! line per entry. A missing or empty file means no entries; anything else that does not fit the
//! frame is refused with the line that is wrong.

use std::collections::HashMap;
use std::fmt::Write;

use crate::TopicPartition;

/// The only version of these files.
const VERSION: &str = "0";
/// Name of the file with the leader epochs of one partition.
pub const LEADER_EPOCH_CHECKPOINT: &str = "leader-epoch-checkpoint";

/// The files that hold one offset per partition of a log directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OffsetCheckpoint {
    /// Up to which offset the log was flushed: where recovery starts after a crash.
    RecoveryPoint,
    /// Where the log starts, for partitions that start inside their first segment.
    LogStartOffset,
    /// The high watermark.
    HighWatermark,
    /// The first offset that the cleaner has not looked at yet.
    CleanerOffset,
}

impl OffsetCheckpoint {
    /// Name of the file in its log directory.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "recovery-point-offset-checkpoint",
            Self::LogStartOffset => "log-start-offset-checkpoint",
            Self::HighWatermark => "replication-offset-checkpoint",
            Self::CleanerOffset => "cleaner-offset-checkpoint",
        }
    }
}

/// A text file that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Malformed {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Malformed {
    pub(crate) fn new(line: usize, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}

/// Reads an offset checkpoint. Offsets may be anything that fits 64 bits; what they mean is for
/// the caller to check.
///
/// # Errors
/// [`Malformed`] for another version, a count that differs, or a line that is no entry.
pub fn decode_offsets(bytes: &[u8]) -> Result<HashMap<TopicPartition, i64>, Malformed> {
    let mut offsets = HashMap::new();
    decode(bytes, |line| {
        let mut words = line.split_ascii_whitespace();
        let (topic, partition, offset) = (words.next()?, words.next()?, words.next()?);
        let partition = partition.parse().ok()?;
        offsets.insert(TopicPartition::new(topic, partition), offset.parse().ok()?);
        words.next().is_none().then_some(())
    })?;
    Ok(offsets)
}

/// Writes an offset checkpoint with the entries in the order given.
pub fn encode_offsets<'a>(
    offsets: impl ExactSizeIterator<Item = (&'a TopicPartition, i64)>,
) -> Vec<u8> {
    let mut text = format!("{VERSION}\n{}\n", offsets.len());
    for (TopicPartition { topic, partition }, offset) in offsets {
        let _ = writeln!(text, "{topic} {partition} {offset}");
    }
    text.into_bytes()
}

/// Reads a leader epoch checkpoint: pairs of leader epoch and the offset it starts at, in file
/// order.
///
/// # Errors
/// As [`decode_offsets`].
pub fn decode_leader_epochs(bytes: &[u8]) -> Result<Vec<(i32, i64)>, Malformed> {
    let mut epochs = Vec::new();
    decode(bytes, |line| {
        let (epoch, start_offset) = line.split_once(' ')?;
        epochs.push((epoch.parse().ok()?, start_offset.trim().parse().ok()?));
        Some(())
    })?;
    Ok(epochs)
}

/// Writes a leader epoch checkpoint.
pub fn encode_leader_epochs(epochs: impl ExactSizeIterator<Item = (i32, i64)>) -> Vec<u8> {
    let mut text = format!("{VERSION}\n{}\n", epochs.len());
    for (epoch, start_offset) in epochs {
        let _ = writeln!(text, "{epoch} {start_offset}");
    }
    text.into_bytes()
}

/// Checks the frame and gives every entry line to `entry`, which says with `None` that it is none.
fn decode(bytes: &[u8], mut entry: impl FnMut(&str) -> Option<()>) -> Result<(), Malformed> {
    let text = text_of(bytes)?;
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let Some((_, version)) = lines.next() else { return Ok(()) };
    if version.trim() != VERSION {
        let reason = format!("unknown version {version:?}, expected {VERSION}");
        return Err(Malformed::new(1, reason));
    }
    let Some((_, count)) = lines.next() else {
        return Err(Malformed::new(2, "the number of entries is missing"));
    };
    let Ok(expected) = count.trim().parse::<usize>() else {
        return Err(Malformed::new(2, format!("{count:?} is not a number of entries")));
    };
    let mut found = 0;
    for (number, line) in lines {
        entry(line).ok_or_else(|| Malformed::new(number, format!("{line:?} is not an entry")))?;
        found += 1;
    }
    if found != expected {
        let reason = format!("{expected} entries are announced, {found} are there");
        return Err(Malformed::new(2, reason));
    }
    Ok(())
}

/// The bytes as text.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        Malformed::new(line, "not UTF-8 text")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_round_trip_in_kafkas_form() {
        let partitions = [TopicPartition::new("a.b_c-d", 3), TopicPartition::new("t", 0)];
        let text = encode_offsets(partitions.iter().zip([12, 0]));
        assert_eq!(text, b"0\n2\na.b_c-d 3 12\nt 0 0\n");
        let read = decode_offsets(&text).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[&partitions[0]], 12);
        assert_eq!(encode_offsets([].into_iter()), b"0\n0\n");
    }

    #[test]
    fn leader_epochs_round_trip_in_kafkas_form() {
        let text = encode_leader_epochs([(0, 0), (5, 17)].into_iter());
        assert_eq!(text, b"0\n2\n0 0\n5 17\n");
        assert_eq!(decode_leader_epochs(&text).unwrap(), [(0, 0), (5, 17)]);
    }

    #[test]
    fn an_empty_file_has_no_entries() {
        assert!(decode_offsets(b"").unwrap().is_empty());
        assert!(decode_leader_epochs(b"").unwrap().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_line() {
        let cases: [(&[u8], usize); 9] = [
            (b"1\n0\n", 1),
            (b"\n", 1),
            (b"0\n", 2),
            (b"0\n-1\n", 2),
            (b"0\n2\nt 0 1\n", 2),
            (b"0\n0\nt 0 1\n", 2),
            (b"0\n1\nt 0\n", 3),
            (b"0\n1\nt 0 1 2\n", 3),
            (b"0\n1\nt 0 \xff\n", 3),
        ];
        for (text, line) in cases {
            let error = decode_offsets(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
        }
        assert_eq!(decode_leader_epochs(b"0\n1\n4\n").unwrap_err().line, 3);
    }
}
