//! How many connections there may be, and how fast they may come.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use env::{Clock, Instant};
use tokio::sync::Notify;

use crate::{Limits, ListenerLimits};

/// Counts the connections of a server against its limits.
#[derive(Debug)]
pub(crate) struct Admission {
    clock: Clock,
    state: Mutex<State>,
    /// Told when a connection ends and when limits change.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limits: Arc<Limits>,
    listeners: Vec<ListenerState>,
    total: usize,
    addresses: HashMap<IpAddr, usize>,
    rate: Rate,
}

#[derive(Debug)]
struct ListenerState {
    limits: ListenerLimits,
    count: usize,
    rate: Rate,
}

/// A connection that counts, until this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    admission: Arc<Admission>,
    listener: usize,
    address: IpAddr,
}

/// What is to be done with a connection that has come in.
enum Verdict {
    Admit,
    /// Another connection has to end first.
    Full,
    /// It came too soon.
    NotBefore(Instant),
    /// Its address has too many: at most this many.
    Refuse(usize),
}

impl Admission {
    pub(crate) fn new(
        clock: Clock,
        limits: Limits,
        listeners: impl Iterator<Item = ListenerLimits>,
    ) -> Self {
        let listener = |limits| ListenerState { limits, count: 0, rate: Rate::default() };
        let state = State {
            limits: Arc::new(limits),
            listeners: listeners.map(listener).collect(),
            total: 0,
            addresses: HashMap::new(),
            rate: Rate::default(),
        };
        Self { clock, state: Mutex::new(state), changed: Notify::new() }
    }

    pub(crate) fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.state().limits)
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        self.state().limits = Arc::new(limits);
        self.changed.notify_waiters();
    }

    pub(crate) fn set_listener_limits(&self, listener: usize, limits: ListenerLimits) {
        if let Some(state) = self.state().listeners.get_mut(listener) {
            state.limits = limits;
        }
        self.changed.notify_waiters();
    }

    pub(crate) fn is_protected(&self, listener: usize) -> bool {
        self.state().listeners[listener].limits.protected
    }

    /// Connections above the total that is allowed.
    pub(crate) fn excess(&self) -> usize {
        let state = self.state();
        state.total.saturating_sub(state.limits.connections_max)
    }

    /// Waits until a connection from `address` may be served. Refuses it, with the bound, if its
    /// address has too many. A protected listener may exceed the total: see [`Self::excess`].
    pub(crate) async fn admit(
        self: &Arc<Self>,
        listener: usize,
        address: IpAddr,
    ) -> Result<Admitted, usize> {
        let address = address.to_canonical();
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let verdict = self.state().verdict(listener, address, self.clock.now());
            match verdict {
                Verdict::Admit => {
                    return Ok(Admitted { admission: Arc::clone(self), listener, address });
                }
                Verdict::Refuse(bound) => return Err(bound),
                Verdict::Full => changed.await,
                Verdict::NotBefore(time) => {
                    tokio::select! {
                        biased;
                        () = changed => {}
                        () = tokio::time::sleep_until(time) => {}
                    }
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn verdict(&mut self, listener: usize, address: IpAddr, now: Instant) -> Verdict {
        let of_listener = &mut self.listeners[listener];
        let full = self.total >= self.limits.connections_max && !of_listener.limits.protected;
        if full || of_listener.count >= of_listener.limits.connections_max {
            return Verdict::Full;
        }
        let of_address = self.addresses.entry(address).or_default();
        let bound = self.limits.connections_of_address_max(address);
        if *of_address >= bound {
            if *of_address == 0 {
                self.addresses.remove(&address);
            }
            return Verdict::Refuse(bound);
        }
        let rates = [
            (&mut self.rate, self.limits.connection_creation_rate),
            (&mut of_listener.rate, of_listener.limits.connection_creation_rate),
        ];
        let next = rates.iter().filter_map(|(rate, per_second)| rate.next(*per_second, now)).max();
        if let Some(next) = next {
            if *of_address == 0 {
                self.addresses.remove(&address);
            }
            return Verdict::NotBefore(next);
        }
        for (rate, per_second) in rates {
            rate.count(per_second, now);
        }
        *of_address += 1;
        of_listener.count += 1;
        self.total += 1;
        Verdict::Admit
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        state.total -= 1;
        state.listeners[self.listener].count -= 1;
        if let Some(count) = state.addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                state.addresses.remove(&self.address);
            }
        }
        drop(state);
        self.admission.changed.notify_waiters();
    }
}

/// A rate over a second: as many at once, then evenly.
#[derive(Debug, Default)]
struct Rate {
    /// When all that was counted is due at an even pace.
    due: Option<Instant>,
}

const UNLIMITED: u32 = i32::MAX as u32;
const SECOND: Duration = Duration::from_secs(1);

impl Rate {
    /// When the next one may come, if not now.
    fn next(&self, per_second: u32, now: Instant) -> Option<Instant> {
        match (per_second, self.due) {
            (UNLIMITED.., _) => None,
            // Never, that is: look again when the limits change, or in an hour.
            (0, _) => Some(now + SECOND * 3600),
            (_, Some(due)) => {
                // One that is counted now is due `1 ÷ rate` later; that may be a second ahead.
                let next = (due + SECOND / per_second).checked_sub(SECOND)?;
                (next > now).then_some(next)
            }
            (_, None) => None,
        }
    }

    fn count(&mut self, per_second: u32, now: Instant) {
        if per_second < UNLIMITED && per_second > 0 {
            let from = self.due.map_or(now, |due| due.max(now));
            self.due = Some(from + SECOND / per_second);
        }
    }
}
