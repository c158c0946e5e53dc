//! Ports and the connections that come in through them.

use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;

use super::socket::Socket;
use super::{os, sim};

/// How a port is taken.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// Connections the kernel keeps while nobody accepts them; at least 1.
    pub backlog: u32,
    /// Whether several sockets of this process share the port, each with its part of the
    /// connections (`SO_REUSEPORT`). Of no effect in a simulation.
    pub reuse_port: bool,
    /// `SO_RCVBUF` of the connections; `None` leaves it to the system.
    pub receive_buffer: Option<usize>,
    /// `SO_SNDBUF` of the connections; `None` leaves it to the system.
    pub send_buffer: Option<usize>,
}

impl Default for ListenOptions {
    /// A backlog of 50 (Kafka's default), a socket alone, buffers as the system likes them.
    fn default() -> Self {
        Self { backlog: 50, reuse_port: false, receive_buffer: None, send_buffer: None }
    }
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}", cause(*address, source))]
pub struct ListenError {
    /// The address that was asked for.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

fn cause(address: SocketAddr, source: &io::Error) -> String {
    let port = address.port();
    match source.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::ADDRINUSE) => format!(
            "the port is in use; stop the program that has it \
             (`ss -ltnp 'sport = :{port}'` shows which) or choose another port"
        ),
        Some(Errno::ADDRNOTAVAIL) => {
            "no interface of this machine has the address; use one that `ip address` shows, \
             0.0.0.0 for all of them, or 127.0.0.1 for this machine alone"
                .to_owned()
        }
        Some(Errno::ACCESS) => {
            format!("{source}; ports below 1024 need a privilege, choose a higher one")
        }
        _ => source.to_string(),
    }
}

/// A port that is taken but not listened on yet.
#[derive(Debug)]
pub struct Port(PortKind);

#[derive(Debug)]
enum PortKind {
    Os(os::OsPort),
    Sim(sim::SimPort),
}

impl Port {
    pub(super) fn os(port: os::OsPort) -> Self {
        Self(PortKind::Os(port))
    }

    pub(super) fn sim(port: sim::SimPort) -> Self {
        Self(PortKind::Sim(port))
    }

    /// The address with the port that was taken, where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match &self.0 {
            PortKind::Os(port) => port.address(),
            PortKind::Sim(port) => port.address(),
        }
    }

    /// Lets connections in. To be called by a task on the thread that will accept them.
    ///
    /// # Errors
    /// As [`Network::bind`](super::Network::bind).
    pub fn listen(self) -> Result<Listener, ListenError> {
        let address = self.address();
        match self.0 {
            PortKind::Os(port) => port.listen().map(|listener| Listener(Kind::Os(listener))),
            PortKind::Sim(port) => Ok(Listener(Kind::Sim(port.listen()))),
        }
        .map_err(|source| ListenError { address, source })
    }
}

/// Accepts connections until it is dropped.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Os(tokio::net::TcpListener),
    Sim(sim::SimListener),
}

impl Listener {
    /// The next connection and where it comes from.
    ///
    /// # Errors
    /// No file descriptor or memory is left; the connection waits, and the caller should, too.
    pub async fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        match &self.0 {
            Kind::Os(listener) => os::accept(listener).await,
            Kind::Sim(listener) => Ok(listener.accept().await),
        }
    }
}
