//! The registered brokers and controllers.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::stored::metadata::{
    BrokerRegistrationChangeRecord, RegisterBrokerRecord, RegisterControllerRecord,
    register_broker_record, register_controller_record,
};
use wire::{Str, Uuid};

use crate::error::{ReplayError, Result};
use crate::features::LevelRange;
use crate::ids::directory;
use crate::record_version::RecordOptions;

/// A listener of a node: what the node calls it and where clients reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The name of the listener.
    pub name: Str,
    /// The advertised host.
    pub host: Str,
    /// The advertised port.
    pub port: u16,
    /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// One incarnation of a broker, as registered with the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistration {
    /// The node id.
    pub id: i32,
    /// The broker epoch, larger with each incarnation.
    pub epoch: i64,
    /// A random id the broker drew when it started.
    pub incarnation_id: Uuid,
    /// The listeners.
    pub endpoints: Vec<Endpoint>,
    /// The feature levels the broker supports.
    pub features: BTreeMap<Str, LevelRange>,
    /// The rack.
    pub rack: Option<Str>,
    /// Fenced brokers lead nothing, are in no ISR, and clients do not see them.
    pub fenced: bool,
    /// Whether the broker gives its leaderships away because it stops.
    pub in_controlled_shutdown: bool,
    /// Whether this was a broker on its way from ZooKeeper; only logs of Kafka before 4.0 hold
    /// such.
    pub is_migrating_zk_broker: bool,
    /// The ids of the online log directories, sorted.
    pub directories: Vec<Uuid>,
    /// The ids of the directories that take no new replicas (KIP-1066); `None` before the broker
    /// said so.
    pub cordoned_directories: Option<Vec<Uuid>>,
    /// The offset of the record that registered the broker: it may be unfenced once it has read so
    /// far.
    pub registered_at: i64,
}

impl BrokerRegistration {
    /// The listener with this name.
    pub fn endpoint(&self, listener: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == *listener)
    }

    /// Whether the broker may lead: neither fenced nor shutting down.
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }

    /// Whether a replica in directory `id` is served. A registration without directories, from
    /// before they had ids, counts as all online.
    pub fn has_online_directory(&self, id: Uuid) -> bool {
        match id {
            directory::UNASSIGNED | directory::MIGRATING => true,
            directory::LOST => false,
            id => self.directories.is_empty() || self.directories.binary_search(&id).is_ok(),
        }
    }

    /// Whether the broker has a directory that takes new replicas (kafka-semantics 212).
    pub fn has_uncordoned_directory(&self) -> bool {
        match &self.cordoned_directories {
            Some(cordoned) if !self.directories.is_empty() => {
                self.directories.iter().any(|id| !cordoned.contains(id))
            }
            _ => true,
        }
    }

    fn from_record(record: &RegisterBrokerRecord, offset: i64) -> Self {
        let mut directories = record.log_dirs.clone();
        directories.sort_unstable();
        Self {
            id: record.broker_id,
            epoch: record.broker_epoch,
            incarnation_id: record.incarnation_id,
            endpoints: record.end_points.iter().map(Endpoint::from_broker).collect(),
            features: record
                .features
                .iter()
                .map(|f| (f.name.detach(), range(f.min_supported_version, f.max_supported_version)))
                .collect(),
            rack: record.rack.as_ref().map(Str::detach),
            fenced: record.fenced,
            in_controlled_shutdown: record.in_controlled_shutdown,
            is_migrating_zk_broker: record.is_migrating_zk_broker,
            directories,
            cordoned_directories: record.cordoned_log_dirs.clone(),
            registered_at: offset,
        }
    }

    /// The record that registers the broker as it is.
    pub fn to_record(&self, options: RecordOptions) -> RegisterBrokerRecord {
        let version = options.metadata_version;
        RegisterBrokerRecord {
            broker_id: self.id,
            is_migrating_zk_broker: self.is_migrating_zk_broker,
            incarnation_id: self.incarnation_id,
            broker_epoch: self.epoch,
            end_points: self.endpoints.iter().map(Endpoint::to_broker).collect(),
            features: self
                .features
                .iter()
                .map(|(name, range)| register_broker_record::BrokerFeature {
                    name: name.clone(),
                    min_supported_version: range.min,
                    max_supported_version: range.max,
                    ..Default::default()
                })
                .collect(),
            rack: self.rack.clone(),
            fenced: self.fenced,
            in_controlled_shutdown: self.in_controlled_shutdown,
            log_dirs: match version.is_directory_assignment_supported() {
                true => self.directories.clone(),
                false => Vec::new(),
            },
            cordoned_log_dirs: match version.is_cordoned_log_dirs_supported() {
                true => self.cordoned_directories.clone(),
                false => None,
            },
            ..Default::default()
        }
    }
}

/// A controller, as registered with the active one (KIP-919).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerRegistration {
    /// The node id.
    pub id: i32,
    /// A random id the controller drew when it started.
    pub incarnation_id: Uuid,
    /// Of the time of the migration from ZooKeeper; kept as it was read.
    pub zk_migration_ready: bool,
    /// The listeners.
    pub endpoints: Vec<Endpoint>,
    /// The feature levels the controller supports.
    pub features: BTreeMap<Str, LevelRange>,
}

impl ControllerRegistration {
    fn from_record(record: &RegisterControllerRecord) -> Self {
        Self {
            id: record.controller_id,
            incarnation_id: record.incarnation_id,
            zk_migration_ready: record.zk_migration_ready,
            endpoints: record.end_points.iter().map(Endpoint::from_controller).collect(),
            features: record
                .features
                .iter()
                .map(|f| (f.name.detach(), range(f.min_supported_version, f.max_supported_version)))
                .collect(),
        }
    }

    /// The record that registers the controller as it is.
    pub fn to_record(&self) -> RegisterControllerRecord {
        RegisterControllerRecord {
            controller_id: self.id,
            incarnation_id: self.incarnation_id,
            zk_migration_ready: self.zk_migration_ready,
            end_points: self.endpoints.iter().map(Endpoint::to_controller).collect(),
            features: self
                .features
                .iter()
                .map(|(name, range)| register_controller_record::ControllerFeature {
                    name: name.clone(),
                    min_supported_version: range.min,
                    max_supported_version: range.max,
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        }
    }
}

impl Endpoint {
    fn from_broker(endpoint: &register_broker_record::BrokerEndpoint) -> Self {
        Self {
            name: endpoint.name.detach(),
            host: endpoint.host.detach(),
            port: endpoint.port,
            security_protocol: endpoint.security_protocol,
        }
    }

    fn to_broker(&self) -> register_broker_record::BrokerEndpoint {
        register_broker_record::BrokerEndpoint {
            name: self.name.clone(),
            host: self.host.clone(),
            port: self.port,
            security_protocol: self.security_protocol,
            ..Default::default()
        }
    }

    fn from_controller(endpoint: &register_controller_record::ControllerEndpoint) -> Self {
        Self {
            name: endpoint.name.detach(),
            host: endpoint.host.detach(),
            port: endpoint.port,
            security_protocol: endpoint.security_protocol,
        }
    }

    fn to_controller(&self) -> register_controller_record::ControllerEndpoint {
        register_controller_record::ControllerEndpoint {
            name: self.name.clone(),
            host: self.host.clone(),
            port: self.port,
            security_protocol: self.security_protocol,
            ..Default::default()
        }
    }
}

fn range(min: i16, max: i16) -> LevelRange {
    LevelRange { min, max }
}

/// The nodes of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterImage {
    /// Registered brokers by id.
    pub brokers: BTreeMap<i32, Arc<BrokerRegistration>>,
    /// Registered controllers by id.
    pub controllers: BTreeMap<i32, Arc<ControllerRegistration>>,
}

impl ClusterImage {
    /// The registration of a broker.
    pub fn broker(&self, id: i32) -> Option<&Arc<BrokerRegistration>> {
        self.brokers.get(&id)
    }

    /// Whether the broker is registered, not fenced and not shutting down.
    pub fn is_active(&self, id: i32) -> bool {
        self.broker(id).is_some_and(|broker| broker.is_active())
    }

    /// The brokers clients may see: registered and not fenced, by id.
    pub fn unfenced(&self) -> impl Iterator<Item = &Arc<BrokerRegistration>> {
        self.brokers.values().filter(|broker| !broker.fenced)
    }

    pub(crate) fn register_broker(&mut self, record: &RegisterBrokerRecord, offset: i64) {
        let registration = BrokerRegistration::from_record(record, offset);
        self.brokers.insert(registration.id, Arc::new(registration));
    }

    pub(crate) fn unregister_broker(&mut self, id: i32, epoch: i64) -> Result<()> {
        self.broker_mut(id, epoch)?;
        self.brokers.remove(&id);
        Ok(())
    }

    pub(crate) fn register_controller(&mut self, record: &RegisterControllerRecord) {
        let registration = ControllerRegistration::from_record(record);
        self.controllers.insert(registration.id, Arc::new(registration));
    }

    pub(crate) fn set_fenced(&mut self, id: i32, epoch: i64, fenced: bool) -> Result<()> {
        self.broker_mut(id, epoch)?.fenced = fenced;
        Ok(())
    }

    pub(crate) fn change_broker(&mut self, record: &BrokerRegistrationChangeRecord) -> Result<()> {
        let fenced = change_of("fencing", record.fenced)?;
        // Leaving a controlled shutdown is not a change that exists: only registering again does
        // it.
        let in_controlled_shutdown = match record.in_controlled_shutdown {
            0 => None,
            1 => Some(true),
            value => {
                return Err(ReplayError::unknown("change of the controlled shutdown", value));
            }
        };
        let broker = self.broker_mut(record.broker_id, record.broker_epoch)?;
        broker.fenced = fenced.unwrap_or(broker.fenced);
        broker.in_controlled_shutdown =
            in_controlled_shutdown.unwrap_or(broker.in_controlled_shutdown);
        if !record.log_dirs.is_empty() {
            broker.directories.clone_from(&record.log_dirs);
            broker.directories.sort_unstable();
        }
        if let Some(cordoned) = &record.cordoned_log_dirs {
            broker.cordoned_directories = Some(cordoned.clone());
        }
        Ok(())
    }

    fn broker_mut(&mut self, id: i32, epoch: i64) -> Result<&mut BrokerRegistration> {
        let broker = self.brokers.get_mut(&id).filter(|broker| broker.epoch == epoch);
        broker.map(Arc::make_mut).ok_or(ReplayError::UnknownBroker { id, epoch })
    }
}

/// 1 fences, -1 unfences, 0 leaves it.
fn change_of(what: &'static str, value: i8) -> Result<Option<bool>> {
    match value {
        1 => Ok(Some(true)),
        0 => Ok(None),
        -1 => Ok(Some(false)),
        value => Err(ReplayError::unknown(what, value)),
    }
}
