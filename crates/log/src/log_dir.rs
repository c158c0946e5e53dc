//! One entry of `log.dirs`.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use env::{FileLock, Files};
use wire::Uuid;

use crate::checkpoint::{OffsetCheckpoint, decode_offsets, encode_offsets};
use crate::clean_shutdown::{self, CLEAN_SHUTDOWN_FILE};
use crate::identity::FoundDir;
use crate::open_files::OpenFiles;
use crate::space::Room;
use crate::{Error, TopicPartition};

/// A log directory. Clones are the same directory.
#[derive(Clone)]
pub struct LogDir(Arc<State>);

struct State {
    path: PathBuf,
    id: Uuid,
    was_clean: bool,
    files: Files,
    open_files: Arc<OpenFiles>,
    offline: AtomicBool,
    room: Room,
    replicas: AtomicUsize,
    removals: Mutex<Vec<Removal>>,
    /// Held while a checkpoint is replaced. Logs that were cut, and where, since the recovery
    /// points were written.
    cut: Mutex<HashMap<TopicPartition, i64>>,
    /// Starts of logs that were kept since the log start offsets were written.
    kept_starts: Mutex<HashMap<TopicPartition, i64>>,
    _lock: FileLock,
}

/// A file or directory that has its last name and waits to be removed.
#[derive(Debug)]
struct Removal {
    path: PathBuf,
    due_ms: i64,
}

impl LogDir {
    pub(crate) fn new(
        found: FoundDir,
        was_clean: bool,
        files: Files,
        open_files: Arc<OpenFiles>,
        min_free_bytes: Option<u64>,
    ) -> Self {
        let total = files.space(&found.path).ok().map(|space| space.total);
        Self(Arc::new(State {
            path: found.path,
            id: found.id,
            was_clean,
            files,
            open_files,
            offline: AtomicBool::new(false),
            room: Room::new(min_free_bytes, total),
            replicas: AtomicUsize::new(0),
            removals: Mutex::default(),
            cut: Mutex::default(),
            kept_starts: Mutex::default(),
            _lock: found.lock,
        }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Its `directory.id`.
    pub fn id(&self) -> Uuid {
        self.0.id
    }

    /// Whether the last stop was clean here: then logs are opened as they are, otherwise they are
    /// gone through from the recovery point on.
    pub fn was_clean(&self) -> bool {
        self.0.was_clean
    }

    /// Whether an I/O error took it offline; nothing in it is written any more.
    pub fn is_offline(&self) -> bool {
        self.0.offline.load(Ordering::Acquire)
    }

    /// How many replicas are placed here.
    pub fn replicas(&self) -> usize {
        self.0.replicas.load(Ordering::Relaxed)
    }

    pub(crate) fn replica_added(&self) {
        self.0.replicas.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn replica_removed(&self) {
        self.0.replicas.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn files(&self) -> &Files {
        &self.0.files
    }

    pub(crate) fn open_files(&self) -> &OpenFiles {
        &self.0.open_files
    }

    pub(crate) fn room(&self) -> &Room {
        &self.0.room
    }

    pub(crate) fn check_online(&self) -> Result<(), Error> {
        if self.is_offline() {
            return Err(Error::Offline { dir: self.path().to_owned() });
        }
        Ok(())
    }

    /// Takes the result of an I/O operation on `path`; an error takes the directory offline.
    pub(crate) fn checked<T>(&self, path: &Path, result: io::Result<T>) -> Result<T, Error> {
        result.map_err(|source| {
            if !self.0.offline.swap(true, Ordering::AcqRel) {
                tracing::error!(
                    dir = %self.path().display(),
                    path = %path.display(),
                    "log directory goes offline: {source}"
                );
            }
            Error::Io { path: path.to_owned(), source }
        })
    }

    /// Takes the result of a write to `path` that can be done again: a full disk is no failure of
    /// the directory, any other error takes it offline.
    pub(crate) fn written<T>(&self, path: &Path, result: io::Result<T>) -> Result<T, Error> {
        match result {
            Err(error) if is_full(&error) => Err(Error::NoSpace { path: path.to_owned() }),
            result => self.checked(path, result),
        }
    }

    /// Reads a checkpoint of this directory. One that cannot be understood is said so in the log
    /// and counts as empty: what it told is found again from the logs themselves.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_offsets(
        &self,
        checkpoint: OffsetCheckpoint,
    ) -> Result<HashMap<TopicPartition, i64>, Error> {
        let path = self.path().join(checkpoint.file_name());
        let bytes = match self.files().read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
            bytes => self.checked(&path, bytes)?,
        };
        Ok(decode_offsets(&bytes).unwrap_or_else(|malformed| {
            tracing::error!(path = %path.display(), "{malformed}; the checkpoint counts as empty");
            HashMap::new()
        }))
    }

    /// Replaces a checkpoint of this directory. Waits for the disk. One writer at a time for each
    /// checkpoint: it collects the offsets, writes them, and only then collects again.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_offsets<'a>(
        &self,
        checkpoint: OffsetCheckpoint,
        offsets: impl ExactSizeIterator<Item = (&'a TopicPartition, i64)>,
    ) -> Result<(), Error> {
        self.check_online()?;
        let mut cut = self.0.cut.lock().unwrap_or_else(PoisonError::into_inner);
        if checkpoint == OffsetCheckpoint::LogStartOffset {
            return self.write_log_starts(offsets);
        }
        if checkpoint != OffsetCheckpoint::RecoveryPoint || cut.is_empty() {
            return self.write_checkpoint(checkpoint, &encode_offsets(offsets));
        }
        // A log may have been cut after its recovery point was collected.
        let capped = offsets.map(|(topic_partition, offset)| {
            (topic_partition, cut.get(topic_partition).map_or(offset, |cut| offset.min(*cut)))
        });
        self.write_checkpoint(checkpoint, &encode_offsets(capped))?;
        cut.clear();
        Ok(())
    }

    /// Changes a checkpoint of which single entries are written, if `change` says that it did.
    /// Waits for the disk.
    pub(crate) fn update_offsets(
        &self,
        checkpoint: OffsetCheckpoint,
        change: impl FnOnce(&mut HashMap<TopicPartition, i64>) -> bool,
    ) -> Result<(), Error> {
        self.check_online()?;
        let _writing = self.0.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let mut offsets = self.read_offsets(checkpoint)?;
        if !change(&mut offsets) {
            return Ok(());
        }
        let mut entries: Vec<_> = offsets.iter().map(|(name, offset)| (name, *offset)).collect();
        entries.sort();
        self.write_checkpoint(checkpoint, &encode_offsets(entries.into_iter()))
    }

    fn write_checkpoint(&self, checkpoint: OffsetCheckpoint, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path().join(checkpoint.file_name());
        self.written(&path, self.files().write_atomically(&path, bytes))
    }

    /// A start may have been kept after the offsets were collected.
    fn write_log_starts<'a>(
        &self,
        offsets: impl ExactSizeIterator<Item = (&'a TopicPartition, i64)>,
    ) -> Result<(), Error> {
        let mut kept = self.0.kept_starts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut starts: BTreeMap<&TopicPartition, i64> = offsets.collect();
        for (topic_partition, kept) in &*kept {
            let start = starts.entry(topic_partition).or_insert(*kept);
            *start = (*kept).max(*start);
        }
        let starts = encode_offsets(starts.into_iter());
        self.write_checkpoint(OffsetCheckpoint::LogStartOffset, &starts)?;
        kept.clear();
        Ok(())
    }

    /// Writes the starts of logs into the checkpoint now, before they are moved there: what is
    /// deleted then stays away after a crash. Waits for the disk.
    ///
    /// # Errors
    /// The checkpoint cannot be read or written.
    pub fn keep_log_starts(&self, kept: &[(TopicPartition, i64)]) -> Result<(), Error> {
        self.check_online()?;
        let _one_at_a_time = self.0.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let mut starts = self.read_offsets(OffsetCheckpoint::LogStartOffset)?;
        let mut changed = false;
        for (topic_partition, offset) in kept {
            let start = starts.entry(topic_partition.clone()).or_insert(0);
            changed |= *start < *offset;
            *start = (*start).max(*offset);
        }
        if changed {
            self.replace_log_starts(&starts)?;
        }
        let mut since = self.0.kept_starts.lock().unwrap_or_else(PoisonError::into_inner);
        since.extend(kept.iter().cloned());
        Ok(())
    }

    /// Takes the start of a log that is gone out of the checkpoint, so that a later log of the same
    /// name does not begin there.
    pub(crate) fn forget_log_start(&self, topic_partition: &TopicPartition) -> Result<(), Error> {
        let _one_at_a_time = self.0.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = self.0.kept_starts.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(topic_partition);
        let mut starts = self.read_offsets(OffsetCheckpoint::LogStartOffset)?;
        match starts.remove(topic_partition) {
            Some(_) => self.replace_log_starts(&starts),
            None => Ok(()),
        }
    }

    fn replace_log_starts(&self, starts: &HashMap<TopicPartition, i64>) -> Result<(), Error> {
        let starts = starts.iter().map(|(topic_partition, start)| (topic_partition, *start));
        self.write_checkpoint(OffsetCheckpoint::LogStartOffset, &encode_offsets(starts))
    }

    /// Takes care that the recovery point checkpoint does not vouch for more of one log than is
    /// flushed. Waits for the disk.
    pub(crate) fn lower_recovery_point(
        &self,
        topic_partition: &TopicPartition,
        offset: i64,
    ) -> Result<(), Error> {
        let mut cut = self.0.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let lowest = cut.entry(topic_partition.clone()).or_insert(offset);
        *lowest = offset.min(*lowest);
        let mut offsets = self.read_offsets(OffsetCheckpoint::RecoveryPoint)?;
        match offsets.get_mut(topic_partition) {
            Some(recovery_point) if *recovery_point > offset => *recovery_point = offset,
            _ => return Ok(()),
        }
        let offsets = offsets.iter().map(|(topic_partition, offset)| (topic_partition, *offset));
        self.write_checkpoint(OffsetCheckpoint::RecoveryPoint, &encode_offsets(offsets))
    }

    /// Takes a partition out of the checkpoints of this directory, where they tell of it: what they
    /// say was true of a replica that is gone. Waits for the disk.
    pub(crate) fn forget(&self, topic_partition: &TopicPartition) -> Result<(), Error> {
        let _no_other_writer = self.0.cut.lock().unwrap_or_else(PoisonError::into_inner);
        for checkpoint in [
            OffsetCheckpoint::RecoveryPoint,
            OffsetCheckpoint::LogStartOffset,
            OffsetCheckpoint::HighWatermark,
        ] {
            let mut offsets = self.read_offsets(checkpoint)?;
            if offsets.remove(topic_partition).is_some() {
                let offsets = offsets.iter().map(|(name, offset)| (name, *offset));
                self.write_checkpoint(checkpoint, &encode_offsets(offsets))?;
            }
        }
        Ok(())
    }

    /// Makes durable which replica directories there are and how they are called. Waits for the
    /// disk.
    ///
    /// # Errors
    /// The directory cannot be synced.
    pub fn sync(&self) -> Result<(), Error> {
        self.check_online()?;
        self.checked(self.path(), self.files().sync_dir(self.path()))
    }

    /// Says that everything in this directory is on the disk: to be written last, after all logs
    /// were closed and the checkpoints written, and only if none of that failed. `broker_epoch` is
    /// told to the controller at the next start.
    ///
    /// # Errors
    /// The file cannot be written; then the stop does not count as clean.
    pub fn mark_clean(&self, broker_epoch: i64) -> Result<(), Error> {
        self.check_online()?;
        let path = self.path().join(CLEAN_SHUTDOWN_FILE);
        let bytes = clean_shutdown::encode(broker_epoch);
        self.written(&path, self.files().write_atomically(&path, &bytes))
    }

    /// Has `path` removed at or after `due_ms`.
    pub(crate) fn remove_later(&self, path: PathBuf, due_ms: i64) {
        let mut removals = self.0.removals.lock().unwrap_or_else(PoisonError::into_inner);
        removals.push(Removal { path, due_ms });
    }

    /// Whether there are files or directories whose time to be removed has come.
    pub fn has_deleted(&self, now_ms: i64) -> bool {
        let removals = self.0.removals.lock().unwrap_or_else(PoisonError::into_inner);
        removals.iter().any(|removal| removal.due_ms <= now_ms)
    }

    /// Removes the files and directories whose time has come (`file.delete.delay.ms`). May take
    /// long. What cannot be removed is logged and left to the next start.
    pub fn remove_deleted(&self, now_ms: i64) {
        let due: Vec<Removal> = {
            let mut removals = self.0.removals.lock().unwrap_or_else(PoisonError::into_inner);
            removals.extract_if(.., |removal| removal.due_ms <= now_ms).collect()
        };
        for Removal { path, .. } in due {
            if let Err(error) = remove(self.files(), &path) {
                tracing::warn!(path = %path.display(), "cannot remove what was deleted: {error}");
            }
        }
    }
}

/// Whether an error says that the disk, or a quota on it, is full.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Removes a file or a directory with what is in it; fine if it is gone.
pub(crate) fn remove(files: &Files, path: &Path) -> io::Result<()> {
    let removed = match files.metadata(path) {
        Ok(metadata) if metadata.is_dir => files.remove_dir_all(path),
        Ok(_) => files.remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

impl fmt::Debug for LogDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogDir").field(&self.0.path).finish()
    }
}
