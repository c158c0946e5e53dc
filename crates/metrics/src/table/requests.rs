//! Requests and the time they take, by stage.

use crate::metric::metrics;

metrics! {
    /// Requests by API and version.
    REQUESTS: Counter "kafka_network_requestmetrics_requests_total" in "requests"
        ["request", "version"];
    /// Time from a request's last byte to the last byte of its answer. Quantiles are those of the
    /// last five to ten minutes.
    TOTAL_TIME: Summary "kafka_network_requestmetrics_totaltimems" in "ms" ["request"];
    /// Time a complete request waits before it is looked at: for memory, or for others of its
    /// thread and connection.
    QUEUE_TIME: Summary "kafka_network_requestmetrics_requestqueuetimems" in "ms" ["request"];
    /// Time at work until the answer is there or has to be waited for.
    LOCAL_TIME: Summary "kafka_network_requestmetrics_localtimems" in "ms" ["request"];
    /// Time waited for other replicas, the disk, coordinators, the controller, or for data.
    REMOTE_TIME: Summary "kafka_network_requestmetrics_remotetimems" in "ms" ["request"];
    /// Time the connection is muted after the answer, for quotas.
    THROTTLE_TIME: Summary "kafka_network_requestmetrics_throttletimems" in "ms" ["request"];
    /// Time an answer waits for those before it.
    RESPONSE_QUEUE_TIME: Summary "kafka_network_requestmetrics_responsequeuetimems" in "ms"
        ["request"];
    /// Time until the socket has taken an answer.
    RESPONSE_SEND_TIME: Summary "kafka_network_requestmetrics_responsesendtimems" in "ms"
        ["request"];
}
