//! Where the files of one log are.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::log_dir::LogDir;
use crate::{Error, SegmentFile};

/// The replica directory of one log. Its name changes when the replica is moved or removed.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) dir: LogDir,
    name: Mutex<Box<str>>,
    closed: AtomicBool,
}

impl Home {
    pub(crate) fn new(dir: LogDir, name: impl Into<Box<str>>) -> Self {
        Self { dir, name: Mutex::new(name.into()), closed: AtomicBool::new(false) }
    }

    pub(crate) fn path(&self) -> PathBuf {
        let name = self.name.lock().unwrap_or_else(PoisonError::into_inner);
        self.dir.path().join(&**name)
    }

    pub(crate) fn segment_file(&self, file: SegmentFile, base_offset: i64) -> PathBuf {
        self.path().join(file.name(base_offset))
    }

    /// Renames the directory.
    pub(crate) fn rename(&self, to: &str) -> Result<(), Error> {
        let mut name = self.name.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, target) = (self.dir.path().join(&**name), self.dir.path().join(to));
        self.dir.checked(&from, self.dir.files().rename(&from, &target))?;
        *name = to.into();
        Ok(())
    }

    /// Refuses further use: the log is closed, or its directory gone.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Checks that the log may be used.
    pub(crate) fn check_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed { path: self.path() });
        }
        self.dir.check_online()
    }

    /// Takes the result of an I/O operation; an error takes the log directory offline.
    pub(crate) fn checked<T>(&self, path: &Path, result: io::Result<T>) -> Result<T, Error> {
        match result {
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && self.closed.load(Ordering::Acquire) =>
            {
                Err(Error::Closed { path: self.path() })
            }
            result => self.dir.checked(path, result),
        }
    }
}
