//! Listeners, sockets, connections and what may be in flight.

use crate::setting::{Setting, int, list, long, string};
use crate::valid::Items;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    list("advertised.listeners", "").null().items(Items::SOME_OR_NULL).high().works().doc(
        "Addresses that clients and other brokers are told to connect to, if they \
         differ from `listeners`. Ports may repeat; 0.0.0.0 is not an address to \
         connect to.",
    ),
    int("connection.failed.authentication.delay.ms", 100).at_least(0).low().doc(
        "How long a connection stays open after failed authentication, against \
         guessing. Must be less than `connections.max.idle.ms`.",
    ),
    long("connections.max.idle.ms", 600_000)
        .works()
        .doc("Close connections without traffic for this long; negative: never."),
    list("early.start.listeners", "").null().items(Items::ANY_OR_NULL).high().doc(
        "Listeners that open before the authorizer is ready; by default those of \
         controllers.",
    ),
    string("inter.broker.listener.name", "").null().works().doc(
        "Name of the listener that brokers use among themselves. Not together with \
         `security.inter.broker.protocol`.",
    ),
    string(
        "listener.security.protocol.map",
        "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
    )
    .low()
    .per_broker()
    .works()
    .doc(
        "Security protocol of each listener name, as `NAME:PROTOCOL,...`. Controller \
         listeners that are not in it are PLAINTEXT, unless this is set or TLS or SASL \
         is in use.",
    ),
    list("listeners", "PLAINTEXT://:9092").items(Items::SOME).high().per_broker().works().doc(
        "Where to listen, as `NAME://host:port,...`. Without a host: on every \
         interface. Names and ports must differ, but one IPv4 and one IPv6 address may \
         share a port.",
    ),
    int("max.connection.creation.rate", i32::MAX).at_least(0).cluster_wide().works().doc(
        "New connections per second for the whole broker, or for one listener with the \
         prefix `listener.name.{name}.`.",
    ),
    int("max.connections", i32::MAX).at_least(0).cluster_wide().works().doc(
        "Open connections of the whole broker, or of one listener with the prefix \
         `listener.name.{name}.`.",
    ),
    int("max.connections.per.ip", i32::MAX).at_least(0).cluster_wide().works().doc(
        "Open connections from one address. 0 is allowed if \
         `max.connections.per.ip.overrides` names exceptions.",
    ),
    string("max.connections.per.ip.overrides", "").cluster_wide().works().doc(
        "Exceptions to `max.connections.per.ip`, as \
         `host-or-address:number,...`.",
    ),
    int("num.network.threads", 3)
        .at_least(1)
        .high()
        .cluster_wide()
        .doc("Threads that read requests and write responses."),
    long("queued.max.request.bytes", -1).works().doc(
        "Bytes of requests that may be in memory before reading stops; 0 and below: no \
         bound of its own.",
    ),
    int("queued.max.requests", 500)
        .at_least(1)
        .high()
        .doc("Requests that may wait before reading stops."),
    string("security.inter.broker.protocol", "PLAINTEXT")
        .one_of(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
        .works()
        .doc(
            "Security protocol among brokers; names the listener too. Not together with \
             `inter.broker.listener.name`.",
        ),
    long("socket.connection.setup.timeout.max.ms", 30_000).doc(
        "Upper bound of the growing time to wait for a connection to \
         another node.",
    ),
    long("socket.connection.setup.timeout.ms", 10_000)
        .doc("How long to wait for a connection to another node at first."),
    int("socket.listen.backlog.size", 50)
        .at_least(1)
        .works()
        .doc("Connections that may wait to be accepted; the kernel bounds it too."),
    int("socket.receive.buffer.bytes", 102_400)
        .high()
        .works()
        .doc("Receive buffer of accepted sockets; -1: the system's default."),
    int("socket.request.max.bytes", 104_857_600).at_least(1).high().works().doc(
        "Largest request that is read; a connection that announces \
         more is closed.",
    ),
    int("socket.send.buffer.bytes", 102_400)
        .high()
        .works()
        .doc("Send buffer of accepted sockets; -1: the system's default."),
];
