//! Walking over the batches of a segment by their headers.

use records::{BatchHeader, BatchView, layout};

use crate::Error;
use crate::segment_io::SegmentIo;

/// Bytes read at a time when looking for one batch near an index entry.
pub(crate) const LOOKUP_CHUNK: usize = 4096;
/// Bytes read at a time when a whole segment is gone through.
pub(crate) const SCAN_CHUNK: usize = 256 * 1024;

/// Goes from batch to batch. What does not hold together, or reaches over the end, is
/// [`Error::Corrupt`].
pub(crate) struct Scanner<'a> {
    io: SegmentIo<'a>,
    position: u32,
    end: u32,
    chunk: usize,
    buf: Vec<u8>,
    buf_position: u32,
}

impl<'a> Scanner<'a> {
    /// Starts at the batch at `position` and ends at `end`.
    pub(crate) fn new(io: SegmentIo<'a>, position: u32, end: u32, chunk: usize) -> Self {
        Self { io, position, end, chunk, buf: Vec::new(), buf_position: position }
    }

    /// The next batch's position and header; `None` at the end.
    pub(crate) fn next_header(&mut self) -> Result<Option<(u32, BatchHeader<'_>)>, Error> {
        let position = self.position;
        if position >= self.end {
            return Ok(None);
        }
        let bytes = Self::front(&mut self.buf, self.buf_position, position);
        if bytes.is_none_or(|bytes| bytes.len() < layout::BATCH_OVERHEAD) {
            self.fill(self.chunk.max(layout::BATCH_OVERHEAD))?;
        }
        let size = self.size()?;
        self.position = position + size;
        let bytes = &self.buf[(position - self.buf_position) as usize..];
        match BatchHeader::parse(bytes) {
            Ok(Some(header)) => Ok(Some((position, header))),
            _ => Err(self.corrupt("the header of a batch is cut off")),
        }
    }

    /// The next batch's position and bytes; `None` at the end. The checksum is not looked at.
    pub(crate) fn next_batch(&mut self) -> Result<Option<(u32, BatchView<'_>)>, Error> {
        let Some((position, header)) = self.next_header()? else { return Ok(None) };
        let size = header.size();
        if self.buf.len() < (position - self.buf_position) as usize + size {
            self.position = position;
            self.fill(self.chunk.max(size))?;
            self.position = position + size as u32;
        }
        let bytes = &self.buf[(position - self.buf_position) as usize..];
        match BatchView::first(bytes) {
            Ok(Some(batch)) => Ok(Some((position, batch))),
            _ => Err(self.corrupt("a batch is cut off")),
        }
    }

    /// What was read of the batch at `position`.
    fn front(buf: &mut [u8], buf_position: u32, position: u32) -> Option<&[u8]> {
        buf.get(position.checked_sub(buf_position)? as usize..)
    }

    /// Size of the batch at the present position, checked against the end.
    fn size(&self) -> Result<u32, Error> {
        let bytes = &self.buf[(self.position - self.buf_position) as usize..];
        let header = match BatchHeader::parse(bytes) {
            Ok(Some(header)) => header,
            Ok(None) => return Err(self.corrupt("the header of a batch is cut off")),
            Err(error) => return Err(self.corrupt(error)),
        };
        match u32::try_from(header.size()) {
            Ok(size) if size <= self.end - self.position => Ok(size),
            _ => Err(self.corrupt("a batch reaches over the end of the segment")),
        }
    }

    fn fill(&mut self, want: usize) -> Result<(), Error> {
        let len = want.min((self.end - self.position) as usize);
        self.buf.resize(len, 0);
        self.buf_position = self.position;
        self.io.read_exact_at(&mut self.buf, u64::from(self.position))
    }

    fn corrupt(&self, reason: impl ToString) -> Error {
        Error::corrupt(self.io.path(), u64::from(self.position), reason)
    }
}
