//! Listening, connecting, and the bytes in between.

mod listen;
mod os;
mod sim;
mod socket;

use std::io;
use std::net::SocketAddr;

pub use listen::{ListenError, ListenOptions, Listener, Port};
pub use sim::SimNetwork;
pub use socket::{DetachedSocket, Socket, SocketReader, SocketWriter};

/// The network as a node sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Network(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Os,
    Sim(sim::SimHost),
}

impl Network {
    pub(crate) fn os() -> Self {
        Self(Kind::Os)
    }

    pub(crate) fn sim(host: sim::SimHost) -> Self {
        Self(Kind::Sim(host))
    }

    /// Takes a port for listening; port 0 takes a free one. No connection comes in before
    /// [`Port::listen`].
    ///
    /// # Errors
    /// Address, cause and what to do.
    pub fn bind(&self, address: SocketAddr, options: &ListenOptions) -> Result<Port, ListenError> {
        match &self.0 {
            Kind::Os => os::bind(address, options).map(Port::os),
            Kind::Sim(host) => host.bind(address).map(Port::sim),
        }
        .map_err(|source| ListenError { address, source })
    }

    /// Connects to an address. There is no time limit of its own.
    ///
    /// # Errors
    /// Refused, unreachable, or another network error.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<Socket> {
        match &self.0 {
            Kind::Os => os::connect(address).await,
            Kind::Sim(host) => host.connect(address).await,
        }
    }

    /// The addresses behind a host name, at least one.
    ///
    /// # Errors
    /// The name is unknown, or the resolver failed.
    pub async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let addresses: Vec<SocketAddr> = match &self.0 {
            Kind::Os => tokio::net::lookup_host((host, port)).await?.collect(),
            Kind::Sim(node) => node.resolve(host, port)?,
        };
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address")));
        }
        Ok(addresses)
    }
}
