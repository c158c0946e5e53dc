//! One file per API: from the wire into the machine's terms, and back.

mod allocate_producer_ids;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition;
mod alter_partition_reassignments;
mod api_versions;
mod assign_replicas_to_dirs;
mod broker_heartbeat;
mod broker_registration;
mod controller_registration;
mod create_partitions;
mod create_topics;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod elect_leaders;
mod endpoints;
mod incremental_alter_configs;
mod list_partition_reassignments;
mod unregister_broker;
mod update_features;

pub use describe_configs::{describe_configs, described};
