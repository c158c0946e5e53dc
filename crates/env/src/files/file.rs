//! An open file.

use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::os;
use super::sim::SimFile;

/// An open file. Clones share it; it is closed with the last one. There is no file position:
/// every read and write names its offset, so any number of threads may use it at a time.
#[derive(Clone, Debug)]
pub struct File(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Os(Arc<std::fs::File>),
    Sim(Arc<SimFile>),
}

impl File {
    pub(super) fn os(file: std::fs::File) -> Self {
        Self(Kind::Os(Arc::new(file)))
    }

    pub(super) fn sim(file: SimFile) -> Self {
        Self(Kind::Sim(Arc::new(file)))
    }

    /// The machine's own file, if it is one.
    pub(crate) fn as_os(&self) -> Option<&std::fs::File> {
        match &self.0 {
            Kind::Os(file) => Some(file),
            Kind::Sim(_) => None,
        }
    }

    /// Reads into `buf` from `offset` on, as much as is there; 0 at the end of the file.
    ///
    /// # Errors
    /// An I/O error.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match &self.0 {
            Kind::Os(file) => loop {
                match file.read_at(buf, offset) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return result,
                }
            },
            Kind::Sim(file) => file.read_at(buf, offset),
        }
    }

    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the file ends before; `buf` then holds what there was.
    /// Otherwise an I/O error.
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.read_at(&mut buf[filled..], offset + filled as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                got => filled += got,
            }
        }
        Ok(())
    }

    /// Writes all of `buf` at `offset`; a gap before it reads as zeros. Durable after a sync.
    ///
    /// # Errors
    /// The disk is full or failed; a part may have been written.
    pub fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        match &self.0 {
            Kind::Os(file) => file.write_all_at(buf, offset),
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
            Kind::Os(file) => os::write_vectored_at(file, pieces, offset),
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
            Kind::Os(file) => file.sync_data(),
            Kind::Sim(file) => file.sync(),
        }
    }

    /// Makes content, length and times durable (`fsync`). May take long.
    ///
    /// # Errors
    /// As [`sync_data`](Self::sync_data).
    pub fn sync_all(&self) -> io::Result<()> {
        match &self.0 {
            Kind::Os(file) => file.sync_all(),
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
            Kind::Os(file) => file.metadata().map(|metadata| metadata.len()),
            Kind::Sim(file) => file.len(),
        }
    }

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// The disk is full or failed, or the file is open for reading only.
    pub fn set_len(&self, len: u64) -> io::Result<()> {
        match &self.0 {
            Kind::Os(file) => file.set_len(len),
            Kind::Sim(file) => file.set_len(len),
        }
    }
}
