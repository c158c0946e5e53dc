//! The file system of a node: its disks, or a simulated one.
//!
//! Everything here is synchronous. What can stall (fsync, long reads of cold data, removal of big
//! files) belongs on `Env::blocking`.

mod file;
mod lock;
mod options;
mod os;
mod sim;
mod temp_dir;

use std::io;
use std::path::{Path, PathBuf};

pub use file::File;
pub(crate) use file::OsFile;
pub use lock::{FileLock, LockError};
pub use options::OpenOptions;
pub use sim::{DiskFault, DiskOperation, SimDisk};
pub use temp_dir::TempDir;

/// Opens, lists, renames and removes files. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Files(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Os,
    Sim(sim::SimFiles),
}

/// What [`Files::metadata`] tells of a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Bytes in the file; of no meaning for a directory.
    pub len: u64,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// When the content was last modified, in milliseconds since 1970.
    pub modified_ms: i64,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The name without the directory. A name that is not UTF-8 is shown with replacement
    /// characters; no file of ours has one.
    pub name: String,
    /// Whether it is (or links to) a directory.
    pub is_dir: bool,
}

/// Room on a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// All there is, used or not.
    pub total: u64,
    /// What this process may still use.
    pub free: u64,
}

impl Files {
    /// The machine's own file systems.
    #[must_use]
    pub fn os() -> Self {
        Self(Kind::Os)
    }

    pub(crate) fn sim(files: sim::SimFiles) -> Self {
        Self(Kind::Sim(files))
    }

    /// Opens a file as `options` say.
    ///
    /// # Errors
    /// As the system reports it: not found, exists already, no permission, an I/O error.
    pub fn open(&self, path: impl AsRef<Path>, options: OpenOptions) -> io::Result<File> {
        match &self.0 {
            Kind::Os => os::open(path.as_ref(), options).map(File::os),
            Kind::Sim(sim) => sim.open(path.as_ref(), options).map(File::sim),
        }
    }

    /// Reads a whole file. For small ones; the caller vouches for the size.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`File::read_exact_at`].
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let file = self.open(path, OpenOptions::read())?;
        let len = usize::try_from(file.len()?).map_err(io::Error::other)?;
        let mut content = vec![0; len];
        file.read_exact_at(&mut content, 0)?;
        Ok(content)
    }

    /// Replaces a file so that after a crash either the old or the new content is there: writes
    /// `path` with `.tmp` appended, syncs it, renames it over `path`, syncs the directory.
    ///
    /// # Errors
    /// Any of the steps failed; `path` still has its old content unless only the last failed.
    pub fn write_atomically(&self, path: impl AsRef<Path>, content: &[u8]) -> io::Result<()> {
        let path = path.as_ref();
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        let file = self.open(&temporary, OpenOptions::truncate())?;
        file.write_all_at(content, 0)?;
        file.sync_all()?;
        self.rename(&temporary, path)?;
        self.sync_dir(parent(path))
    }

    /// Creates a directory and its missing parents; fine if it is there already.
    ///
    /// # Errors
    /// A parent is a file, no permission, or an I/O error.
    pub fn create_dir_all(&self, path: impl AsRef<Path>) -> io::Result<()> {
        match &self.0 {
            Kind::Os => std::fs::create_dir_all(path),
            Kind::Sim(sim) => sim.create_dir_all(path.as_ref()),
        }
    }

    /// The entries of a directory in the order of their names.
    ///
    /// # Errors
    /// Not a directory, not found, no permission, or an I/O error.
    pub fn read_dir(&self, path: impl AsRef<Path>) -> io::Result<Vec<DirEntry>> {
        match &self.0 {
            Kind::Os => os::read_dir(path.as_ref()),
            Kind::Sim(sim) => sim.read_dir(path.as_ref()),
        }
    }

    /// Renames a file or directory, replacing a file that has the new name.
    /// Durable after [`sync_dir`](Self::sync_dir) of the directory.
    ///
    /// # Errors
    /// Not found, another file system, the target is a directory with content, or an I/O error.
    pub fn rename(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
        match &self.0 {
            Kind::Os => std::fs::rename(from, to),
            Kind::Sim(sim) => sim.rename(from.as_ref(), to.as_ref()),
        }
    }

    /// Removes a file; whoever has it open keeps its content until closing it.
    ///
    /// # Errors
    /// Not found, a directory, no permission, or an I/O error.
    pub fn remove_file(&self, path: impl AsRef<Path>) -> io::Result<()> {
        match &self.0 {
            Kind::Os => std::fs::remove_file(path),
            Kind::Sim(sim) => sim.remove_file(path.as_ref()),
        }
    }

    /// Removes a directory with all that is in it.
    ///
    /// # Errors
    /// Not found, no permission, or an I/O error; part of the content may be gone.
    pub fn remove_dir_all(&self, path: impl AsRef<Path>) -> io::Result<()> {
        match &self.0 {
            Kind::Os => std::fs::remove_dir_all(path),
            Kind::Sim(sim) => sim.remove_dir_all(path.as_ref()),
        }
    }

    /// Makes the creation, renaming and removal of a directory's entries durable.
    ///
    /// # Errors
    /// Not found, or an I/O error.
    pub fn sync_dir(&self, path: impl AsRef<Path>) -> io::Result<()> {
        match &self.0 {
            Kind::Os => os::sync_dir(path.as_ref()),
            Kind::Sim(sim) => sim.sync_dir(path.as_ref()),
        }
    }

    /// Size, kind and age of a file or directory; symbolic links are followed.
    ///
    /// # Errors
    /// Not found, no permission, or an I/O error.
    pub fn metadata(&self, path: impl AsRef<Path>) -> io::Result<Metadata> {
        match &self.0 {
            Kind::Os => os::metadata(path.as_ref()),
            Kind::Sim(sim) => sim.metadata(path.as_ref()),
        }
    }

    /// Whether there is a file or directory of that name.
    ///
    /// # Errors
    /// It cannot be told: no permission, or an I/O error.
    pub fn exists(&self, path: impl AsRef<Path>) -> io::Result<bool> {
        match self.metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes the exclusive lock on a file, creating it, and writes this process's id into it.
    /// Apache Kafka honours the same lock on its `.lock` file. Freed by dropping the result or by
    /// the end of the process, however it ends.
    ///
    /// # Errors
    /// [`LockError::Held`] with the owner's process id, or the I/O error.
    pub fn lock(&self, path: impl AsRef<Path>) -> Result<FileLock, LockError> {
        match &self.0 {
            Kind::Os => lock::lock_os(path.as_ref()),
            Kind::Sim(sim) => sim.lock(path.as_ref()).map(FileLock::sim),
        }
    }

    /// Room on the file system that holds `path`.
    ///
    /// # Errors
    /// Not found, or an I/O error.
    pub fn space(&self, path: impl AsRef<Path>) -> io::Result<Space> {
        match &self.0 {
            Kind::Os => os::space(path.as_ref()),
            Kind::Sim(sim) => sim.space(),
        }
    }

    /// Bytes that may still be written to the file system that holds `path`.
    ///
    /// # Errors
    /// As [`space`](Self::space).
    pub fn free_space(&self, path: impl AsRef<Path>) -> io::Result<u64> {
        self.space(path).map(|space| space.free)
    }
}

/// The directory a path's last component is in; `.` for a bare name.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
