//! What a handler knows of a request besides its body.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use metadata::Image;
use net::Connection;
use wire::Str;

use crate::Broker;
use crate::connection::ConnectionState;
use crate::telemetry::Session;

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
    /// The connection it came over.
    pub connection: Arc<Connection>,
}

impl Request {
    /// What telemetry remembers of the connection. Connections of other servers' doors have none.
    pub(crate) fn session(&self) -> &Session {
        static NONE: LazyLock<Session> = LazyLock::new(Session::default);
        self.connection.state::<ConnectionState>().map_or(&NONE, |state| &state.telemetry)
    }
}
