//! The end of a move between directories: the copy becomes the log in use.

use crate::log::Log;
use crate::log_dirs::LogDirs;
use crate::{Error, ReplicaDirName, ReplicaKind};

impl LogDirs {
    /// Gives a future log the name of the log in use, and lets the two change places: afterwards
    /// `current` is the copy, and `future` the log that was in use. That one is still there under
    /// its name, for readers that have it; it is to be [`delete`](Self::delete)d next, in this
    /// order (Apache Kafka's): a crash between the two leaves two whole logs and never none.
    ///
    /// What the copy cannot know from batches goes along: leader epochs without records, producers
    /// whose records are gone, the log start.
    ///
    /// # Errors
    /// [`Error::UnexpectedOffset`] when the copy does not end where the log ends; otherwise the
    /// directory cannot be renamed. Nothing has changed then.
    pub fn promote(&self, current: &mut Log, future: &mut Log) -> Result<(), Error> {
        let (offset, expected) = (future.log_end_offset(), current.log_end_offset());
        if offset != expected {
            return Err(Error::UnexpectedOffset { offset, expected });
        }
        let log_start_offset = current.log_start_offset();
        if log_start_offset > 0 {
            future.advance_log_start_offset(log_start_offset)?;
            // Whoever was told that records are deleted must not find them after a crash.
            let name = future.topic_partition().clone();
            future.dir().keep_log_starts(&[(name, log_start_offset)])?;
        }
        self.promote_alone(future)?;
        future.epochs = current.epochs.clone();
        future.epochs_changed = true;
        std::mem::swap(&mut future.producers, &mut current.producers);
        std::mem::swap(current, future);
        Ok(())
    }

    /// Gives a future log the name of a log in use, of which there is none.
    ///
    /// # Errors
    /// The directory cannot be renamed.
    pub fn promote_alone(&self, future: &mut Log) -> Result<(), Error> {
        let name = ReplicaDirName::format(future.topic_partition(), ReplicaKind::Current, 0);
        future.home().rename(&name)?;
        // The next flush makes the name durable.
        future.directory_changed = true;
        Ok(())
    }
}
