//! Settings that must agree with each other before a server starts (kafka-configs §1 item 10),
//! refused in Apache Kafka's words.

mod groups;

use crate::error::Error;
use crate::server::{ConnectionOverrides, LogManagerConfig, ServerConfig};
use crate::typed::{Typed, Values};

/// Refuses settings that contradict each other.
pub(super) fn check(config: &ServerConfig) -> Result<(), Error> {
    check_identity(config)?;
    check_logs(config)?;
    check_replication(config)?;
    check_roles(config)?;
    check_advertised(config)?;
    check_early_start(config)?;
    check_network(config)?;
    groups::check(&config.values)
}

/// Refuses connection limits of single addresses that cannot be read.
pub(super) fn check_connection_overrides(values: &Values) -> Result<(), Error> {
    const NAME: &str = "max.connections.per.ip.overrides";
    let Some(ConnectionOverrides(overrides)) = ConnectionOverrides::take(values.get(NAME)) else {
        return Err(Error::Rejected(format!(
            "Error parsing configuration property '{NAME}': expected address:number,..."
        )));
    };
    let is_host = |host: &str| {
        host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '%' | '.' | '_' | ':'))
    };
    let invalid = overrides.iter().map(|(host, _)| host.as_str()).filter(|host| !is_host(host));
    let invalid: Vec<&str> = invalid.collect();
    ensure(invalid.is_empty(), || {
        format!("{NAME} contains invalid addresses : {}", invalid.join(","))
    })
}

fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Rejected(message())) }
}

fn check_identity(config: &ServerConfig) -> Result<(), Error> {
    let statics = config.static_config();
    let both = statics.get("node.id").zip(statics.get("broker.id"));
    ensure(both.is_none_or(|(node, broker)| node.trim() == broker.trim()), || {
        "You must set `node.id` to the same value as `broker.id`.".to_owned()
    })
}

fn check_logs(config: &ServerConfig) -> Result<(), Error> {
    let topic = config.topic_defaults.log_config([])?;
    ensure(topic.segment_ms >= 1, || "log.roll.ms must be greater than or equal to 1".to_owned())?;
    ensure(topic.segment_jitter_ms >= 0, || {
        "log.roll.jitter.ms must be greater than or equal to 0".to_owned()
    })?;
    ensure(topic.retention_ms >= 1 || topic.retention_ms == -1, || {
        "log.retention.ms must be unlimited (-1) or, greater than or equal to 1".to_owned()
    })?;
    let manager = &config.log_manager;
    check_cordoned(manager)?;
    let threads = i64::from(manager.cleaner_threads);
    ensure(threads > 0, || "log.cleaner.threads must be at least 1".to_owned())?;
    ensure(manager.cleaner_dedupe_buffer_size / threads > 1024 * 1024, || {
        "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.".to_owned()
    })
}

fn check_cordoned(manager: &LogManagerConfig) -> Result<(), Error> {
    let cordoned = &manager.cordoned_log_dirs;
    if cordoned.iter().any(|dir| dir == "*") {
        return ensure(cordoned.len() == 1, || {
            "When cordoned.log.dirs is set to *, it must not contain other values".to_owned()
        });
    }
    let missing: Vec<&str> =
        cordoned.iter().filter(|dir| !manager.dirs().contains(dir)).map(String::as_str).collect();
    ensure(missing.is_empty(), || {
        format!(
            "All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing \
             entries : {}",
            missing.join(", ")
        )
    })
}

fn check_replication(config: &ServerConfig) -> Result<(), Error> {
    let replication = &config.replication;
    let wait = replication.replica_fetch_wait_max_ms;
    ensure(wait <= replication.replica_socket_timeout_ms, || {
        "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent \
         unnecessary socket timeouts"
            .to_owned()
    })?;
    ensure(i64::from(wait) <= replication.replica_lag_time_max_ms, || {
        "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms \
         to prevent frequent changes in ISR"
            .to_owned()
    })
}

fn check_roles(config: &ServerConfig) -> Result<(), Error> {
    let (roles, node_id) = (config.node.process_roles, config.node.node_id);
    let voters = &config.quorum.voters;
    let voter_ids = || {
        let ids: Vec<String> = voters.iter().map(|voter| voter.id.to_string()).collect();
        format!("Set({})", ids.join(", "))
    };
    let is_voter = voters.iter().any(|voter| voter.id == node_id);
    ensure(!voters.is_empty() || !config.quorum.bootstrap_servers.is_empty(), || {
        "If using process.roles, either controller.quorum.bootstrap.servers must contain the set \
         of bootstrap controllers or controller.quorum.voters must contain a parseable set of \
         controllers."
            .to_owned()
    })?;
    ensure(roles.controller || !config.quorum.auto_join_enable, || {
        "controller.quorum.auto.join.enable is only supported when process.roles contains the \
         'controller' role."
            .to_owned()
    })?;
    if !roles.controller {
        ensure(!is_voter, || {
            format!(
                "If process.roles contains just the 'broker' role, the node id {node_id} must not \
                 be included in the set of voters controller.quorum.voters={}",
                voter_ids()
            )
        })?;
        return check_broker_only(config);
    }
    let listeners = &config.listeners;
    let controllers = listeners.advertised_controllers.len();
    ensure(roles.broker || controllers == listeners.bound.len(), || {
        "The listeners config must only contain KRaft controller listeners from \
         controller.listener.names when process.roles=controller"
            .to_owned()
    })?;
    let inter_broker = config.value("inter.broker.listener.name").map(ToString::to_string);
    let is_controller = |name: &String| listeners.controller_names.contains(name);
    ensure(roles.broker || !inter_broker.as_ref().is_some_and(is_controller), || {
        "controller.listener.names must not contain an explicitly set inter.broker.listener.name \
         configuration value when process.roles=controller"
            .to_owned()
    })?;
    ensure(voters.is_empty() || is_voter, || {
        format!(
            "If process.roles contains the 'controller' role, the node id {node_id} must be \
             included in the set of voters controller.quorum.voters={}",
            voter_ids()
        )
    })?;
    ensure(controllers > 0, || {
        "controller.listener.names must contain at least one value appearing in the 'listeners' \
         configuration when running the KRaft controller role"
            .to_owned()
    })?;
    let bound = |name: &String| listeners.bound.iter().any(|e| e.listener == *name);
    ensure(listeners.controller_names.iter().all(bound), || {
        "controller.listener.names must only contain values appearing in the 'listeners' \
         configuration when running the KRaft controller role"
            .to_owned()
    })
}

fn check_broker_only(config: &ServerConfig) -> Result<(), Error> {
    let listeners = &config.listeners;
    ensure(!listeners.bound.iter().any(|e| listeners.is_controller(&e.listener)), || {
        "controller.listener.names must not contain a value appearing in the 'listeners' \
         configuration when running KRaft with just the broker role"
            .to_owned()
    })?;
    let unmapped = listeners.controller_names.iter().find(|n| listeners.protocol(n).is_none());
    match unmapped {
        None => Ok(()),
        Some(name) => Err(Error::Rejected(format!(
            "Controller listener with name {} defined in controller.listener.names not found in \
             listener.security.protocol.map  (an explicit security mapping for each controller \
             listener is required if listener.security.protocol.map is non-empty, or if there are \
             security protocols other than PLAINTEXT in use)",
            name.to_uppercase()
        ))),
    }
}

fn check_advertised(config: &ServerConfig) -> Result<(), Error> {
    let listeners = &config.listeners;
    let names = |endpoints: &[crate::endpoint::Endpoint]| {
        endpoints.iter().map(|e| e.listener.as_str()).collect::<Vec<_>>().join(",")
    };
    if config.node.process_roles.broker {
        let advertised = &listeners.advertised;
        ensure(!advertised.is_empty(), || {
            "There must be at least one broker advertised listener. Perhaps all listeners appear \
             in controller.listener.names?"
                .to_owned()
        })?;
        ensure(advertised.iter().any(|e| e.listener == listeners.inter_broker), || {
            format!(
                "inter.broker.listener.name must be a listener name defined in \
                 advertised.listeners. The valid options based on currently configured listeners \
                 are {}",
                names(advertised)
            )
        })?;
        let bound = |name: &str| listeners.bound.iter().any(|e| e.listener == name);
        ensure(advertised.iter().all(|e| bound(&e.listener)), || {
            format!(
                "advertised.listeners listener names must be equal to or a subset of the ones \
                 defined in listeners. Found {}. The valid options based on the current \
                 configuration are {}",
                names(advertised),
                names(&listeners.bound)
            )
        })?;
    }
    let all = listeners.advertised.iter().chain(&listeners.advertised_controllers);
    ensure(all.clone().all(|e| e.host.as_deref() != Some("0.0.0.0")), || {
        "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP \
         address."
            .to_owned()
    })
}

fn check_early_start(config: &ServerConfig) -> Result<(), Error> {
    let listeners = &config.listeners;
    let known = |name: &String| {
        listeners.is_controller(name) || listeners.bound.iter().any(|e| e.listener == *name)
    };
    match listeners.early_start.iter().flatten().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => Err(Error::Rejected(format!(
            "early.start.listeners contains listener {name}, but this is not contained in \
             listeners or controller.listener.names"
        ))),
    }
}

fn check_network(config: &ServerConfig) -> Result<(), Error> {
    let network = &config.network;
    if config.listeners.inter_broker_protocol.uses_sasl() {
        let mechanism = config.value("sasl.mechanism.inter.broker.protocol");
        let mechanism = mechanism.map(ToString::to_string).unwrap_or_default();
        let enabled = match config.value("sasl.enabled.mechanisms") {
            Some(crate::value::Value::List(items)) => items.contains(&mechanism),
            _ => false,
        };
        ensure(enabled, || {
            "sasl.mechanism.inter.broker.protocol must be included in sasl.enabled.mechanisms when \
             SASL is used for inter-broker communication"
                .to_owned()
        })?;
    }
    let (queued, request) = (network.queued_max_request_bytes, network.socket_request_max_bytes);
    ensure(queued <= 0 || queued >= i64::from(request), || {
        "queued.max.request.bytes must be larger or equal to socket.request.max.bytes".to_owned()
    })?;
    let overrides = &network.max_connections_per_ip_overrides;
    ensure(network.max_connections_per_ip > 0 || !overrides.0.is_empty(), || {
        "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides \
         property is set."
            .to_owned()
    })?;
    let (delay, idle) =
        (network.connection_failed_authentication_delay_ms, network.connections_max_idle_ms);
    ensure(idle < 0 || i64::from(delay) < idle, || {
        format!(
            "connection.failed.authentication.delay.ms={delay} should always be less than \
             connections.max.idle.ms={idle} to prevent failed authentication responses from \
             timing out"
        )
    })
}
