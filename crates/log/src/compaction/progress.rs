//! Up to where a log was cleaned, in memory and in the `cleaner-offset-checkpoint` of its
//! directory.

use super::Cleaning;
use crate::log::Log;
use crate::{Error, OffsetCheckpoint};

impl Log {
    /// The first offset that no cleaning has covered; `None` for a log that never was compacted.
    pub fn cleaned_up_to(&self) -> Option<i64> {
        self.cleaned_up_to
    }

    /// Takes note of how far a cleaning came.
    pub fn set_cleaned_up_to(&mut self, offset: i64) {
        self.cleaned_up_to = Some(offset.min(self.log_end_offset()));
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

    /// Takes over how far another replica of the same records was cleaned. Waits for the disk.
    pub(crate) fn take_cleaned_up_to(&mut self, other: &Self) -> Result<(), Error> {
        let Some(offset) = other.cleaned_up_to else { return Ok(()) };
        self.set_cleaned_up_to(offset);
        self.dir().write_cleaner_offset(&self.topic_partition, self.cleaned_up_to, || true)
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
