//! What a handler knows of a request besides its body.

use std::net::SocketAddr;
use std::sync::Arc;

use metadata::Image;
use wire::Str;

use crate::Broker;

/// A request's circumstances. A handler looks at one snapshot of the cluster from start to end.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The broker that serves it.
    pub broker: Arc<Broker>,
    /// The cluster as it was when the request was taken.
    pub image: Arc<Image>,
    /// Version of the API.
    pub version: i16,
    /// What the client calls itself; empty when it says nothing.
    pub client_id: Str,
    /// The listener it came in through.
    pub listener: Str,
    /// Where it came from.
    pub peer: SocketAddr,
    /// The connection, by a number that no other has or had.
    pub connection: u64,
}
