//! Snapshots of the metadata image as files beside the metadata log.

mod contents;
mod name;
mod store;

pub(crate) use contents::{Head, encode};
pub use contents::{SnapshotContents, SnapshotError};
pub use name::{file_name, parse as parse_file_name};
pub(crate) use store::{Download, SnapshotStore};
