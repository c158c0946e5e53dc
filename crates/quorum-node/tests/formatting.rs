//! Empty directories become a cluster; what does not fit together is refused with a remedy.

#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use env::{DiskFault, DiskOperation, Env, Sim};
use log::LogDirs;
use quorum_node::{
    Endpoint, Error, FormatOptions, InitialVoters, METADATA_LOG_DIR, bootstrap, format,
};
use support::{
    NODE_ID, commit, dirs_options, endpoint, format_options, leads, record, replay, start,
};
use wire::stored::metadata::MetadataRecord;

const FIRST: &str = "/a/first";
const SECOND: &str = "/a/second";

fn open(env: &Env, dirs: &[&str]) -> LogDirs {
    let mut options = dirs_options(Path::new(dirs[0]), NODE_ID);
    options.dirs = dirs.iter().map(PathBuf::from).collect();
    LogDirs::open(env, options).unwrap()
}

fn standalone() -> InitialVoters {
    InitialVoters::Standalone(vec![endpoint(NODE_ID)])
}

fn options(env: &Env, dirs: &[&str]) -> FormatOptions {
    format_options(&open(env, dirs), NODE_ID, standalone())
}

fn refusal(result: Result<Vec<PathBuf>, Error>) -> String {
    match result {
        Err(error @ Error::Identity { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_directory_gets_the_features_of_a_fresh_cluster() {
    // kafka-semantics 224
    let env = Env::sim(1);
    let options = options(&env, &[FIRST, SECOND]);
    let formatted = format(&env, &options).unwrap();
    assert_eq!(formatted, [PathBuf::from(FIRST), PathBuf::from(SECOND)]);
    for dir in [FIRST, SECOND] {
        let records = bootstrap::read(env.files(), Path::new(dir)).unwrap().unwrap();
        let level = |record: Bytes| match MetadataRecord::decode(record).unwrap().0 {
            MetadataRecord::FeatureLevel(record) => (record.name.to_string(), record.feature_level),
            other => panic!("{other:?}"),
        };
        let levels: Vec<_> = records.into_iter().map(level).collect();
        let expected = bootstrap::FRESH_FEATURES.map(|(name, level)| (name.to_owned(), level));
        assert_eq!(levels, expected);
    }
    assert!(env.files().exists(voters_file(FIRST)).unwrap());
    assert!(!env.files().exists(Path::new(SECOND).join(METADATA_LOG_DIR)).unwrap());
    assert_eq!(format(&env, &options).unwrap(), Vec::<PathBuf>::new(), "nothing is left to do");
}

fn voters_file(dir: &str) -> PathBuf {
    let name = quorum_node::snapshot::file_name(quorum_node::SnapshotId::new(0, 0));
    Path::new(dir).join(METADATA_LOG_DIR).join(name)
}

#[test]
fn static_voters_and_joining_nodes_write_no_voters() {
    for voters in [InitialVoters::Static, InitialVoters::None] {
        let env = Env::sim(1);
        let mut options = options(&env, &[FIRST]);
        options.initial_voters = voters;
        format(&env, &options).unwrap();
        assert!(!env.files().exists(voters_file(FIRST)).unwrap());
    }
}

#[test]
fn the_first_voters_follow_from_the_settings() {
    let own = vec![endpoint(1)];
    let of = |is_controller, is_static, servers: &[Endpoint]| {
        InitialVoters::of_settings(is_controller, is_static, servers, &own)
    };
    assert_eq!(of(true, true, &[]), InitialVoters::Static);
    assert_eq!(of(true, false, &[]), InitialVoters::Standalone(own.clone()));
    assert_eq!(of(true, false, &own), InitialVoters::Standalone(own.clone()));
    assert_eq!(of(true, false, &[endpoint(1), endpoint(2)]), InitialVoters::None);
    assert_eq!(of(false, false, &[]), InitialVoters::None);
}

#[test]
fn a_power_loss_while_formatting_is_made_good() {
    for step in 0..40 {
        let sim = Sim::new(step);
        let host = sim.node("controller");
        let env = host.start();
        let fault = DiskFault::io(DiskOperation::Write).after(step).times(1);
        let first = options(&env, &[FIRST, SECOND]);
        host.disk().inject(fault);
        let _ = format(&env, &first);
        drop(env);
        host.power_loss();
        host.disk().clear_faults();

        let env = host.start();
        format(&env, &options(&env, &[FIRST, SECOND])).unwrap();
        for dir in [FIRST, SECOND] {
            assert!(bootstrap::read(env.files(), Path::new(dir)).unwrap().is_some(), "{step}");
        }
        assert!(env.files().exists(voters_file(FIRST)).unwrap(), "step {step}");
    }
}

#[test]
fn a_lost_metadata_log_is_not_replaced_by_an_empty_one() {
    let env = Env::sim(1);
    format(&env, &options(&env, &[FIRST, SECOND])).unwrap();
    env.files().remove_dir_all(FIRST).unwrap();
    let message = refusal(format(&env, &options(&env, &[FIRST, SECOND])));
    assert!(message.contains("the metadata log is gone"), "{message}");
    assert!(message.contains(SECOND), "{message}");
}

#[test]
fn replicas_without_a_metadata_log_are_refused() {
    let env = Env::sim(1);
    let options = options(&env, &[FIRST]);
    env.files().create_dir_all(Path::new(FIRST).join("topic-0")).unwrap();
    let message = refusal(format(&env, &options));
    assert!(message.contains("has been in use"), "{message}");
}

#[test]
fn a_metadata_log_in_another_directory_is_refused() {
    let env = Env::sim(1);
    format(&env, &options(&env, &[FIRST, SECOND])).unwrap();
    let message = refusal(format(&env, &options(&env, &[SECOND, FIRST])));
    assert!(message.contains("set metadata.log.dir=/a/first"), "{message}");
}

#[test]
fn a_new_disk_is_taken_into_the_cluster() {
    let env = Env::sim(1);
    format(&env, &options(&env, &[FIRST])).unwrap();
    let formatted = format(&env, &options(&env, &[FIRST, SECOND])).unwrap();
    assert_eq!(formatted, [PathBuf::from(SECOND)]);
}

#[test]
fn a_disk_that_refuses_to_sync_stops_the_node_and_loses_nothing() {
    // kafka-semantics 229
    let sim = Sim::new(5);
    let host = sim.node("controller");
    let env = host.start();
    let committed = sim.block_on(async {
        let mut node = start(&env, Path::new(FIRST), |_| {}).await;
        let handle = node.handle().clone();
        let epoch = leads(&handle).await;
        commit(&handle, epoch, vec![record(0)]).await;
        host.disk().inject(DiskFault::io(DiskOperation::Sync).on(".log"));
        let appended = handle.append(epoch, vec![record(1)]).await.unwrap();
        assert!(handle.wait_committed(appended).await.is_err(), "it never was durable");
        let error = node.stopped().await.unwrap_err();
        assert!(error.to_string().contains("00000000000000000000.log"), "{error}");
        1
    });
    drop(env);
    host.power_loss();
    host.disk().clear_faults();
    let env = host.start();
    sim.block_on(async {
        let node = start(&env, Path::new(FIRST), |_| {}).await;
        leads(node.handle()).await;
        let seen = replay(&mut node.handle().subscribe()).await;
        assert_eq!(seen[..committed], [record(0)]);
    });
}

#[test]
fn damaged_files_are_named() {
    for file in ["quorum-state", "00000000000000000000-0000000000.checkpoint"] {
        let sim = Sim::new(5);
        let host = sim.node("controller");
        let env = host.start();
        sim.block_on(async {
            let node = start(&env, Path::new(FIRST), |_| {}).await;
            leads(node.handle()).await;
        });
        drop(env);
        host.kill();
        let path = Path::new(FIRST).join(METADATA_LOG_DIR).join(file);
        host.disk().corrupt(&path, 30).unwrap();
        let env = host.start();
        sim.block_on(async {
            let dirs = open(&env, &[FIRST]);
            let metadata = dirs.dirs()[0].clone();
            let settings = quorum_node::Settings::new(dirs.cluster_id(), NODE_ID, metadata.id());
            let sender = std::sync::Arc::new(quorum_node::NoPeers);
            let started = quorum_node::QuorumNode::start(
                &env,
                std::sync::Arc::new(dirs),
                &metadata,
                settings,
                sender,
            );
            let error = started.await.err().unwrap();
            assert!(error.to_string().contains(file), "{error}");
        });
    }
}
