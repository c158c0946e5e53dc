//! One member of a classic group.

use wire::{Bytes, Str};

use super::request::{Client, Protocol};
use crate::outcome::Token;

/// A member. What it holds of requests is copied out of their frames, so that a small string does
/// not keep a large frame.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: Str,
    pub(crate) group_instance_id: Option<Str>,
    pub(crate) client: Client,
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
    pub(crate) assignment: Bytes,
    /// It was added in this rebalance and knows its id only from the answer.
    pub(crate) is_new: bool,
    /// Most wanted first. Changed through [`Members`](super::members::Members), which counts them.
    pub(super) protocols: Vec<Protocol>,
    /// The JoinGroup request that waits; counted by `Members` too.
    pub(super) awaiting_join: Option<Token>,
    /// The SyncGroup request that waits.
    pub(crate) awaiting_sync: Option<Token>,
}

impl Member {
    pub(crate) fn is_static(&self) -> bool {
        self.group_instance_id.is_some()
    }

    pub(crate) fn is_awaiting_join(&self) -> bool {
        self.awaiting_join.is_some()
    }

    /// Silence does not count against a member whose request waits here, except a new one: it may
    /// have given up, and nobody else would notice.
    pub(crate) fn needs_no_heartbeat(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }

    /// Whether the member supports just these protocols, in this order with this metadata.
    pub(crate) fn matches(&self, protocols: &[Protocol]) -> bool {
        self.protocols == protocols
    }

    /// The metadata for a protocol; none if the member does not support it.
    pub(crate) fn metadata(&self, protocol_name: &str) -> Option<&Bytes> {
        self.protocols
            .iter()
            .find(|protocol| protocol.name == *protocol_name)
            .map(|protocol| &protocol.metadata)
    }
}

impl Protocol {
    /// A copy that keeps no frame alive.
    pub(crate) fn detach(&self) -> Self {
        Self { name: self.name.detach(), metadata: Bytes::copy_from_slice(&self.metadata) }
    }
}
