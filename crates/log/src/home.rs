//! Where the files of one log are.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::log_dir::LogDir;
use crate::{Error, SegmentFile};

/// The replica directory of one log. Its name changes when the replica is moved or removed.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) dir: LogDir,
    name: Mutex<Box<str>>,
    closed: AtomicBool,
    /// Whether the log directory counts this replica.
    counted: AtomicBool,
    written: Mutex<Written>,
}

/// What was written of the files that a flush replaces as a whole: the lock orders flushes, which
/// may run at the same time, among each other and against truncations.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// How often the log was truncated.
    pub(crate) truncations: u64,
    /// Number of the newest leader epochs in the file.
    pub(crate) epochs: u64,
}

impl Home {
    pub(crate) fn new(dir: LogDir, name: impl Into<Box<str>>) -> Self {
        Self {
            dir,
            name: Mutex::new(name.into()),
            closed: AtomicBool::new(false),
            counted: AtomicBool::new(false),
            written: Mutex::default(),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        let name = self.name.lock().unwrap_or_else(PoisonError::into_inner);
        self.dir.path().join(&**name)
    }

    pub(crate) fn segment_file(&self, file: SegmentFile, base_offset: i64) -> PathBuf {
        self.path().join(file.name(base_offset))
    }

    /// Lets the log directory count this replica, or not any more.
    pub(crate) fn count(&self, counted: bool) {
        if self.counted.swap(counted, Ordering::AcqRel) != counted {
            match counted {
                true => self.dir.replica_added(),
                false => self.dir.replica_removed(),
            }
        }
    }

    pub(crate) fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// As [`LogDir::written`].
    pub(crate) fn written_to<T>(&self, path: &Path, result: io::Result<T>) -> Result<T, Error> {
        self.dir.written(path, result)
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
