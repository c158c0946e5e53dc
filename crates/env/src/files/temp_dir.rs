//! A directory for one test or tool run.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty directory on the machine's own file system, removed with its content on drop.
/// Each test takes one of its own.
#[derive(Debug)]
pub struct TempDir(PathBuf);

static COUNT: AtomicU32 = AtomicU32::new(0);

impl TempDir {
    /// Makes a directory in the system's place for temporary files (`TMPDIR`).
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn new() -> std::io::Result<Self> {
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("ottla-{}-{count}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                // Left by an earlier process with the same id.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // A leftover directory harms nobody, and drop has no one to tell.
        _ = std::fs::remove_dir_all(&self.0);
    }
}
