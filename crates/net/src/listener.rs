//! What a server listens on.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// A named listener to start.
#[derive(Clone, Debug)]
pub struct ListenerSpec {
    /// Its name, as in `listeners`.
    pub name: String,
    /// What it speaks.
    pub protocol: SecurityProtocol,
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Bounds of its own.
    pub limits: ListenerLimits,
    /// Connections that wait while none is accepted (`socket.listen.backlog.size`).
    pub backlog: u32,
    /// `socket.receive.buffer.bytes`; `None` leaves it to the system.
    pub receive_buffer: Option<usize>,
    /// `socket.send.buffer.bytes`; `None` leaves it to the system.
    pub send_buffer: Option<usize>,
}

impl ListenerSpec {
    /// A listener with Kafka's default backlog and no bounds of its own.
    #[must_use]
    pub fn new(name: &str, protocol: SecurityProtocol, address: SocketAddr) -> Self {
        Self {
            name: name.to_owned(),
            protocol,
            address,
            limits: ListenerLimits::default(),
            backlog: 50,
            receive_buffer: None,
            send_buffer: None,
        }
    }
}

/// The bounds of one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Connections at a time (`listener.name.X.max.connections`). Above it none is accepted.
    pub connections_max: usize,
    /// Connections per second (`listener.name.X.max.connection.creation.rate`). Further ones wait.
    /// `i32::MAX` is no bound, 0 lets none in.
    pub connection_creation_rate: u32,
    /// Whether the bound on all listeners does not stop this one, as it is for the listener that
    /// brokers use among themselves if it is not the only one. Instead the connection that was
    /// idle longest on another listener is closed.
    pub protected: bool,
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections_max: i32::MAX as usize,
            connection_creation_rate: i32::MAX as u32,
            protected: false,
        }
    }
}

/// How a listener protects what goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// Not at all.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL authentication.
    SaslPlaintext,
    /// SASL authentication over TLS.
    SaslSsl,
}

/// A name that is none of Kafka's security protocols.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no security protocol; there are PLAINTEXT, SSL, SASL_PLAINTEXT and SASL_SSL")]
pub struct UnknownSecurityProtocol(pub String);

impl FromStr for SecurityProtocol {
    type Err = UnknownSecurityProtocol;

    /// In capitals or not, as Kafka takes it.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.to_ascii_uppercase().as_str() {
            "PLAINTEXT" => Ok(Self::Plaintext),
            "SSL" => Ok(Self::Ssl),
            "SASL_PLAINTEXT" => Ok(Self::SaslPlaintext),
            "SASL_SSL" => Ok(Self::SaslSsl),
            _ => Err(UnknownSecurityProtocol(name.to_owned())),
        }
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        })
    }
}
