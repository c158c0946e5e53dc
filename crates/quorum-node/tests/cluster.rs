//! Several nodes with disks of their own, speaking Kafka's messages, on the simulated environment.

#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use env::{Env, Sim, SimNode};
use quorum_node::{
    Handle, InitialVoters, QuorumEvent, QuorumNode, Settings, SnapshotImage, SnapshotSource,
    static_voters,
};
use support::net::{Net, Sender};
use support::{commit, endpoint, record, records, replay_up_to, start_node};
use wire::messages::{AddRaftVoterRequest, RemoveRaftVoterRequest, add_raft_voter_request};
use wire::{ErrorCode, Request, Response};

const DIR: &str = "/data";

/// Controllers that come and go.
struct Controllers<'a> {
    sim: &'a Sim,
    net: Net,
    hosts: BTreeMap<i32, SimNode>,
    running: BTreeMap<i32, (Env, QuorumNode)>,
    is_dynamic: bool,
}

impl<'a> Controllers<'a> {
    fn new(sim: &'a Sim, net: Net, is_dynamic: bool) -> Self {
        let (hosts, running) = (BTreeMap::new(), BTreeMap::new());
        Self { sim, net, hosts, running, is_dynamic }
    }

    /// Starts a node; the first one of a dynamic quorum is its first voter.
    async fn start(&mut self, id: i32, change: impl FnOnce(&mut Settings)) -> Handle {
        let host = self.hosts.entry(id).or_insert_with(|| self.sim.node(&format!("node-{id}")));
        let env = host.start();
        let own = endpoint(id);
        let voters = match (self.is_dynamic, id) {
            (false, _) => InitialVoters::Static,
            (true, 1) => InitialVoters::Standalone(vec![own.clone()]),
            (true, _) => InitialVoters::None,
        };
        let sender = Sender { env: env.clone(), net: self.net.clone(), port: own.port };
        let is_dynamic = self.is_dynamic;
        let node = start_node(&env, Path::new(DIR), id, voters, Arc::new(sender), |settings| {
            if is_dynamic {
                settings.bootstrap_servers = vec![endpoint(1), endpoint(2)];
            } else {
                let voters = (1..=3).map(|id| (id, endpoint(id).host, endpoint(id).port));
                settings.static_voters = static_voters(voters, "CONTROLLER");
            }
            change(settings);
        })
        .await;
        let handle = node.handle().clone();
        self.net.listen(own.port, handle.clone());
        self.running.insert(id, (env, node));
        handle
    }

    fn power_loss(&mut self, id: i32) {
        self.net.forget(endpoint(id).port);
        self.running.remove(&id);
        self.hosts[&id].power_loss();
    }

    /// Waits for a leader that can act; its id and epoch.
    async fn leader(&self) -> (i32, i32) {
        loop {
            for (id, (_, node)) in &self.running {
                let status = *node.handle().status().borrow();
                if status.is_leader && status.high_watermark > status.epoch_start_offset {
                    return (*id, status.epoch);
                }
            }
            self.pause(10).await;
        }
    }

    async fn pause(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn handle(&self, id: i32) -> &Handle {
        self.running[&id].1.handle()
    }
}

#[test]
fn three_voters_agree_in_every_version_they_share() {
    for versions_back in 0..3 {
        let sim = Sim::new(versions_back as u64);
        sim.block_on(async {
            let net = Net::with_versions_back(versions_back);
            let mut controllers = Controllers::new(&sim, net, false);
            for id in 1..=3 {
                controllers.start(id, |_| {}).await;
            }
            let (leader, epoch) = controllers.leader().await;
            for n in 0..20 {
                commit(controllers.handle(leader), epoch, vec![record(n)]).await;
            }
            for id in 1..=3 {
                let mut subscription = controllers.handle(id).subscribe();
                assert_eq!(replay_up_to(&mut subscription, 20).await, records(0..20));
            }
            let described = controllers.handle(leader).describe_quorum().await.unwrap();
            assert_eq!(described.voters.len(), 3);
            assert!(described.voters.iter().all(|voter| voter.log_end_offset > 20));
        });
    }
}

#[test]
fn whatever_was_committed_survives_the_loss_of_any_node() {
    for seed in 0..15 {
        let sim = Sim::new(seed);
        sim.block_on(async {
            let mut controllers = Controllers::new(&sim, Net::default(), false);
            for id in 1..=3 {
                controllers.start(id, |_| {}).await;
            }
            let mut committed = 0;
            for round in 0..6 {
                let (leader, epoch) = controllers.leader().await;
                for _ in 0..5 {
                    let appended =
                        controllers.handle(leader).append(epoch, vec![record(committed)]);
                    let Ok(appended) = appended.await else { break };
                    if controllers.handle(leader).wait_committed(appended).await.is_err() {
                        break;
                    }
                    committed += 1;
                }
                // The leader, or somebody else; by its power, or its network.
                let victim = if round % 2 == 0 { leader } else { leader % 3 + 1 };
                if round % 3 == 2 {
                    controllers.net.set_cut_off(endpoint(victim).port, true);
                    controllers.pause(4_000).await;
                    controllers.net.set_cut_off(endpoint(victim).port, false);
                } else {
                    controllers.power_loss(victim);
                    controllers.pause(sim.random().below(5_000)).await;
                    controllers.start(victim, |_| {}).await;
                }
            }
            for id in 1..=3 {
                let mut subscription = controllers.handle(id).subscribe();
                let seen = replay_up_to(&mut subscription, committed).await;
                assert_eq!(seen[..committed], records(0..committed), "seed {seed} node {id}");
            }
        });
    }
}

/// Everything a subscriber has seen, as the image of it.
#[derive(Default)]
struct Image(Mutex<(i64, Vec<Bytes>)>);

impl SnapshotSource for Image {
    fn image(&self) -> Option<SnapshotImage> {
        let (end_offset, records) = self.0.lock().unwrap().clone();
        let records = Box::new(records.into_iter());
        Some(SnapshotImage { end_offset, last_contained_log_timestamp: 1, records })
    }
}

impl Image {
    async fn follow(self: Arc<Self>, handle: Handle) {
        let mut subscription = handle.subscribe();
        while let Ok(event) = subscription.next().await {
            let mut image = self.0.lock().unwrap();
            match event {
                QuorumEvent::LeaderChange { .. } => {}
                QuorumEvent::Commit(batch) => {
                    image.0 = batch.last_offset + 1;
                    image.1.extend(batch.records);
                }
                QuorumEvent::LoadSnapshot(snapshot) => {
                    *image = (snapshot.id.offset, snapshot.records);
                }
            }
        }
    }
}

fn small_snapshots(settings: &mut Settings) {
    settings.snapshots.new_record_bytes_max = 2_000;
    settings.snapshots.retention_bytes = 3_000;
    settings.fetch_snapshot_max_bytes = 700;
}

#[test]
fn a_newcomer_gets_a_snapshot_and_becomes_the_only_voter() {
    let sim = Sim::new(7);
    sim.block_on(async {
        let mut controllers = Controllers::new(&sim, Net::default(), true);
        let first = controllers.start(1, small_snapshots).await;
        let image = Arc::new(Image::default());
        first.set_snapshot_source(image.clone()).await.unwrap();
        let env = controllers.running[&1].0.clone();
        env.spawn("image", image.follow(first.clone()));
        let (_, epoch) = controllers.leader().await;
        for n in 0..200 {
            commit(&first, epoch, vec![record(n)]).await;
            controllers.pause(1).await;
        }
        let mut status = first.status();
        let is_written = status.wait_for(|s| s.latest_snapshot.is_some_and(|id| id.offset > 100));
        is_written.await.unwrap();

        let second = controllers.start(2, small_snapshots).await;
        let seen = replay_up_to(&mut second.subscribe(), 200).await;
        assert_eq!(seen, records(0..200));
        assert!(second.status().borrow().latest_snapshot.is_some(), "it has the snapshot as well");

        let newcomer = loop {
            let described = first.describe_quorum().await.unwrap();
            match described.observers.first() {
                Some(observer) => break observer.key,
                None => controllers.pause(10).await,
            }
        };
        let add = Request::AddRaftVoter(AddRaftVoterRequest {
            cluster_id: Some("a-cluster".into()),
            timeout_ms: 5_000,
            voter_id: newcomer.id,
            voter_directory_id: newcomer.directory_id,
            listeners: vec![add_raft_voter_request::Listener {
                name: "CONTROLLER".into(),
                host: "127.0.0.1".into(),
                port: endpoint(2).port,
                ..Default::default()
            }],
            ..Default::default()
        });
        let Response::AddRaftVoter(added) = first.handle_request(&add, 1).await.unwrap() else {
            panic!("an answer of the same API")
        };
        assert_eq!((added.error_code, added.error_message), (0, None));
        let Response::AddRaftVoter(again) = first.handle_request(&add, 1).await.unwrap() else {
            panic!("an answer of the same API")
        };
        assert_eq!(again.error_code, ErrorCode::DuplicateVoter.code());

        let leader = first.describe_quorum().await.unwrap().voters[0].key;
        let remove = Request::RemoveRaftVoter(RemoveRaftVoterRequest {
            cluster_id: None,
            voter_id: leader.id,
            voter_directory_id: leader.directory_id,
            ..Default::default()
        });
        let Response::RemoveRaftVoter(removed) = first.handle_request(&remove, 0).await.unwrap()
        else {
            panic!("an answer of the same API")
        };
        assert_eq!(removed.error_code, 0);
        // The removed leader hands over, and follows as an observer.
        let mut status = second.status();
        let epoch = status.wait_for(|status| status.is_leader).await.unwrap().epoch;
        commit(&second, epoch, vec![record(200)]).await;
        let seen = replay_up_to(&mut first.subscribe(), 201).await;
        assert_eq!(seen, records(0..201));
        let described = second.describe_quorum().await.unwrap();
        assert_eq!(described.voters.len(), 1);
        assert_eq!(described.observers[0].key, leader);
    });
}

#[test]
fn old_snapshots_go_and_a_restart_begins_with_the_newest() {
    let sim = Sim::new(3);
    let host = sim.node("controller");
    for round in 0..3 {
        let env = host.start();
        sim.block_on(async {
            let node = support::start(&env, Path::new(DIR), small_snapshots).await;
            let handle = node.handle().clone();
            let epoch = support::leads(&handle).await;
            let image = Arc::new(Image::default());
            handle.set_snapshot_source(image.clone()).await.unwrap();
            env.spawn("image", image.follow(handle.clone()));
            assert_eq!(support::replay(&mut handle.subscribe()).await, records(0..round * 100));
            for n in round * 100..round * 100 + 100 {
                commit(&handle, epoch, vec![record(n)]).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let entries = env.files().read_dir("/data/__cluster_metadata-0").unwrap();
            let names: Vec<_> = entries.into_iter().map(|entry| entry.name).collect();
            let snapshots = names.iter().filter(|name| name.ends_with(".checkpoint")).count();
            assert!((1..4).contains(&snapshots), "{names:?}");
            assert!(handle.status().borrow().latest_snapshot.is_some());
            assert!(!names.iter().any(|name| name.contains(".deleted")), "{names:?}");
        });
        host.power_loss();
    }
}
