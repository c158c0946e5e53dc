//! Listeners, sockets, connections and what may be in flight.

use crate::setting::{Setting, int, list, long, string};
use crate::valid::Items;

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    list("advertised.listeners", "").null().items(Items::SOME_OR_NULL).high(),
    int("connection.failed.authentication.delay.ms", 100).at_least(0).low(),
    long("connections.max.idle.ms", 600_000),
    list("early.start.listeners", "").null().items(Items::ANY_OR_NULL).high(),
    string("inter.broker.listener.name", "").null(),
    string(
        "listener.security.protocol.map",
        "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
    )
    .low()
    .per_broker(),
    list("listeners", "PLAINTEXT://:9092").items(Items::SOME).high().per_broker(),
    int("max.connection.creation.rate", i32::MAX).at_least(0).cluster_wide(),
    int("max.connections", i32::MAX).at_least(0).cluster_wide(),
    int("max.connections.per.ip", i32::MAX).at_least(0).cluster_wide(),
    string("max.connections.per.ip.overrides", "").cluster_wide(),
    int("num.network.threads", 3).at_least(1).high().cluster_wide(),
    long("queued.max.request.bytes", -1),
    int("queued.max.requests", 500).at_least(1).high(),
    string("security.inter.broker.protocol", "PLAINTEXT").one_of(&[
        "PLAINTEXT",
        "SSL",
        "SASL_PLAINTEXT",
        "SASL_SSL",
    ]),
    long("socket.connection.setup.timeout.max.ms", 30_000),
    long("socket.connection.setup.timeout.ms", 10_000),
    int("socket.listen.backlog.size", 50).at_least(1),
    int("socket.receive.buffer.bytes", 102_400).high(),
    int("socket.request.max.bytes", 104_857_600).at_least(1).high(),
    int("socket.send.buffer.bytes", 102_400).high(),
];
