//! Up to where a log was cleaned, in memory and in the `cleaner-offset-checkpoint` of its
//! directory.

use std::sync::Arc;

use super::Cleaning;
use crate::log::Log;
use crate::{Error, OffsetCheckpoint};

impl Log {
    /// The first offset that no cleaning has covered; `None` for a log that never was compacted.
    pub fn cleaned_up_to(&self) -> Option<i64> {
        self.cleaned_up_to
    }

    /// Takes note of a cleaning that came to its end, unless this is another log by now or was
    /// truncated since; whether it counts.
    pub fn cleaned(&mut self, cleaning: &Cleaning, end_offset: i64) -> bool {
        let counts = Arc::ptr_eq(self.home(), &cleaning.home)
            && cleaning.truncations == self.home().written().truncations;
        if counts {
            self.cleaned_up_to = Some(end_offset);
        }
        counts
    }

    /// What is cut off and written again was not cleaned. Waits for the disk.
    pub(crate) fn lower_cleaned_up_to(&mut self, offset: i64) -> Result<(), Error> {
        if self.cleaned_up_to.is_none_or(|cleaned| cleaned <= offset) {
            return Ok(());
        }
        self.cleaned_up_to = Some(offset);
        self.dir().write_cleaner_offset(&self.topic_partition, Some(offset), || true)
    }

    /// Forgets how far this log was cleaned, for it is going away. Waits for the disk.
    pub(crate) fn forget_cleaned_up_to(&self) -> Result<(), Error> {
        match self.cleaned_up_to {
            Some(_) => self.dir().write_cleaner_offset(&self.topic_partition, None, || true),
            None => Ok(()),
        }
    }
}

impl Cleaning {
    /// Writes how far the log is cleaned to the checkpoint of its directory, unless it was closed
    /// meanwhile. Waits for the disk.
    ///
    /// # Errors
    /// [`Error::Io`]: the log directory is offline.
    pub fn write_progress(&self, offset: i64) -> Result<(), Error> {
        let is_open = || self.home.check_open().is_ok();
        self.home.dir.write_cleaner_offset(&self.topic_partition, Some(offset), is_open)
    }
}

impl crate::LogDir {
    /// Replaces or removes the entry of one log in the cleaner offset checkpoint, if `applies`
    /// once no one else writes it.
    fn write_cleaner_offset(
        &self,
        topic_partition: &crate::TopicPartition,
        offset: Option<i64>,
        applies: impl FnOnce() -> bool,
    ) -> Result<(), Error> {
        self.update_offsets(OffsetCheckpoint::CleanerOffset, |offsets| {
            if !applies() {
                return false;
            }
            let before = match offset {
                Some(offset) => offsets.insert(topic_partition.clone(), offset),
                None => offsets.remove(topic_partition),
            };
            before != offset
        })
    }
}
