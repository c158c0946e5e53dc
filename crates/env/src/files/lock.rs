//! The exclusive lock on a directory, with the owner's process id.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, fcntl_lock};

use super::sim::SimLock;
use super::{OpenOptions, os};

/// Why a lock was not given.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process (or another part of this one) has it.
    #[error("{} is locked{}", path.display(), owner(*pid))]
    Held {
        /// The locked file.
        path: PathBuf,
        /// The owner's process id, if it wrote one (Apache Kafka does not).
        pid: Option<u32>,
    },
    /// The lock file cannot be opened, locked or written.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(|| " by another process".to_owned(), |pid| format!(" by process {pid}"))
}

/// A lock that is held; dropping it frees the lock. The file stays.
#[derive(Debug)]
pub struct FileLock {
    _kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Os { _held: Held },
    Sim { _held: SimLock },
}

impl FileLock {
    pub(super) fn sim(held: SimLock) -> Self {
        Self { _kind: Kind::Sim { _held: held } }
    }
}

#[derive(Debug)]
struct Held {
    id: FileId,
    /// Taken out on drop.
    file: Option<std::fs::File>,
}

/// Device and inode.
type FileId = (u64, u64);

/// The files this process has locked. The lock must be a POSIX record lock, since that is what
/// Apache Kafka takes; but such a lock does not exclude its own process, and the process loses it
/// by closing any descriptor of the file. So the file is not even opened while it is in here.
static HELD: Mutex<BTreeSet<FileId>> = Mutex::new(BTreeSet::new());

fn held() -> MutexGuard<'static, BTreeSet<FileId>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn lock_os(path: &Path) -> Result<FileLock, LockError> {
    let io = |source| LockError::Io { path: path.to_owned(), source };
    let mut held = held();
    if let Ok(metadata) = std::fs::metadata(path)
        && held.contains(&(metadata.dev(), metadata.ino()))
    {
        return Err(LockError::Held { path: path.to_owned(), pid: Some(std::process::id()) });
    }
    let mut file = os::open(path, OpenOptions::create()).map_err(io)?;
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => {
            let pid = read_pid(&mut file);
            return Err(LockError::Held { path: path.to_owned(), pid });
        }
        Err(error) => return Err(io(error.into())),
    }
    file.set_len(0).map_err(io)?;
    file.write_all_at(format!("{}\n", std::process::id()).as_bytes(), 0).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    let id = (metadata.dev(), metadata.ino());
    held.insert(id);
    Ok(FileLock { _kind: Kind::Os { _held: Held { id, file: Some(file) } } })
}

fn read_pid(file: &mut std::fs::File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

impl Drop for Held {
    fn drop(&mut self) {
        // Closed before anyone of this process may open it again: that close would free the lock.
        let mut held = held();
        drop(self.file.take());
        held.remove(&self.id);
    }
}
