//! Names of files and directories in a log directory (kafka-storage §1).

use std::fmt;
use std::sync::Arc;

/// Longest name of a replica directory, in bytes, that Kafka creates.
const DIRECTORY_NAME_MAX: usize = 255;

/// Topic name and partition index.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// Name of the topic.
    pub topic: Arc<str>,
    /// Index of the partition, 0 and above.
    pub partition: i32,
}

impl TopicPartition {
    /// Partition `partition` of the topic named `topic`.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl fmt::Debug for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the name of a replica directory says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplicaKind {
    /// A replica in use.
    Current,
    /// A copy that will take the place of the current one in another log directory.
    Future,
    /// A replica of a partition that the metadata no longer places here.
    Stray,
    /// A replica waiting to be removed.
    Delete,
}

impl ReplicaKind {
    fn suffix(self) -> &'static str {
        match self {
            Self::Current => "",
            Self::Future => "-future",
            Self::Stray => "-stray",
            Self::Delete => "-delete",
        }
    }
}

/// The name of a replica directory, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaDirName {
    /// The partition. Of a long topic name a `-delete`, `-stray` or `-future` directory keeps only
    /// the front.
    pub topic_partition: TopicPartition,
    /// What the directory is for.
    pub kind: ReplicaKind,
}

impl ReplicaDirName {
    /// Takes a directory name apart; `None` when it is not the name of a replica.
    pub fn parse(name: &str) -> Option<Self> {
        let kinds = [ReplicaKind::Future, ReplicaKind::Stray, ReplicaKind::Delete];
        let (kind, plain) = match kinds.into_iter().find(|kind| name.ends_with(kind.suffix())) {
            None => (ReplicaKind::Current, name),
            Some(kind) => {
                let (plain, unique) = name.rsplit_once('.')?;
                // Something must stand between the dot and the suffix.
                if unique.len() <= kind.suffix().len() {
                    return None;
                }
                (kind, plain)
            }
        };
        let (topic, partition) = plain.rsplit_once('-')?;
        if topic.is_empty() || !partition.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let partition = partition.parse().ok()?;
        Some(Self { topic_partition: TopicPartition::new(topic, partition), kind })
    }

    /// Whether a future directory of the partition can have the whole name of the topic in it, as
    /// it must: nothing else tells whose it is.
    pub fn fits_future(topic_partition: &TopicPartition) -> bool {
        let name = Self::format(topic_partition, ReplicaKind::Future, 0);
        name.starts_with(&format!("{topic_partition}."))
    }

    /// The name of a directory of this kind for a partition. `unique` tells apart several
    /// directories of one partition, and is not used for [`ReplicaKind::Current`].
    pub fn format(topic_partition: &TopicPartition, kind: ReplicaKind, unique: u128) -> String {
        if kind == ReplicaKind::Current {
            return topic_partition.to_string();
        }
        let end = format!("-{}.{unique:032x}{}", topic_partition.partition, kind.suffix());
        let mut topic: &str = &topic_partition.topic;
        // Topic names are ASCII, so every byte position is a character boundary; a directory made
        // by someone else may hold anything.
        while topic.len() + end.len() > DIRECTORY_NAME_MAX {
            let mut chars = topic.chars();
            chars.next_back();
            topic = chars.as_str();
        }
        format!("{topic}{end}")
    }
}

/// What a file of a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SegmentFile {
    /// The record batches.
    Log,
    /// Offset → file position.
    OffsetIndex,
    /// Timestamp → offset.
    TimeIndex,
    /// Aborted transactions.
    TxnIndex,
    /// Producer state up to the offset in the name (which need not be that of a segment).
    ProducerSnapshot,
}

impl SegmentFile {
    pub(crate) const ALL: [Self; 5] =
        [Self::Log, Self::OffsetIndex, Self::TimeIndex, Self::TxnIndex, Self::ProducerSnapshot];

    /// Those named by the base offset of their segment, the log first.
    pub(crate) const OF_SEGMENT: [Self; 4] =
        [Self::Log, Self::OffsetIndex, Self::TimeIndex, Self::TxnIndex];

    fn suffix(self) -> &'static str {
        match self {
            Self::Log => ".log",
            Self::OffsetIndex => ".index",
            Self::TimeIndex => ".timeindex",
            Self::TxnIndex => ".txnindex",
            Self::ProducerSnapshot => ".snapshot",
        }
    }

    /// The name of this file for the segment that starts at `base_offset`.
    pub fn name(self, base_offset: i64) -> String {
        format!("{base_offset:020}{}", self.suffix())
    }
}

/// Where a segment file is in its life (kafka-storage 3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentFileStage {
    /// In use.
    Live,
    /// Being written by the cleaner.
    Cleaned,
    /// Written by the cleaner, taking the place of the files it replaces.
    Swap,
    /// To be removed.
    Deleted,
}

impl SegmentFileStage {
    /// What such a file's name ends with, after the name it had or will have.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Cleaned => ".cleaned",
            Self::Swap => ".swap",
            Self::Deleted => ".deleted",
        }
    }
}

/// The name of a file of a segment, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentFileName {
    /// The offset in the name: of the segment's first record, or the end of a producer snapshot.
    pub base_offset: i64,
    /// What the file holds.
    pub file: SegmentFile,
    /// Whether it is in use.
    pub stage: SegmentFileStage,
}

impl SegmentFileName {
    /// Takes a file name apart; `None` when it is not that of a segment file.
    pub fn parse(name: &str) -> Option<Self> {
        use SegmentFileStage::{Cleaned, Deleted, Live, Swap};
        let (stage, plain) = [Cleaned, Swap, Deleted]
            .into_iter()
            .find_map(|stage| Some((stage, name.strip_suffix(stage.suffix())?)))
            .unwrap_or((Live, name));
        let dot = plain.find('.')?;
        let (digits, suffix) = plain.split_at(dot);
        let file = SegmentFile::ALL.into_iter().find(|file| file.suffix() == suffix)?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self { base_offset: digits.parse().ok()?, file, stage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str) -> Option<(String, i32, ReplicaKind)> {
        let name = ReplicaDirName::parse(name)?;
        Some((name.topic_partition.topic.to_string(), name.topic_partition.partition, name.kind))
    }

    #[test]
    fn replica_directories_as_kafka_names_them() {
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(parsed("t-0"), Some(("t".into(), 0, ReplicaKind::Current)));
        assert_eq!(parsed("a-b.c-12"), Some(("a-b.c".into(), 12, ReplicaKind::Current)));
        for kind in [ReplicaKind::Delete, ReplicaKind::Future, ReplicaKind::Stray] {
            let name = format!("a.b-3.{id}{}", kind.suffix());
            assert_eq!(parsed(&name), Some(("a.b".into(), 3, kind)));
        }
        for name in ["", "t", "-1", "t-", "t-x", "t-+1", "t--1x", "t-99999999999", "t-0-delete"] {
            assert_eq!(parsed(name), None, "{name}");
        }
        assert_eq!(parsed("t-0.-delete"), None);
    }

    #[test]
    fn replica_directory_names_are_cut_to_what_a_file_system_takes() {
        let long = TopicPartition::new("x".repeat(249), 7);
        let name = ReplicaDirName::format(&long, ReplicaKind::Delete, 0xab);
        assert_eq!(name.len(), 255);
        assert!(name.ends_with("x-7.000000000000000000000000000000ab-delete"));
        let current = ReplicaDirName::format(&long, ReplicaKind::Current, 0);
        assert_eq!(current, format!("{}-7", "x".repeat(249)));
    }

    #[test]
    fn segment_files() {
        assert_eq!(SegmentFile::Log.name(35), "00000000000000000035.log");
        for file in SegmentFile::ALL {
            use SegmentFileStage::{Cleaned, Deleted, Live, Swap};
            for stage in [Live, Cleaned, Swap, Deleted] {
                let name = format!("{}{}", file.name(77), stage.suffix());
                let expected = SegmentFileName { base_offset: 77, file, stage };
                assert_eq!(SegmentFileName::parse(&name), Some(expected));
            }
        }
        for name in [
            "leader-epoch-checkpoint",
            ".log",
            "1.logs",
            "x.log",
            "-1.log",
            "99999999999999999999.log",
            "00000000000000000000-0000000000.checkpoint",
            "00000000000000000000-0000000000.checkpoint.deleted",
        ] {
            assert_eq!(SegmentFileName::parse(name), None, "{name}");
        }
    }
}
