//! The records of one batch.

use std::borrow::Cow;

use crate::compression::Decompressor;
use crate::legacy;
use crate::record::{Base, RecordShape, RecordView, read_record, read_shape};
use crate::varint::{Cursor, Misshapen};
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
            Format::Legacy(_) => 0,
        };
        RecordIter { cursor: Cursor::new(&self.bytes), format: self.format, left }
    }

    /// The sizes and numbers of the records of a magic 2 batch, as [`Records::iter`] finds them.
    pub(crate) fn shapes(&self) -> impl Iterator<Item = Result<RecordShape, Misshapen>> {
        let mut records = self.iter();
        let no_shape = |_: &mut Cursor<'_>, _: &legacy::Base| Err(Misshapen("not of magic 2"));
        std::iter::from_fn(move || records.read(read_shape, no_shape))
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
    /// Reads the next record with one of two readers, by format.
    #[inline(always)]
    fn read<T>(
        &mut self,
        v2: impl Fn(&mut Cursor<'r>, &Base) -> Result<T, Misshapen>,
        legacy: impl Fn(&mut Cursor<'r>, &legacy::Base) -> Result<T, Misshapen>,
    ) -> Option<Result<T, Misshapen>> {
        let record = match &self.format {
            Format::Legacy(_) if self.cursor.remaining() == 0 => return None,
            Format::Legacy(base) => legacy(&mut self.cursor, base),
            Format::V2 { base, .. } => {
                self.left = self.left.checked_sub(1)?;
                let record = v2(&mut self.cursor, base);
                if self.left == 0 && record.is_ok() && self.cursor.remaining() > 0 {
                    Err(Misshapen("bytes remain behind the last record of the batch"))
                } else {
                    record
                }
            }
        };
        if record.is_err() {
            self.end();
        }
        Some(record)
    }

    fn end(&mut self) {
        self.left = 0;
        self.cursor = Cursor::new(&[]);
    }
}

impl<'r> Iterator for RecordIter<'r> {
    type Item = Result<RecordView<'r>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.read(read_record, legacy::read_message)?;
        Some(record.map_err(Error::from))
    }
}
