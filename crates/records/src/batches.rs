//! Walking over several batches in one buffer.

use crate::{BatchView, Error};

/// Iterates over the batches in `bytes`, in order.
///
/// A partial batch at the end is tolerated, as everywhere in Kafka: iteration ends before it
/// (a fetched slice is cut at a byte limit, kafka-semantics 76).
pub fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { bytes, position: 0, failed: false }
}

/// Iterator over the batches in a buffer, made by [`batches`].
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    position: usize,
    failed: bool,
}

impl Batches<'_> {
    /// Bytes of the batches given out so far: where the next one starts. At the end of the
    /// iteration what remains behind is a partial batch, or starts with a corrupt one.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<BatchView<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = BatchView::first(&self.bytes[self.position..]).transpose()?;
        match &batch {
            Ok(batch) => self.position += batch.size(),
            Err(_) => self.failed = true,
        }
        Some(batch)
    }
}
