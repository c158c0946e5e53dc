//! Data directories of Apache Kafka: taken over as they are (files in `tests/golden`).

#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::path::Path;
use std::sync::Arc;

use env::Env;
use log::{LogDirs, LogDirsOptions};
use quorum_node::{
    Handle, InitialVoters, NoPeers, QuorumNode, Settings, SnapshotId, format, snapshot,
    static_voters,
};
use support::{commit, endpoint, format_options, leads, record, replay};
use wire::stored::metadata::MetadataRecord;

const DIR: &str = "/kafka";

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = std::fs::read_to_string(path.with_extension("hex")).unwrap();
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4) | pair[1]).collect()
}

fn write(env: &Env, name: &str, content: &[u8]) {
    let path = Path::new(DIR).join(name);
    env.files().create_dir_all(path.parent().unwrap()).unwrap();
    env.files().write_atomically(path, content).unwrap();
}

/// What `kafka-storage format --standalone` leaves.
fn formatted(env: &Env) {
    let voters = snapshot::file_name(SnapshotId::new(0, 0));
    write(env, "bootstrap.checkpoint", &golden("bootstrap-checkpoint"));
    write(env, &format!("__cluster_metadata-0/{voters}"), &golden("voters-checkpoint"));
    write(env, "meta.properties", &golden("meta-properties"));
}

/// What a node that ran leaves, with `kraft.version` 0 or 1.
fn used(env: &Env, kraft_version: i16) {
    formatted(env);
    if kraft_version == 0 {
        let voters = snapshot::file_name(SnapshotId::new(0, 0));
        let path = Path::new(DIR).join("__cluster_metadata-0").join(voters);
        env.files().remove_file(path).unwrap();
    }
    let log = golden(&format!("metadata-log-{kraft_version}"));
    let state = golden(&format!("quorum-state-{kraft_version}"));
    write(env, "__cluster_metadata-0/00000000000000000000.log", &log);
    write(env, "__cluster_metadata-0/quorum-state", &state);
}

async fn start(env: &Env) -> (QuorumNode, Handle) {
    let options = LogDirsOptions {
        dirs: vec![DIR.into()],
        node_id: 1,
        cluster_id: Some("QkE4NkU0Q0ItNTY0Ny00QQ".to_owned()),
        open_files_max: 100,
        min_free_bytes: None,
        recovery_threads_per_dir: 1,
    };
    let dirs = LogDirs::open(env, options).unwrap();
    let standalone = InitialVoters::Standalone(vec![endpoint(1)]);
    let written = format(env, &format_options(&dirs, 1, standalone)).unwrap();
    assert!(written.is_empty(), "it is formatted already");
    let metadata = dirs.dirs()[0].clone();
    let mut settings = Settings::new(dirs.cluster_id(), 1, metadata.id());
    settings.controller_endpoints = vec![endpoint(1)];
    let voter = (1, endpoint(1).host, endpoint(1).port);
    settings.static_voters = static_voters([voter], "CONTROLLER");
    let dirs = Arc::new(dirs);
    let node = QuorumNode::start(env, dirs, &metadata, settings, Arc::new(NoPeers)).await.unwrap();
    let handle = node.handle().clone();
    (node, handle)
}

#[test]
fn a_formatted_directory_starts_with_its_voter() {
    let env = Env::sim(1);
    formatted(&env);
    env.block_on(async {
        let (_node, handle) = start(&env).await;
        assert_eq!(leads(&handle).await, 1);
        let described = handle.describe_quorum().await.unwrap();
        assert_eq!(described.voters[0].key.directory_id.to_string(), "me4_-GhqQ5i6ZpjC344GJg");
        // As kafka-storage wrote it, not as this node is configured.
        assert_eq!(described.nodes[0].1[0].port, 23_093);
        assert_eq!(handle.status().borrow().kraft_version, 1);
    });
}

#[test]
fn a_used_directory_goes_on_where_kafka_stopped() {
    for (kraft_version, records_expected) in [(1, 23), (0, 22)] {
        let env = Env::sim(1);
        used(&env, kraft_version);
        env.block_on(async {
            let (_node, handle) = start(&env).await;
            // Kafka led in epoch 1.
            assert_eq!(leads(&handle).await, 2);
            assert_eq!(handle.status().borrow().kraft_version, kraft_version);
            let records = replay(&mut handle.subscribe()).await;
            assert_eq!(records.len(), records_expected);
            for record in records {
                MetadataRecord::decode(record).unwrap();
            }
            commit(&handle, 2, vec![record(0)]).await;
        });
    }
}
