//! The table of settings: names, types, defaults, bounds, docs, and what follows from it.

pub mod endpoint;
mod error;
mod log_config;
mod server;
mod setting;
mod static_config;
pub mod table;
mod typed;
mod valid;
mod value;

pub use error::Error;
pub use log_config::{
    CleanupPolicy, CompressionType, LogConfig, ThrottledReplicas, TimestampType, TopicDefaults,
};
pub use server::{
    ConnectionOverrides, DynamicSettings, FetchConfig, GroupCoordinatorConfig, ListenerLimits,
    Listeners, LogManagerConfig, MetadataLogConfig, MigrationPolicy, NetworkConfig, NodeConfig,
    QuorumConfig, ReplicationConfig, Roles, ServerConfig, TransactionConfig,
};
pub use setting::{DefaultValue, Effect, Importance, Kind, Mode, Setting, Synonym};
pub use static_config::{Origin, StaticConfig};
pub use valid::{Items, Valid};
pub use value::{Password, Value};
