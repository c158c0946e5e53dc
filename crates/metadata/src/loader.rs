//! Committed records folded into images, metadata transactions honoured.

use std::sync::Arc;

use wire::stored::metadata::MetadataRecord;

use crate::delta::{Delta, Update};
use crate::error::ReplayError;
use crate::image::{Image, Provenance};

/// A batch of the metadata log, decoded.
#[derive(Clone, Debug)]
pub struct RecordBatch {
    /// The offset of the first record.
    pub base_offset: i64,
    /// The offset of the last record.
    pub last_offset: i64,
    /// The epoch of the quorum leader that wrote it.
    pub epoch: i32,
    /// When it was appended, in milliseconds since the epoch.
    pub append_time_ms: i64,
    /// The records; none for a control batch, which takes up offsets all the same.
    pub records: Vec<MetadataRecord>,
}

/// A record that cannot be applied, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metadata record at offset {offset}: {source}")]
pub struct LoadError {
    /// The offset of the record.
    pub offset: i64,
    /// What is wrong with it.
    pub source: ReplayError,
}

/// Keeps the image of a node: takes snapshots and committed batches, gives updates.
///
/// Records of a metadata transaction (KIP-868) are applied when it ends and dropped when it is
/// aborted; until then the image stays as it was before. An image always ends with a batch, so it
/// can become a snapshot: when a transaction begins in the middle of a batch, the records before
/// it wait for its end too.
#[derive(Debug)]
pub struct Loader {
    image: Arc<Image>,
    delta: Option<Delta>,
    transaction: Option<Transaction>,
    reached: Provenance,
}

/// A transaction that began and has not ended.
#[derive(Debug)]
struct Transaction {
    /// What to go back to if it is aborted.
    before: Option<Delta>,
}

impl Default for Loader {
    fn default() -> Self {
        Self::new(Arc::new(Image::default()))
    }
}

impl Loader {
    /// A loader that goes on from an image.
    pub fn new(image: Arc<Image>) -> Self {
        let reached = image.provenance;
        Self { image, delta: None, transaction: None, reached }
    }

    /// The last image given out.
    pub fn image(&self) -> &Arc<Image> {
        &self.image
    }

    /// Whether a metadata transaction began and has not ended.
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Replaces everything by a snapshot that reaches as far as `provenance` says.
    pub fn load_snapshot(
        &mut self,
        provenance: Provenance,
        records: impl IntoIterator<Item = MetadataRecord>,
    ) -> Result<Update, LoadError> {
        let mut after = Image { provenance, ..Image::default() };
        let offset = provenance.last_contained_offset;
        for record in records {
            after.replay(offset, &record).map_err(|source| LoadError { offset, source })?;
        }
        self.delta = None;
        self.transaction = None;
        self.reached = provenance;
        let update = Update::from_snapshot(Arc::clone(&self.image), after);
        Ok(self.publish(update))
    }

    /// Applies committed batches in order of their offsets.
    ///
    /// Usually gives one update; none while a transaction is open; more when one begins after
    /// other records.
    pub fn load_batches(
        &mut self,
        batches: impl IntoIterator<Item = RecordBatch>,
    ) -> Result<Vec<Update>, LoadError> {
        let mut updates = Vec::new();
        for batch in batches {
            let provenance = |offset| Provenance {
                last_contained_offset: offset,
                last_contained_epoch: batch.epoch,
                last_contained_log_time_ms: batch.append_time_ms,
            };
            if let Some(MetadataRecord::BeginTransaction(_)) = batch.records.first()
                && self.delta.is_some()
                && self.transaction.is_none()
            {
                let update = self.take_delta().finish(self.reached);
                updates.push(self.publish(update));
            }
            for (offset, record) in (batch.base_offset..).zip(&batch.records) {
                self.apply(offset, record).map_err(|source| LoadError { offset, source })?;
            }
            self.reached = provenance(batch.last_offset);
        }
        if self.transaction.is_none() && self.image.provenance != self.reached {
            let update = self.take_delta().finish(self.reached);
            updates.push(self.publish(update));
        }
        Ok(updates)
    }

    fn apply(&mut self, offset: i64, record: &MetadataRecord) -> Result<(), ReplayError> {
        match record {
            MetadataRecord::BeginTransaction(_) => {
                if self.transaction.is_some() {
                    return Err(ReplayError::Transaction("a transaction begins inside another"));
                }
                self.transaction = Some(Transaction { before: self.delta.clone() });
                Ok(())
            }
            MetadataRecord::EndTransaction(_) => self.take_transaction().map(|_| ()),
            MetadataRecord::AbortTransaction(_) => {
                self.delta = self.take_transaction()?.before;
                Ok(())
            }
            record => {
                let mut delta = self.take_delta();
                delta.replay(offset, record)?;
                self.delta = Some(delta);
                Ok(())
            }
        }
    }

    fn take_transaction(&mut self) -> Result<Transaction, ReplayError> {
        let ended = self.transaction.take();
        ended.ok_or(ReplayError::Transaction("a transaction ends that never began"))
    }

    fn take_delta(&mut self) -> Delta {
        self.delta.take().unwrap_or_else(|| Delta::new(Arc::clone(&self.image)))
    }

    fn publish(&mut self, update: Update) -> Update {
        self.image = Arc::clone(&update.after);
        update
    }
}

#[cfg(test)]
mod tests;
