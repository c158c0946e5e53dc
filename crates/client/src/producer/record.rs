//! What goes into a producer and what comes of it.

use std::sync::Arc;

use bytes::Bytes;
use records::Header;
use tokio::sync::oneshot;
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

/// A record's fate; a batch shares its error.
pub(super) type Outcome = Result<Delivered, Arc<Error>>;

/// A record on its way. Dropping it does not stop the record.
#[derive(Debug)]
pub struct Delivery(pub(super) oneshot::Receiver<Outcome>);

impl Delivery {
    /// Waits until the record is delivered or given up.
    ///
    /// # Errors
    /// Why it was given up; [`Error::Closed`] if the producer was dropped before.
    pub async fn settled(self) -> Result<Delivered, Arc<Error>> {
        self.0.await.unwrap_or_else(|_| Err(Arc::new(Error::Closed)))
    }
}
