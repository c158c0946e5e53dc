//! The door of the broker: connections come in here.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use net::{Call, Connection, Handler};
use wire::Str;

use crate::bounds;
use crate::dispatch::{Incoming, refuse};
use crate::request::Request;
use crate::state::Broker;
use crate::telemetry::Session;

/// Answers the requests of a broker's listeners.
#[derive(Debug)]
pub struct BrokerDoor(Arc<Broker>);

/// What is kept of each connection.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    listener: Str,
    /// What telemetry remembers of it.
    pub(crate) telemetry: Session,
}

impl BrokerDoor {
    /// The door of `broker`.
    pub fn new(broker: Arc<Broker>) -> Self {
        Self(broker)
    }
}

impl Handler for BrokerDoor {
    fn call(&self, connection: &Arc<Connection>, frame: Bytes) -> Call {
        let broker = &self.0;
        let unstable = broker.config().node.unstable_api_versions_enable;
        let incoming = match Incoming::read(frame, unstable) {
            Ok(incoming) => incoming,
            Err(refusal) => return Call::Ready(refuse(&refusal)),
        };
        let listener = match connection.state::<ConnectionState>() {
            Some(state) => state.listener.clone(),
            None => Str::copy_from(connection.listener()),
        };
        let request = Request {
            broker: Arc::clone(broker),
            image: broker.image(),
            version: incoming.version(),
            client_id: incoming.client_id(),
            listener,
            peer: connection.peer_address(),
            connection: Arc::clone(connection),
        };
        incoming.serve(request)
    }

    fn connected(&self, _peer: SocketAddr, listener: &str) -> Box<dyn Any + Send + Sync> {
        Box::new(ConnectionState {
            listener: Str::copy_from(listener),
            telemetry: Session::default(),
        })
    }

    fn request_bytes_max(&self, api_key: i16) -> usize {
        bounds::request_bytes_max(api_key)
    }

    fn estimate(&self, api_key: i16, _api_version: i16, length: usize) -> usize {
        bounds::request_estimate(api_key, length)
    }

    fn disconnected(&self, connection: &Connection) {
        let state = connection.state::<ConnectionState>();
        if let Some(id) = state.and_then(|state| state.telemetry.client_instance()) {
            self.0.telemetry.disconnected(id);
        }
        self.0.share_connection_closed(connection.id());
    }
}
