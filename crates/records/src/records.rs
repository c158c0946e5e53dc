//! The records of one batch.

use std::borrow::Cow;

use crate::compression::Decompressor;
use crate::legacy;
use crate::record::{Base, RecordView, read_record};
use crate::varint::Cursor;
use crate::{BatchView, Compression, Error, TimestampType, layout};

impl<'a> BatchView<'a> {
    /// The records of the batch, decompressed if need be into at most `max_decompressed` bytes.
    ///
    /// ```
    /// # fn show(batch: records::BatchView<'_>) -> Result<(), records::Error> {
    /// for record in &batch.records(1 << 20)? {
    ///     let record = record?;
    ///     let _ = (record.offset, record.key, record.value);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownCompression`], [`Error::Decompression`], [`Error::DecompressedTooLarge`];
    /// for old message sets also what is wrong with the wrapper. The checksum is not looked at.
    pub fn records(&self, max_decompressed: usize) -> Result<Records<'a>, Error> {
        let mut decompressor = Decompressor::default();
        let (input, compression) = self.stored_records()?;
        let bytes = if compression == Compression::None {
            Cow::Borrowed(input)
        } else {
            decompressor.decompress(compression, self.magic(), input, max_decompressed)?;
            Cow::Owned(decompressor.into_output())
        };
        Records::new(self, bytes)
    }

    /// As [`BatchView::records`], with the contexts and the buffer of `decompressor`.
    ///
    /// # Errors
    /// As [`BatchView::records`].
    pub fn records_with<'b>(
        &self,
        decompressor: &'b mut Decompressor,
        max_decompressed: usize,
    ) -> Result<Records<'b>, Error>
    where
        'a: 'b,
    {
        let (input, compression) = self.stored_records()?;
        let bytes = if compression == Compression::None {
            input
        } else {
            decompressor.decompress(compression, self.magic(), input, max_decompressed)?
        };
        Records::new(self, Cow::Borrowed(bytes))
    }

    /// What is to be decompressed, and how.
    fn stored_records(&self) -> Result<(&'a [u8], Compression), Error> {
        let compression = self.compression()?;
        let stored = if self.is_v2() {
            &self.bytes()[layout::BATCH_OVERHEAD..]
        } else {
            legacy::stored_records(self.bytes(), compression)?
        };
        Ok((stored, compression))
    }
}

/// The records of one batch, uncompressed. Iterate over a reference to it.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    bytes: Cow<'a, [u8]>,
    format: Format,
}

#[derive(Debug, Clone, Copy)]
enum Format {
    V2 { base: Base, count: usize },
    Legacy(legacy::Base),
}

impl<'a> Records<'a> {
    fn new(batch: &BatchView<'_>, bytes: Cow<'a, [u8]>) -> Result<Self, Error> {
        let format = match batch.record_count() {
            None => Format::Legacy(legacy::Base::of(batch, &bytes)?),
            Some(count) => {
                let count = usize::try_from(count)
                    .map_err(|_| Error::Record("found invalid record count"))?;
                let log_append_time = (batch.timestamp_type() == TimestampType::LogAppendTime)
                    .then(|| batch.max_timestamp());
                let base = Base {
                    offset: batch.base_offset(),
                    timestamp: batch.base_timestamp(),
                    log_append_time,
                };
                Format::V2 { base, count }
            }
        };
        Ok(Self { bytes, format })
    }

    /// Iterates over the records in order.
    ///
    /// After the last record that the batch counts nothing may remain; what does is an error, as
    /// is running out of bytes before. The iterator ends after its first error.
    pub fn iter(&self) -> RecordIter<'_> {
        let left = match self.format {
            Format::V2 { count, .. } => count,
            Format::Legacy(_) => usize::MAX,
        };
        RecordIter { cursor: Cursor::new(&self.bytes), format: self.format, left }
    }

    /// Bytes the records take uncompressed.
    pub fn uncompressed_size(&self) -> usize {
        self.bytes.len()
    }
}

impl<'r> IntoIterator for &'r Records<'_> {
    type Item = Result<RecordView<'r>, Error>;
    type IntoIter = RecordIter<'r>;

    fn into_iter(self) -> RecordIter<'r> {
        self.iter()
    }
}

/// Iterator over the records of a batch, made by [`Records::iter`].
#[derive(Debug, Clone)]
pub struct RecordIter<'r> {
    cursor: Cursor<'r>,
    format: Format,
    left: usize,
}

impl<'r> RecordIter<'r> {
    fn read(&mut self) -> Result<RecordView<'r>, Error> {
        match &self.format {
            Format::Legacy(base) => legacy::read_message(&mut self.cursor, base),
            Format::V2 { base, .. } => {
                let record = read_record(&mut self.cursor, base)?;
                if self.left == 0 && self.cursor.remaining() > 0 {
                    return Err(Error::Record("bytes remain behind the last record of the batch"));
                }
                Ok(record)
            }
        }
    }
}

impl<'r> Iterator for RecordIter<'r> {
    type Item = Result<RecordView<'r>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.format, Format::Legacy(_)) && self.cursor.remaining() == 0 {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let record = self.read();
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}
