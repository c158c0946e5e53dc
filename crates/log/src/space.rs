//! Room on the disk of a log directory.
//!
//! A full disk must not be found out by a write that fails half way: while there is little room
//! left, clients' batches are refused, and what is left is for offsets, metadata, checkpoints and
//! compaction, so that reading, committing and deleting go on. As soon as there is room again
//! batches are taken again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{Error, LogDir};

/// Free space is looked at after this many bytes were appended, or sooner where little has to be
/// kept free.
const LOOK_AFTER_BYTES: u64 = 4 << 20;
/// Kept free where nothing is configured: one part in [`SHARE`] of the file system, at most
/// [`SHARE_MAX`] bytes.
const SHARE: u64 = 20;
const SHARE_MAX: u64 = 1 << 30;

/// What is known of the room on one file system.
#[derive(Debug)]
pub(crate) struct Room {
    /// Bytes to keep free.
    min_free: u64,
    /// Bytes appended since the free space was looked at.
    appended: AtomicU64,
    is_low: AtomicBool,
}

impl Room {
    /// `min_free` as configured; `total` is the size of the file system, if known.
    pub(crate) fn new(min_free: Option<u64>, total: Option<u64>) -> Self {
        let share = || total.map_or(0, |total| (total / SHARE).min(SHARE_MAX));
        Self {
            min_free: min_free.unwrap_or_else(share),
            // The first append looks.
            appended: AtomicU64::new(u64::MAX / 2),
            is_low: AtomicBool::new(false),
        }
    }
}

impl LogDir {
    /// Checks that `bytes` more leave enough room on the disk (`log.dirs.min.free.bytes`).
    ///
    /// # Errors
    /// [`Error::LowSpace`]. It passes by itself when space is freed.
    pub fn admit(&self, bytes: usize) -> Result<(), Error> {
        let (room, bytes) = (self.room(), bytes as u64);
        if room.min_free == 0 {
            return Ok(());
        }
        let appended = room.appended.fetch_add(bytes, Ordering::Relaxed);
        let look_after = LOOK_AFTER_BYTES.min(room.min_free / 4);
        if appended < look_after && !room.is_low.load(Ordering::Relaxed) {
            return Ok(());
        }
        room.appended.store(0, Ordering::Relaxed);
        // A file system that does not tell is not guarded.
        let Ok(free) = self.files().free_space(self.path()) else { return Ok(()) };
        let is_low = free < room.min_free.saturating_add(bytes);
        if room.is_low.swap(is_low, Ordering::Relaxed) != is_low {
            self.tell(is_low, free);
        }
        if is_low {
            let (dir, min_free) = (self.path().to_owned(), room.min_free);
            return Err(Error::LowSpace { dir, free, min_free });
        }
        Ok(())
    }

    fn tell(&self, is_low: bool, free: u64) {
        let (dir, min_free) = (self.path().display(), self.room().min_free);
        if is_low {
            tracing::warn!(
                %dir, free, min_free,
                "the disk is nearly full: batches of clients are refused until there is room \
                 (log.dirs.min.free.bytes)"
            );
        } else {
            tracing::info!(%dir, free, min_free, "there is room on the disk again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_file_system_is_kept_free() {
        let kept = |min_free, total| Room::new(min_free, total).min_free;
        assert_eq!(kept(None, Some(100 << 20)), 5 << 20);
        assert_eq!(kept(None, Some(1 << 40)), 1 << 30);
        assert_eq!(kept(None, None), 0);
        assert_eq!(kept(Some(7), Some(1 << 40)), 7);
    }
}
