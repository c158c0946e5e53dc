//! A server: its listeners, data threads and limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use env::{Env, Executor, ListenOptions, Port, Task};

use crate::accept::accept;
use crate::admission::Admission;
use crate::log_gate::LogGate;
use crate::memory::{ReplyMemory, RequestMemory};
use crate::roster::Shard;
use crate::times::RequestTimes;
use crate::{Counts, Handler, Limits, ListenerLimits, ListenerSpec, SecurityProtocol, StartError};

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) handler: Arc<dyn Handler>,
    /// As they were at the start, for what does not change while running.
    pub(crate) limits: Limits,
    pub(crate) listeners: Vec<Arc<str>>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) requests: RequestMemory,
    pub(crate) replies: ReplyMemory,
    pub(crate) gate: LogGate,
    shards: Vec<Arc<Shard>>,
    next_id: AtomicU64,
}

/// Listeners that have their ports but let no connection in yet.
pub struct BoundServer {
    env: Env,
    executors: Vec<Executor>,
    limits: Limits,
    listeners: Vec<Bound>,
}

struct Bound {
    spec: ListenerSpec,
    /// One for each data thread, or one for all.
    ports: Vec<Port>,
}

/// A server that runs. Dropping it leaves it running; see [`Server::close`].
pub struct Server {
    shared: Arc<Shared>,
    addresses: Vec<(String, SocketAddr)>,
    acceptors: Vec<Task<()>>,
    watchers: Vec<Task<()>>,
}

/// Tells what a server has done and does, also after it was closed. Cheap to clone.
#[derive(Clone)]
pub struct Meter(Arc<Shared>);

/// What happened on one listener on one data thread.
#[derive(Clone, Debug)]
pub struct ThreadCounts {
    /// The listener.
    pub listener: Arc<str>,
    /// The number of the thread among those of the server.
    pub thread: usize,
    /// What happened.
    pub counts: Counts,
}

impl Meter {
    /// What happened, by listener and data thread.
    #[must_use]
    pub fn counts(&self) -> Vec<ThreadCounts> {
        let listeners = self.0.listeners.iter().enumerate();
        let of_listener = |(index, name): (usize, &Arc<str>)| {
            let name = Arc::clone(name);
            let threads = self.0.shards.iter().enumerate();
            threads.map(move |(thread, shard)| ThreadCounts {
                listener: Arc::clone(&name),
                thread,
                counts: shard.counters[index].counts(),
            })
        };
        listeners.flat_map(of_listener).collect()
    }

    /// The requests that were answered, by API.
    #[must_use]
    pub fn request_times(&self) -> Vec<RequestTimes> {
        let mut sums = Vec::new();
        self.0.shards.iter().for_each(|shard| shard.times.add_to(&mut sums));
        sums
    }

    /// See [`Server::memory_in_use`].
    #[must_use]
    pub fn memory_in_use(&self) -> (usize, usize) {
        (self.0.requests.in_use(), self.0.replies.stuck())
    }
}

impl Server {
    /// Tells what the server has done and does.
    #[must_use]
    pub fn meter(&self) -> Meter {
        Meter(Arc::clone(&self.shared))
    }

    /// Takes the ports of all listeners. With several data threads each gets a socket of its own on
    /// every port.
    ///
    /// # Errors
    /// A listener asks for more than PLAINTEXT, or its address cannot be listened on.
    pub fn bind(
        env: &Env,
        executors: &[Executor],
        listeners: Vec<ListenerSpec>,
        limits: Limits,
    ) -> Result<BoundServer, StartError> {
        let listeners = listeners.into_iter().map(|spec| bind(env, executors.len(), spec));
        let listeners = listeners.collect::<Result<_, _>>()?;
        Ok(BoundServer { env: env.clone(), executors: executors.to_vec(), limits, listeners })
    }

    /// Binds and serves at once.
    ///
    /// # Errors
    /// As [`bind`](Self::bind) and [`BoundServer::serve`].
    pub async fn start(
        env: &Env,
        executors: &[Executor],
        listeners: Vec<ListenerSpec>,
        limits: Limits,
        handler: Arc<dyn Handler>,
    ) -> Result<Self, StartError> {
        Self::bind(env, executors, listeners, limits)?.serve(handler).await
    }

    /// The listeners' names and addresses, with the ports that were taken.
    #[must_use]
    pub fn addresses(&self) -> &[(String, SocketAddr)] {
        &self.addresses
    }

    /// Connections at present.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.shards.iter().map(|shard| shard.count()).sum()
    }

    /// Bytes that requests are charged at present, and bytes of replies that connections do not
    /// take.
    #[must_use]
    pub fn memory_in_use(&self) -> (usize, usize) {
        (self.shared.requests.in_use(), self.shared.replies.stuck())
    }

    /// What happened on each listener since the start, in the order they were given.
    #[must_use]
    pub fn counts(&self) -> Vec<Counts> {
        let sum = |listener: usize| {
            let mut sum = Counts::default();
            for shard in &self.shared.shards {
                sum += shard.counters[listener].counts();
            }
            sum
        };
        (0..self.shared.listeners.len()).map(sum).collect()
    }

    /// Replaces the bounds on connections and idleness; those on memory and requests stay as they
    /// were at the start. Connections above a lowered total are closed, the longest idle ones
    /// first, except on protected listeners.
    pub fn set_limits(&self, limits: Limits) {
        self.shared.admission.set_limits(limits);
        self.shared.close_excess();
    }

    /// Replaces the bounds of the listener of that index.
    pub fn set_listener_limits(&self, listener: usize, limits: ListenerLimits) {
        self.shared.admission.set_listener_limits(listener, limits);
    }

    /// Lets no more connections in; those there are go on.
    pub fn stop_accepting(&mut self) {
        for acceptor in self.acceptors.drain(..) {
            acceptor.abort();
        }
    }

    /// Ends everything: requests that wait are dropped, connections closed.
    pub fn close(mut self) {
        self.stop_accepting();
        for watcher in &self.watchers {
            watcher.abort();
        }
        for shard in &self.shared.shards {
            shard.close_all();
        }
    }
}

fn bind(env: &Env, threads: usize, spec: ListenerSpec) -> Result<Bound, StartError> {
    if spec.protocol != SecurityProtocol::Plaintext {
        return Err(StartError::Unsupported { listener: spec.name, protocol: spec.protocol });
    }
    let options = ListenOptions {
        backlog: spec.backlog,
        reuse_port: threads > 1,
        receive_buffer: spec.receive_buffer,
        send_buffer: spec.send_buffer,
    };
    let mut address = spec.address;
    let mut ports = Vec::new();
    for _ in 0..threads.max(1) {
        let port = env
            .network()
            .bind(address, &options)
            .map_err(|source| StartError::Listen { listener: spec.name.clone(), source })?;
        // The first one settles which port it is.
        address = port.address();
        ports.push(port);
    }
    Ok(Bound { spec, ports })
}

impl BoundServer {
    /// The listeners' names and addresses, with the ports that were taken.
    #[must_use]
    pub fn addresses(&self) -> Vec<(String, SocketAddr)> {
        let address = |bound: &Bound| (bound.spec.name.clone(), bound.ports[0].address());
        self.listeners.iter().map(address).collect()
    }

    /// Lets connections in and gives their requests to `handler`.
    ///
    /// # Errors
    /// An address cannot be listened on after all.
    pub async fn serve(self, handler: Arc<dyn Handler>) -> Result<Server, StartError> {
        let addresses = self.addresses();
        let shared = Arc::new(self.shared(handler));
        let mut server = Server { shared, addresses, acceptors: Vec::new(), watchers: Vec::new() };
        for (index, bound) in self.listeners.into_iter().enumerate() {
            for (port, shard) in bound.ports.into_iter().zip(&server.shared.shards) {
                let parts = (Arc::clone(&server.shared), Arc::clone(shard));
                match serve_port(parts, index, port, &bound.spec.name).await {
                    Ok(acceptor) => server.acceptors.push(acceptor),
                    Err(error) => {
                        server.close();
                        return Err(error);
                    }
                }
            }
        }
        for shard in &server.shared.shards {
            let (shard, shared) = (Arc::clone(shard), Arc::clone(&server.shared));
            let executor = shard.executor.clone();
            server.watchers.push(executor.spawn("idle connections", async move {
                shard.watch(&shared.admission, &shared.replies).await;
            }));
        }
        Ok(server)
    }

    fn shared(&self, handler: Arc<dyn Handler>) -> Shared {
        let specs = || self.listeners.iter().map(|bound| &bound.spec);
        let clock = self.env.clock().clone();
        let limits = specs().map(|spec| spec.limits.clone());
        let admission = Arc::new(Admission::new(clock, self.limits.clone(), limits));
        let shard = |executor: &Executor| Arc::new(Shard::new(executor.clone(), specs().count()));
        Shared {
            env: self.env.clone(),
            handler,
            listeners: specs().map(|spec| spec.name.as_str().into()).collect(),
            admission,
            requests: RequestMemory::new(self.limits.requests_memory_bytes),
            replies: ReplyMemory::new(self.limits.replies_memory_bytes),
            gate: LogGate::default(),
            shards: self.executors.iter().map(shard).collect(),
            next_id: AtomicU64::new(0),
            limits: self.limits.clone(),
        }
    }
}

/// Listens on the thread that will accept, and leaves it accepting.
async fn serve_port(
    (shared, shard): (Arc<Shared>, Arc<Shard>),
    listener: usize,
    port: Port,
    name: &str,
) -> Result<Task<()>, StartError> {
    let (started, outcome) = tokio::sync::oneshot::channel();
    let executor = shard.executor.clone();
    let acceptor = executor.spawn("acceptor", async move {
        match port.listen() {
            Ok(socket) => {
                _ = started.send(Ok(()));
                accept(shared, shard, listener, socket).await;
            }
            Err(error) => _ = started.send(Err(error)),
        }
    });
    match outcome.await {
        Ok(Ok(())) => Ok(acceptor),
        Ok(Err(source)) => Err(StartError::Listen { listener: name.to_owned(), source }),
        Err(_) => Err(StartError::ThreadGone { listener: name.to_owned() }),
    }
}

impl Shared {
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// The thread with the fewest connections; `own` if none has fewer. The kernel spreads
    /// connections over the sockets of a port by their addresses, so that two busy ones may well
    /// meet on one thread.
    pub(crate) fn least_loaded(&self, own: &Arc<Shard>) -> Arc<Shard> {
        let least = self.shards.iter().min_by_key(|shard| shard.count());
        match least {
            Some(least) if least.count() < own.count() => Arc::clone(least),
            _ => Arc::clone(own),
        }
    }

    /// Closes what is above the total, the longest idle first, but nothing on protected listeners.
    pub(crate) fn close_excess(&self) {
        let excess = self.admission.excess();
        if excess == 0 {
            return;
        }
        let open = |shard: &Arc<Shard>| {
            shard.select(|member| !self.admission.is_protected(member.listener))
        };
        let mut open: Vec<_> = self.shards.iter().flat_map(open).collect();
        open.sort_by_key(|member| std::cmp::Reverse(*member.quiet()));
        for member in open.into_iter().take(excess) {
            member.close();
        }
    }
}
