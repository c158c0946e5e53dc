//! The bounds of a server.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// The bounds all listeners of a server share. The named settings are Kafka's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest request, without its length prefix (`socket.request.max.bytes`).
    pub request_bytes_max: u32,
    /// Memory for requests that are being read, handled or waited for
    /// (`queued.max.request.bytes`). Without room for it, a request is not read. A request longer
    /// than all of it counts as all of it.
    pub requests_memory_bytes: usize,
    /// Memory for replies that connections do not take. Above it no new request is looked at, and
    /// connections that have not taken a byte for [`reply_stall_max`](Self::reply_stall_max) are
    /// closed.
    pub replies_memory_bytes: usize,
    /// See [`replies_memory_bytes`](Self::replies_memory_bytes).
    pub reply_stall_max: Duration,
    /// Requests of one connection that wait at a time; further ones are not read.
    pub pending_requests_max: usize,
    /// Connections at a time, on all listeners (`max.connections`). Above it none is accepted,
    /// except on protected listeners.
    pub connections_max: usize,
    /// Connections at a time from one address (`max.connections.per.ip`). A further one is closed
    /// at once.
    pub connections_per_address_max: usize,
    /// Exceptions from [`connections_per_address_max`](Self::connections_per_address_max)
    /// (`max.connections.per.ip.overrides`).
    pub connections_per_address_overrides: BTreeMap<IpAddr, usize>,
    /// Connections per second, on all listeners (`max.connection.creation.rate`). Further ones
    /// wait. `i32::MAX` is no bound, 0 lets none in.
    pub connection_creation_rate: u32,
    /// A connection is closed that neither sends nor takes a byte for this long, unless a request
    /// of it is waiting (`connections.max.idle.ms`). Checked sixteen times in that span.
    pub idle_max: Duration,
}

impl Default for Limits {
    /// Kafka's defaults, and 256 MiB each for requests and replies.
    fn default() -> Self {
        Self {
            request_bytes_max: 104_857_600,
            requests_memory_bytes: 256 << 20,
            replies_memory_bytes: 256 << 20,
            reply_stall_max: Duration::from_secs(10),
            pending_requests_max: 64,
            connections_max: i32::MAX as usize,
            connections_per_address_max: i32::MAX as usize,
            connections_per_address_overrides: BTreeMap::new(),
            connection_creation_rate: i32::MAX as u32,
            idle_max: Duration::from_mins(10),
        }
    }
}

impl Limits {
    pub(crate) fn connections_of_address_max(&self, address: IpAddr) -> usize {
        let own = self.connections_per_address_overrides.get(&address);
        own.copied().unwrap_or(self.connections_per_address_max)
    }
}
