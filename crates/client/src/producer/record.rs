//! What a producer takes and what becomes of it.

use std::pin::pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use env::Instant;
use records::Header;
use tokio::sync::Notify;
use wire::Str;

use crate::error::Error;

/// A record to be sent.
#[derive(Debug, Clone, Default)]
pub struct ProducerRecord {
    /// The topic.
    pub topic: Str,
    /// The partition; `None` lets the key decide, or the producer if there is no key.
    pub partition: Option<i32>,
    /// Milliseconds since the epoch; `None` for now.
    pub timestamp: Option<i64>,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: Vec<Header>,
}

/// Where a record went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The topic.
    pub topic: Str,
    /// The partition.
    pub partition: i32,
    /// Its offset; `None` where the broker does not tell (acks=0, or a retry that was a
    /// duplicate).
    pub offset: Option<i64>,
}

/// What becomes of a batch: the offset of its first record, -1 if unknown, or its error.
pub(super) type Outcome = Result<i64, Arc<Error>>;

/// The fate of a batch, told to all who wait for one of its records.
#[derive(Debug)]
pub(super) struct Fate {
    topic: Str,
    partition: i32,
    outcome: OnceLock<(Instant, Outcome)>,
    told: Notify,
}

impl Fate {
    pub(super) fn new(topic: Str, partition: i32) -> Self {
        Self { topic, partition, outcome: OnceLock::new(), told: Notify::new() }
    }

    /// Tells it. What was told first stays.
    pub(super) fn tell(&self, now: Instant, outcome: Outcome) {
        let _ = self.outcome.set((now, outcome));
        self.told.notify_waiters();
    }
}

/// A record on its way. Dropping it does not stop the record.
#[derive(Debug)]
pub struct Delivery {
    pub(super) fate: Arc<Fate>,
    /// Its place in the batch.
    pub(super) at: i32,
}

impl Delivery {
    /// Waits until the record is delivered or given up.
    ///
    /// # Errors
    /// Why it was given up; [`Error::Closed`] if the producer was dropped before.
    pub async fn settled(self) -> Result<Delivered, Arc<Error>> {
        self.settled_at().await.1
    }

    /// As [`settled`](Self::settled), with the time at which it was known, however long after
    /// that it is asked for.
    pub async fn settled_at(self) -> (Instant, Result<Delivered, Arc<Error>>) {
        loop {
            if let Some(known) = self.known() {
                return known;
            }
            let mut told = pin!(self.fate.told.notified());
            // What is told from here on wakes it.
            told.as_mut().enable();
            if self.fate.outcome.get().is_none() {
                told.await;
            }
        }
    }

    fn known(&self) -> Option<(Instant, Result<Delivered, Arc<Error>>)> {
        let (when, outcome) = self.fate.outcome.get()?;
        let delivered = outcome.as_ref().map_err(Arc::clone).map(|base_offset| Delivered {
            topic: self.fate.topic.clone(),
            partition: self.fate.partition,
            offset: (*base_offset >= 0).then(|| base_offset + i64::from(self.at)),
        });
        Some((*when, delivered))
    }
}
