//! The small asynchronous Kafka client used between nodes and by tools.
