//! From one image to the next, and what changed on the way.

mod changes;
mod local_replicas;

use std::sync::Arc;

pub use changes::{Changes, TopicChange};
pub use local_replicas::{LocalReplica, LocalReplicaChanges};
use wire::stored::metadata::MetadataRecord;

use crate::error::Result;
use crate::image::{Image, Provenance};

/// Records being folded onto an image that others already see.
#[derive(Clone, Debug)]
pub struct Delta {
    before: Arc<Image>,
    after: Image,
    changes: Changes,
}

impl Delta {
    /// A delta without changes.
    pub fn new(before: Arc<Image>) -> Self {
        Self { after: Image::clone(&before), before, changes: Changes::default() }
    }

    /// Applies the record at `offset`.
    pub fn replay(&mut self, offset: i64, record: &MetadataRecord) -> Result<()> {
        let replayed = self.after.replay(offset, record)?;
        self.changes.collect(replayed, &self.before);
        Ok(())
    }

    /// The image as it is so far.
    pub fn image(&self) -> &Image {
        &self.after
    }

    /// Ends the delta: the new image reaches as far as `provenance` says.
    pub fn finish(mut self, provenance: Provenance) -> Update {
        self.after.provenance = provenance;
        Update { before: self.before, after: Arc::new(self.after), changes: self.changes }
    }
}

/// A published change of the image. Drivers act on it.
#[derive(Clone, Debug)]
pub struct Update {
    /// The image before.
    pub before: Arc<Image>,
    /// The image now.
    pub after: Arc<Image>,
    /// What is different; it never misses a difference, but may name things that changed there and
    /// back.
    pub changes: Changes,
}

impl Update {
    /// The change from an image to a loaded snapshot: what the snapshot does not hold is gone.
    pub fn from_snapshot(before: Arc<Image>, after: Image) -> Self {
        let changes = Changes::between(&before, &after);
        Self { before, after: Arc::new(after), changes }
    }

    /// What the change means for the replicas on `broker`.
    pub fn local_replicas(&self, broker: i32) -> LocalReplicaChanges {
        LocalReplicaChanges::of(self, broker)
    }
}

#[cfg(test)]
mod tests;
