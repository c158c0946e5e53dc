//! Listeners, connections and data threads.

use crate::metric::metrics;

metrics! {
    /// Connections at present.
    CONNECTION_COUNT: Gauge "kafka_server_socket_server_metrics_connection_count" in "connections"
        ["listener", "networkProcessor"];
    /// Connections that were let in.
    CONNECTION_CREATIONS: Counter "kafka_server_socket_server_metrics_connection_creation_total"
        in "connections" ["listener", "networkProcessor"];
    /// Connections that ended.
    CONNECTION_CLOSES: Counter "kafka_server_socket_server_metrics_connection_close_total"
        in "connections" ["listener", "networkProcessor"];
    /// Bytes read from sockets.
    INCOMING_BYTES: Counter "kafka_server_socket_server_metrics_incoming_byte_total" in "bytes"
        ["listener", "networkProcessor"];
    /// Bytes written to sockets.
    OUTGOING_BYTES: Counter "kafka_server_socket_server_metrics_outgoing_byte_total" in "bytes"
        ["listener", "networkProcessor"];
    /// Requests taken.
    REQUEST_TOTAL: Counter "kafka_server_socket_server_metrics_request_total" in "requests"
        ["listener", "networkProcessor"];
    /// Answers sent.
    RESPONSE_TOTAL: Counter "kafka_server_socket_server_metrics_response_total" in "responses"
        ["listener", "networkProcessor"];
    /// Connections closed by the server, by why: `limit` (too many from one address), `idle`,
    /// `stalled` (takes no answers while memory is short), `length` (no request is that long),
    /// `protocol` (it speaks HTTP or TLS), `request` (malformed, or not served), `panic`.
    REFUSALS: Counter "ottla_net_connections_closed_total" in "connections"
        ["listener", "reason"];
    /// Requests that waited for memory before they were read (`queued.max.request.bytes`).
    MEMORY_WAITS: Counter "ottla_net_memory_waits_total" in "requests" ["listener"];
    /// Bytes of memory that requests hold.
    MEMORY_USED: Gauge "kafka_network_socketserver_memorypoolused" in "bytes" [];
    /// Bytes of answers that connections do not take.
    REPLIES_STUCK: Gauge "ottla_net_replies_stuck_bytes" in "bytes" [];
    /// Share of the time that data threads, which read and write, are idle, since the scrape
    /// before.
    NETWORK_IDLE: Gauge "kafka_network_socketserver_networkprocessoravgidle_percent" in "0 to 1"
        [];
    /// Share of the time that data threads, which also serve, are idle, since the scrape before.
    HANDLER_IDLE: Gauge "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent"
        in "0 to 1" [];
    /// Time a data thread was busy.
    THREAD_BUSY: Counter "ottla_data_thread_busy_seconds_total" in "s" ["networkProcessor"];
}
