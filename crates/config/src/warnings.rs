//! What an operator should know about settings that were accepted.

use crate::server::ServerConfig;
use crate::setting::Effect;
use crate::static_config::Origin;
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
    /// One sentence for each kind of static setting that does not do what one may expect, and for
    /// each combination that is accepted but not wise.
    pub fn warnings(&self) -> Vec<String> {
        let statics = self.static_config();
        let is_own = |name: &&str| statics.origin(name) != Some(&Origin::BuiltIn);
        let names: Vec<&str> = statics.iter().map(|(name, _)| name).filter(is_own).collect();
        let mut warnings = Vec::new();
        for (surprise, text) in SURPRISES {
            let surprising = names.iter().filter(|name| surprise_of(name) == Some(*surprise));
            let surprising: Vec<&str> = surprising.copied().collect();
            if !surprising.is_empty() {
                warnings.push(format!("{text}: {}", surprising.join(", ")));
            }
        }
        warnings.extend(self.unwise());
        warnings
    }

    fn unwise(&self) -> Vec<String> {
        let mut warnings = Vec::new();
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

/// Why a setting does not do what one may expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surprise {
    NoEffectYet,
    Removed,
    Unknown,
}

const SURPRISES: &[(Surprise, &str)] = &[
    (Surprise::NoEffectYet, "settings that have no effect yet"),
    (Surprise::Removed, "settings of older releases, ignored"),
    (Surprise::Unknown, "unknown settings, ignored"),
];

fn surprise_of(name: &str) -> Option<Surprise> {
    if REMOVED.contains(&name) || name.starts_with("zookeeper.") {
        return Some(Surprise::Removed);
    }
    let Some(row) = table::find(table::BROKER, name) else {
        let open_ended = OPEN_ENDED.iter().any(|prefix| name.starts_with(prefix));
        let known = open_ended || AUTHORIZER.contains(&name);
        return (!known).then_some(Surprise::Unknown);
    };
    // what tunes something that does not exist here is not worth a word
    (row.effect == Effect::NotYet).then_some(Surprise::NoEffectYet)
}

#[cfg(test)]
mod tests {
    use crate::{Origin, ServerConfig, StaticConfig};

    #[track_caller]
    fn check(settings: &[(&str, &str)], expected: &[&str]) {
        let mut statics = StaticConfig::without_file("/data");
        for (name, value) in settings {
            statics.set(*name, *value, Origin::CommandLine);
        }
        assert_eq!(ServerConfig::new(statics).unwrap().warnings(), expected);
    }

    #[test]
    fn what_has_no_effect_is_said() {
        check(&[], &[]);
        let settings = [
            ("ssl.protocol", "TLSv1.3"),
            ("num.partitns", "3"),
            ("zookeeper.connect", "a:1"),
            ("ssl.keystore.type", "PEM"),
        ];
        let expected = [
            "settings that have no effect yet: ssl.keystore.type, ssl.protocol",
            "settings of older releases, ignored: zookeeper.connect",
            "unknown settings, ignored: num.partitns",
        ];
        check(&settings, &expected);
    }

    #[test]
    fn what_is_meant_for_others_is_no_matter() {
        let settings = [
            ("security.providers", "x"),
            ("listener.name.plaintext.max.connections", "5"),
            ("super.users", "User:admin"),
        ];
        check(&settings, &[]);
    }
}
