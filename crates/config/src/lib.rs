//! The table of settings: names, types, defaults, bounds, docs, and what follows from it.

mod alter;
mod client_metrics;
mod describe;
pub mod endpoint;
pub mod environment;
mod error;
mod log_config;
mod names;
pub mod properties;
mod server;
mod setting;
mod static_config;
pub mod table;
mod typed;
mod valid;
mod value;
mod warnings;

pub use alter::{Change, Operation, ROOT_LOGGER, RequestError, check_changes, edit_list};
pub use client_metrics::{ClientMatch, ClientMetricsConfig};
pub use describe::{
    ConfigSource, Entry, EntrySynonym, Query, describe_broker_loggers, describe_client_metrics,
};
pub use error::Error;
pub use log_config::{
    CleanupPolicy, CompressionType, LogConfig, ThrottledReplicas, TimestampType, TopicDefaults,
};
pub use server::{
    ConnectionOverrides, DynamicSettings, FetchConfig, GroupCoordinatorConfig, ListenerLimits,
    Listeners, LogManagerConfig, MetadataLogConfig, MetricsConfig, MigrationPolicy, NetworkConfig,
    NodeConfig, QuorumConfig, ReplicationConfig, Roles, ServerConfig, ShareConfig, ThrottleConfig,
    TransactionConfig,
};
pub use setting::{DefaultValue, Effect, Importance, Kind, Mode, Setting, Synonym};
pub use static_config::{Origin, Sources, StaticConfig, built_in};
pub use valid::{Items, Valid};
pub use value::{Password, Value};
