//! Errors a simulated disk gives on demand.

use std::io;
use std::path::Path;

use rustix::io::Errno;

/// What a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskOperation {
    /// Opening or creating a file, creating a directory.
    Open,
    /// Reading a file.
    Read,
    /// Writing to a file or changing its length; half of a struck write gets through.
    Write,
    /// Syncing a file or directory. What was unsynced in a file is lost at the next power loss,
    /// though a later sync succeeds, as on Linux.
    Sync,
    /// Renaming.
    Rename,
    /// Removing a file or directory.
    Remove,
    /// Listing a directory.
    List,
}

impl DiskOperation {
    /// Whether what is on the disk is another thing afterwards, or may be after a power loss.
    pub(super) fn changes(self) -> bool {
        match self {
            Self::Open | Self::Write | Self::Sync | Self::Rename | Self::Remove => true,
            Self::Read | Self::List => false,
        }
    }
}

/// A fault to inject with [`SimDisk::inject`](super::SimDisk::inject): by default it strikes every
/// operation of its kind, on all paths, from now on.
#[derive(Clone, Debug)]
pub struct DiskFault {
    operation: DiskOperation,
    path: String,
    skip: u64,
    times: u64,
    error: Errno,
}

impl DiskFault {
    /// The operation fails with an I/O error (`EIO`).
    #[must_use]
    pub fn io(operation: DiskOperation) -> Self {
        let (path, skip, times) = (String::new(), 0, u64::MAX);
        Self { operation, path, skip, times, error: Errno::IO }
    }

    /// Writes fail for want of space (`ENOSPC`).
    #[must_use]
    pub fn full() -> Self {
        Self { error: Errno::NOSPC, ..Self::io(DiskOperation::Write) }
    }

    /// Only where the path contains `part`.
    #[must_use]
    pub fn on(self, part: &str) -> Self {
        Self { path: part.to_owned(), ..self }
    }

    /// The first `skip` such operations still succeed.
    #[must_use]
    pub fn after(self, skip: u64) -> Self {
        Self { skip, ..self }
    }

    /// It strikes `times` times, then is gone.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times, ..self }
    }

    /// Counts the operation; the error if this is one that is struck.
    pub(super) fn strike(&mut self, operation: DiskOperation, path: &Path) -> Option<io::Error> {
        let meant = self.operation == operation
            && self.times > 0
            && path.to_string_lossy().contains(&self.path);
        if !meant {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.error.into())
    }
}
