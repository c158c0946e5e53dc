//! Reading and writing one file of a segment, which is opened when need be.

use std::io::{self, IoSlice};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use env::{File, OpenOptions};

use crate::segment::Segment;
use crate::{Error, SegmentFile};

/// One file of a segment. Errors name the file and take its log directory offline.
#[derive(Clone, Copy)]
pub(crate) struct SegmentIo<'a> {
    pub(crate) segment: &'a Arc<Segment>,
    pub(crate) file: SegmentFile,
}

impl SegmentIo<'_> {
    pub(crate) fn path(&self) -> PathBuf {
        self.segment.path(self.file)
    }

    /// The file, open; it is made if it is not there.
    pub(crate) fn create(&self) -> Result<(), Error> {
        self.with(OpenOptions::create(), |_| Ok(()))
    }

    /// The file, for a reader who keeps it.
    pub(crate) fn shared(&self) -> Result<Arc<File>, Error> {
        let open = self.segment.handle(self.file).and_then(|handle| handle.get());
        match open.as_ref().and_then(|guard| guard.deref().clone()) {
            Some(file) => Ok(file),
            None => self.open(OpenOptions::write()),
        }
    }

    fn open(&self, options: OpenOptions) -> Result<Arc<File>, Error> {
        let home = &self.segment.home;
        let opened = self.segment.open(self.file, options);
        let file = Arc::new(self.checked(opened)?);
        if let Some(handle) = self.segment.handle(self.file) {
            handle.put(file.clone());
            home.dir.open_files().opened(self.segment, self.file);
        }
        Ok(file)
    }

    fn with<T>(
        &self,
        options: OpenOptions,
        act: impl FnOnce(&File) -> io::Result<T>,
    ) -> Result<T, Error> {
        let open = self.segment.handle(self.file).and_then(|handle| handle.get());
        let result = match open.as_ref().and_then(|guard| guard.deref().as_ref()) {
            Some(file) => act(file),
            None => act(&*self.open(options)?),
        };
        self.checked(result)
    }

    fn checked<T>(&self, result: io::Result<T>) -> Result<T, Error> {
        match result {
            Ok(value) => Ok(value),
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && self.segment.is_discarded() =>
            {
                Err(Error::Closed { path: self.path() })
            }
            Err(error) => self.segment.home.written_to(&self.path(), Err(error)),
        }
    }

    /// Fills `buf` from `position` on. A file that ends before is corrupt, not broken.
    pub(crate) fn read_exact_at(&self, buf: &mut [u8], position: u64) -> Result<(), Error> {
        let read =
            self.with(OpenOptions::write(), |file| match file.read_exact_at(buf, position) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
                result => result.map(|()| true),
            })?;
        if read {
            return Ok(());
        }
        Err(Error::corrupt(self.path(), position, "the file ends before"))
    }

    pub(crate) fn write_all_at(&self, bytes: &[u8], position: u64) -> Result<(), Error> {
        self.with(OpenOptions::create(), |file| file.write_all_at(bytes, position))
    }

    pub(crate) fn write_vectored_at(
        &self,
        pieces: &mut [IoSlice<'_>],
        position: u64,
    ) -> Result<(), Error> {
        self.with(OpenOptions::create(), |file| file.write_vectored_at(pieces, position))
    }

    pub(crate) fn len(&self) -> Result<u64, Error> {
        self.with(OpenOptions::write(), File::len)
    }

    pub(crate) fn set_len(&self, len: u64) -> Result<(), Error> {
        self.with(OpenOptions::create(), |file| file.set_len(len))
    }

    pub(crate) fn set_modified_ms(&self, modified_ms: i64) -> Result<(), Error> {
        self.with(OpenOptions::write(), |file| file.set_modified_ms(modified_ms))
    }

    pub(crate) fn sync(&self) -> Result<(), Error> {
        // What a sync could not bring onto the disk is lost, for want of room or else.
        let synced = self.with(OpenOptions::create(), |file| Ok(file.sync_data()))?;
        self.segment.home.checked(&self.path(), synced)
    }
}
