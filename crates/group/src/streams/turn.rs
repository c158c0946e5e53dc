//! What a group works with while it handles one event, and what comes of it.

use super::part::Part;
use super::settings::GroupSettings;
use crate::cluster::Cluster;

/// One event being handled.
#[derive(Clone, Copy)]
pub(crate) struct StreamsTurn<'a> {
    /// The settings of the group.
    pub(crate) settings: &'a GroupSettings,
    pub(crate) cluster: &'a dyn Cluster,
    /// Wall clock.
    pub(crate) now_ms: i64,
}

/// What becomes of the timer that waits for a member to give up tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RevocationTimer {
    /// It goes on.
    #[default]
    Keep,
    /// It starts anew.
    Start { after_ms: i64 },
    /// It stops.
    Stop,
}

/// What a heartbeat leads to, besides its answer.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) parts: Vec<Part>,
    pub(crate) revocation_timer: RevocationTimer,
    /// The member goes: its timers stop. Otherwise its session starts anew.
    pub(crate) leaves: bool,
    /// The group waits this long for more members before tasks are given out.
    pub(crate) initial_delay_ms: Option<i32>,
}
