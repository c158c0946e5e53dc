//! What the controller knows from its configuration file.

use config::{ServerConfig, Value};

use super::Millis;

/// The settings the decisions depend on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The id of the cluster.
    pub cluster_id: String,
    /// The configuration of this node, without what was set while running: that is in the image.
    pub server: std::sync::Arc<ServerConfig>,
}

impl Settings {
    /// The id of this node.
    pub fn node_id(&self) -> i32 {
        self.server.node.node_id
    }

    /// Replicas of a topic whose creator leaves it open.
    pub(super) fn default_replication_factor(&self) -> i16 {
        i16::try_from(self.server.node.default_replication_factor).unwrap_or(i16::MAX)
    }

    /// A broker not heard of for this long is fenced.
    pub fn broker_session_timeout_ms(&self) -> Millis {
        Millis::try_from(self.server.node.broker_session_timeout_ms).unwrap_or(0)
    }

    /// A number of the configuration; `None` if it has no value or is no whole number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        number(self.server.value(name)?)
    }
}

/// A whole number, of whatever size it was declared.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(value) => Some((*value).into()),
        Value::Short(value) => Some((*value).into()),
        Value::Long(value) => Some(*value),
        _ => None,
    }
}
