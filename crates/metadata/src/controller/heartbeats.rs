//! Who was heard of when: soft state, lost when the active controller changes.

use std::collections::BTreeMap;

use super::Millis;

/// What heartbeats said about each registered broker, and when.
#[derive(Clone, Debug)]
pub(super) struct Heartbeats {
    session_timeout_ms: Millis,
    brokers: BTreeMap<i32, BrokerState>,
    /// When an incarnation (broker and epoch) was last heard of.
    contacts: BTreeMap<(i32, i64), Millis>,
}

/// A broker as its heartbeats show it.
#[derive(Clone, Debug)]
pub(super) struct BrokerState {
    pub(super) fenced: bool,
    /// How far the broker has read the metadata log; -1 before it said so.
    pub(super) metadata_offset: i64,
    /// The offset at which everybody knows that the broker leads nothing any more; `None` unless
    /// it is shutting down.
    pub(super) controlled_shutdown_offset: Option<i64>,
}

impl Heartbeats {
    pub(super) fn new(session_timeout_ms: Millis) -> Self {
        Self { session_timeout_ms, brokers: BTreeMap::new(), contacts: BTreeMap::new() }
    }

    pub(super) fn brokers(&self) -> impl Iterator<Item = (i32, &BrokerState)> {
        self.brokers.iter().map(|(id, state)| (*id, state))
    }

    pub(super) fn broker(&self, id: i32) -> Option<&BrokerState> {
        self.brokers.get(&id)
    }

    /// A registration says whether the broker is fenced.
    pub(super) fn register(&mut self, id: i32, fenced: bool) {
        let known = self.brokers.get(&id);
        let metadata_offset =
            known.filter(|state| state.fenced != fenced).map_or(-1, |state| state.metadata_offset);
        self.touch(id, fenced, metadata_offset);
    }

    /// The broker was heard of.
    pub(super) fn touch(&mut self, id: i32, fenced: bool, metadata_offset: i64) {
        let state = self.brokers.entry(id).or_insert(BrokerState {
            fenced,
            metadata_offset,
            controlled_shutdown_offset: None,
        });
        state.fenced = fenced;
        state.metadata_offset = metadata_offset;
        if fenced {
            // Its next heartbeat lets it stop at once.
            state.controlled_shutdown_offset = None;
        }
    }

    /// The broker shuts down; it may stop when everybody has read as far as `offset`.
    pub(super) fn begin_controlled_shutdown(&mut self, id: i32, offset: i64) {
        if let Some(state) = self.brokers.get_mut(&id) {
            state.controlled_shutdown_offset.get_or_insert(offset);
        }
    }

    pub(super) fn remove(&mut self, id: i32) {
        self.brokers.remove(&id);
    }

    /// The offset every active broker has read; `i64::MAX` if none is active.
    pub(super) fn lowest_active_offset(&self) -> i64 {
        self.brokers
            .values()
            .filter(|state| !state.fenced && state.controlled_shutdown_offset.is_none())
            .map(|state| state.metadata_offset)
            .min()
            .unwrap_or(i64::MAX)
    }

    /// Remembers that an incarnation was heard of.
    pub(super) fn contact(&mut self, id: i32, epoch: i64, now: Millis) {
        // A message may have waited longer than the time it is excused for.
        let contact = self.contacts.entry((id, epoch)).or_insert(now);
        *contact = now.max(*contact);
    }

    /// Whether an incarnation was heard of within the session timeout.
    pub(super) fn has_valid_session(&self, id: i32, epoch: i64, now: Millis) -> bool {
        self.contacts.get(&(id, epoch)).is_some_and(|contact| !self.is_expired(*contact, now))
    }

    /// Forgets and returns an incarnation that was not heard of for too long.
    pub(super) fn take_expired(&mut self, now: Millis) -> Option<(i32, i64)> {
        let expired = self.contacts.iter().find(|(_, contact)| self.is_expired(**contact, now));
        let incarnation = *expired?.0;
        self.contacts.remove(&incarnation);
        Some(incarnation)
    }

    /// Everybody was heard of `elapsed` ms later than it seems.
    pub(super) fn excuse(&mut self, elapsed: Millis) {
        self.contacts.values_mut().for_each(|contact| *contact += elapsed);
    }

    /// When the next session expires.
    pub(super) fn next_expiry(&self) -> Option<Millis> {
        let oldest = self.contacts.values().min()?;
        Some(oldest + self.session_timeout_ms + 1)
    }

    fn is_expired(&self, contact: Millis, now: Millis) -> bool {
        contact + self.session_timeout_ms < now
    }
}
