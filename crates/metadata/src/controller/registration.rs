//! Brokers and controllers say who they are.

use std::collections::BTreeSet;

use wire::stored::metadata::{
    MetadataRecord, RegisterBrokerRecord, RegisterControllerRecord, register_broker_record,
    register_controller_record,
};
use wire::{Str, Uuid};

use super::error::{Error, Reason, Result};
use super::{Controller, Decision, Millis};
use crate::MetadataVersion;
use crate::features::KRAFT_VERSION;
use crate::ids::directory;
use crate::image::{BrokerRegistration, Endpoint};

/// A broker that starts.
#[derive(Clone, Debug)]
pub struct RegisterBroker {
    /// The node id.
    pub broker_id: i32,
    /// The cluster the broker believes to be in.
    pub cluster_id: Str,
    /// A random id of this start.
    pub incarnation_id: Uuid,
    /// The listeners.
    pub endpoints: Vec<Endpoint>,
    /// The features with lowest and highest supported level.
    pub features: Vec<(Str, i16, i16)>,
    /// The rack.
    pub rack: Option<Str>,
    /// Whether the broker comes from ZooKeeper, which is history.
    pub is_migrating_zk_broker: bool,
    /// The ids of the log directories.
    pub log_dirs: Vec<Uuid>,
    /// The broker epoch stored by a clean stop; -1 if there is none.
    pub previous_broker_epoch: i64,
    /// Whether the broker can say that it stopped cleanly at all (BrokerRegistration 3).
    pub can_report_clean_shutdown: bool,
    /// Whether the broker runs in the controller's own process. Its log directories are locked by
    /// this process, so an earlier incarnation of it is gone, whatever its session says.
    pub is_of_this_process: bool,
}

/// What the quorum knows better than the image.
#[derive(Clone, Copy, Debug)]
pub struct QuorumState {
    /// The offset the next record gets; it becomes a new broker's epoch.
    pub next_offset: i64,
    /// The level of the feature `kraft.version`.
    pub kraft_version: i16,
}

/// A controller that starts.
#[derive(Clone, Debug)]
pub struct RegisterController {
    /// The node id.
    pub controller_id: i32,
    /// A random id of this start.
    pub incarnation_id: Uuid,
    /// The listeners.
    pub endpoints: Vec<Endpoint>,
    /// The features with lowest and highest supported level.
    pub features: Vec<(Str, i16, i16)>,
}

impl Controller {
    /// Registers a broker and gives it its epoch (kafka-semantics 207, 208).
    ///
    /// # Errors
    /// For another live broker with that id, another cluster, directories that cannot be, or a
    /// finalized feature the broker does not support.
    pub fn register_broker(
        &mut self,
        request: &RegisterBroker,
        quorum: QuorumState,
        now: Millis,
    ) -> Result<Decision<i64>> {
        let id = request.broker_id;
        let existing = self.image.cluster.broker(id).cloned();
        self.check_identity(request, existing.as_deref(), now)?;
        if self.metadata_version().is_directory_assignment_supported() {
            self.check_log_dirs(request)?;
        }
        self.check_features(request, quorum.kraft_version)?;
        let amended = existing.as_ref().filter(|old| old.incarnation_id == request.incarnation_id);
        let mut records = Vec::new();
        let mut record = self.registration_record(request);
        if let Some(old) = amended {
            record.broker_epoch = old.epoch;
            record.fenced = old.fenced;
            record.in_controlled_shutdown = old.in_controlled_shutdown;
        } else {
            record.broker_epoch = quorum.next_offset;
            let stored_epoch = existing.as_ref().map_or(-2, |old| old.epoch);
            let is_clean =
                request.can_report_clean_shutdown && stored_epoch == request.previous_broker_epoch;
            records = self.shutdown_records(id, is_clean);
            self.heartbeats.remove(id);
        }
        self.heartbeats.register(id, record.fenced);
        let epoch = record.broker_epoch;
        records.push(MetadataRecord::RegisterBroker(record));
        // The registration comes last: should the controller fail in between, the broker
        // registers again and the rest is done anew. So the records need not be one batch.
        Ok(Decision::of(records, epoch))
    }

    fn check_identity(
        &self,
        request: &RegisterBroker,
        existing: Option<&BrokerRegistration>,
        now: Millis,
    ) -> Result<()> {
        let cluster_id = &self.settings.cluster_id;
        if request.cluster_id != **cluster_id {
            let text = format!(
                "Expected cluster ID {cluster_id}, but got cluster ID {}",
                request.cluster_id
            );
            return Err(Error::new(Reason::InconsistentClusterId, text));
        }
        if let Some(old) = existing
            && old.incarnation_id != request.incarnation_id
            && !request.is_of_this_process
            && self.heartbeats.has_valid_session(old.id, old.epoch, now)
        {
            return Err(Error::new(
                Reason::DuplicateBrokerRegistration,
                "Another broker is registered with that broker id. If the broker was recently \
                 restarted this should self-resolve once the heartbeat manager expires the \
                 broker's session.",
            ));
        }
        if request.is_migrating_zk_broker {
            let text = "Controller does not support registering ZK brokers.";
            return Err(Error::new(Reason::BrokerIdNotRegistered, text));
        }
        Ok(())
    }

    fn check_log_dirs(&self, request: &RegisterBroker) -> Result<()> {
        let refuse = |text: String| Err(Error::new(Reason::InvalidRegistration, text));
        let dirs = &request.log_dirs;
        if dirs.is_empty() {
            return refuse("No directories specified in request".to_owned());
        }
        if dirs.iter().any(|id| directory::is_reserved(*id)) {
            return refuse("Reserved directory ID in request".to_owned());
        }
        if dirs.iter().collect::<BTreeSet<_>>().len() != dirs.len() {
            return refuse("Duplicate directory ID in request".to_owned());
        }
        let others = self.image.cluster.brokers.values().filter(|b| b.id != request.broker_id);
        for other in others {
            if let Some(id) = dirs.iter().find(|id| other.directories.contains(id)) {
                return refuse(format!(
                    "Broker {} is already registered with directory {id}",
                    other.id
                ));
            }
        }
        Ok(())
    }

    /// Every finalized feature must be supported at its level; one a broker does not name it
    /// supports at 0.
    fn check_features(&self, request: &RegisterBroker, kraft_version: i16) -> Result<()> {
        let finalized = |name: &str| match name {
            KRAFT_VERSION => kraft_version,
            name => self.image.features.level(name),
        };
        let check = |name: &str, min: i16, max: i16| {
            let level = finalized(name);
            if (min..=max).contains(&level) {
                return Ok(());
            }
            let text = format!(
                "Unable to register because the broker does not support finalized version {level} \
                 of {name}. The broker wants a version between {min} and {max}, inclusive."
            );
            Err(Error::new(Reason::UnsupportedVersion, text))
        };
        for (name, min, max) in &request.features {
            check(name, *min, *max)?;
        }
        let is_named = |name: &str| request.features.iter().any(|(named, ..)| named == name);
        if !is_named(MetadataVersion::FEATURE_NAME) {
            let text = "Request features do not contain 'metadata.version'";
            return Err(Error::new(Reason::InvalidRegistration, text));
        }
        let all = self.image.features.levels().map(|(name, _)| name);
        for name in all.chain([KRAFT_VERSION]).filter(|name| !is_named(name)) {
            check(name, 0, 0)?;
        }
        Ok(())
    }

    fn registration_record(&self, request: &RegisterBroker) -> RegisterBrokerRecord {
        let endpoint = |endpoint: &Endpoint| register_broker_record::BrokerEndpoint {
            name: endpoint.name.clone(),
            host: endpoint.host.clone(),
            port: endpoint.port,
            security_protocol: endpoint.security_protocol,
            ..Default::default()
        };
        let feature = |(name, min, max): &(Str, i16, i16)| register_broker_record::BrokerFeature {
            name: name.clone(),
            min_supported_version: *min,
            max_supported_version: *max,
            ..Default::default()
        };
        RegisterBrokerRecord {
            broker_id: request.broker_id,
            incarnation_id: request.incarnation_id,
            end_points: request.endpoints.iter().map(endpoint).collect(),
            features: request.features.iter().map(feature).collect(),
            rack: request.rack.clone(),
            log_dirs: match self.metadata_version().is_directory_assignment_supported() {
                true => request.log_dirs.clone(),
                false => Vec::new(),
            },
            ..RegisterBrokerRecord::default()
        }
    }

    /// Registers a controller (KIP-919).
    ///
    /// # Errors
    /// `UnsupportedVersion` below metadata.version 3.7.
    pub fn register_controller(&self, request: &RegisterController) -> Result<Decision<()>> {
        if !self.metadata_version().is_controller_registration_supported() {
            return Err(Error::new(
                Reason::UnsupportedVersion,
                "The current MetadataVersion is too old to support controller registrations.",
            ));
        }
        let endpoint = |endpoint: &Endpoint| register_controller_record::ControllerEndpoint {
            name: endpoint.name.clone(),
            host: endpoint.host.clone(),
            port: endpoint.port,
            security_protocol: endpoint.security_protocol,
            ..Default::default()
        };
        let feature =
            |(name, min, max): &(Str, i16, i16)| register_controller_record::ControllerFeature {
                name: name.clone(),
                min_supported_version: *min,
                max_supported_version: *max,
                ..Default::default()
            };
        let record = MetadataRecord::RegisterController(RegisterControllerRecord {
            controller_id: request.controller_id,
            incarnation_id: request.incarnation_id,
            end_points: request.endpoints.iter().map(endpoint).collect(),
            features: request.features.iter().map(feature).collect(),
            ..RegisterControllerRecord::default()
        });
        Ok(Decision::atomic(vec![record], ()))
    }

    /// Forgets a broker; a live one registers again (kafka-semantics 213).
    ///
    /// # Errors
    /// `BrokerIdNotRegistered` for an unknown one, `PolicyViolation` when it has too many replicas.
    pub fn unregister_broker(&self, id: i32) -> Result<Decision<()>> {
        let Some(broker) = self.image.cluster.broker(id) else {
            let text = format!("Broker ID {id} is not currently registered");
            return Err(Error::new(Reason::BrokerIdNotRegistered, text));
        };
        let records = self.unregister_records(broker);
        super::check_record_count(&records)?;
        Ok(Decision::of(records, ()))
    }
}
