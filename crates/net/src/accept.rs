//! Takes connections in and gives each to a data thread.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use env::{Listener, Socket};

use crate::connection::{End, Served};
use crate::foreign::{Foreign, answer_http};
use crate::handler::Connection;
use crate::roster::{Member, Shard};
use crate::server::Shared;

/// How long nothing is accepted after the system refused.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts on one listener of one data thread until it is aborted.
pub(crate) async fn accept(
    shared: Arc<Shared>,
    shard: Arc<Shard>,
    listener: usize,
    socket: Listener,
) {
    loop {
        match socket.accept().await {
            Ok((connection, peer)) => admit(&shared, &shard, listener, connection, peer).await,
            Err(error) => {
                let name = &shared.listeners[listener];
                if let Some(more) = shared.gate.pass(shared.env.clock()) {
                    tracing::error!(listener = %name, more, "cannot accept connections: {error}");
                }
                shared.env.sleep(PAUSE).await;
            }
        }
    }
}

async fn admit(
    shared: &Arc<Shared>,
    shard: &Arc<Shard>,
    listener: usize,
    socket: Socket,
    peer: SocketAddr,
) {
    let admitted = match shared.admission.admit(listener, peer.ip()).await {
        Ok(admitted) => admitted,
        Err(bound) => {
            shard.counters[listener].connections_refused.add(1);
            if let Some(more) = shared.gate.pass(shared.env.clock()) {
                let name = &shared.listeners[listener];
                tracing::info!(
                    listener = %name, %peer, more,
                    "closed a connection: its address has {bound} already (max.connections.per.ip)"
                );
            }
            return;
        }
    };
    shared.close_excess();
    let target = shared.least_loaded(shard);
    let id = shared.next_id();
    let member = Arc::new(Member::new(listener));
    let task = if Arc::ptr_eq(&target, shard) {
        let parts = (Arc::clone(shared), Arc::clone(&target), Arc::clone(&member));
        target.join(id, Arc::clone(&member));
        target.executor.spawn("connection", async move {
            run(parts, id, listener, socket, admitted).await;
        })
    } else {
        let detached = match socket.detach() {
            Ok(detached) => detached,
            Err(error) => return tracing::debug!(%peer, "lost a connection: {error}"),
        };
        let parts = (Arc::clone(shared), Arc::clone(&target), Arc::clone(&member));
        target.join(id, Arc::clone(&member));
        target.executor.spawn("connection", async move {
            match detached.attach() {
                Ok(socket) => run(parts, id, listener, socket, admitted).await,
                Err(error) => {
                    parts.1.leave(id);
                    tracing::debug!(%peer, "lost a connection: {error}");
                }
            }
        })
    };
    member.started(task);
}

async fn run(
    (shared, shard, member): (Arc<Shared>, Arc<Shard>, Arc<Member>),
    id: u64,
    listener: usize,
    socket: Socket,
    admitted: crate::admission::Admitted,
) {
    let peer = socket.peer_address();
    let name = Arc::clone(&shared.listeners[listener]);
    let state = shared.handler.connected(peer, &name);
    let context = Arc::new(Connection { id, listener: name, peer, state });
    shard.counters[listener].connections_opened.add(1);
    let parts = socket.split();
    let gate = Arc::clone(&shared);
    let mut served = Served::new(parts, context, member, shared, shard, listener, admitted);
    let end = served.serve().await;
    report(&gate, &served, &end);
    if let End::Foreign(Foreign::Http) = end {
        let name = Arc::clone(&served.context.listener);
        answer_http(&name, &mut served.reader, &mut served.writer).await;
    }
}

fn report(shared: &Shared, served: &Served, end: &End) {
    let counters = served.counters();
    let (listener, peer) = (&served.context.listener, served.context.peer);
    match end {
        End::ByPeer => tracing::trace!(%listener, %peer, "closed by the client"),
        End::Io(error) => tracing::debug!(%listener, %peer, "connection lost: {error}"),
        End::ByHandler(reason) => {
            counters.handler_closes.add(1);
            tracing::debug!(%listener, %peer, "closed a connection: {reason}");
        }
        End::Panic(message) => {
            counters.handler_panics.add(1);
            tracing::error!(%listener, %peer, "closed a connection: its request panicked: {message}");
        }
        End::BadLength(length) => {
            counters.bad_lengths.add(1);
            let Some(more) = shared.gate.pass(shared.env.clock()) else { return };
            let bound = shared.limits.request_bytes_max;
            tracing::warn!(
                %listener, %peer, more,
                "closed a connection: it announced a request of {length} bytes, \
                 0 to {bound} are allowed (socket.request.max.bytes)"
            );
        }
        End::Foreign(foreign) => {
            counters.foreign_protocols.add(1);
            let Some(more) = shared.gate.pass(shared.env.clock()) else { return };
            let what = match foreign {
                Foreign::Http => "it speaks HTTP",
                Foreign::Tls => {
                    "it speaks TLS, and this listener is PLAINTEXT; is security.protocol of the \
                     client SSL or SASL_SSL?"
                }
            };
            tracing::warn!(%listener, %peer, more, "closed a connection: {what}");
        }
    }
}
