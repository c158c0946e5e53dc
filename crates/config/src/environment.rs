//! Settings from the environment, by the rules of Apache Kafka's container image: `KAFKA_` and the
//! name in upper case, with `_` for a dot, `__` for an underscore and `___` for a dash. The prefix
//! `KAFKA_CFG_` of another widespread image means the same.

/// Variables that speak to scripts and the Java machine and are no settings.
const EXCLUDED: &[&str] = &[
    "KAFKA_VERSION",
    "KAFKA_HOME",
    "KAFKA_HEAP_OPTS",
    "KAFKA_LOG4J_OPTS",
    "KAFKA_OPTS",
    "KAFKA_JMX_OPTS",
    "KAFKA_JMX_PORT",
    "KAFKA_JMX_HOSTNAME",
    "KAFKA_JVM_PERFORMANCE_OPTS",
    "KAFKA_GC_LOG_OPTS",
    "KAFKA_LOG4J_ROOT_LOGLEVEL",
    "KAFKA_LOG4J_LOGGERS",
    "KAFKA_TOOLS_LOG4J_LOGLEVEL",
];

/// The name of the setting that an environment variable sets, if it sets one.
pub fn setting_name(variable: &str) -> Option<String> {
    if EXCLUDED.contains(&variable) {
        return None;
    }
    let prefixed = variable.strip_prefix("KAFKA_CFG_").or_else(|| variable.strip_prefix("KAFKA_"));
    let name = prefixed?.to_lowercase().replace('_', ".").replace("...", "-").replace("..", "_");
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variable: &str, name: Option<&str>) {
        assert_eq!(setting_name(variable).as_deref(), name, "{variable}");
    }

    #[test]
    fn variables_become_names() {
        // deployment §1
        check("KAFKA_LOG_DIRS", Some("log.dirs"));
        check("KAFKA_CFG_NODE_ID", Some("node.id"));
        check("KAFKA_LISTENER_NAME_MY__NET_SSL_KEY", Some("listener.name.my_net.ssl.key"));
        check("KAFKA_A___B", Some("a-b"));
        check("KAFKA_KAFKA_METRICS_REPORTERS", Some("kafka.metrics.reporters"));
    }

    #[test]
    fn other_variables_are_no_settings() {
        check("PATH", None);
        check("KAFKA_", None);
        check("KAFKA_HEAP_OPTS", None);
        check("KAFKA_LOG4J_LOGGERS", None);
    }
}
