//! What waits until the high watermark has passed its records.

use std::collections::VecDeque;
use std::time::Duration;

use env::Instant;

use crate::error::Error;
use crate::reply::ReplyTo;
use crate::shard::Shard;

/// One event whose records are written.
pub(super) struct Waiting<S: Shard> {
    /// The answer that is due then.
    pub(super) answer: Option<Due<S>>,
    /// What the shard does then.
    pub(super) after_write: Option<S::AfterWrite>,
}

/// An answer, and where it goes.
pub(super) enum Due<S: Shard> {
    Response(ReplyTo<S::Response>, S::Response),
    /// The transaction is ended.
    Ended(ReplyTo<()>),
}

impl<S: Shard> Due<S> {
    /// Gives the answer. Nobody listens if the client is gone.
    pub(super) fn send(self) {
        match self {
            Self::Response(reply_to, response) => drop(reply_to.send(Ok(response))),
            Self::Ended(reply_to) => drop(reply_to.send(Ok(()))),
        }
    }

    /// Gives an error in place of the answer.
    pub(super) fn fail(self, error: Error) {
        match self {
            Self::Response(reply_to, _) => drop(reply_to.send(Err(error))),
            Self::Ended(reply_to) => drop(reply_to.send(Err(error))),
        }
    }
}

/// Events by the offset behind their last record.
pub(super) struct Deferred<S: Shard> {
    queue: VecDeque<Entry<S>>,
    timeout: Duration,
}

struct Entry<S: Shard> {
    /// The high watermark has to come here.
    until: i64,
    deadline: Instant,
    waiting: Waiting<S>,
}

impl<S: Shard> Deferred<S> {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { queue: VecDeque::new(), timeout }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Offsets and times only grow from call to call.
    pub(super) fn push(&mut self, until: i64, now: Instant, waiting: Waiting<S>) {
        self.queue.push_back(Entry { until, deadline: now + self.timeout, waiting });
    }

    /// The next one that the high watermark releases.
    pub(super) fn pop_committed(&mut self, high_watermark: i64) -> Option<Waiting<S>> {
        self.pop_if(|entry| entry.until <= high_watermark)
    }

    /// The next one whose time is over.
    pub(super) fn pop_late(&mut self, now: Instant) -> Option<Waiting<S>> {
        self.pop_if(|entry| entry.deadline <= now)
    }

    fn pop_if(&mut self, is_due: impl FnOnce(&Entry<S>) -> bool) -> Option<Waiting<S>> {
        if !is_due(self.queue.front()?) {
            return None;
        }
        self.queue.pop_front().map(|entry| entry.waiting)
    }

    /// Where the high watermark has to come for the next one.
    pub(super) fn next_offset(&self) -> Option<i64> {
        self.queue.front().map(|entry| entry.until)
    }

    /// When the next one is late.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.queue.front().map(|entry| entry.deadline)
    }
}
