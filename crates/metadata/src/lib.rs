//! The cluster image and its delta, and what the controller decides.

pub mod controller;
mod delta;
mod error;
pub mod features;
mod ids;
mod image;
mod loader;
mod metadata_version;
mod record_version;
mod shared_map;
#[cfg(test)]
mod testing;

pub use delta::{Changes, Delta, LocalReplica, LocalReplicaChanges, TopicChange, Update};
pub use error::ReplayError;
pub use features::LevelRange;
pub use ids::{BrokerIds, Directories, NO_LEADER, directory};
pub use image::*;
pub use loader::{LoadError, Loader, RecordBatch};
pub use metadata_version::MetadataVersion;
pub use record_version::{RecordOptions, record_version};
