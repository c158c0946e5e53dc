//! The small asynchronous Kafka client used between nodes and by tools.

mod admin;
mod cluster;
mod connection;
mod consumer;
mod error;
mod producer;

pub use admin::{
    Admin, ConfigChange, ConfigEntry, ConfigResource, FeatureChange, GroupOffset, LogDirs,
    NewTopic, OffsetResult, Partitions, Quorum, QuotaEntity, QuotaEntry, QuotaMatch, QuotaOp,
    Reassignments, ScramChange, TOPIC_RESOURCE, TopicDescription,
};
pub use cluster::{ClientConfig, Cluster};
pub use connection::Connection;
pub use consumer::{
    ConsumedRecord, Consumer, ConsumerConfig, Isolation, OffsetReset, TopicPartition,
};
pub use error::{Error, check};
pub use producer::{Acks, Delivered, Delivery, Producer, ProducerConfig, ProducerRecord};
