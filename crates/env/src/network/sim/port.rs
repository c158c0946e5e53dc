//! Ports of simulated hosts.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::task::{Poll, Waker};

use super::SimHost;
use crate::network::Socket;

/// A port that a process has taken.
#[derive(Debug)]
pub(super) struct Taken {
    /// Tells it from one taken later under the same number.
    id: u64,
    ip: IpAddr,
    listening: bool,
    waiting: VecDeque<Socket>,
    acceptor: Option<Waker>,
}

impl Taken {
    pub(super) fn new(id: u64, ip: IpAddr) -> Self {
        Self { id, ip, listening: false, waiting: VecDeque::new(), acceptor: None }
    }

    /// Whether a connection to `ip` may come in.
    pub(super) fn accepts(&self, ip: IpAddr) -> bool {
        self.listening && (self.ip.is_unspecified() || self.ip == ip)
    }

    pub(super) fn offer(&mut self, socket: Socket) {
        self.waiting.push_back(socket);
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.wake();
        }
    }
}

/// The right to a port, given back on drop.
#[derive(Debug)]
pub(in crate::network) struct SimPort {
    host: SimHost,
    address: SocketAddr,
    id: u64,
}

impl SimPort {
    pub(super) fn new(host: SimHost, address: SocketAddr, id: u64) -> Self {
        Self { host, address, id }
    }

    pub(in crate::network) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(in crate::network) fn listen(self) -> SimListener {
        self.with(|taken| taken.listening = true);
        SimListener(self)
    }

    /// Works on the entry, if it still belongs to this process.
    fn with<T>(&self, work: impl FnOnce(&mut Taken) -> T) -> Option<T> {
        let mut state = self.host.network.state();
        let taken = state.ports.get_mut(&(self.host.address, self.address.port()))?;
        (taken.id == self.id).then(|| work(taken))
    }
}

impl Drop for SimPort {
    fn drop(&mut self) {
        let key = (self.host.address, self.address.port());
        let waiting = self.with(|taken| std::mem::take(&mut taken.waiting));
        if waiting.is_some() {
            self.host.network.state().ports.remove(&key);
        }
    }
}

#[derive(Debug)]
pub(in crate::network) struct SimListener(SimPort);

impl SimListener {
    pub(in crate::network) async fn accept(&self) -> (Socket, SocketAddr) {
        poll_fn(|cx| {
            let next = self.0.with(|taken| {
                let next = taken.waiting.pop_front();
                if next.is_none() {
                    taken.acceptor = Some(cx.waker().clone());
                }
                next
            });
            match next.flatten() {
                Some(socket) => {
                    let peer = socket.peer_address();
                    Poll::Ready((socket, peer))
                }
                None => Poll::Pending,
            }
        })
        .await
    }
}
