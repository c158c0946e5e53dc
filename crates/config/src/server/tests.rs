use super::*;
use crate::endpoint::SecurityProtocol;
use crate::static_config::Origin;

fn server(settings: &[(&str, &str)]) -> Result<ServerConfig, Error> {
    let mut statics = StaticConfig::new();
    let minimal = [
        ("process.roles", "broker,controller"),
        ("node.id", "1"),
        ("controller.quorum.voters", "1@localhost:9093"),
        ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
        ("controller.listener.names", "CONTROLLER"),
    ];
    for (name, value) in minimal.iter().chain(settings) {
        statics.set(*name, *value, Origin::CommandLine);
    }
    ServerConfig::new(statics)
}

fn refusal(settings: &[(&str, &str)]) -> String {
    server(settings).expect_err("settings that contradict each other").to_string()
}

#[test]
fn a_minimal_file_yields_kafkas_defaults() {
    let config = server(&[]).unwrap();
    assert_eq!(config.node.process_roles, Roles { broker: true, controller: true });
    assert_eq!(config.network.socket_request_max_bytes, 104_857_600);
    assert_eq!(config.log_manager.dirs(), ["/tmp/kafka-logs"]);
    assert_eq!(config.group_coordinator.offsets_topic_num_partitions, 50);
    let topic = config.topic_defaults.log_config([]).unwrap();
    assert_eq!(topic.retention_ms, 604_800_000);
    assert_eq!(topic.flush_ms, i64::MAX);
    assert_eq!(topic, crate::LogConfig::default());
}

#[test]
fn controller_listeners_are_plaintext_unless_mapped() {
    let config = server(&[]).unwrap();
    assert_eq!(config.listeners.protocol("controller"), Some(SecurityProtocol::Plaintext));
    assert_eq!(config.listeners.advertised.len(), 1);
    assert_eq!(config.listeners.advertised_controllers[0].port, 9093);
    assert_eq!(config.listeners.inter_broker, "PLAINTEXT");
}

#[test]
fn dynamic_settings_win_broker_over_cluster_over_static() {
    let config = server(&[("log.retention.hours", "1"), ("log.segment.bytes", "2097152")]).unwrap();
    let retention = |config: &ServerConfig| config.topic_defaults.log_config([]).unwrap();
    assert_eq!(retention(&config).retention_ms, 3_600_000);
    let set = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect::<DynamicSettings>()
    };
    let cluster = set(&[("log.retention.ms", "5000"), ("log.segment.bytes", "3145728")]);
    let broker = set(&[("log.retention.ms", "7000"), ("node.id", "3"), ("num.io.threads", "x")]);
    let (changed, left_out) = config.with_dynamic(cluster, broker).unwrap();
    assert_eq!(left_out.len(), 2);
    assert_eq!(retention(&changed).retention_ms, 7000);
    assert_eq!(retention(&changed).segment_bytes, 3_145_728);
    let topic = changed.topic_defaults.log_config([("retention.ms", "-1")]).unwrap();
    assert_eq!(topic.retention_ms, -1);
}

#[test]
fn contradictions_are_refused_in_kafkas_words() {
    // kafka-configs §1 item 10
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("broker.id", "2")], "You must set `node.id` to the same value as `broker.id`."),
        (
            &[("listeners", "PLAINTEXT://:9092,CONTROLLER://:9092")],
            "Error creating broker listeners from '[PLAINTEXT://:9092, CONTROLLER://:9092]': Each \
             listener must have a different port, listeners: [PLAINTEXT://:9092, \
             CONTROLLER://:9092]",
        ),
        (
            &[("listeners", "FOO://:9092,CONTROLLER://:9093")],
            "Error creating broker listeners from '[FOO://:9092, CONTROLLER://:9093]': No security \
             protocol defined for listener FOO",
        ),
        (
            &[("advertised.listeners", "PLAINTEXT://0.0.0.0:9092")],
            "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable \
             IP address.",
        ),
        (
            &[("queued.max.request.bytes", "5")],
            "queued.max.request.bytes must be larger or equal to socket.request.max.bytes",
        ),
        (
            &[("socket.request.max.bytes", "0")],
            "Invalid value 0 for configuration socket.request.max.bytes: Value must be at least 1",
        ),
    ];
    for (settings, message) in cases {
        assert_eq!(refusal(settings), *message);
    }
}

#[test]
fn one_port_serves_an_ipv4_and_an_ipv6_listener() {
    let map = ("listener.security.protocol.map", "A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT");
    let inter = ("inter.broker.listener.name", "a");
    let listeners = |text| server(&[("listeners", text), map, inter]);
    assert!(listeners("A://127.0.0.1:9092,B://[::1]:9092,CONTROLLER://:9093").is_ok());
    assert!(listeners("A://127.0.0.1:9092,B://127.0.0.2:9092,CONTROLLER://:9093").is_err());
}
