//! A member of a streams group.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::Str;

use super::reconcile::CurrentAssignment;
use crate::classic::request::Client;

/// Where a member answers interactive queries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or address.
    pub host: Str,
    /// Port.
    pub port: u16,
}

/// What a member told about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberMetadata {
    /// Set for static members, which 4.3 does not serve.
    pub instance_id: Option<Str>,
    /// Where it runs.
    pub rack_id: Option<Str>,
    /// Where its requests come from.
    pub client: Client,
    /// How long it may take to give up tasks.
    pub rebalance_timeout_ms: i32,
    /// Epoch of the topology it runs.
    pub topology_epoch: i32,
    /// The process it is a thread of.
    pub process_id: Str,
    /// Where it answers interactive queries.
    pub user_endpoint: Option<Endpoint>,
    /// For assignments that mind racks.
    pub client_tags: BTreeMap<Str, Str>,
}

impl Default for MemberMetadata {
    /// A member that said nothing yet.
    fn default() -> Self {
        Self {
            instance_id: None,
            rack_id: None,
            client: Client::default(),
            rebalance_timeout_ms: -1,
            topology_epoch: -1,
            process_id: Str::new(),
            user_endpoint: None,
            client_tags: BTreeMap::new(),
        }
    }
}

/// A member: what it told, and the tasks it has. One without metadata is none; its other records
/// wait to be joined by it, or to follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) metadata: Option<Arc<MemberMetadata>>,
    pub(crate) current: Option<Arc<CurrentAssignment>>,
}
