//! Images as the contents of snapshots.

use std::sync::Arc;

use metadata::{Image, record_version};
use quorum_node::{SnapshotImage, SnapshotSource};

use crate::publisher::Metadata;

impl SnapshotSource for Metadata {
    fn image(&self) -> Option<SnapshotImage> {
        let image: Arc<Image> = Metadata::image(self);
        let provenance = image.provenance;
        if provenance.last_contained_offset < 0 {
            return None;
        }
        let version = image.features.metadata_version_or_minimum();
        let records = std::iter::once_with(move || image.to_records()).flatten();
        let records =
            records.map(move |record| match record.encode(record_version(&record, version)) {
                Ok(bytes) => bytes,
                Err(error) => unreachable!("a record that was read cannot be written: {error}"),
            });
        Some(SnapshotImage {
            end_offset: provenance.last_contained_offset + 1,
            last_contained_log_timestamp: provenance.last_contained_log_time_ms,
            records: Box::new(records),
        })
    }
}
