//! Kafka's log directory: segments, indexes, checkpoints, recovery.
//!
//! Everything on the disk is in Kafka's formats (kafka-storage §1 to §4), so that Apache Kafka and
//! its tools read what is written here, and the other way round.
//!
//! - [`LogDirs`]: the directories of a node; their locks and identity; loading, making and
//!   removing logs. [`LogDir`]: one of them, with its checkpoints.
//! - [`Log`]: the log of a partition for its one writer: append, roll, truncate, flush.
//! - [`LogReader`]: the same log for any number of readers, who get file ranges.
//!
//! By file: `append`, `roll`, `truncate`, `flush`, `read`, `timestamps` are the log's verbs.
//! `segment` and `index` hold the data, `offset_index`, `time_index`, `txn_index`,
//! `producer_snapshot`, `checkpoint`, `meta_properties`, `partition_metadata` and `clean_shutdown`
//! one file format each. `listing`, `load` and `recovery` bring a log back at start-up.
//! `open_files` bounds the open files. `retention` and `compaction` remove what is old: like a roll
//! they replace the immutable list in `segments` under the writer's lock.
//!
//! **Invariants.** Readers see whole batches only, and none above the bound they give. Nothing
//! below the recovery point is lost by a power cut. After an I/O error a log directory is not
//! written to any more.
//!
//! Absent here: replication (what may be read, and by whom), network, settings by name, threads.

mod active;
mod append;
pub mod checkpoint;
pub mod clean_shutdown;
mod cleanup;
mod compaction;
mod error;
mod flush;
mod home;
mod identity;
mod index;
mod largest;
mod listing;
mod load;
mod log;
mod log_dir;
mod log_dirs;
pub mod meta_properties;
mod names;
mod offset_index;
mod open_files;
pub mod partition_metadata;
pub mod producer_snapshot;
mod promote;
mod read;
mod recovery;
mod repair;
mod replay;
mod retention;
mod roll;
mod scan;
mod segment;
mod segment_io;
mod segments;
mod settings;
mod space;
mod time_index;
mod timestamps;
mod truncate;
pub mod txn_index;

pub use append::AppendInfo;
pub use checkpoint::{Malformed, OffsetCheckpoint};
pub use cleanup::CleanupSettings;
pub use compaction::{
    CleanError, Cleanable, Cleaning, CleaningOptions, CleaningSummary, Pace, Replacement, Step,
    Survey,
};
pub use error::Error;
pub use flush::FlushJob;
pub use log::Log;
pub use log_dir::LogDir;
pub use log_dirs::{FailedReplica, Loaded, LoadedLog, LogDirs, LogDirsOptions, SettingsOf};
pub use meta_properties::MetaProperties;
pub use names::{
    ReplicaDirName, ReplicaKind, SegmentFile, SegmentFileName, SegmentFileStage, TopicPartition,
};
pub use read::{LogReader, ReadRequest, ReadResult};
pub use repair::{RepairJob, Repaired};
pub use retention::Expired;
pub use settings::LogSettings;
pub use timestamps::TimestampOffset;

/// Topic of the metadata log, which the quorum opens itself.
pub const CLUSTER_METADATA: &str = "__cluster_metadata";
