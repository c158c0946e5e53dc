//! The small asynchronous Kafka client used between nodes and by tools.

mod admin;
mod cluster;
mod connection;
mod consumer;
mod error;
mod producer;

pub use admin::{
    AbortedProducer, Admin, ConfigChange, ConfigEntry, ConfigResource, FeatureChange, GroupOffset,
    LogDirs, NewTopic, OffsetResult, Partitions, Quorum, QuotaEntity, QuotaEntry, QuotaMatch,
    QuotaOp, Reassignments, ScramChange, TOPIC_RESOURCE, TopicDescription, TransactionFilter,
};
pub use cluster::{ClientConfig, Cluster};
pub use connection::Connection;
pub use consumer::{
    ConsumedRecord, Consumer, ConsumerConfig, Isolation, OffsetReset, Rebalance, TopicPartition,
};
pub use error::{Error, check};
pub use producer::{
    Acks, Delivered, Delivery, Producer, ProducerConfig, ProducerRecord, ProducerStats,
};
