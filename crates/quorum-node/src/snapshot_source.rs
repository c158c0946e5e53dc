//! Where the contents of snapshots come from.

use bytes::Bytes;

/// Gives the metadata image as records whenever the driver finds a snapshot due. The loader of
/// metadata implements it.
pub trait SnapshotSource: Send + Sync {
    /// The newest image there is; `None` if there is none yet. Called on the driver's task: it
    /// should only take a reference to an immutable image, whose records are made later, as they
    /// are asked for, on another thread.
    fn image(&self) -> Option<SnapshotImage>;
}

/// The metadata as of an offset.
pub struct SnapshotImage {
    /// Everything below this offset went into it, and nothing else. The end of a committed batch.
    pub end_offset: i64,
    /// Append time of the last record below, milliseconds since 1970.
    pub last_contained_log_timestamp: i64,
    /// Framed metadata records that make up the image.
    pub records: Box<dyn Iterator<Item = Bytes> + Send>,
}
