//! Brokers say that they live, how far they have read, and what they want.

use std::sync::Arc;

use wire::Uuid;
use wire::stored::metadata::{BrokerRegistrationChangeRecord, MetadataRecord};

use super::error::{Error, Reason, Result};
use super::heartbeats::BrokerState;
use super::leadership::{BrokerChange, registration_change};
use super::placement::UsableBroker;
use super::{Controller, Decision, Millis};
use crate::image::{BrokerRegistration, Partition, Topic};

/// A heartbeat.
#[derive(Clone, Debug)]
pub struct BrokerHeartbeat {
    /// The broker.
    pub broker_id: i32,
    /// Its epoch.
    pub broker_epoch: i64,
    /// The last offset of the metadata log it has applied.
    pub current_metadata_offset: i64,
    /// Whether it wants to be fenced, or to stay so.
    pub want_fence: bool,
    /// Whether it wants to stop.
    pub want_shut_down: bool,
    /// Log directories that failed.
    pub offline_log_dirs: Vec<Uuid>,
    /// Log directories that take no new replicas; `None` before the broker knows.
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

/// What the broker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatReply {
    /// Whether the broker has read as far as its own registration.
    pub is_caught_up: bool,
    /// Whether it is fenced.
    pub is_fenced: bool,
    /// Whether it is shutting down but may not stop yet.
    pub in_controlled_shutdown: bool,
    /// Whether it may stop now.
    pub should_shut_down: bool,
}

/// The state of a broker's life, as heartbeats move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

impl Life {
    fn of(state: &BrokerState) -> Self {
        if state.controlled_shutdown_offset.is_some() {
            Self::ControlledShutdown
        } else if state.fenced {
            Self::Fenced
        } else {
            Self::Unfenced
        }
    }
}

impl Controller {
    /// Remembers that a broker was heard of; done as soon as its heartbeat arrives, so that a busy
    /// controller does not fence brokers whose heartbeats wait.
    pub fn note_contact(&mut self, broker_id: i32, broker_epoch: i64, now: Millis) {
        if self.check_broker_epoch(broker_id, broker_epoch).is_ok() {
            self.heartbeats.contact(broker_id, broker_epoch, now);
        }
    }

    /// Takes a heartbeat (kafka-semantics 208 to 212).
    ///
    /// A reply that says `in_controlled_shutdown` is followed by
    /// [`Self::note_controlled_shutdown`], once the offset of the decision's last record is known.
    ///
    /// # Errors
    /// `StaleBrokerEpoch` for a broker that is not registered with that epoch.
    pub fn broker_heartbeat(
        &mut self,
        request: &BrokerHeartbeat,
    ) -> Result<Decision<HeartbeatReply>> {
        let id = request.broker_id;
        let broker = Arc::clone(self.check_broker_epoch(id, request.broker_epoch)?);
        let state = self.heartbeats.broker(id);
        let current = state.map_or(Life::Fenced, Life::of);
        let next = self.next_life(request, &broker, current);
        let mut records = match next {
            _ if next == current => Vec::new(),
            Life::Fenced | Life::ShutdownNow => self.fence_records(&broker),
            Life::Unfenced => self.unfence_records(&broker),
            Life::ControlledShutdown => self.controlled_shutdown_records(&broker),
        };
        let is_fenced = matches!(next, Life::Fenced | Life::ShutdownNow);
        self.heartbeats.touch(id, is_fenced, request.current_metadata_offset);
        let version = self.metadata_version();
        if version.is_directory_assignment_supported() {
            self.offline_directories(&broker, &request.offline_log_dirs, &mut records);
        }
        if version.is_cordoned_log_dirs_supported()
            && let Some(cordoned) = &request.cordoned_log_dirs
        {
            records.extend(cordon_record(&broker, cordoned));
        }
        let reply = HeartbeatReply {
            is_caught_up: request.current_metadata_offset >= broker.registered_at,
            is_fenced,
            in_controlled_shutdown: next == Life::ControlledShutdown,
            should_shut_down: next == Life::ShutdownNow,
        };
        Ok(Decision::of(records, reply))
    }

    /// A broker began to shut down; it may stop once everybody has read as far as `offset`.
    pub fn note_controlled_shutdown(&mut self, broker_id: i32, offset: i64) {
        self.heartbeats.begin_controlled_shutdown(broker_id, offset);
    }

    fn next_life(
        &self,
        request: &BrokerHeartbeat,
        broker: &BrokerRegistration,
        current: Life,
    ) -> Life {
        let id = request.broker_id;
        let has_caught_up = request.current_metadata_offset >= broker.registered_at;
        match current {
            Life::Fenced if request.want_shut_down => Life::ShutdownNow,
            Life::Fenced if !request.want_fence && has_caught_up => Life::Unfenced,
            Life::Fenced => Life::Fenced,
            Life::Unfenced if request.want_fence && request.want_shut_down => Life::ShutdownNow,
            Life::Unfenced if request.want_fence => Life::Fenced,
            Life::Unfenced if request.want_shut_down && self.has_leaderships(id) => {
                Life::ControlledShutdown
            }
            Life::Unfenced if request.want_shut_down => Life::ShutdownNow,
            Life::Unfenced => Life::Unfenced,
            Life::ControlledShutdown if self.has_leaderships(id) => Life::ControlledShutdown,
            Life::ControlledShutdown => {
                let state = self.heartbeats.broker(id);
                let offset = state.and_then(|state| state.controlled_shutdown_offset);
                // Everybody must know where the leaderships went before the broker is gone.
                match offset.is_none_or(|at| at <= self.heartbeats.lowest_active_offset()) {
                    true => Life::ShutdownNow,
                    false => Life::ControlledShutdown,
                }
            }
            Life::ShutdownNow => Life::ShutdownNow,
        }
    }

    /// Directories that failed: their replicas lose leadership and ISR (kafka-semantics 211).
    fn offline_directories(
        &self,
        broker: &BrokerRegistration,
        offline: &[Uuid],
        records: &mut Vec<MetadataRecord>,
    ) {
        let (failed, online): (Vec<Uuid>, Vec<Uuid>) =
            broker.directories.iter().partition(|id| offline.contains(id));
        if failed.is_empty() {
            return;
        }
        let id = broker.id;
        let in_failed = |_: &Topic, _, partition: &Partition| {
            partition.directory(id).is_some_and(|directory| failed.contains(&directory))
        };
        self.leader_and_isr_updates(BrokerChange::removed(id), in_failed, records);
        records.push(MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
            log_dirs: online,
            ..registration_change(broker)
        }));
    }

    /// Fences a broker that was not heard of for too long, if there is one (kafka-semantics 209).
    ///
    /// One at a time, so that each sees what fencing the one before did. `None` when all is well.
    pub fn fence_one_stale_broker(&mut self, now: Millis) -> Option<Decision<i32>> {
        while let Some((id, epoch)) = self.heartbeats.take_expired(now) {
            let broker = self.image.cluster.broker(id).filter(|broker| broker.epoch == epoch);
            let Some(broker) = broker.cloned() else { continue };
            let records = self.fence_records(&broker);
            self.heartbeats.touch(id, true, -1);
            return Some(Decision::of(records, id));
        }
        None
    }

    /// The controller could not listen for `elapsed` ms: that time does not count as silence of the
    /// brokers.
    pub fn excuse_brokers(&mut self, elapsed: Millis) {
        self.heartbeats.excuse(elapsed);
    }

    /// When the next broker would be stale if nobody were heard of any more.
    pub fn next_stale_broker_at(&self) -> Option<Millis> {
        self.heartbeats.next_expiry()
    }

    /// The registration of a broker that gave the right epoch.
    pub(super) fn check_broker_epoch(
        &self,
        id: i32,
        epoch: i64,
    ) -> Result<&Arc<BrokerRegistration>> {
        let refuse = |text: String| Err(Error::new(Reason::StaleBrokerEpoch, text));
        match self.image.cluster.broker(id) {
            None => refuse(format!("No broker registration found for broker id {id}")),
            Some(broker) if broker.epoch != epoch => refuse(format!(
                "Expected broker epoch {}, but got broker epoch {epoch}",
                broker.epoch
            )),
            Some(broker) => Ok(broker),
        }
    }

    /// The brokers that may get new replicas.
    pub(super) fn usable_brokers(&self) -> Vec<UsableBroker> {
        let states = self.heartbeats.brokers();
        let staying = states.filter(|(_, state)| state.controlled_shutdown_offset.is_none());
        staying
            .filter_map(|(id, state)| {
                let broker = self.image.cluster.broker(id)?;
                broker.has_uncordoned_directory().then(|| UsableBroker {
                    id,
                    rack: broker.rack.clone(),
                    fenced: state.fenced,
                })
            })
            .collect()
    }
}

/// The change to other cordoned directories, if they are others (KIP-1066).
fn cordon_record(broker: &BrokerRegistration, cordoned: &[Uuid]) -> Option<MetadataRecord> {
    let is_same = broker.cordoned_directories.as_ref().is_some_and(|known| {
        known.iter().all(|id| cordoned.contains(id)) && cordoned.iter().all(|id| known.contains(id))
    });
    (!is_same).then(|| {
        MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
            cordoned_log_dirs: Some(cordoned.to_vec()),
            ..registration_change(broker)
        })
    })
}
