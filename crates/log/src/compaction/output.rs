//! The segment that a cleaning writes.

use std::sync::Arc;

use records::BatchHeader;
use replica::AbortedTransaction;

use crate::active::Active;
use crate::home::Home;
use crate::segment::Segment;
use crate::{Error, SegmentFile, listing, txn_index};

/// A segment under names of its own (`.cleaned`). Its files go when it is dropped unfinished.
#[derive(Debug)]
pub(crate) struct Output {
    segment: Arc<Segment>,
    active: Active,
    index_interval_bytes: u32,
    /// Batches that are not written yet.
    buf: Vec<u8>,
    buf_max: usize,
    next_offset: i64,
    is_finished: bool,
}

impl Output {
    pub(crate) fn create(
        home: &Arc<Home>,
        base_offset: i64,
        index_interval_bytes: u32,
        buf_max: usize,
    ) -> Result<Self, Error> {
        let segment = Arc::new(Segment::cleaned(home.clone(), base_offset));
        // What an earlier attempt left behind would be taken for a part of this one.
        for file in SegmentFile::OF_SEGMENT {
            let path = segment.path(file);
            if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                listing::remove(home, name)?;
            }
        }
        Ok(Self {
            segment,
            active: Active::new(0, 0),
            index_interval_bytes,
            buf: Vec::new(),
            buf_max,
            next_offset: base_offset,
            is_finished: false,
        })
    }

    /// Bytes of batches so far.
    pub(crate) fn size(&self) -> u64 {
        u64::from(self.segment.size()) + self.buf.len() as u64
    }

    /// Adds a batch, given by its bytes and, once more, as a header on them.
    pub(crate) fn append(&mut self, bytes: &[u8], batch: &BatchHeader<'_>) -> Result<(), Error> {
        let position = u32::try_from(self.size())
            .ok()
            .filter(|position| u64::from(*position) + bytes.len() as u64 <= i32::MAX as u64);
        let Some(position) = position else {
            let path = self.segment.path(SegmentFile::Log);
            return Err(Error::corrupt(path, self.size(), "a compacted segment grows too large"));
        };
        self.active.appended(&self.segment, batch, position, self.index_interval_bytes)?;
        self.next_offset = batch.next_offset();
        self.buf.extend_from_slice(bytes);
        if self.buf.len() >= self.buf_max { self.write() } else { Ok(()) }
    }

    pub(crate) fn append_aborted(&self, entries: &[AbortedTransaction]) -> Result<(), Error> {
        entries.iter().try_for_each(|entry| txn_index::append(&self.segment, entry))
    }

    fn write(&mut self) -> Result<(), Error> {
        let position = self.segment.size();
        self.segment.log().write_all_at(&self.buf, position.into())?;
        self.segment.publish(self.next_offset, position + self.buf.len() as u32);
        self.buf.clear();
        Ok(())
    }

    /// Brings the segment onto the disk. Its age is that of the newest segment it stands for.
    pub(crate) fn finish(mut self, modified_ms: i64) -> Result<Arc<Segment>, Error> {
        self.write()?;
        let segment = self.segment.clone();
        self.active.index_time(&segment)?;
        segment.set_largest_timestamp(self.active.largest(&segment)?.timestamp);
        segment.create_files()?;
        let (offsets, times) =
            (segment.io(SegmentFile::OffsetIndex), segment.io(SegmentFile::TimeIndex));
        segment.log().set_modified_ms(modified_ms)?;
        segment.log().sync()?;
        segment.offsets.sync(offsets)?;
        segment.times.sync(times)?;
        if segment.has_aborted() {
            segment.io(SegmentFile::TxnIndex).sync()?;
        }
        segment.offsets.release();
        segment.times.release();
        self.is_finished = true;
        Ok(segment)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.is_finished {
            remove_files(&self.segment);
        }
    }
}

/// Removes the files of a segment that never came into use; what cannot be removed is left to the
/// next start.
pub(crate) fn remove_files(segment: &Arc<Segment>) {
    let paths = SegmentFile::OF_SEGMENT.map(|file| segment.path(file));
    segment.discard();
    segment.close_files();
    if segment.home.dir.is_offline() {
        return;
    }
    for path in paths {
        match segment.home.dir.files().remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), "cannot remove an unfinished file: {error}");
            }
            _ => {}
        }
    }
}
