//! An open file.

use std::any::Any;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wire::{FileRange, RangeSource};

use super::os;
use super::sim::SimFile;

/// An open file. Clones share it; it is closed with the last one. There is no file position:
/// every read and write names its offset, so any number of threads may use it at a time.
#[derive(Clone, Debug)]
pub struct File(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Os(Arc<OsFile>),
    Sim(Arc<SimFile>),
}

/// The machine's own file, as a source of frames.
#[derive(Debug)]
pub(crate) struct OsFile(std::fs::File);

impl File {
    pub(super) fn os(file: std::fs::File) -> Self {
        Self(Kind::Os(Arc::new(OsFile(file))))
    }

    pub(super) fn sim(file: SimFile) -> Self {
        Self(Kind::Sim(Arc::new(file)))
    }

    /// A range of this file as part of a message; a socket sends it without copying where it can.
    #[must_use]
    pub fn range(&self, offset: u64, len: u64) -> FileRange {
        let source: Arc<dyn RangeSource> = match &self.0 {
            Kind::Os(file) => Arc::<OsFile>::clone(file),
            Kind::Sim(file) => Arc::<SimFile>::clone(file),
        };
        FileRange { source, offset, len }
    }

    /// Reads into `buf` from `offset` on, as much as is there; 0 at the end of the file.
    ///
    /// # Errors
    /// An I/O error.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match &self.0 {
            Kind::Os(file) => file.read_at(buf, offset),
            Kind::Sim(file) => file.read_at(buf, offset),
        }
    }

    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the file ends before; `buf` then holds what there was.
    /// Otherwise an I/O error.
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        read_exact(buf, offset, |buf, offset| self.read_at(buf, offset))
    }

    /// Writes all of `buf` at `offset`; a gap before it reads as zeros. Durable after a sync.
    ///
    /// # Errors
    /// The disk is full or failed; a part may have been written.
    pub fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        match &self.0 {
            Kind::Os(file) => file.0.write_all_at(buf, offset),
            Kind::Sim(file) => file.write_all_at(buf, offset),
        }
    }

    /// Writes all the pieces, one after the other, from `offset` on: one system call as long as
    /// the kernel takes it whole. The slices are used up.
    ///
    /// # Errors
    /// As [`write_all_at`](Self::write_all_at).
    pub fn write_vectored_at(&self, pieces: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        match &self.0 {
            Kind::Os(file) => os::write_vectored_at(&file.0, pieces, offset),
            Kind::Sim(file) => {
                let joined: Vec<u8> =
                    pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
                file.write_all_at(&joined, offset)
            }
        }
    }

    /// Makes content and length durable (`fdatasync`). May take long.
    ///
    /// # Errors
    /// An I/O error. What was written since the last successful sync may be lost even if a later
    /// one succeeds.
    pub fn sync_data(&self) -> io::Result<()> {
        match &self.0 {
            Kind::Os(file) => file.0.sync_data(),
            Kind::Sim(file) => file.sync(),
        }
    }

    /// Makes content, length and times durable (`fsync`). May take long.
    ///
    /// # Errors
    /// As [`sync_data`](Self::sync_data).
    pub fn sync_all(&self) -> io::Result<()> {
        match &self.0 {
            Kind::Os(file) => file.0.sync_all(),
            Kind::Sim(file) => file.sync(),
        }
    }

    /// The length in bytes.
    ///
    /// # Errors
    /// An I/O error.
    #[expect(
        clippy::len_without_is_empty,
        reason = "the length of a file is asked for by a call that can fail"
    )]
    pub fn len(&self) -> io::Result<u64> {
        match &self.0 {
            Kind::Os(file) => file.0.metadata().map(|metadata| metadata.len()),
            Kind::Sim(file) => file.len(),
        }
    }

    /// Sets when the content counts as last modified, in milliseconds since 1970; earlier times
    /// count as 1970. A later write sets it anew.
    ///
    /// # Errors
    /// An I/O error.
    pub fn set_modified_ms(&self, modified_ms: i64) -> io::Result<()> {
        match &self.0 {
            Kind::Os(file) => {
                let since = Duration::from_millis(u64::try_from(modified_ms).unwrap_or(0));
                file.0.set_modified(SystemTime::UNIX_EPOCH + since)
            }
            Kind::Sim(file) => file.set_modified_ms(modified_ms.max(0)),
        }
    }

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// The disk is full or failed, or the file is open for reading only.
    pub fn set_len(&self, len: u64) -> io::Result<()> {
        match &self.0 {
            Kind::Os(file) => file.0.set_len(len),
            Kind::Sim(file) => file.set_len(len),
        }
    }
}

impl RangeSource for File {
    fn read_range(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

impl RangeSource for OsFile {
    fn read_range(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        read_exact(buffer, offset, |buf, offset| self.read_at(buf, offset))
    }
}

impl RangeSource for SimFile {
    fn read_range(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        read_exact(buffer, offset, |buf, offset| self.read_at(buf, offset))
    }
}

impl OsFile {
    /// The machine's own file behind a source of frames, if that is what it is.
    pub(crate) fn of(source: &dyn RangeSource) -> Option<&std::fs::File> {
        let source: &dyn Any = source;
        match source.downcast_ref::<File>() {
            Some(File(Kind::Os(file))) => Some(&file.0),
            Some(File(Kind::Sim(_))) => None,
            None => source.downcast_ref::<Self>().map(|file| &file.0),
        }
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.0.read_at(buf, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

fn read_exact(
    buf: &mut [u8],
    offset: u64,
    read_at: impl Fn(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<()> {
    let mut filled = 0;
    while filled < buf.len() {
        match read_at(&mut buf[filled..], offset + filled as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            got => filled += got,
        }
    }
    Ok(())
}
