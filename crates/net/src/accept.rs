//! Takes connections in and gives each to a data thread.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use env::{Listener, Socket};

use crate::connection::{End, Served};
use crate::foreign::{Foreign, answer_http};
use crate::handler::Connection;
use crate::roster::{Seat, Shard};
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
    let seat = Seat::take(&target, shared.next_id(), listener, admitted);
    let (member, shared) = (Arc::clone(&seat.member), Arc::clone(shared));
    let task = if Arc::ptr_eq(&target, shard) {
        target.executor.spawn("connection", run(shared, seat, socket))
    } else {
        let detached = match socket.detach() {
            Ok(detached) => detached,
            Err(error) => return tracing::debug!(%peer, "lost a connection: {error}"),
        };
        target.executor.spawn("connection", async move {
            match detached.attach() {
                Ok(socket) => run(shared, seat, socket).await,
                Err(error) => tracing::debug!(%peer, "lost a connection: {error}"),
            }
        })
    };
    member.started(task);
}

async fn run(shared: Arc<Shared>, seat: Seat, socket: Socket) {
    let (id, peer) = (seat.id, socket.peer_address());
    let name = Arc::clone(&shared.listeners[seat.member.listener]);
    let state = shared.handler.connected(peer, &name);
    let context = Arc::new(Connection { id, listener: Arc::clone(&name), peer, state });
    let mut served = Served::new(socket, context, Arc::clone(&shared), seat);
    let end = served.serve().await;
    report(&shared, &served, &end);
    if let End::Foreign(Foreign::Http) = end {
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
        End::TooLong { api_key, length, max } => {
            counters.bad_lengths.add(1);
            let Some(more) = shared.gate.pass(shared.env.clock()) else { return };
            tracing::warn!(
                %listener, %peer, more,
                "closed a connection: it announced a request of {length} bytes with API key \
                 {api_key}, of which {max} are allowed"
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
