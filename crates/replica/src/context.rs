//! What the machine is told of the world around it with each event.

use std::fmt;

/// The world at the moment of an event.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Milliseconds of a clock that only goes forward; the same clock for all events.
    pub now_ms: i64,
    /// Epoch this broker is registered with.
    pub local_broker_epoch: i64,
    /// The other brokers as the metadata image has them.
    pub brokers: &'a dyn Brokers,
}

/// Looks up brokers in the metadata image.
pub trait Brokers {
    /// How the broker stands, `None` when it is not registered.
    fn standing(&self, broker_id: i32) -> Option<BrokerStanding>;
}

impl<F: Fn(i32) -> Option<BrokerStanding>> Brokers for F {
    fn standing(&self, broker_id: i32) -> Option<BrokerStanding> {
        self(broker_id)
    }
}

/// What decides whether a broker's replicas may join an ISR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerStanding {
    /// Epoch of its registration.
    pub epoch: i64,
    /// Whether the controller has fenced it.
    pub is_fenced: bool,
    /// Whether it is in controlled shutdown.
    pub is_shutting_down: bool,
}

impl BrokerStanding {
    /// Whether a replica that fetches with `fetch_epoch` may join an ISR: its broker is neither
    /// fenced nor shutting down, and the fetches come from this very incarnation of it
    /// (KIP-903, kafka-semantics 48). -1 comes from fetches that carry no epoch and passes.
    pub(crate) fn may_join_isr(&self, fetch_epoch: i64) -> bool {
        let is_same_incarnation = fetch_epoch == -1 || fetch_epoch == self.epoch;
        !self.is_fenced && !self.is_shutting_down && is_same_incarnation
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("now_ms", &self.now_ms)
            .field("local_broker_epoch", &self.local_broker_epoch)
            .finish_non_exhaustive()
    }
}
