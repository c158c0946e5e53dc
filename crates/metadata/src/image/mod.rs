//! The cluster's metadata at one offset of the log.

mod client_quotas;
mod cluster;
mod configs;
mod features;
mod partition;
mod records;
mod replay;
mod security;
mod topic;
mod topics;

use std::sync::Arc;

pub use client_quotas::{ClientQuotasImage, QuotaEntity};
pub use cluster::{BrokerRegistration, ClusterImage, ControllerRegistration, Endpoint};
pub use configs::{ConfigMap, ConfigResource, ConfigsImage, ResourceType};
pub use features::FeaturesImage;
pub use partition::{LeaderRecoveryState, NO_LEADER_CHANGE, Partition};
pub(crate) use replay::{Election, Replayed};
pub use security::{
    Acl, AclsImage, DelegationToken, DelegationTokensImage, ScramCredential, ScramImage,
};
pub use topic::Topic;
pub use topics::TopicsImage;

/// How far in the log an image reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The offset of the last record it holds; -1 when it holds none.
    pub last_contained_offset: i64,
    /// The epoch of that record; -1 when there is none.
    pub last_contained_epoch: i32,
    /// When the batch of that record was appended, in milliseconds since the epoch; -1 when there
    /// is none.
    pub last_contained_log_time_ms: i64,
}

impl Provenance {
    /// Of an image without records.
    pub const EMPTY: Self = Self {
        last_contained_offset: -1,
        last_contained_epoch: -1,
        last_contained_log_time_ms: -1,
    };
}

impl Default for Provenance {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Everything the metadata log says up to one offset.
///
/// Published as `Arc<Image>` and never changed afterwards; a request looks at one image from start
/// to end. Cloning costs a dozen reference counts, since every part is shared until it changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// How far the image reaches.
    pub provenance: Provenance,
    /// Finalized features.
    pub features: Arc<FeaturesImage>,
    /// Brokers and controllers.
    pub cluster: Arc<ClusterImage>,
    /// Topics and partitions.
    pub topics: TopicsImage,
    /// Dynamic configurations.
    pub configs: ConfigsImage,
    /// Client quotas.
    pub client_quotas: Arc<ClientQuotasImage>,
    /// The first producer id that was never handed out; `None` before the first block.
    pub next_producer_id: Option<i64>,
    /// Access control entries.
    pub acls: Arc<AclsImage>,
    /// SCRAM credentials.
    pub scram: Arc<ScramImage>,
    /// Delegation tokens.
    pub delegation_tokens: Arc<DelegationTokensImage>,
}

impl Image {
    /// Whether no record was applied yet.
    pub fn is_empty(&self) -> bool {
        let same = Self { provenance: self.provenance, ..Self::default() };
        *self == same
    }
}
