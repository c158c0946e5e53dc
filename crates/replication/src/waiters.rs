//! Purgatory: operations that wait for something to happen to a partition.
//!
//! A waiting operation registers with every partition it waits for and then looks once more, so
//! that nothing that happened in between is missed. Whoever moves the partition wakes it; it then
//! goes on in its own task, on its own thread. A deadline is the operation's own timer.
//!
//! **Invariant:** a partition that nobody waits for pays one atomic load per append.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What a reader may see, and so which movement of the partition is news to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Followers: up to the log end offset.
    LogEnd,
    /// `read_uncommitted` consumers: up to the high watermark.
    HighWatermark,
    /// `read_committed` consumers: up to the last stable offset.
    LastStable,
}

/// A parked operation. It is woken when enough data arrived, or when something happened that it
/// must look at.
#[derive(Debug)]
pub struct Parked {
    missing_bytes: AtomicI64,
    notify: Notify,
}

impl Parked {
    /// An operation that wants to be woken once `missing_bytes` more bytes became visible.
    pub fn new(missing_bytes: i64) -> Arc<Self> {
        Arc::new(Self { missing_bytes: AtomicI64::new(missing_bytes), notify: Notify::new() })
    }

    /// Waits until woken. A wake that came before this call is not lost.
    pub async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Wakes it, whatever it waits for.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    fn arrived(&self, bytes: i64) {
        if self.missing_bytes.fetch_sub(bytes, Ordering::Relaxed) <= bytes {
            self.notify.notify_one();
        }
    }
}

#[derive(Debug)]
struct ForOffset {
    offset: i64,
    parked: Arc<Parked>,
}

#[derive(Debug)]
struct ForData {
    visibility: Visibility,
    parked: Arc<Parked>,
}

#[derive(Debug, Default)]
struct Lists {
    for_offset: Vec<ForOffset>,
    for_sync: Vec<ForOffset>,
    for_data: Vec<ForData>,
}

impl Lists {
    fn is_empty(&self) -> bool {
        self.for_offset.is_empty() && self.for_sync.is_empty() && self.for_data.is_empty()
    }
}

/// A parked operation that a partition wakes, until this is dropped: an operation whose client has
/// gone leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    waiters: &'a Waiters,
    parked: Arc<Parked>,
}

impl Waiting<'_> {
    /// Wakes it once the high watermark is at or above `offset`.
    pub(crate) fn for_high_watermark(&self, offset: i64) {
        self.waiters.await_high_watermark(offset, &self.parked);
    }

    /// Wakes it once everything below `offset` is on the disk.
    pub(crate) fn for_sync(&self, offset: i64) {
        self.waiters.await_synced(offset, &self.parked);
    }

    /// Wakes it when something happens that everybody must look at.
    pub(crate) fn for_news(&self) {
        self.for_high_watermark(i64::MAX);
    }

    /// Waits until woken. A wake that came before this call is not lost.
    pub(crate) async fn woken(&self) {
        self.parked.woken().await;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waiters.forget(&self.parked);
    }
}

/// Those who wait for one partition.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    any: AtomicBool,
    lists: Mutex<Option<Box<Lists>>>,
}

impl Waiters {
    /// An operation that is parked here and waits for nothing yet.
    pub(crate) fn park(&self) -> Waiting<'_> {
        Waiting { waiters: self, parked: Parked::new(i64::MAX) }
    }

    /// Wakes `parked` once the high watermark is at or above `offset`.
    fn await_high_watermark(&self, offset: i64, parked: &Arc<Parked>) {
        let waiter = ForOffset { offset, parked: Arc::clone(parked) };
        self.register(|lists| lists.for_offset.push(waiter));
    }

    /// Wakes `parked` once everything below `offset` is on the disk.
    fn await_synced(&self, offset: i64, parked: &Arc<Parked>) {
        let waiter = ForOffset { offset, parked: Arc::clone(parked) };
        self.register(|lists| lists.for_sync.push(waiter));
    }

    /// Counts what becomes visible to `parked`.
    pub(crate) fn await_data(&self, visibility: Visibility, parked: &Arc<Parked>) {
        let waiter = ForData { visibility, parked: Arc::clone(parked) };
        self.register(|lists| lists.for_data.push(waiter));
    }

    /// Forgets `parked`; called by the operation itself when it is done.
    pub(crate) fn forget(&self, parked: &Arc<Parked>) {
        let mut guard = self.lock();
        let Some(lists) = guard.as_mut() else { return };
        lists.for_offset.retain(|waiter| !Arc::ptr_eq(&waiter.parked, parked));
        lists.for_sync.retain(|waiter| !Arc::ptr_eq(&waiter.parked, parked));
        lists.for_data.retain(|waiter| !Arc::ptr_eq(&waiter.parked, parked));
        self.settle(&mut guard);
    }

    /// `bytes` more bytes became visible to readers of `visibility`.
    pub(crate) fn data_visible(&self, visibility: Visibility, bytes: u64) {
        if !self.any() {
            return;
        }
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if let Some(lists) = self.lock().as_ref() {
            for waiter in lists.for_data.iter().filter(|waiter| waiter.visibility == visibility) {
                waiter.parked.arrived(bytes);
            }
        }
    }

    /// The high watermark is now `high_watermark`.
    pub(crate) fn high_watermark_moved(&self, high_watermark: i64) {
        self.reached(high_watermark, |lists| &mut lists.for_offset);
    }

    /// Everything below `offset` is on the disk now.
    pub(crate) fn synced(&self, offset: i64) {
        self.reached(offset, |lists| &mut lists.for_sync);
    }

    fn reached(&self, offset: i64, list: impl FnOnce(&mut Lists) -> &mut Vec<ForOffset>) {
        if !self.any() {
            return;
        }
        let mut guard = self.lock();
        let Some(lists) = guard.as_mut() else { return };
        list(lists).retain(|waiter| {
            let reached = waiter.offset <= offset;
            if reached {
                waiter.parked.notify.notify_one();
            }
            !reached
        });
        self.settle(&mut guard);
    }

    /// Something happened that everybody must look at: leadership, truncation, deletion.
    pub(crate) fn wake_all(&self) {
        if let Some(lists) = self.lock().as_ref() {
            let waiters = lists.for_offset.iter().chain(&lists.for_sync);
            waiters.for_each(|waiter| waiter.parked.notify.notify_one());
            lists.for_data.iter().for_each(|waiter| waiter.parked.notify.notify_one());
        }
    }

    /// Whether somebody may be waiting. The fence orders the caller's change to the partition
    /// before the look, as [`Waiters::register`] orders its mark before the waiter's second look.
    fn any(&self) -> bool {
        fence(Ordering::SeqCst);
        self.any.load(Ordering::Relaxed)
    }

    fn register(&self, add: impl FnOnce(&mut Lists)) {
        let mut guard = self.lock();
        add(guard.get_or_insert_default());
        self.any.store(true, Ordering::Relaxed);
        drop(guard);
        fence(Ordering::SeqCst);
    }

    fn settle(&self, guard: &mut MutexGuard<'_, Option<Box<Lists>>>) {
        if guard.as_ref().is_none_or(|lists| lists.is_empty()) {
            **guard = None;
            self.any.store(false, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Lists>>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_ends_early_leaves_nothing_behind() {
        let waiters = Waiters::default();
        let (gone, staying) = (waiters.park(), waiters.park());
        gone.for_high_watermark(7);
        gone.for_sync(7);
        gone.for_news();
        staying.for_high_watermark(8);
        drop(gone);
        let left = |lists: &Lists| lists.for_offset.len() + lists.for_sync.len();
        assert_eq!(waiters.lock().as_deref().map(left), Some(1));
        waiters.high_watermark_moved(8);
        assert!(!waiters.any());
        drop(staying);
        assert!(!waiters.any());
    }
}
