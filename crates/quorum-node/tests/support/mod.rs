//! A node on some environment, as the tests start it.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "clippy does not see that this is a test, nor that each one needs a part of it"
)]

pub(crate) mod net;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use env::Env;
use log::{LogDirs, LogDirsOptions};
use quorum_node::{
    Appended, Endpoint, FormatOptions, Handle, InitialVoters, NoPeers, QuorumEvent, QuorumNode,
    RpcSender, Settings, Subscription, bootstrap, format,
};
use wire::stored::metadata::{ConfigRecord, MetadataRecord};

pub(crate) const NODE_ID: i32 = 1;

/// Where a node's controller listens: the port tells nodes apart.
pub(crate) fn endpoint(node_id: i32) -> Endpoint {
    let port = 9_000 + u16::try_from(node_id).unwrap();
    Endpoint { name: "CONTROLLER".to_owned(), host: "127.0.0.1".to_owned(), port }
}

pub(crate) fn dirs_options(dir: &Path, node_id: i32) -> LogDirsOptions {
    LogDirsOptions {
        dirs: vec![dir.to_owned()],
        node_id,
        cluster_id: Some("a-cluster".to_owned()),
        open_files_max: 100,
        min_free_bytes: None,
        recovery_threads_per_dir: 1,
    }
}

pub(crate) fn format_options(
    dirs: &LogDirs,
    node_id: i32,
    initial_voters: InitialVoters,
) -> FormatOptions {
    let metadata = &dirs.dirs()[0];
    FormatOptions {
        node_id,
        log_dirs: dirs.dirs().iter().map(|dir| dir.path().to_owned()).collect(),
        metadata_log_dir: metadata.path().to_owned(),
        metadata_directory_id: metadata.id(),
        initial_voters,
        bootstrap_records: bootstrap::feature_records(&bootstrap::FRESH_FEATURES).unwrap(),
    }
}

/// Opens the directory, formats it if it is new, and starts the node.
pub(crate) async fn start_node(
    env: &Env,
    dir: &Path,
    node_id: i32,
    voters: InitialVoters,
    sender: Arc<dyn RpcSender>,
    change: impl FnOnce(&mut Settings),
) -> QuorumNode {
    let dirs = LogDirs::open(env, dirs_options(dir, node_id)).unwrap();
    format(env, &format_options(&dirs, node_id, voters)).unwrap();
    let metadata = dirs.dirs()[0].clone();
    let mut settings = Settings::new(dirs.cluster_id(), node_id, metadata.id());
    settings.controller_endpoints = vec![endpoint(node_id)];
    change(&mut settings);
    QuorumNode::start(env, Arc::new(dirs), &metadata, settings, sender).await.unwrap()
}

/// Starts a node that is a quorum of its own.
pub(crate) async fn start(env: &Env, dir: &Path, change: impl FnOnce(&mut Settings)) -> QuorumNode {
    let voters = InitialVoters::Standalone(vec![endpoint(NODE_ID)]);
    start_node(env, dir, NODE_ID, voters, Arc::new(NoPeers), change).await
}

/// Waits until the node leads; its epoch.
pub(crate) async fn leads(handle: &Handle) -> i32 {
    let mut status = handle.status();
    let leads = status.wait_for(|s| s.is_leader && s.high_watermark > s.epoch_start_offset);
    leads.await.unwrap().epoch
}

/// A metadata record that says `n`.
pub(crate) fn record(n: usize) -> Bytes {
    let record = ConfigRecord {
        resource_type: 2,
        resource_name: "topic".into(),
        name: format!("key-{n}").into(),
        value: Some(format!("value-{n}").into()),
        ..ConfigRecord::default()
    };
    MetadataRecord::Config(record).encode(0).unwrap()
}

pub(crate) fn records(range: std::ops::Range<usize>) -> Vec<Bytes> {
    range.map(record).collect()
}

/// Appends and waits for the commit.
pub(crate) async fn commit(handle: &Handle, epoch: i32, records: Vec<Bytes>) -> Appended {
    let appended = handle.append(epoch, records).await.unwrap();
    handle.wait_committed(appended).await.unwrap();
    appended
}

/// The records a subscriber sees from the start until it is told that the node leads.
pub(crate) async fn replay(subscription: &mut Subscription) -> Vec<Bytes> {
    let mut seen = Vec::new();
    loop {
        match subscription.next().await.unwrap() {
            QuorumEvent::LeaderChange { leader: Some(NODE_ID), .. } => return seen,
            QuorumEvent::LeaderChange { .. } => {}
            QuorumEvent::Commit(batch) => seen.extend(batch.records),
            QuorumEvent::LoadSnapshot(snapshot) => seen = snapshot.records,
        }
    }
}

/// The records a subscriber sees until it has `count` of them.
pub(crate) async fn replay_up_to(subscription: &mut Subscription, count: usize) -> Vec<Bytes> {
    let mut seen = Vec::new();
    while seen.len() < count {
        match subscription.next().await.unwrap() {
            QuorumEvent::LeaderChange { .. } => {}
            QuorumEvent::Commit(batch) => seen.extend(batch.records),
            QuorumEvent::LoadSnapshot(snapshot) => seen = snapshot.records,
        }
    }
    seen
}

pub(crate) fn metadata_dir(dir: &Path) -> PathBuf {
    dir.join("__cluster_metadata-0")
}
