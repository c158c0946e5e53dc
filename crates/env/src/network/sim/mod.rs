//! A network in memory: hosts, ports, connections, and what disturbs them.

mod pipe;
mod port;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use tokio::sync::Notify;

use super::socket::Socket;
use crate::Random;
use pipe::{Pipe, WeakPipe};
pub(super) use pipe::{SimReader, SimWriter};
use port::Taken;
pub(super) use port::{SimListener, SimPort};

/// The network between the nodes of a [`Sim`](crate::Sim). Clones are the same network.
#[derive(Clone, Debug)]
pub struct SimNetwork(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Told when hosts can reach each other again.
    healed: Notify,
}

#[derive(Debug)]
struct State {
    random: Random,
    conditions: Conditions,
    hosts: Vec<(String, IpAddr)>,
    ports: BTreeMap<(IpAddr, u16), Taken>,
    next_port: u16,
    next_taken: u64,
    connections: Vec<Connection>,
    /// Pairs of hosts that cannot reach each other, each in order.
    cut: BTreeSet<(IpAddr, IpAddr)>,
}

#[derive(Debug)]
struct Connection {
    hosts: (IpAddr, IpAddr),
    pipes: [WeakPipe; 2],
}

/// How bytes travel.
#[derive(Clone, Copy, Debug)]
struct Conditions {
    latency_min: Duration,
    latency_max: Duration,
    /// Whether reads return parts of what was written.
    fragmentation: bool,
}

impl Conditions {
    fn latency(&self, random: &Random) -> Duration {
        let spread = self.latency_max.saturating_sub(self.latency_min).as_nanos() as u64;
        self.latency_min + Duration::from_nanos(random.below(spread + 1))
    }
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Where ports that nobody asked for by number begin.
const FREE_PORTS_FROM: u16 = 49_152;

impl SimNetwork {
    pub(crate) fn new(random: Random) -> Self {
        let latency = Duration::ZERO;
        let conditions =
            Conditions { latency_min: latency, latency_max: latency, fragmentation: true };
        let state = State {
            random,
            conditions,
            hosts: Vec::new(),
            ports: BTreeMap::new(),
            next_port: FREE_PORTS_FROM,
            next_taken: 0,
            connections: Vec::new(),
            cut: BTreeSet::new(),
        };
        Self(Arc::new(Inner { state: Mutex::new(state), healed: Notify::new() }))
    }

    /// Adds a host with the next address of 10.0.0.0/16.
    pub(crate) fn add_host(&self, name: &str) -> IpAddr {
        let mut state = self.state();
        let [high, low] = (state.hosts.len() as u16 + 1).to_be_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, high, low));
        state.hosts.push((name.to_owned(), address));
        address
    }

    pub(crate) fn host(&self, address: IpAddr) -> SimHost {
        SimHost { network: self.clone(), address }
    }

    /// Frees the ports of a host and resets its connections: its process is gone.
    pub(crate) fn reset_host(&self, host: IpAddr) {
        let mut state = self.state();
        state.ports.retain(|(of, _), _| *of != host);
        state.each_pipe(|hosts, pipe| {
            if hosts.0 == host || hosts.1 == host {
                pipe.reset();
            }
        });
    }

    /// Bytes take this long from writer to reader, in order. Zero at first.
    pub fn set_latency(&self, range: std::ops::RangeInclusive<Duration>) {
        let mut state = self.state();
        state.conditions.latency_min = *range.start();
        state.conditions.latency_max = *range.end();
        state.conditions_changed();
    }

    /// Whether reads now and then return only a part of what is there, as is usual in real life.
    /// On at first.
    pub fn set_fragmentation(&self, fragmentation: bool) {
        let mut state = self.state();
        state.conditions.fragmentation = fragmentation;
        state.conditions_changed();
    }

    /// Two hosts can no longer reach each other: what is under way waits, connections are neither
    /// made nor refused, nobody is told.
    pub fn cut(&self, a: IpAddr, b: IpAddr) {
        let mut state = self.state();
        state.cut.insert(pair(a, b));
        state.each_pipe(|hosts, pipe| {
            if hosts == pair(a, b) {
                pipe.set_cut(true);
            }
        });
    }

    /// All hosts can reach each other again.
    pub fn heal(&self) {
        let mut state = self.state();
        state.cut.clear();
        state.each_pipe(|_, pipe| pipe.set_cut(false));
        self.0.healed.notify_waiters();
    }

    /// Resets every connection between two hosts.
    pub fn reset(&self, a: IpAddr, b: IpAddr) {
        self.state().each_pipe(|hosts, pipe| {
            if hosts == pair(a, b) {
                pipe.reset();
            }
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pair(a: IpAddr, b: IpAddr) -> (IpAddr, IpAddr) {
    (a.min(b), a.max(b))
}

impl State {
    /// Visits the pipes of all open connections, and forgets the closed ones.
    fn each_pipe(&mut self, mut visit: impl FnMut((IpAddr, IpAddr), &Pipe)) {
        self.connections.retain(|connection| {
            let open: Vec<Pipe> = connection.pipes.iter().filter_map(WeakPipe::upgrade).collect();
            for pipe in &open {
                visit(connection.hosts, pipe);
            }
            !open.is_empty()
        });
    }

    fn conditions_changed(&mut self) {
        let conditions = self.conditions;
        self.each_pipe(|_, pipe| pipe.set_conditions(conditions));
    }

    fn free_port(&mut self, host: IpAddr) -> io::Result<u16> {
        for _ in FREE_PORTS_FROM..=u16::MAX {
            let port = self.next_port;
            self.next_port = port.checked_add(1).unwrap_or(FREE_PORTS_FROM);
            if !self.ports.contains_key(&(host, port)) {
                return Ok(port);
            }
        }
        Err(Errno::ADDRINUSE.into())
    }

    /// A connection between two hosts: the end of the one that connects, and of the other.
    fn connection(&mut self, a: (IpAddr, SocketAddr), b: (IpAddr, SocketAddr)) -> [Socket; 2] {
        if self.connections.len() == self.connections.capacity() {
            self.each_pipe(|_, _| ());
        }
        let pipe = || Pipe::new(self.conditions, self.random.fork());
        let (forth, back) = (pipe(), pipe());
        let pipes = [forth.downgrade(), back.downgrade()];
        self.connections.push(Connection { hosts: pair(a.0, b.0), pipes });
        let end = |input: &Pipe, output: &Pipe, local, peer| {
            let (reader, writer) = (SimReader::new(input.clone()), SimWriter::new(output.clone()));
            Socket::sim(SimSocket { reader, writer, local }, peer)
        };
        [end(&back, &forth, a.1, b.1), end(&forth, &back, b.1, a.1)]
    }
}

/// The network from one host.
#[derive(Clone, Debug)]
pub(crate) struct SimHost {
    network: SimNetwork,
    address: IpAddr,
}

impl SimHost {
    pub(super) fn bind(&self, address: SocketAddr) -> io::Result<SimPort> {
        let mut state = self.network.state();
        let ip = address.ip();
        if !(ip.is_loopback() || ip.is_unspecified() || ip == self.address) {
            return Err(Errno::ADDRNOTAVAIL.into());
        }
        let port = match address.port() {
            0 => state.free_port(self.address)?,
            port => port,
        };
        if state.ports.contains_key(&(self.address, port)) {
            return Err(Errno::ADDRINUSE.into());
        }
        let id = state.next_taken;
        state.next_taken += 1;
        state.ports.insert((self.address, port), Taken::new(id, ip));
        Ok(SimPort::new(self.clone(), SocketAddr::new(ip, port), id))
    }

    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<Socket> {
        let own = address.ip().is_loopback() || address.ip().is_unspecified();
        let target = if own { self.address } else { address.ip() };
        loop {
            let healed = self.network.0.healed.notified();
            let cut = self.network.state().cut.contains(&pair(self.address, target));
            if !cut {
                break;
            }
            healed.await;
        }
        let latency = {
            let state = self.network.state();
            state.conditions.latency(&state.random)
        };
        tokio::time::sleep(latency).await;

        let mut state = self.network.state();
        if !state.hosts.iter().any(|(_, host)| *host == target) {
            return Err(Errno::HOSTUNREACH.into());
        }
        let local = if own { LOOPBACK } else { self.address };
        let local = SocketAddr::new(local, state.free_port(self.address)?);
        let ip = if address.ip().is_unspecified() { LOOPBACK } else { address.ip() };
        let reachable = |taken: &Taken| taken.accepts(ip);
        if !state.ports.get(&(target, address.port())).is_some_and(reachable) {
            return Err(Errno::CONNREFUSED.into());
        }
        let [near, far] = state.connection((self.address, local), (target, address));
        if let Some(taken) = state.ports.get_mut(&(target, address.port())) {
            taken.offer(far);
        }
        Ok(near)
    }

    pub(super) fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let ip = match host.parse() {
            Ok(ip) => Some(ip),
            Err(_) if host == "localhost" => Some(LOOPBACK),
            Err(_) => {
                let state = self.network.state();
                state.hosts.iter().find(|(name, _)| name == host).map(|(_, address)| *address)
            }
        };
        Ok(ip.map(|ip| SocketAddr::new(ip, port)).into_iter().collect())
    }
}

/// One end of a simulated connection.
#[derive(Debug)]
pub(super) struct SimSocket {
    reader: SimReader,
    writer: SimWriter,
    local: SocketAddr,
}

impl SimSocket {
    pub(super) fn local_address(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn split(self) -> (SimReader, SimWriter) {
        (self.reader, self.writer)
    }
}
