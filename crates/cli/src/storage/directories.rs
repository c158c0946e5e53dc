//! The log directories of a configuration, and what is in them.

use std::collections::BTreeSet;

use env::Files;
use log::MetaProperties;
use log::meta_properties::META_PROPERTIES_FILE;

use crate::error::Error;
use crate::properties::Properties;

/// The log directories of a server.
pub(super) struct Directories {
    /// All of them, the metadata directory included.
    pub(super) all: BTreeSet<String>,
    /// The one of the metadata log.
    pub(super) metadata: String,
}

impl Directories {
    /// Those of a configuration.
    pub(super) fn of(configuration: &Properties) -> Self {
        const DEFAULT: &str = "/tmp/kafka-logs";
        let set = configuration.get("log.dirs").or_else(|| configuration.get("log.dir"));
        let dirs = set.unwrap_or(DEFAULT).split(',').map(str::trim).filter(|dir| !dir.is_empty());
        let mut all: Vec<String> = dirs.map(str::to_owned).collect();
        let first = all.first().cloned().unwrap_or_else(|| DEFAULT.to_owned());
        let metadata = configuration.get("metadata.log.dir").map_or(first, str::to_owned);
        all.push(metadata.clone());
        Self { all: all.into_iter().collect(), metadata }
    }
}

/// What a directory says of itself; `None` if it is not ready for any cluster.
///
/// # Errors
/// Its file cannot be read.
pub(super) fn identity(files: &Files, dir: &str) -> Result<Option<MetaProperties>, Error> {
    let path = format!("{dir}/{META_PROPERTIES_FILE}");
    let unreadable = |reason: String| Error::Refused(format!("Unable to read {path}: {reason}"));
    if !files.exists(&path).map_err(|error| unreadable(error.to_string()))? {
        return Ok(None);
    }
    let bytes = files.read(&path).map_err(|error| unreadable(error.to_string()))?;
    MetaProperties::decode(&bytes).map(Some).map_err(|error| unreadable(error.to_string()))
}
