//! A disk in memory that knows what would survive a power loss.

mod content;
mod fault;
mod tree;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use content::Content;
pub use fault::{DiskFault, DiskOperation};
use tree::{Dir, Node, Shared, names};

use super::{DirEntry, Files, LockError, Metadata, OpenOptions, Space};
use crate::{Clock, Random};

/// A simulated disk: it outlives the node that uses it. Cheap to clone; clones are the same disk.
#[derive(Clone, Debug)]
pub struct SimDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    root: Node,
    /// Counts the processes that had the disk; what an earlier one opened is dead.
    incarnation: u64,
    locked: BTreeSet<PathBuf>,
    faults: Vec<DiskFault>,
    capacity: u64,
    /// Counts the operations that change something.
    changes: u64,
    /// The process dies when it is about to do the change with this number.
    crash_at: Option<u64>,
}

/// The process id that simulated nodes go by.
const SIM_PID: u32 = 1;

impl Default for SimDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl SimDisk {
    /// An empty disk without a bound on its size.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            root: Node::Dir(Shared::new(Dir::default())),
            incarnation: 0,
            locked: BTreeSet::new(),
            faults: Vec::new(),
            capacity: u64::MAX,
            changes: 0,
            crash_at: None,
        })))
    }

    /// The file system as a process started now sees it. File times are zero; those of a node in a
    /// [`Sim`](crate::Sim) follow its clock.
    #[must_use]
    pub fn files(&self) -> Files {
        self.files_at(None)
    }

    pub(crate) fn files_at(&self, clock: Option<Clock>) -> Files {
        let incarnation = self.state().incarnation;
        Files::sim(SimFiles { disk: self.clone(), incarnation, clock })
    }

    /// The process dies (`kill -9`): what it wrote stays, its locks are free, and what it opened
    /// no longer works.
    pub fn process_crash(&self) {
        let mut state = self.state();
        state.crash_at = None;
        state.incarnation += 1;
        state.locked.clear();
    }

    /// The process dies, in the eyes of the disk, after `changes` more operations that change
    /// something: whatever it does then fails, and what it did before stays, as with
    /// [`process_crash`](Self::process_crash). A process that was started meanwhile takes this back.
    pub fn process_crash_after(&self, changes: u64) {
        let mut state = self.state();
        state.crash_at = Some(state.changes + changes);
    }

    /// How many operations have changed something since the disk was made.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    /// The power goes: like [`process_crash`](Self::process_crash), and what was not synced
    /// survives only as `random` has it: not at all, in part, torn by sectors, or whole.
    pub fn power_loss(&self, random: &Random) {
        self.process_crash();
        let state = self.state();
        if let Node::Dir(root) = &state.root {
            root.lock().power_loss(random);
        }
    }

    /// Adds a fault; the first that strikes an operation decides.
    pub fn inject(&self, fault: DiskFault) {
        self.state().faults.push(fault);
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Bounds the disk to `bytes`, counted in pages of 4096 that hold something.
    pub fn set_capacity(&self, bytes: u64) {
        self.state().capacity = bytes;
    }

    /// Bounds the disk so that `bytes` more fit, counted as by [`set_capacity`](Self::set_capacity).
    pub fn set_room(&self, bytes: u64) {
        let mut state = self.state();
        state.capacity = state.root.allocated().saturating_add(bytes);
    }

    /// Flips the bits of one byte of a file, as a failing disk does.
    ///
    /// # Errors
    /// There is no such file.
    pub fn corrupt(&self, path: impl AsRef<Path>, byte: u64) -> io::Result<()> {
        match self.state().root.find(path.as_ref())? {
            Node::File(content) => content.lock().corrupt(byte),
            Node::Dir(_) => return Err(io::ErrorKind::IsADirectory.into()),
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state for an operation of the process `incarnation`, unless a fault strikes.
    fn enter(
        &self,
        incarnation: u64,
        operation: DiskOperation,
        path: &Path,
    ) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        if state.incarnation == incarnation && operation.changes() {
            if state.crash_at == Some(state.changes) {
                state.incarnation += 1;
            } else {
                state.changes += 1;
            }
        }
        if state.incarnation != incarnation {
            return Err(io::Error::other("the simulated process that had this disk is dead"));
        }
        match state.faults.iter_mut().find_map(|fault| fault.strike(operation, path)) {
            Some(error) => Err(error),
            None => Ok(state),
        }
    }
}

impl State {
    fn space(&self) -> Space {
        let free = self.capacity.saturating_sub(self.root.allocated());
        Space { total: self.capacity, free }
    }

    fn free(&self) -> u64 {
        // Counting walks the whole tree: only where there is a bound.
        if self.capacity == u64::MAX { u64::MAX } else { self.space().free }
    }
}

/// One process's view of a simulated disk.
#[derive(Clone, Debug)]
pub(crate) struct SimFiles {
    disk: SimDisk,
    incarnation: u64,
    clock: Option<Clock>,
}

impl SimFiles {
    fn enter(&self, operation: DiskOperation, path: &Path) -> io::Result<MutexGuard<'_, State>> {
        self.disk.enter(self.incarnation, operation, path)
    }

    fn now_ms(&self) -> i64 {
        self.clock.as_ref().map_or(0, Clock::wall_ms)
    }

    pub(super) fn open(&self, path: &Path, options: OpenOptions) -> io::Result<SimFile> {
        let state = self.enter(DiskOperation::Open, path)?;
        let (parent, name) = state.root.find_parent(path)?;
        let mut parent = parent.lock();
        let content = match parent.get(name) {
            Some(_) if options.create_new => return Err(io::ErrorKind::AlreadyExists.into()),
            Some(Node::Dir(_)) => return Err(io::ErrorKind::IsADirectory.into()),
            Some(Node::File(content)) => content.clone(),
            None if options.create || options.create_new => {
                let content = Shared::new(Content::new(self.now_ms()));
                parent.set(name, Node::File(content.clone()));
                content
            }
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        if options.truncate {
            content.lock().set_len(0);
        }
        Ok(SimFile { files: self.clone(), path: path.to_owned(), content, write: options.write })
    }

    pub(super) fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let state = self.enter(DiskOperation::Open, path)?;
        let mut node = state.root.clone();
        for name in names(path)? {
            let mut dir = node.as_dir()?.lock();
            let next = dir.get(name).cloned();
            let next = next.unwrap_or_else(|| {
                let created = Node::Dir(Shared::new(Dir::default()));
                dir.set(name, created.clone());
                created
            });
            drop(dir);
            node = next;
        }
        node.as_dir().map(|_| ())
    }

    pub(super) fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let state = self.enter(DiskOperation::List, path)?;
        let node = state.root.find(path)?;
        let dir = node.as_dir()?.lock();
        let entry =
            |(name, node): (&String, &Node)| DirEntry { name: name.clone(), is_dir: node.is_dir() };
        Ok(dir.entries().map(entry).collect())
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let state = self.enter(DiskOperation::Rename, from)?;
        let node = state.root.find(from)?;
        let (source, source_name) = state.root.find_parent(from)?;
        let (target, target_name) = state.root.find_parent(to)?;
        let same_dir = source.is(&target);
        let replaced = target.lock().get(target_name).cloned();
        match (&node, replaced) {
            (_, None) | (Node::File(_), Some(Node::File(_))) => {}
            (Node::File(_), Some(Node::Dir(_))) => return Err(io::ErrorKind::IsADirectory.into()),
            (Node::Dir(_), Some(Node::File(_))) => {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            (Node::Dir(dir), Some(Node::Dir(other))) => {
                if !dir.is(&other) && !other.lock().is_empty() {
                    return Err(io::ErrorKind::DirectoryNotEmpty.into());
                }
            }
        }
        if same_dir {
            if source_name != target_name {
                source.lock().rename(source_name, target_name, node);
            }
        } else {
            target.lock().set(target_name, node);
            source.lock().remove(source_name);
        }
        Ok(())
    }

    pub(super) fn remove_file(&self, path: &Path) -> io::Result<()> {
        let state = self.enter(DiskOperation::Remove, path)?;
        let (parent, name) = state.root.find_parent(path)?;
        let mut parent = parent.lock();
        match parent.get(name) {
            None => return Err(io::ErrorKind::NotFound.into()),
            Some(Node::Dir(_)) => return Err(io::ErrorKind::IsADirectory.into()),
            Some(Node::File(_)) => parent.remove(name),
        }
        Ok(())
    }

    pub(super) fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let state = self.enter(DiskOperation::Remove, path)?;
        state.root.find(path)?.as_dir()?;
        let (parent, name) = state.root.find_parent(path)?;
        parent.lock().remove(name);
        Ok(())
    }

    pub(super) fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let state = self.enter(DiskOperation::Sync, path)?;
        state.root.find(path)?.as_dir()?.lock().sync();
        Ok(())
    }

    pub(super) fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let state = self.enter(DiskOperation::List, path)?;
        Ok(match state.root.find(path)? {
            Node::Dir(_) => Metadata { len: 0, is_dir: true, modified_ms: 0 },
            Node::File(content) => {
                let content = content.lock();
                Metadata { len: content.len(), is_dir: false, modified_ms: content.modified_ms }
            }
        })
    }

    pub(super) fn lock(&self, path: &Path) -> Result<SimLock, LockError> {
        let io = |source| LockError::Io { path: path.to_owned(), source };
        let file = self.open(path, OpenOptions::create()).map_err(io)?;
        let locked_path: PathBuf = names(path).map_err(io)?.iter().collect();
        if !self.disk.state().locked.insert(locked_path.clone()) {
            return Err(LockError::Held { path: path.to_owned(), pid: Some(SIM_PID) });
        }
        let lock = SimLock { files: self.clone(), path: locked_path };
        file.set_len(0).map_err(io)?;
        file.write_all_at(format!("{SIM_PID}\n").as_bytes(), 0).map_err(io)?;
        Ok(lock)
    }

    pub(super) fn space(&self) -> io::Result<Space> {
        Ok(self.enter(DiskOperation::List, Path::new("/"))?.space())
    }
}

/// A lock that is freed on drop, unless its process died before.
#[derive(Debug)]
pub(super) struct SimLock {
    files: SimFiles,
    path: PathBuf,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.files.disk.state();
        if state.incarnation == self.files.incarnation {
            state.locked.remove(&self.path);
        }
    }
}

/// An open file of a simulated disk.
#[derive(Debug)]
pub(super) struct SimFile {
    files: SimFiles,
    /// As it was opened; only to match faults.
    path: PathBuf,
    content: Shared<Content>,
    write: bool,
}

impl SimFile {
    pub(super) fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let _state = self.files.enter(DiskOperation::Read, &self.path)?;
        Ok(self.content.lock().read(buf, offset))
    }

    pub(super) fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.check_writable()?;
        match self.files.enter(DiskOperation::Write, &self.path) {
            Ok(state) => {
                if (buf.len() as u64) > state.free() {
                    return Err(rustix::io::Errno::NOSPC.into());
                }
                self.put(buf, offset);
                Ok(())
            }
            Err(error) => {
                if self.files.disk.state().incarnation == self.files.incarnation {
                    self.put(&buf[..buf.len() / 2], offset);
                }
                Err(error)
            }
        }
    }

    fn put(&self, buf: &[u8], offset: u64) {
        let mut content = self.content.lock();
        content.write(buf, offset);
        content.modified_ms = self.files.now_ms();
    }

    pub(super) fn set_len(&self, len: u64) -> io::Result<()> {
        self.check_writable()?;
        let _state = self.files.enter(DiskOperation::Write, &self.path)?;
        let mut content = self.content.lock();
        content.set_len(len);
        content.modified_ms = self.files.now_ms();
        Ok(())
    }

    pub(super) fn set_modified_ms(&self, modified_ms: i64) -> io::Result<()> {
        self.check_writable()?;
        let _state = self.files.enter(DiskOperation::Write, &self.path)?;
        self.content.lock().modified_ms = modified_ms;
        Ok(())
    }

    fn check_writable(&self) -> io::Result<()> {
        // What a write to a file descriptor opened for reading gives, and a truncation.
        if self.write { Ok(()) } else { Err(rustix::io::Errno::BADF.into()) }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        match self.files.enter(DiskOperation::Sync, &self.path) {
            Ok(_state) => {
                self.content.lock().sync();
                Ok(())
            }
            Err(error) => {
                if self.files.disk.state().incarnation == self.files.incarnation {
                    self.content.lock().sync_failed();
                }
                Err(error)
            }
        }
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        let _state = self.files.enter(DiskOperation::List, &self.path)?;
        Ok(self.content.lock().len())
    }
}
