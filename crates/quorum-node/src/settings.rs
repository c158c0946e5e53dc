//! What the driver is told about its node: plain data, made from the settings by the server.

use quorum::{Endpoint, KRaftVersions, NodeId, ReplicaKey, Timeouts, Voter, VoterSet};
use wire::Uuid;

/// The node's part in the quorum.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The cluster; requests that name another one are refused.
    pub cluster_id: String,
    /// `node.id`.
    pub node_id: NodeId,
    /// `directory.id` of the directory with the metadata log.
    pub directory_id: Uuid,
    /// Whether `process.roles` has `controller`: only then the node can be a voter.
    pub is_controller: bool,
    /// The listeners of `controller.listener.names` with the addresses others reach them by, in
    /// that order; empty for a node that is no controller.
    pub controller_endpoints: Vec<Endpoint>,
    /// First name of `controller.listener.names`.
    pub controller_listener: String,
    /// `controller.quorum.voters`; empty when voters are in the log. See [`static_voters`].
    pub static_voters: VoterSet,
    /// `controller.quorum.bootstrap.servers`.
    pub bootstrap_servers: Vec<Endpoint>,
    /// `controller.quorum.auto.join.enable`.
    pub auto_join: bool,
    /// The `controller.quorum.*.ms`.
    pub timeouts: Timeouts,
    /// `controller.quorum.fetch.max.bytes`.
    pub fetch_max_bytes: u32,
    /// `controller.quorum.fetch.snapshot.max.bytes`.
    pub fetch_snapshot_max_bytes: u32,
    /// `internal.metadata.max.batch.size.in.bytes`: most bytes in one append.
    pub batch_bytes_max: usize,
    /// When to write snapshots, and how long to keep them.
    pub snapshots: SnapshotSettings,
    /// `metadata.log.segment.bytes`.
    pub segment_bytes: u32,
    /// `metadata.log.segment.ms`.
    pub segment_ms: i64,
}

/// When to write snapshots, and how long to keep them and the log before them.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotSettings {
    /// `metadata.log.max.record.bytes.between.snapshots`.
    pub new_record_bytes_max: u64,
    /// `metadata.log.max.snapshot.interval.ms`; 0 means that time alone is no reason.
    pub interval_ms_max: u64,
    /// `metadata.max.retention.bytes`; negative means no bound.
    pub retention_bytes: i64,
    /// `metadata.max.retention.ms`; negative means no bound.
    pub retention_ms: i64,
}

impl Default for SnapshotSettings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            new_record_bytes_max: 20 << 20,
            interval_ms_max: 60 * 60 * 1_000,
            retention_bytes: 100 << 20,
            retention_ms: 7 * 24 * 60 * 60 * 1_000,
        }
    }
}

impl Settings {
    /// Kafka's defaults for a controller that is alone until told otherwise.
    pub fn new(cluster_id: impl Into<String>, node_id: NodeId, directory_id: Uuid) -> Self {
        Self {
            cluster_id: cluster_id.into(),
            node_id,
            directory_id,
            is_controller: true,
            controller_endpoints: Vec::new(),
            controller_listener: "CONTROLLER".to_owned(),
            static_voters: VoterSet::default(),
            bootstrap_servers: Vec::new(),
            auto_join: false,
            timeouts: Timeouts::default(),
            fetch_max_bytes: 1 << 20,
            fetch_snapshot_max_bytes: 1 << 20,
            batch_bytes_max: 8 << 20,
            snapshots: SnapshotSettings::default(),
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 60 * 60 * 1_000,
        }
    }

    pub(crate) fn machine_config(&self) -> quorum::Config {
        quorum::Config {
            local: ReplicaKey::new(self.node_id, self.directory_id),
            can_be_voter: self.is_controller,
            endpoints: self.controller_endpoints.clone(),
            listener: self.controller_listener.clone(),
            bootstrap_servers: self.bootstrap_servers.clone(),
            auto_join: self.auto_join,
            timeouts: self.timeouts,
            fetch_max_bytes: self.fetch_max_bytes,
            fetch_snapshot_max_bytes: self.fetch_snapshot_max_bytes,
        }
    }
}

/// The voter set of `controller.quorum.voters`, whose entries are `id@host:port`. Directories are
/// not known, and all are taken to support `kraft.version` 0 and 1.
pub fn static_voters(
    voters: impl IntoIterator<Item = (NodeId, String, u16)>,
    listener: &str,
) -> VoterSet {
    voters
        .into_iter()
        .map(|(id, host, port)| Voter {
            key: ReplicaKey::without_directory(id),
            endpoints: vec![Endpoint { name: listener.to_owned(), host, port }],
            kraft_versions: KRaftVersions::SUPPORTED,
        })
        .collect()
}
