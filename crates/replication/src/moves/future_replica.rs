//! The copy of a replica that is to take its place, as it hangs on the partition.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use log::{Log, LogDir, LogReader};
use wire::Uuid;

use crate::partition::Partition;

/// The place for a copy; empty unless the replica is on its way to another directory.
#[derive(Debug, Default)]
pub(crate) struct FutureReplica {
    copy: Mutex<Option<Copy>>,
    /// What others see without waiting for a step of the move.
    view: ArcSwapOption<View>,
}

/// A copy and what is known of its move.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) log: Log,
    /// Number of the move.
    pub(crate) number: u64,
    /// Whether somebody carries the move out, or will.
    pub(crate) is_carried_out: bool,
    /// Whether the controller may hold that the replica is where the copy is.
    pub(crate) is_assigned: bool,
}

/// A copy as others see it.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) dir: LogDir,
    pub(crate) reader: LogReader,
}

/// A copy in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FuturePlace {
    /// The log directory it is in.
    pub dir: PathBuf,
    /// The bytes of its segments.
    pub size: u64,
    /// How many offsets it is behind the log in use.
    pub offset_lag: i64,
}

impl FutureReplica {
    /// Puts a copy here. There is none yet.
    pub(crate) fn attach(&self, log: Log, number: u64, is_assigned: bool) {
        let view = View { dir: log.dir().clone(), reader: log.reader() };
        let mut copy = self.lock();
        debug_assert!(copy.is_none(), "a replica moves to one directory at a time");
        *copy = Some(Copy { log, number, is_carried_out: true, is_assigned });
        self.view.store(Some(Arc::new(view)));
    }

    /// Takes the copy away, with the lock held.
    pub(crate) fn detach(&self, mut copy: MutexGuard<'_, Option<Copy>>) -> Option<Copy> {
        self.view.store(None);
        copy.take()
    }

    /// The copy; waits for the end of a step.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Copy>> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The copy as others see it.
    pub(crate) fn view(&self) -> Option<Arc<View>> {
        self.view.load_full()
    }
}

impl Partition {
    /// The copy of this replica on its way to another directory, if there is one.
    pub fn future(&self) -> Option<FuturePlace> {
        let view = self.future.view()?;
        Some(FuturePlace {
            dir: view.dir.path().to_owned(),
            size: view.reader.size(),
            offset_lag: self.log_end_offset() - view.reader.log_end_offset(),
        })
    }

    /// Whether the replica is on its way to the directory with this id.
    pub(crate) fn is_moving_to(&self, directory: Uuid) -> bool {
        self.future.view().is_some_and(|view| view.dir.id() == directory)
    }
}
