//! A node that is watched: metrics, health, and that what is told is what the table knows.

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use env::{Env, Sim};
use metrics::table;
use support::{client, create_topic, produce, read_all, start_with};

const ADDRESS: &str = "127.0.0.1:9404";

/// What a page answers: its status and its body.
async fn get(env: &Env, path: &str) -> (u16, String) {
    let address: SocketAddr = ADDRESS.parse().expect("an address");
    let socket = env.network().connect(address).await.expect("a connection");
    let (mut reader, mut writer) = socket.split();
    let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
    writer.write_all(request.as_bytes()).await.expect("room for a request");
    let mut answer = BytesMut::new();
    loop {
        answer.reserve(1 << 16);
        if reader.read(&mut answer).await.expect("an answer") == 0 {
            break;
        }
    }
    let answer = String::from_utf8(answer.to_vec()).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    (status, if is_chunked { unchunk(body) } else { body.to_owned() })
}

fn unchunk(mut body: &str) -> String {
    let mut text = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a size");
        text.push_str(&rest[..size]);
        body = rest[size..].strip_prefix("\r\n").expect("the end of a chunk");
    }
    text
}

/// The samples of a page by their names with labels.
fn samples(page: &str) -> BTreeMap<&str, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name, value.parse().expect("a number"))
        })
        .collect()
}

#[test]
fn what_goes_through_a_topic_is_told() {
    let sim = Sim::new(1);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(async {
        let (env, user) = (broker.start(), user.start());
        let node = start_with(&env, &[]).await;
        let cluster = client(&user);
        create_topic(&cluster, "1").await;
        for value in ["a", "b", "c"] {
            produce(&cluster, value).await;
        }
        read_all(&cluster).await;
        let (status, page) = get(&env, "/metrics").await;
        assert_eq!(status, 200);
        let told = samples(&page);
        for (name, value) in [
            ("kafka_server_brokertopicmetrics_messagesin_total{topic=\"t\"}", 3.0),
            ("kafka_server_brokertopicmetrics_messagesin_total", 3.0),
            ("kafka_server_brokertopicmetrics_totalproducerequests_total{topic=\"t\"}", 3.0),
            ("kafka_server_replicamanager_leadercount", 1.0),
            ("kafka_server_replicamanager_underreplicatedpartitions", 0.0),
            ("kafka_controller_kafkacontroller_activecontrollercount", 1.0),
            ("kafka_cluster_partition_replicascount{topic=\"t\",partition=\"0\"}", 1.0),
            ("kafka_log_log_logendoffset{topic=\"t\",partition=\"0\"}", 3.0),
            ("kafka_topic_partition_current_offset{topic=\"t\",partition=\"0\"}", 3.0),
            ("kafka_topic_partitions{topic=\"t\"}", 1.0),
            (
                "kafka_network_requestmetrics_requests_total{request=\"Produce\",version=\"11\"}",
                3.0,
            ),
            ("kafka_network_requestmetrics_totaltimems_count{request=\"FetchConsumer\"}", 1.0),
            ("kafka_server_kafkaserver_brokerstate", 3.0),
            ("ottla_metrics_left_out{kind=\"partition\"}", 0.0),
        ] {
            assert_eq!(told.get(name), Some(&value), "{name}\n{page}");
        }
        let bytes = told["kafka_server_brokertopicmetrics_bytesin_total{topic=\"t\"}"];
        assert_eq!(told["kafka_log_log_size{topic=\"t\",partition=\"0\"}"], bytes);
        assert_eq!(told["kafka_server_brokertopicmetrics_bytesout_total{topic=\"t\"}"], bytes);
        node.stop().await;
    });
}

#[test]
fn everything_in_the_table_is_told() {
    let sim = Sim::new(2);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(async {
        let (env, user) = (broker.start(), user.start());
        let node = start_with(&env, &[]).await;
        let cluster = client(&user);
        create_topic(&cluster, "1").await;
        produce(&cluster, "a").await;
        let (_, page) = get(&env, "/metrics").await;
        for row in table::rows() {
            assert!(page.contains(&format!("\n# TYPE {} ", row.name)), "{} is missing", row.name);
        }
        node.stop().await;
    });
}

#[test]
fn what_is_told_one_by_one_is_bounded() {
    let sim = Sim::new(3);
    let (broker, user) = (sim.node("broker"), sim.node("user"));
    sim.block_on(async {
        let (env, user) = (broker.start(), user.start());
        let settings = [("metrics.entities.max", "0")];
        let node = start_with(&env, &settings).await;
        let cluster = client(&user);
        create_topic(&cluster, "1").await;
        produce(&cluster, "a").await;
        let (_, page) = get(&env, "/metrics").await;
        let told = samples(&page);
        assert_eq!(told["kafka_server_brokertopicmetrics_messagesin_total"], 1.0);
        assert_eq!(told["ottla_metrics_left_out{kind=\"topic\"}"], 1.0);
        assert_eq!(told["ottla_metrics_left_out{kind=\"partition\"}"], 1.0);
        assert!(!page.contains("topic=\"t\""), "{page}");
        node.stop().await;
    });
}

#[test]
fn a_node_is_live_and_ready_until_it_stops() {
    let sim = Sim::new(4);
    let broker = sim.node("broker");
    sim.block_on(async {
        let env = broker.start();
        let node = start_with(&env, &[]).await;
        assert_eq!(get(&env, "/live").await, (200, "{\"status\":\"live\"}\n".to_owned()));
        assert_eq!(get(&env, "/ready").await, (200, "{\"status\":\"ready\"}\n".to_owned()));
        assert_eq!(get(&env, "/elsewhere").await.0, 404);
        node.stop().await;
        env.sleep(Duration::from_millis(1)).await;
        let address: SocketAddr = ADDRESS.parse().expect("an address");
        assert!(env.network().connect(address).await.is_err());
    });
}
