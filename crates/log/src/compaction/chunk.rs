//! Reading a segment piece by piece, in whole batches.

use std::sync::Arc;

use records::BatchHeader;

use crate::Error;
use crate::segment::Segment;

/// Less than the header of a batch could not be read.
const SIZE_MIN: usize = 4096;

/// A buffer of a fixed size, which grows only for a batch that is larger.
#[derive(Debug)]
pub(crate) struct Chunk {
    size: usize,
    buf: Vec<u8>,
}

impl Chunk {
    pub(crate) fn new(size: usize) -> Self {
        Self { size: size.max(SIZE_MIN), buf: Vec::new() }
    }

    /// What is at `position` of a segment, at least one whole batch; it may end within one.
    pub(crate) fn read(&mut self, segment: &Arc<Segment>, position: u32) -> Result<&[u8], Error> {
        let left = (segment.size() - position) as usize;
        let corrupt = |reason: &dyn ToString| {
            Error::corrupt(segment.log().path(), position.into(), reason.to_string())
        };
        if self.buf.capacity() > 2 * self.size {
            self.buf = Vec::new();
        }
        self.fill(segment, position, self.size.min(left))?;
        let size = match BatchHeader::parse(&self.buf) {
            Ok(Some(header)) => header.size(),
            Ok(None) => return Err(corrupt(&"the header of a batch is cut off")),
            Err(error) => return Err(corrupt(&error)),
        };
        if size > left {
            return Err(corrupt(&"a batch reaches over the end of the segment"));
        }
        if size > self.buf.len() {
            self.fill(segment, position, size)?;
        }
        Ok(&self.buf)
    }

    fn fill(&mut self, segment: &Arc<Segment>, position: u32, len: usize) -> Result<(), Error> {
        self.buf.resize(len, 0);
        segment.log().read_exact_at(&mut self.buf, position.into())
    }
}
