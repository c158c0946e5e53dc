//! What the names of broker settings mean: prefixes of listeners, names that stand in for each
//! other, and which of them can change while a broker runs.

use crate::setting::{Kind, Mode, Setting};
use crate::table;

/// Groups of settings of which the first that is set counts. A dynamic value of one hides static
/// values of all.
const ALTERNATIVES: &[&[&str]] = &[
    &["log.roll.ms", "log.roll.hours"],
    &["log.roll.jitter.ms", "log.roll.jitter.hours"],
    &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
];

/// The same, but only for the first: the second is a setting of its own.
const FLUSH: &[&str] = &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"];

/// Settings that can be set for one SASL mechanism of a listener.
const OF_MECHANISMS: &[&str] = &[
    "sasl.jaas.config",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.server.callback.handler.class",
    "connections.max.reauth.ms",
];

/// Settings of listeners that can be set for the whole cluster.
const LISTENER_LIMITS: &[&str] =
    &["max.connections", "max.connection.creation.rate", "num.network.threads"];

/// TLS material: while running it can only be changed for a listener, since connections between
/// nodes use the plain names.
const ONLY_OF_LISTENERS: &[&str] = &[
    "ssl.keystore.type",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.key.password",
    "ssl.truststore.type",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.truststore.certificates",
];

/// What follows the prefix `listener.name.{name}.`.
pub(crate) fn after_listener(name: &str) -> Option<&str> {
    let (_, rest) = name.strip_prefix("listener.name.")?.split_once('.')?;
    Some(rest)
}

/// The names whose values stand in for `name`, itself included, most preferred first.
pub(crate) fn alternatives(name: &str) -> Vec<&str> {
    if let Some(group) = ALTERNATIVES.iter().find(|group| group.contains(&name)) {
        return group.to_vec();
    }
    if name == FLUSH[0] {
        return FLUSH.to_vec();
    }
    match after_listener(name) {
        Some(rest) => {
            let of_mechanism = OF_MECHANISMS.iter().find(|known| rest.ends_with(**known));
            vec![name, of_mechanism.copied().unwrap_or(rest)]
        }
        None => vec![name],
    }
}

/// The names whose static values a dynamic value of `name` hides, besides its own.
pub(crate) fn hides(name: &str) -> &'static [&'static str] {
    let group = ALTERNATIVES.iter().find(|group| group.contains(&name)).copied();
    group.unwrap_or_else(|| if name == FLUSH[0] { FLUSH } else { &[] })
}

/// The row of a broker setting, dynamic ones included.
pub(crate) fn broker_row(name: &str) -> Option<&'static Setting> {
    table::find(table::BROKER, name).or_else(|| table::find(table::BROKER_DYNAMIC_ONLY, name))
}

/// The type of a broker setting, also of one with the prefix of a listener.
pub(crate) fn broker_kind(name: &str) -> Option<Kind> {
    let known = broker_row(name).map(|row| row.kind);
    known.or_else(|| {
        let rows = alternatives(name).into_iter().filter_map(|n| table::find(table::BROKER, n));
        rows.map(|row| row.kind).next()
    })
}

/// Whether it can only be changed by a restart. Names that are not in the table can be changed.
pub(crate) fn is_read_only(name: &str) -> bool {
    broker_row(name).is_some_and(|row| row.mode == Mode::ReadOnly)
}

/// Whether it can only be changed for one broker, not for the whole cluster.
pub(crate) fn is_per_broker(name: &str) -> bool {
    match after_listener(name) {
        Some(rest) => !LISTENER_LIMITS.contains(&rest),
        None => broker_row(name).is_some_and(|row| row.mode == Mode::PerBroker),
    }
}

/// Whether it can be changed for a listener only.
pub(crate) fn is_only_of_listeners(name: &str) -> bool {
    ONLY_OF_LISTENERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_listeners_stand_for_the_plain_ones() {
        // kafka-configs §1 item 2
        let of = |name| alternatives(name)[1];
        assert_eq!(of("listener.name.x.ssl.keystore.location"), "ssl.keystore.location");
        assert_eq!(of("listener.name.x.plain.sasl.jaas.config"), "sasl.jaas.config");
        assert_eq!(broker_kind("listener.name.x.plain.sasl.jaas.config"), Some(Kind::Password));
        assert_eq!(broker_kind("listener.name.x.unknown"), None);
        assert!(!is_per_broker("listener.name.x.max.connections"));
        assert!(is_per_broker("listener.name.x.ssl.protocol"));
    }

    #[test]
    fn names_in_these_lists_are_in_the_table() {
        let lists = [OF_MECHANISMS, LISTENER_LIMITS, ONLY_OF_LISTENERS, FLUSH];
        for name in lists.iter().chain(ALTERNATIVES).copied().flatten() {
            assert!(table::find(table::BROKER, name).is_some(), "{name}");
        }
    }
}
