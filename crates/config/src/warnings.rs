//! What an operator should know about settings that were accepted.

use crate::server::ServerConfig;
use crate::setting::Effect;
use crate::table;

/// Settings of older releases that do nothing in Apache Kafka 4.3 (kafka-configs §1 item 13).
const REMOVED: &[&str] = &[
    "inter.broker.protocol.version",
    "log.message.format.version",
    "log.message.timestamp.difference.max.ms",
    "log.message.downconversion.enable",
    "broker.id.generation.enable",
    "reserved.broker.max.id",
    "control.plane.listener.name",
    "controlled.shutdown.max.retries",
    "controlled.shutdown.retry.backoff.ms",
    "group.coordinator.new.enable",
    "group.share.enable",
    "offsets.commit.required.acks",
    "delegation.token.master.key",
    "eligible.leader.replicas.enable",
];

/// Prefixes of the settings of plugins, providers and listeners.
const OPEN_ENDED: &[&str] =
    &["listener.name.", "config.providers.", "rlmm.config.", "rsm.config.", "remote.log.metadata."];

/// Settings of the authorizer, which the table does not hold either.
const AUTHORIZER: &[&str] = &["super.users", "allow.everyone.if.no.acl.found"];

impl ServerConfig {
    /// One sentence for each static setting that does not do what one may expect, and for
    /// combinations that are accepted but not wise.
    pub fn warnings(&self) -> Vec<String> {
        let statics = self.static_config();
        let mut warnings: Vec<String> =
            statics.iter().filter_map(|(name, _)| warning_for(name)).collect();
        let (heartbeat, session) =
            (self.node.broker_heartbeat_interval_ms, self.node.broker_session_timeout_ms);
        if heartbeat > session / 2 {
            warnings.push(format!(
                "broker.heartbeat.interval.ms ({heartbeat} ms) must be less than or equal to half \
                 of the broker.session.timeout.ms ({session} ms), or a broker loses its session \
                 when one heartbeat is late"
            ));
        }
        if !self.node.process_roles.controller && self.listeners.controller_names.len() > 1 {
            warnings.push(format!(
                "controller.listener.names has multiple entries; only the first will be used since \
                 process.roles=broker: [{}]",
                self.listeners.controller_names.join(", ")
            ));
        }
        warnings
    }
}

fn warning_for(name: &str) -> Option<String> {
    if REMOVED.contains(&name) || name.starts_with("zookeeper.") {
        return Some(format!("{name} belongs to an older release and is ignored"));
    }
    let Some(row) = table::find(table::BROKER, name) else {
        let open_ended = OPEN_ENDED.iter().any(|prefix| name.starts_with(prefix));
        let known = open_ended || AUTHORIZER.contains(&name);
        return (!known).then(|| format!("{name} is not a known setting and is ignored"));
    };
    match row.effect {
        Effect::Works => None,
        Effect::NotYet => Some(format!("{name} is accepted but has no effect yet")),
        // not worth a word: it tunes what does not exist here
        Effect::Never => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Origin, ServerConfig, StaticConfig};

    #[track_caller]
    fn check(name: &str, value: &str, expected: Option<&str>) {
        let mut statics = StaticConfig::without_file("/data");
        let before = ServerConfig::new(statics.clone()).unwrap().warnings();
        statics.set(name, value, Origin::CommandLine);
        let mut warnings = ServerConfig::new(statics).unwrap().warnings();
        warnings.retain(|warning| !before.contains(warning));
        assert_eq!(warnings.first().map(String::as_str), expected);
    }

    #[test]
    fn what_has_no_effect_is_said() {
        check("ssl.protocol", "TLSv1.3", Some("ssl.protocol is accepted but has no effect yet"));
        check("num.partitns", "3", Some("num.partitns is not a known setting and is ignored"));
        let removed = "zookeeper.connect belongs to an older release and is ignored";
        check("zookeeper.connect", "a:1", Some(removed));
    }

    #[test]
    fn what_is_meant_for_others_is_no_matter() {
        check("security.providers", "x", None);
        check("listener.name.plaintext.max.connections", "5", None);
        check("super.users", "User:admin", None);
    }
}
