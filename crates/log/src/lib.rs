//! Kafka's log directory: segments, indexes, checkpoints, recovery.
