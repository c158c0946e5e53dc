//! AlterReplicaLogDirs: a replica is to be in another directory (kafka-semantics 206).

use std::path::Path;
use std::sync::Arc;

use log::{Log, LogDir, ReplicaDirName, TopicPartition};
use tokio::sync::oneshot;
use wire::{Str, Uuid};

use super::{Cordoned, Move};
use crate::error::LookupError;
use crate::partition::Partition;
use crate::replicas::Replicas;
use crate::surroundings::DirectoryAssignment;

/// Directories of partitions that are not here yet are remembered for this many at most.
const PREFERRED_MAX: usize = 100_000;

/// Why a replica does not move.
#[derive(Debug, thiserror::Error)]
pub enum AlterError {
    /// The name of the topic does not fit into that of a future directory.
    #[error("the topic name is too long for a replica on its way to another directory")]
    TopicNameTooLong,
    /// It is none of this broker's directories.
    #[error("it is not one of log.dirs")]
    NoSuchDirectory,
    /// The directory failed.
    #[error("the log directory is offline")]
    DirectoryOffline,
    /// The directory gets no new replicas, not even back one that is there.
    #[error("the log directory is in cordoned.log.dirs")]
    DirectoryCordoned,
    /// The replica is not here. Unless its directory failed, it will be put where it was asked for
    /// once it comes.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The future log cannot be made, or the one that was there cannot be removed.
    #[error(transparent)]
    Log(#[from] log::Error),
}

impl Replicas {
    /// Begins to move a replica to the directory at `path`, an absolute one; ends a move to
    /// another directory. Nothing happens when it is there, or on its way there. Waits for the
    /// disk.
    ///
    /// # Errors
    /// See [`AlterError`].
    pub fn alter_log_dir(&self, topic: &Str, index: i32, path: &str) -> Result<(), AlterError> {
        let _one_at_a_time = self.change();
        let name = TopicPartition::new(&**topic, index);
        if !ReplicaDirName::fits_future(&name) {
            return Err(AlterError::TopicNameTooLong);
        }
        let dir = self.directory_at(path).ok_or(AlterError::NoSuchDirectory)?;
        if dir.is_offline() {
            return Err(AlterError::DirectoryOffline);
        }
        if self.directory_settings().cordoned.contains(&dir) {
            return Err(AlterError::DirectoryCordoned);
        }
        match self.get(topic, index) {
            Ok(partition) => {
                self.end_move_elsewhere(&partition, &dir)?;
                self.begin_move(&partition, dir)
            }
            Err(LookupError::Offline) => Err(LookupError::Offline.into()),
            Err(error) => {
                self.prefer(name, dir.id());
                Err(error.into())
            }
        }
    }

    fn directory_at(&self, path: &str) -> Option<LogDir> {
        let is_meant = |dir: &&LogDir| {
            let absolute = std::path::absolute(dir.path());
            absolute.is_ok_and(|absolute| absolute.to_str() == Some(path))
        };
        self.dirs().dirs().iter().find(is_meant).cloned()
    }

    fn end_move_elsewhere(&self, partition: &Partition, dir: &LogDir) -> Result<(), AlterError> {
        match partition.future.view() {
            Some(view) if view.dir.id() != dir.id() => Ok(self.end_move(partition)?),
            _ => Ok(()),
        }
    }

    /// Ends a move: the copy is removed, and the controller learns where the replica is.
    pub(crate) fn end_move(&self, partition: &Partition) -> Result<(), log::Error> {
        let guard = partition.future.lock();
        let Some(copy) = partition.future.detach(guard) else { return Ok(()) };
        tracing::info!(
            "{partition:?} does not move to {} any more",
            copy.log.dir().path().display()
        );
        partition.waiters.wake_all();
        if copy.is_assigned {
            let (dir, _) = partition.place();
            partition.assign_directory(dir.id(), None);
        }
        if copy.log.dir().is_offline() {
            // Nothing can be done to it; it is looked at again at the next start.
            return Ok(());
        }
        self.dirs().delete(&copy.log)
    }

    fn begin_move(&self, partition: &Arc<Partition>, dir: LogDir) -> Result<(), AlterError> {
        let (current, topic_id) = partition.place();
        if current.is_offline() {
            return Err(LookupError::Offline.into());
        }
        if current.id() == dir.id() {
            return Ok(());
        }
        let existing = partition.future.lock().as_mut().map(|copy| {
            let was_given_up = !copy.is_carried_out;
            copy.is_carried_out = true;
            (copy.number, was_given_up)
        });
        match existing {
            Some((_, false)) => {}
            // What stood in its way may be gone.
            Some((number, true)) => {
                self.moves.add(Move { partition: partition.clone(), number, target: dir })
            }
            None => {
                let name = TopicPartition::new(&**partition.topic(), partition.index());
                let settings = partition.settings().log.clone();
                let log = self.dirs().create_future(&dir, &name, topic_id, settings)?;
                tracing::info!(
                    "{partition:?} moves from {} to {}",
                    current.path().display(),
                    dir.path().display()
                );
                self.start_move(partition, log, false);
            }
        }
        Ok(())
    }

    /// Attaches a copy and has the move carried out. `is_assigned` tells whether the controller
    /// holds already that the replica is in that directory.
    pub(crate) fn start_move(&self, partition: &Arc<Partition>, log: Log, is_assigned: bool) {
        let number = self.moves.number();
        let target = log.dir().clone();
        partition.future.attach(log, number, is_assigned);
        self.moves.add(Move { partition: partition.clone(), number, target });
    }

    fn prefer(&self, name: TopicPartition, directory: Uuid) {
        let mut preferred = self.preferred();
        if preferred.len() < PREFERRED_MAX || preferred.contains_key(&name) {
            preferred.insert(name, directory);
        } else {
            tracing::warn!("the directory for {name} is not remembered: there are too many");
        }
    }
}

impl Cordoned {
    /// Directories from `cordoned.log.dirs`: `*` alone means all.
    pub fn of_setting(dirs: &[String]) -> Self {
        if dirs.iter().any(|dir| dir == "*") {
            return Self::All;
        }
        Self::These(dirs.iter().map(|dir| Path::new(dir).into()).collect())
    }
}

impl Partition {
    /// The log directory it is in, and the id of its topic.
    pub(crate) fn place(&self) -> (LogDir, Uuid) {
        (self.lock().log.dir().clone(), self.topic_id())
    }

    /// Has the controller told in which directory this replica is.
    pub(crate) fn assign_directory(&self, directory: Uuid, accepted: Option<oneshot::Sender<()>>) {
        self.surroundings.assign_directory(DirectoryAssignment {
            topic_id: self.topic_id(),
            index: self.index(),
            directory,
            accepted,
        });
    }
}
