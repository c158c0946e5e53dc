//! Runs a quorum of one on a data directory, of this program or of Apache Kafka, and prints what
//! is in its metadata log:
//! `cargo run -p quorum-node --example metadata_log -- DIR NODE_ID [append N] [snapshot]`.
//!
//! An empty directory is formatted. `append N` adds N records that change nothing (NoOp), and
//! `snapshot` writes everything committed so far into a snapshot.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use env::{Env, OsOptions};
use log::{LogDirs, LogDirsOptions};
use quorum_node::{
    Endpoint, Error, FormatOptions, Handle, InitialVoters, NoPeers, QuorumEvent, QuorumNode,
    Settings, SnapshotImage, SnapshotSource, bootstrap, format,
};
use wire::stored::metadata::{MetadataRecord, NoOpRecord};

/// Everything committed so far but transactions' ends, which no snapshot has: as a snapshot would
/// be if no record replaced another.
#[derive(Default)]
struct Committed(Mutex<(i64, i64, Vec<Bytes>)>);

impl SnapshotSource for Committed {
    fn image(&self) -> Option<SnapshotImage> {
        let committed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (end_offset, last_contained_log_timestamp, records) = committed.clone();
        let records = Box::new(records.into_iter().filter(|record| !is_transaction_end(record)));
        Some(SnapshotImage { end_offset, last_contained_log_timestamp, records })
    }
}

fn is_transaction_end(record: &Bytes) -> bool {
    use MetadataRecord::{AbortTransaction, BeginTransaction, EndTransaction};
    let record = MetadataRecord::decode(record.clone());
    matches!(record, Ok((BeginTransaction(_) | EndTransaction(_) | AbortTransaction(_), _)))
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, node_id, rest @ ..] = arguments.as_slice() else {
        return Err("arguments: DIR NODE_ID [append N] [snapshot]".into());
    };
    let env = Env::os(&OsOptions::default())?;
    env.block_on(run(&env, PathBuf::from(dir), node_id.parse()?, rest))
}

async fn run(env: &Env, dir: PathBuf, node_id: i32, rest: &[String]) -> Result<(), Failure> {
    let options = LogDirsOptions {
        dirs: vec![dir],
        node_id,
        cluster_id: None,
        open_files_max: 100,
        min_free_bytes: None,
        recovery_threads_per_dir: 1,
    };
    let dirs = LogDirs::open(env, options)?;
    let metadata = dirs.dirs()[0].clone();
    let endpoint = Endpoint { name: "CONTROLLER".into(), host: "127.0.0.1".into(), port: 9093 };
    let formatted = format(
        env,
        &FormatOptions {
            node_id,
            log_dirs: vec![metadata.path().to_owned()],
            metadata_log_dir: metadata.path().to_owned(),
            metadata_directory_id: metadata.id(),
            initial_voters: InitialVoters::Standalone(vec![endpoint.clone()]),
            bootstrap_records: bootstrap::feature_records(&bootstrap::FRESH_FEATURES)?,
        },
    )?;
    println!("cluster {} directory {} formatted {formatted:?}", dirs.cluster_id(), metadata.id());
    let mut settings = Settings::new(dirs.cluster_id(), node_id, metadata.id());
    // For directories whose voters are static.
    let voter = (node_id, endpoint.host.clone(), endpoint.port);
    settings.static_voters = quorum_node::static_voters([voter], "CONTROLLER");
    settings.controller_endpoints = vec![endpoint];
    if rest.iter().any(|word| word == "snapshot") {
        settings.snapshots.interval_ms_max = 1;
    }
    let mut node =
        QuorumNode::start(env, Arc::new(dirs), &metadata, settings, Arc::new(NoPeers)).await?;
    let handle = node.handle().clone();
    let committed = Arc::new(Committed::default());
    let epoch = replay(&handle, &committed).await?;
    if let Some(at) = rest.iter().position(|word| word == "append") {
        append(&handle, epoch, rest.get(at + 1).map_or(Ok(1), |n| n.parse())?).await?;
        replay(&handle, &committed).await?;
    }
    if rest.iter().any(|word| word == "snapshot") {
        handle.set_snapshot_source(committed).await?;
        // Any letter makes the node look whether a snapshot is due.
        append(&handle, epoch, 1).await?;
        let mut status = handle.status();
        let status = *status.wait_for(|status| status.latest_snapshot.is_some()).await?;
        println!("snapshot {:?}", status.latest_snapshot);
    }
    println!("{:?}", *handle.status().borrow());
    println!("{:?}", handle.describe_quorum().await?);
    handle.shutdown(1_000).await;
    node.stopped().await?;
    Ok(())
}

async fn append(handle: &Handle, epoch: i32, count: usize) -> Result<(), Failure> {
    for _ in 0..count {
        let record = MetadataRecord::NoOp(NoOpRecord::default()).encode(0)?;
        let appended = handle.append(epoch, vec![record]).await?;
        handle.wait_committed(appended).await?;
    }
    Ok(())
}

/// Prints everything up to the point where this node may act as the controller; its epoch.
async fn replay(handle: &Handle, committed: &Committed) -> Result<i32, Error> {
    let mut subscription = handle.subscribe();
    let mut records = Vec::new();
    let mut timestamp = 0;
    loop {
        match subscription.next().await? {
            QuorumEvent::LeaderChange { epoch, leader } => {
                println!("epoch {epoch} leader {leader:?}");
                if handle.status().borrow().is_leader {
                    let all = (subscription.next_offset(), timestamp, records);
                    *committed.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
                    return Ok(epoch);
                }
            }
            QuorumEvent::Commit(batch) => {
                println!("{}..={} epoch {}", batch.base_offset, batch.last_offset, batch.epoch);
                timestamp = batch.append_time_ms;
                print(&batch.records);
                records.extend(batch.records);
            }
            QuorumEvent::LoadSnapshot(snapshot) => {
                println!("snapshot {} with {} records", snapshot.id, snapshot.records.len());
                timestamp = snapshot.last_contained_log_timestamp;
                print(&snapshot.records);
                records = snapshot.records;
            }
        }
    }
}

fn print(records: &[Bytes]) {
    for record in records {
        match MetadataRecord::decode(record.clone()) {
            Ok((record, version)) => println!("  v{version} {record:?}"),
            Err(error) => println!("  not a record: {error}"),
        }
    }
}
