//! What the methods of a group work with while they handle one event.

use crate::cluster::ClusterView;
use crate::outcome::Outcome;
use crate::settings::Settings;

/// One event being handled: settings, the cluster, time, and the effects so far.
pub(crate) struct Turn<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) cluster: &'a ClusterView,
    /// The state of the cluster that had the newest topic.
    pub(crate) newest_topic_version: i64,
    /// Wall clock, for what is stored.
    pub(crate) now_ms: i64,
    pub(crate) out: &'a mut Outcome,
}
