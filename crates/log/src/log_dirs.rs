//! The log directories of a node (`log.dirs`).

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use env::Env;
use wire::Uuid;

use crate::checkpoint::OffsetCheckpoint;
use crate::home::Home;
use crate::identity::{self, Identity};
use crate::load::{self, Known};
use crate::log::Log;
use crate::log_dir::LogDir;
use crate::open_files::OpenFiles;
use crate::{CLUSTER_METADATA, Error, LogSettings, ReplicaDirName, ReplicaKind, TopicPartition};

/// How the log directories are to be opened.
#[derive(Debug, Clone)]
pub struct LogDirsOptions {
    /// Bytes to keep free on the file system of each directory; `None` for a twentieth of it, at
    /// most 1 GiB.
    pub min_free_bytes: Option<u64>,
    /// The directories; missing ones are made.
    pub dirs: Vec<PathBuf>,
    /// The id of this node.
    pub node_id: i32,
    /// The cluster this node is to belong to. `None`: the one that the directories belong to, or a
    /// new one if they are empty.
    pub cluster_id: Option<String>,
    /// About how many files are kept open at most.
    pub open_files_max: usize,
    /// `num.recovery.threads.per.data.dir`: how many logs of a directory are loaded at a time.
    pub recovery_threads_per_dir: usize,
}

/// The log directories of a node, locked for this process.
#[derive(Debug)]
pub struct LogDirs {
    env: Env,
    dirs: Vec<LogDir>,
    cluster_id: String,
    is_new: bool,
    previous_broker_epoch: Option<i64>,
    recovery_threads_per_dir: usize,
    open_files: Arc<OpenFiles>,
}

/// Tells the settings of a topic's logs.
pub type SettingsOf = dyn Fn(&TopicPartition) -> Arc<LogSettings> + Send + Sync;

/// What was found in the log directories.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The logs in use, by partition. A move between directories that was cut off right before its
    /// end leaves two of a partition: the longer one comes first.
    pub logs: Vec<LoadedLog>,
    /// Copies on their way to another directory, to take the place of a log in use, in the same
    /// order.
    pub future: Vec<LoadedLog>,
    /// Replicas that had been set aside in an earlier run.
    pub strays: Vec<(TopicPartition, PathBuf)>,
    /// Replicas that could not be loaded. Their directories stay as they are.
    pub failed: Vec<FailedReplica>,
}

/// A log and what the checkpoints tell of it.
#[derive(Debug)]
pub struct LoadedLog {
    /// The log.
    pub log: Log,
    /// The high watermark it had, capped into the log; the log start if it is not known.
    pub high_watermark: i64,
}

/// A replica that could not be loaded.
#[derive(Debug)]
pub struct FailedReplica {
    /// The partition.
    pub topic_partition: TopicPartition,
    /// The replica directory.
    pub path: PathBuf,
    /// Why.
    pub error: Error,
}

impl LogDirs {
    /// Locks the directories, checks that they belong to this node and to one cluster, and gives
    /// an identity to empty ones. Reads and removes the marks of a clean stop, so that from now on
    /// a crash is one.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Identity`], [`Error::NoIdentity`], or a directory that cannot
    /// be read or written.
    pub fn open(env: &Env, options: LogDirsOptions) -> Result<Self, Error> {
        let open_files = Arc::new(OpenFiles::new(options.open_files_max));
        let Identity { cluster_id, is_new, dirs } = identity::establish(env, &options)?;
        let mut previous_broker_epoch = None;
        let dirs = dirs.into_iter().map(|found| {
            let clean = identity::take_clean_mark(env.files(), &found.path)?;
            previous_broker_epoch = previous_broker_epoch.max(clean.flatten());
            let files = env.files().clone();
            let dir = LogDir::new(
                found,
                clean.is_some(),
                files,
                open_files.clone(),
                options.min_free_bytes,
            );
            Ok(dir)
        });
        Ok(Self {
            env: env.clone(),
            dirs: dirs.collect::<Result<_, Error>>()?,
            cluster_id,
            is_new,
            previous_broker_epoch,
            recovery_threads_per_dir: options.recovery_threads_per_dir.max(1),
            open_files,
        })
    }

    /// The directories, in the order of the settings.
    pub fn dirs(&self) -> &[LogDir] {
        &self.dirs
    }

    /// The cluster that the directories belong to.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// Whether the directories were all empty, and the cluster id is new.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The broker epoch at the last clean stop; `None` when the last stop was not clean
    /// everywhere.
    pub fn previous_broker_epoch(&self) -> Option<i64> {
        let clean = self.dirs.iter().all(LogDir::was_clean);
        self.previous_broker_epoch.filter(|_| clean)
    }

    /// About how many files are open.
    pub fn open_files(&self) -> usize {
        self.open_files.len()
    }

    /// Closes files that were not used since the last call: for a timer, about every minute.
    pub fn close_unused_files(&self) {
        self.open_files.close_unused();
    }

    /// Loads all replicas but that of the metadata log, several at a time.
    ///
    /// A directory that fails meanwhile is offline, and its replicas are in [`Loaded::failed`].
    pub async fn load(&self, settings_of: Arc<SettingsOf>) -> Loaded {
        let mut workers = Vec::new();
        for dir in &self.dirs {
            let work = match self.plan(dir, &settings_of) {
                Ok(work) => Arc::new(Mutex::new(work)),
                // The directory is offline by now, and has said so.
                Err(_) => continue,
            };
            for _ in 0..self.recovery_threads_per_dir {
                let work = work.clone();
                workers.push(self.env.blocking(move || load_all(&work)));
            }
        }
        let mut loaded = Loaded::default();
        for worker in workers {
            loaded.extend(worker.await);
        }
        let order = |log: &LoadedLog| {
            (log.log.topic_partition().clone(), Reverse(log.log.log_end_offset()))
        };
        loaded.logs.sort_by_cached_key(order);
        loaded.future.sort_by_cached_key(order);
        loaded
    }

    fn plan(&self, dir: &LogDir, settings_of: &Arc<SettingsOf>) -> Result<Work, Error> {
        let entries = dir.checked(dir.path(), dir.files().read_dir(dir.path()))?;
        let names = entries.into_iter().filter(|entry| entry.is_dir).filter_map(|entry| {
            let name = ReplicaDirName::parse(&entry.name)?;
            let is_metadata = &*name.topic_partition.topic == CLUSTER_METADATA;
            (!is_metadata).then_some((entry.name, name))
        });
        let names: VecDeque<_> = names.collect();
        let current = names.iter().filter(|(_, name)| name.kind == ReplicaKind::Current);
        Ok(Work {
            dir: dir.clone(),
            current: current.map(|(_, name)| name.topic_partition.clone()).collect(),
            names,
            recovery_points: dir.read_offsets(OffsetCheckpoint::RecoveryPoint)?,
            log_start_offsets: dir.read_offsets(OffsetCheckpoint::LogStartOffset)?,
            high_watermarks: dir.read_offsets(OffsetCheckpoint::HighWatermark)?,
            cleaned_up_to: dir.read_offsets(OffsetCheckpoint::CleanerOffset)?,
            settings_of: settings_of.clone(),
            now_ms: self.env.clock().wall_ms(),
        })
    }

    /// Opens one log in a directory, or makes it if it is not there: for the metadata log, which
    /// is there before everything else. It is gone through from the recovery point on, however the
    /// last stop was. Waits for the disk.
    ///
    /// # Errors
    /// The log cannot be read or written.
    pub fn open_log(
        &self,
        dir: &LogDir,
        topic_partition: &TopicPartition,
        settings: Arc<LogSettings>,
    ) -> Result<Log, Error> {
        let log = self.open_or_make(dir, topic_partition, settings)?;
        // What is not a replica has no weight when replicas are placed.
        log.home().count(false);
        Ok(log)
    }

    fn open_or_make(
        &self,
        dir: &LogDir,
        topic_partition: &TopicPartition,
        settings: Arc<LogSettings>,
    ) -> Result<Log, Error> {
        let name = topic_partition.to_string();
        let path = dir.path().join(&name);
        if !dir.checked(&path, dir.files().exists(&path))? {
            return self.make(dir, topic_partition, ReplicaKind::Current, None, settings);
        }
        let of = |checkpoint| -> Result<i64, Error> {
            Ok(dir.read_offsets(checkpoint)?.get(topic_partition).copied().unwrap_or(0))
        };
        let known = Known {
            topic_partition: topic_partition.clone(),
            settings,
            recovery_point: of(OffsetCheckpoint::RecoveryPoint)?,
            log_start_offset: of(OffsetCheckpoint::LogStartOffset)?,
            cleaned_up_to: None,
            clean: false,
            now_ms: self.env.clock().wall_ms(),
        };
        load::load(Arc::new(Home::new(dir.clone(), name)), known)
    }

    /// The directory for a new replica: of those in order that `admits` takes, the one with the
    /// fewest replicas, copies on their way included. When it takes none, any one in order.
    pub fn place(&self, admits: impl Fn(&LogDir) -> bool) -> Option<&LogDir> {
        let online = || self.dirs.iter().filter(|dir| !dir.is_offline());
        let fewest = online().filter(|dir| admits(dir)).min_by_key(|dir| dir.replicas());
        fewest.or_else(|| online().min_by_key(|dir| dir.replicas()))
    }

    /// Makes an empty log in `dir`. It is on the disk after its first flush, which is best begun at
    /// once, in the background.
    ///
    /// # Errors
    /// [`Error::Exists`], or files cannot be made.
    pub fn create(
        &self,
        dir: &LogDir,
        topic_partition: &TopicPartition,
        topic_id: Uuid,
        settings: Arc<LogSettings>,
    ) -> Result<Log, Error> {
        self.make(dir, topic_partition, ReplicaKind::Current, Some(topic_id), settings)
    }

    /// Makes an empty log in `dir` that is to take the place of the one in use elsewhere. Waits for
    /// the disk.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_future(
        &self,
        dir: &LogDir,
        topic_partition: &TopicPartition,
        topic_id: Uuid,
        settings: Arc<LogSettings>,
    ) -> Result<Log, Error> {
        // What a checkpoint tells of an earlier replica here is not true of this one.
        dir.forget(topic_partition)?;
        self.make(dir, topic_partition, ReplicaKind::Future, Some(topic_id), settings)
    }

    fn make(
        &self,
        dir: &LogDir,
        topic_partition: &TopicPartition,
        kind: ReplicaKind,
        topic_id: Option<Uuid>,
        settings: Arc<LogSettings>,
    ) -> Result<Log, Error> {
        dir.check_online()?;
        let name = ReplicaDirName::format(topic_partition, kind, self.unique());
        let path = dir.path().join(&name);
        if dir.checked(&path, dir.files().exists(&path))? {
            return Err(Error::Exists { path });
        }
        dir.checked(&path, dir.files().create_dir_all(&path))?;
        let known = Known {
            topic_partition: topic_partition.clone(),
            settings,
            recovery_point: 0,
            log_start_offset: 0,
            cleaned_up_to: None,
            clean: true,
            now_ms: self.env.clock().wall_ms(),
        };
        let mut log = load::load(Arc::new(Home::new(dir.clone(), name)), known)?;
        let segment = log.active_segment();
        segment.create_files()?;
        segment.close_files();
        if let Some(topic_id) = topic_id {
            log.assign_topic_id(topic_id)?;
        }
        log.directory_changed = true;
        Ok(log)
    }

    /// Takes a replica out of use; it is removed after `file.delete.delay.ms`. Readers see
    /// [`Error::Closed`].
    ///
    /// # Errors
    /// Its directory cannot be renamed.
    pub fn delete(&self, log: &Log) -> Result<(), Error> {
        let delay_ms = log.settings().file_delete_delay_ms;
        self.retire(log, ReplicaKind::Delete)?;
        let due_ms = self.env.clock().wall_ms().saturating_add(delay_ms);
        log.dir().remove_later(log.path(), due_ms);
        Ok(())
    }

    /// Takes a replica out of use that the metadata does not place here; someone may want to look
    /// at it, so it stays as a `-stray` directory.
    ///
    /// # Errors
    /// Its directory cannot be renamed.
    pub fn set_aside(&self, log: &Log) -> Result<(), Error> {
        self.retire(log, ReplicaKind::Stray)
    }

    fn retire(&self, log: &Log, kind: ReplicaKind) -> Result<(), Error> {
        log.home().close();
        log.home().count(false);
        log.close_files();
        log.home().rename(&ReplicaDirName::format(log.topic_partition(), kind, self.unique()))?;
        if log.log_start_offset() != 0 {
            log.dir().forget_log_start(log.topic_partition())?;
        }
        log.forget_cleaned_up_to()
    }

    fn unique(&self) -> u128 {
        u128::from_be_bytes(self.env.random().uuid())
    }
}

/// The replicas of one directory that are to be loaded.
struct Work {
    dir: LogDir,
    names: VecDeque<(String, ReplicaDirName)>,
    /// The partitions with a log in use here.
    current: HashSet<TopicPartition>,
    recovery_points: HashMap<TopicPartition, i64>,
    log_start_offsets: HashMap<TopicPartition, i64>,
    high_watermarks: HashMap<TopicPartition, i64>,
    cleaned_up_to: HashMap<TopicPartition, i64>,
    settings_of: Arc<SettingsOf>,
    now_ms: i64,
}

impl Work {
    fn next(&mut self) -> Option<(String, ReplicaKind, Known, i64)> {
        let (name, ReplicaDirName { topic_partition, kind }) = self.names.pop_front()?;
        let of = |offsets: &HashMap<TopicPartition, i64>| offsets.get(&topic_partition).copied();
        // The checkpoints of this directory speak of the log in use, or else of the future one.
        let is_meant = kind == ReplicaKind::Current || !self.current.contains(&topic_partition);
        let (recovery_point, log_start_offset, high_watermark) = match is_meant {
            true => (
                of(&self.recovery_points).unwrap_or(0),
                of(&self.log_start_offsets).unwrap_or(0),
                of(&self.high_watermarks).unwrap_or(0),
            ),
            false => (0, 0, 0),
        };
        let is_current = kind == ReplicaKind::Current;
        let known = Known {
            settings: (self.settings_of)(&topic_partition),
            cleaned_up_to: of(&self.cleaned_up_to).filter(|_| is_current),
            topic_partition,
            recovery_point,
            log_start_offset,
            clean: self.dir.was_clean(),
            now_ms: self.now_ms,
        };
        Some((name, kind, known, high_watermark))
    }
}

/// Loads until nothing is left to do.
fn load_all(work: &Mutex<Work>) -> Loaded {
    let mut loaded = Loaded::default();
    loop {
        let (dir, next) = {
            let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
            (work.dir.clone(), work.next())
        };
        let Some((name, kind, known, high_watermark)) = next else { return loaded };
        let path = dir.path().join(&name);
        let topic_partition = known.topic_partition.clone();
        match kind {
            ReplicaKind::Delete => dir.remove_later(path, i64::MIN),
            ReplicaKind::Stray => loaded.strays.push((topic_partition, path)),
            ReplicaKind::Current | ReplicaKind::Future => {
                let result = match dir.check_online() {
                    Ok(()) => load::load(Arc::new(Home::new(dir, name)), known),
                    Err(error) => Err(error),
                };
                match result {
                    Ok(log) => {
                        let range = log.log_start_offset()..=log.log_end_offset();
                        let high_watermark = high_watermark.clamp(*range.start(), *range.end());
                        let into = match kind {
                            ReplicaKind::Future => &mut loaded.future,
                            _ => &mut loaded.logs,
                        };
                        into.push(LoadedLog { log, high_watermark });
                    }
                    Err(error) => {
                        tracing::error!("cannot load the log of {topic_partition}: {error}");
                        loaded.failed.push(FailedReplica { topic_partition, path, error });
                    }
                }
            }
        }
    }
}

impl Loaded {
    fn extend(&mut self, other: Self) {
        self.logs.extend(other.logs);
        self.future.extend(other.future);
        self.strays.extend(other.strays);
        self.failed.extend(other.failed);
    }
}
