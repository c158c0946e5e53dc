//! A bound on open files: handles are opened on use and closed again when others need the room.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::{ArcSwapOption, Guard};
use env::File;

use crate::SegmentFile;
use crate::segment::Segment;

/// A file that is open while it is in use.
#[derive(Debug, Default)]
pub(crate) struct Handle {
    file: ArcSwapOption<File>,
    /// Whether it was used since somebody last looked for files to close.
    used: AtomicBool,
}

impl Handle {
    /// The file, if it is open.
    pub(crate) fn get(&self) -> Option<Guard<Option<Arc<File>>>> {
        let file = self.file.load();
        file.as_ref()?;
        // A load before the store keeps the cache line shared while the file is in steady use.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        Some(file)
    }

    /// Keeps an opened file. Two threads may open the same file at the same time; the second to
    /// get here replaces the handle of the first, which closes when its user is done.
    pub(crate) fn put(&self, file: Arc<File>) {
        self.used.store(true, Ordering::Relaxed);
        self.file.store(Some(file));
    }

    /// Closes the file, once the last user is done.
    pub(crate) fn close(&self) {
        self.file.store(None);
    }

    fn is_open(&self) -> bool {
        self.file.load().is_some()
    }
}

/// The open files of all logs, oldest first.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    max: usize,
    queue: Mutex<VecDeque<Entry>>,
}

#[derive(Debug)]
struct Entry {
    segment: Weak<Segment>,
    file: SegmentFile,
}

impl Entry {
    /// Closes the file unless it was used since the last look; says whether the entry is done
    /// with.
    fn close_if_unused(&self) -> bool {
        let Some(segment) = self.segment.upgrade() else { return true };
        let Some(handle) = segment.handle(self.file) else { return true };
        if handle.is_open() && handle.used.swap(false, Ordering::Relaxed) {
            return false;
        }
        handle.close();
        true
    }
}

impl OpenFiles {
    /// Keeps about `max` files open.
    pub(crate) fn new(max: usize) -> Self {
        Self { max: max.max(1), queue: Mutex::default() }
    }

    /// Notes that `file` of `segment` was opened, and closes the file unused for longest if there
    /// are too many. A file that is in use by someone closes when that use ends.
    pub(crate) fn opened(&self, segment: &Arc<Segment>, file: SegmentFile) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        // Second chance: whoever was used since last time goes to the back once.
        let mut looks = 2 * queue.len();
        while queue.len() >= self.max && looks > 0 {
            looks -= 1;
            let Some(oldest) = queue.pop_front() else { break };
            if !oldest.close_if_unused() {
                queue.push_back(oldest);
            }
        }
        queue.push_back(Entry { segment: Arc::downgrade(segment), file });
    }

    /// Closes the files that were not used since the last call.
    pub(crate) fn close_unused(&self) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.retain(|entry| !entry.close_if_unused());
        let room = 2 * queue.len() + 16;
        queue.shrink_to(room);
    }

    /// How many files are open at most.
    pub(crate) fn len(&self) -> usize {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
