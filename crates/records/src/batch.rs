//! A whole batch in memory.

use std::fmt;
use std::ops::Deref;

use crate::checksum::{crc32, crc32c};
use crate::{BatchHeader, Corruption, Error, layout};

/// A whole batch, header and records, looked at without copying.
///
/// All header fields are reached through [`BatchHeader`], to which this dereferences.
#[derive(Clone, Copy)]
pub struct BatchView<'a> {
    header: BatchHeader<'a>,
}

impl<'a> BatchView<'a> {
    /// Looks at the batch at the front of `bytes`; `None` when not all of it is there, as at the
    /// end of a fetched slice. Bytes behind the batch are left alone.
    ///
    /// # Errors
    /// [`Error::Corrupt`] as for [`BatchHeader::parse`]. The checksum is not looked at.
    pub fn first(bytes: &'a [u8]) -> Result<Option<Self>, Error> {
        let Some(header) = BatchHeader::parse(bytes)? else { return Ok(None) };
        let Some(bytes) = bytes.get(..header.size()) else { return Ok(None) };
        let header = BatchHeader::parse(bytes)?;
        Ok(header.map(|header| Self { header }))
    }

    /// Looks at `bytes`, known to be exactly one batch of magic 2.
    pub(crate) fn of_whole_v2(bytes: &'a [u8]) -> Self {
        Self { header: BatchHeader::of_v2(bytes) }
    }

    /// The bytes of the batch, exactly.
    pub fn bytes(&self) -> &'a [u8] {
        self.header.bytes()
    }

    /// Compares the checksum with the bytes.
    ///
    /// # Errors
    /// [`Corruption::Checksum`] when they differ (kafka-semantics 5).
    pub fn verify_crc(&self) -> Result<(), Error> {
        let computed = if self.is_v2() {
            crc32c(&self.bytes()[layout::ATTRIBUTES..])
        } else {
            crc32(&self.bytes()[layout::MAGIC..])
        };
        let stored = self.crc();
        if stored != computed {
            return Err(Corruption::Checksum { stored, computed }.into());
        }
        Ok(())
    }
}

impl<'a> Deref for BatchView<'a> {
    type Target = BatchHeader<'a>;

    fn deref(&self) -> &Self::Target {
        &self.header
    }
}

impl fmt::Debug for BatchView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.header.fmt(f)
    }
}
