//! What goes through topics.

use crate::metric::metrics;

metrics! {
    /// Records appended by clients, by topic and, without a topic, of all.
    MESSAGES_IN: Counter "kafka_server_brokertopicmetrics_messagesin_total" in "records" ["topic"];
    /// Bytes of record batches appended by clients, as they are stored.
    BYTES_IN: Counter "kafka_server_brokertopicmetrics_bytesin_total" in "bytes" ["topic"];
    /// Bytes of record batches given to consumers.
    BYTES_OUT: Counter "kafka_server_brokertopicmetrics_bytesout_total" in "bytes" ["topic"];
    /// Bytes of record batches refused because they are too large.
    BYTES_REJECTED: Counter "kafka_server_brokertopicmetrics_bytesrejected_total" in "bytes"
        ["topic"];
    /// Bytes of record batches given to followers.
    REPLICATION_BYTES_OUT: Counter "kafka_server_brokertopicmetrics_replicationbytesout_total"
        in "bytes" ["topic"];
    /// Partitions that Produce requests wrote to or tried to.
    PRODUCE_REQUESTS: Counter "kafka_server_brokertopicmetrics_totalproducerequests_total"
        in "requests" ["topic"];
    /// Partitions of Produce requests that failed for a reason that is not the client's.
    FAILED_PRODUCE_REQUESTS: Counter "kafka_server_brokertopicmetrics_failedproducerequests_total"
        in "requests" ["topic"];
    /// Partitions that Fetch requests read or tried to.
    FETCH_REQUESTS: Counter "kafka_server_brokertopicmetrics_totalfetchrequests_total"
        in "requests" ["topic"];
    /// Partitions of Fetch requests that failed for a reason that is not the client's.
    FAILED_FETCH_REQUESTS: Counter "kafka_server_brokertopicmetrics_failedfetchrequests_total"
        in "requests" ["topic"];
}
