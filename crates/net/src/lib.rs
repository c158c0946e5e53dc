//! Listeners, framing, ordered replies, limits.
//!
//! A [`Server`] takes connections in on its named listeners and gives every request to a
//! [`Handler`]. A connection is one task on one data thread. Its loop cuts frames from the socket,
//! calls the handler strictly in the order of the requests, parks what has to wait, and sends the
//! replies in the order of the requests.
//!
//! Bounds: a frame is read only when the shared budget has room for it ([`Limits`]); a connection
//! has a bounded number of requests under way and takes no new one while its replies are not
//! sent; connections are counted in total, per listener, per address and per second.

mod accept;
mod admission;
mod connection;
mod counters;
mod error;
mod foreign;
mod handler;
mod input;
mod limits;
mod listener;
mod log_gate;
mod memory;
mod output;
mod roster;
mod server;
#[cfg(test)]
mod tests;
mod times;

pub use counters::Counts;
pub use error::StartError;
pub use handler::{Call, Connection, Handler, Outcome, Reply, Waiting};
pub use limits::Limits;
pub use listener::{ListenerLimits, ListenerSpec, SecurityProtocol, UnknownSecurityProtocol};
pub use server::{BoundServer, Meter, Server, ThreadCounts};
pub use times::{RequestTimes, Stage};
