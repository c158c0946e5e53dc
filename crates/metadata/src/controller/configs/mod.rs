//! Dynamic configurations: what they mean, whether they may be set, and what setting them does.

mod alter;
mod effective;
mod min_isr;
mod validate;

pub use alter::{
    AlterConfigsResult, ConfigOp, IncrementalAlterConfigs, LegacyAlterConfigs, NewConfigs, OpKind,
};
pub use effective::{ConfigSource, EffectiveConfig};

/// How many in-sync replicas a write with acks=all needs.
const MIN_INSYNC_REPLICAS: &str = "min.insync.replicas";

/// Directories of a broker that take no new replicas (KIP-1066).
const CORDONED_LOG_DIRS: &str = "cordoned.log.dirs";

/// Whether a replica outside the ISR may lead when nothing else can.
const UNCLEAN_LEADER_ELECTION_ENABLE: &str = "unclean.leader.election.enable";
