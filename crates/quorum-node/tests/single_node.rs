//! A quorum of one, on the simulated environment and on the machine's own.

mod support;

use std::path::Path;

use env::{Env, OsOptions, Sim, TempDir};
use quorum_node::{AppendError, CommittedBatch, QuorumEvent};
use support::{commit, leads, metadata_dir, record, records, replay, start};

const DIR: &str = "/data";

#[test]
fn it_elects_itself_and_commits() {
    let env = Env::sim(1);
    env.block_on(async {
        let node = start(&env, Path::new(DIR), |_| {}).await;
        let handle = node.handle();
        let epoch = leads(handle).await;
        assert_eq!(epoch, 1);
        // LeaderChange, KRaftVersion and Voters come first (kafka-semantics 216).
        let appended = commit(handle, epoch, records(0..3)).await;
        assert_eq!((appended.base_offset, appended.last_offset), (3, 5));
        let mut subscription = handle.subscribe();
        assert_eq!(replay(&mut subscription).await, records(0..3));
        assert_eq!(subscription.next_offset(), 6);
        let later = commit(handle, epoch, records(3..4)).await;
        let expected = CommittedBatch {
            base_offset: 6,
            last_offset: later.last_offset,
            epoch,
            append_time_ms: env.clock().wall_ms(),
            records: records(3..4),
        };
        assert_eq!(subscription.next().await.unwrap(), QuorumEvent::Commit(expected));
        let stale = handle.append(epoch - 1, records(0..1)).await;
        assert_eq!(stale, Err(AppendError::NotLeader { epoch: epoch - 1 }));
    });
}

#[test]
fn what_was_committed_survives_power_losses() {
    for seed in 0..20 {
        let sim = Sim::new(seed);
        let host = sim.node("controller");
        let mut committed = 0;
        for round in 0..5 {
            let env = host.start();
            sim.block_on(async {
                let node = start(&env, Path::new(DIR), |_| {}).await;
                let handle = node.handle();
                let epoch = leads(handle).await;
                let seen = replay(&mut handle.subscribe()).await;
                assert!(seen.len() >= committed, "seed {seed}: {} < {committed}", seen.len());
                assert_eq!(seen, records(0..seen.len()), "seed {seed}");
                committed = seen.len();
                for n in committed..committed + round + 3 {
                    commit(handle, epoch, vec![record(n)]).await;
                }
                committed += round + 3;
                // On its way when the power goes: it may survive or not.
                handle.append(epoch, vec![record(committed)]).await.unwrap();
            });
            host.power_loss();
        }
    }
}

#[test]
fn a_stopped_node_starts_again_where_it_was() {
    let dir = TempDir::new().unwrap();
    let env = Env::os(&OsOptions::default()).unwrap();
    env.block_on(async {
        let mut epochs = Vec::new();
        for round in 0..3 {
            let mut node = start(&env, dir.path(), |_| {}).await;
            let handle = node.handle().clone();
            let epoch = leads(&handle).await;
            epochs.push(epoch);
            assert_eq!(replay(&mut handle.subscribe()).await, records(0..round * 10));
            commit(&handle, epoch, records(round * 10..round * 10 + 10)).await;
            handle.shutdown(1_000).await;
            node.stopped().await.unwrap();
        }
        assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
        assert!(metadata_dir(dir.path()).join("quorum-state").exists());
    });
}
