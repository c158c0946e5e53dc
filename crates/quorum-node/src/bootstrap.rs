//! `bootstrap.checkpoint`: the records the first active controller of a cluster starts from.
//!
//! Written into every log directory when it is formatted, in the format of a snapshot.

use std::io;
use std::path::Path;

use bytes::Bytes;
use env::Files;
use wire::Str;
use wire::stored::metadata::{FeatureLevelRecord, MetadataRecord};

use crate::error::Error;
use crate::snapshot::{Head, SnapshotContents, encode};

/// Name of the file in each log directory.
pub const BOOTSTRAP_FILE: &str = "bootstrap.checkpoint";

/// The features a fresh cluster of Apache Kafka 4.3 starts with, in the order it writes them
/// (kafka-semantics 224). `kraft.version` is not among them: it is in the voters' own snapshot.
pub const FRESH_FEATURES: [(&str, i16); 6] = [
    ("metadata.version", 30),
    ("eligible.leader.replicas.version", 1),
    ("group.version", 1),
    ("share.version", 1),
    ("streams.version", 1),
    ("transaction.version", 2),
];

/// The records for features at these levels.
///
/// # Errors
/// A name is longer than a record can hold.
pub fn feature_records(features: &[(&str, i16)]) -> Result<Vec<Bytes>, wire::EncodeError> {
    let record = |(name, level): &(&str, i16)| {
        MetadataRecord::FeatureLevel(FeatureLevelRecord {
            name: Str::copy_from(name),
            feature_level: *level,
            ..FeatureLevelRecord::default()
        })
        .encode(0)
    };
    features.iter().map(record).collect()
}

/// Reads the records of a log directory; `None` if it has no such file.
///
/// # Errors
/// The file cannot be read, or is not sound.
pub fn read(files: &Files, log_dir: &Path) -> Result<Option<Vec<Bytes>>, Error> {
    let path = log_dir.join(BOOTSTRAP_FILE);
    let bytes = match files.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(&path)(error)),
    };
    let contents = SnapshotContents::decode(&bytes.into());
    contents.map(|c| Some(c.records)).map_err(|error| Error::corrupt(&path, error))
}

/// Writes the file into a log directory.
pub(crate) fn write(
    files: &Files,
    log_dir: &Path,
    records: &[Bytes],
    now_ms: i64,
) -> Result<(), Error> {
    let path = log_dir.join(BOOTSTRAP_FILE);
    let head =
        Head { epoch: 0, last_contained_log_timestamp: 0, kraft_version: 0, voters: None, now_ms };
    let bytes =
        encode(&head, records.iter().cloned()).map_err(|error| Error::corrupt(&path, error))?;
    files.write_atomically(&path, &bytes).map_err(Error::io(&path))
}
