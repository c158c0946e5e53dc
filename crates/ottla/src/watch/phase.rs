//! How far a node has come.

use std::sync::atomic::{AtomicU8, Ordering};

/// The states of a broker that Apache Kafka counts (`BrokerState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Starting = 1,
    Recovery = 2,
    Running = 3,
    PendingControlledShutdown = 6,
    ShuttingDown = 7,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Recovery => "recovery",
            Self::Running => "running",
            Self::PendingControlledShutdown => "pending-controlled-shutdown",
            Self::ShuttingDown => "shutting-down",
        }
    }
}

/// The state of the node, for whoever asks.
#[derive(Debug)]
pub(crate) struct Phase(AtomicU8);

impl Default for Phase {
    fn default() -> Self {
        Self(AtomicU8::new(State::Starting as u8))
    }
}

impl Phase {
    pub(crate) fn set(&self, state: State) {
        self.0.store(state as u8, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> State {
        match self.0.load(Ordering::Relaxed) {
            2 => State::Recovery,
            3 => State::Running,
            6 => State::PendingControlledShutdown,
            7 => State::ShuttingDown,
            _ => State::Starting,
        }
    }
}
