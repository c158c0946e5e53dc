//! The budgets for requests and replies.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The budget for requests. Whoever waits for it is served in order.
#[derive(Clone, Debug)]
pub(crate) struct RequestMemory {
    permits: Arc<Semaphore>,
    capacity: usize,
}

impl RequestMemory {
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, u32::MAX as usize);
        Self { permits: Arc::new(Semaphore::new(capacity)), capacity }
    }

    pub(crate) fn in_use(&self) -> usize {
        self.capacity - self.permits.available_permits()
    }

    /// What a request of `bytes` counts as: one longer than the whole budget waits until nobody
    /// else has any.
    fn charge(&self, bytes: usize) -> u32 {
        // The capacity fits.
        bytes.min(self.capacity) as u32
    }
}

/// What one connection has of the budget; given back with it.
pub(crate) struct Held {
    memory: RequestMemory,
    bytes: u32,
    waiting: Option<Waiting>,
}

type Acquired = Result<OwnedSemaphorePermit, tokio::sync::AcquireError>;
type Waiting = Pin<Box<dyn Future<Output = Acquired> + Send>>;

impl Held {
    pub(crate) fn new(memory: RequestMemory) -> Self {
        Self { memory, bytes: 0, waiting: None }
    }

    /// Takes room for `bytes`, and tells what it counts as; pending until there is room. While it
    /// is pending, it is asked for the same number again.
    pub(crate) fn poll_take(&mut self, cx: &mut Context<'_>, bytes: usize) -> Poll<u32> {
        let charge = self.memory.charge(bytes);
        let waiting = match &mut self.waiting {
            Some(waiting) => waiting,
            None => {
                if let Ok(permit) = self.memory.permits.try_acquire_many(charge) {
                    permit.forget();
                    self.bytes += charge;
                    return Poll::Ready(charge);
                }
                let permits = Arc::clone(&self.memory.permits);
                self.waiting.insert(Box::pin(permits.acquire_many_owned(charge)))
            }
        };
        // The semaphore is never closed.
        if let Ok(permit) = ready!(waiting.as_mut().poll(cx)) {
            permit.forget();
        }
        self.waiting = None;
        self.bytes += charge;
        Poll::Ready(charge)
    }

    /// Whether the last [`poll_take`](Self::poll_take) found no room.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Gives back what a request counted as.
    pub(crate) fn give(&mut self, charge: u32) {
        self.bytes -= charge;
        self.memory.permits.add_permits(charge as usize);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.permits.add_permits(self.bytes as usize);
    }
}

/// The budget for replies that their connections do not take. Replies that leave at once never
/// touch it.
#[derive(Debug)]
pub(crate) struct ReplyMemory {
    stuck: AtomicUsize,
    capacity: usize,
    /// Told when the budget is kept again.
    relieved: Arc<Notify>,
    /// Told when it is exceeded.
    exceeded: Notify,
}

impl ReplyMemory {
    pub(crate) fn new(capacity: usize) -> Self {
        let (relieved, exceeded) = (Arc::default(), Notify::new());
        Self { stuck: AtomicUsize::new(0), capacity, relieved, exceeded }
    }

    pub(crate) fn is_exceeded(&self) -> bool {
        self.stuck.load(Ordering::Relaxed) > self.capacity
    }

    pub(crate) fn stuck(&self) -> usize {
        self.stuck.load(Ordering::Relaxed)
    }

    /// Replaces what one connection has stuck.
    pub(crate) fn change(&self, before: usize, after: usize) {
        if after > before {
            let sum = self.stuck.fetch_add(after - before, Ordering::Relaxed) + (after - before);
            if sum > self.capacity {
                self.exceeded.notify_waiters();
            }
        } else if before > after {
            let was = self.stuck.fetch_sub(before - after, Ordering::Relaxed);
            if was > self.capacity && was - (before - after) <= self.capacity {
                self.relieved.notify_waiters();
            }
        }
    }

    pub(crate) fn relieved(&self) -> &Arc<Notify> {
        &self.relieved
    }

    pub(crate) fn exceeded(&self) -> &Notify {
        &self.exceeded
    }
}
