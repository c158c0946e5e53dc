//! A run from its plan to its verdict.

use std::sync::Arc;
use std::time::Duration;

use client::{Admin, Error, NewTopic};
use env::{Random, Sim, SimNode, Task};
use tokio::sync::watch;
use wire::{ErrorCode, Str};

use crate::audit::{self, Kept};
use crate::faults::{Fault, Victims};
use crate::history::{Event, History, Recorded};
use crate::host::Host;
use crate::invariants::{self, Violation};
use crate::plan::Plan;
use crate::workload::{self, Client, Phase};

/// How long clients work after the last fault.
const QUIET: Duration = Duration::from_secs(15);
/// How long clients may take to come to an end.
const END_MAX: Duration = Duration::from_secs(120);
/// How long a fault waits for an acknowledgement.
const ACKNOWLEDGEMENT_MS_MAX: usize = 2_000;
/// How long topics may take to be created.
const SETUP_MAX: Duration = Duration::from_secs(60);

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What it did.
    pub plan: Arc<Plan>,
    /// What happened.
    pub history: Recorded,
    /// What was there at the end.
    pub kept: Vec<Kept>,
    /// What should not have happened.
    pub violations: Vec<Violation>,
    /// The same for the same seed and code.
    pub digest: u64,
}

/// Runs a seed.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    let plan = Arc::new(Plan::new(seed));
    // Not the plan's own sequence: what a plan draws must not shift what happens.
    let sim = Sim::new(seed ^ 0x5eed_0000_0000_0000);
    let broker = sim.node("broker");
    let hosts: Vec<SimNode> =
        (0..plan.clients.len()).map(|nth| sim.node(&format!("client{nth}"))).collect();
    let auditor = sim.node("auditor");
    sim.network().set_latency(Duration::ZERO..=Duration::from_millis(1));
    broker.set_blocking_delay(Duration::ZERO..=Duration::from_millis(plan.disk_ms));
    let history = History::new(sim.clock());
    let stage = Stage { plan: &plan, sim: &sim, broker: &broker, hosts: &hosts };
    let kept = sim.block_on(async {
        let host = Host::new(&broker, &plan, &history);
        host.start();
        tokio::select! {
            biased;
            kept = Box::pin(stage.play(&host, &auditor, &history)) => kept,
            () = host.keep() => Vec::new(),
        }
    });
    let history = history.take();
    let violations = invariants::check(&plan, &history, &kept);
    let digest = history.digest();
    Outcome { plan, history, kept, violations, digest }
}

struct Stage<'a> {
    plan: &'a Arc<Plan>,
    sim: &'a Sim,
    broker: &'a SimNode,
    hosts: &'a [SimNode],
}

impl Stage<'_> {
    async fn play(&self, host: &Host<'_>, auditor: &SimNode, history: &History) -> Vec<Kept> {
        let cluster = workload::cluster(&auditor.start(), "auditor");
        let within = tokio::time::timeout(SETUP_MAX, create_topics(self.plan, &cluster)).await;
        if within.is_err() {
            let what = "the topics are not created".to_owned();
            history.add(None, Event::Wrong { invariant: "the node gets on", what });
            return Vec::new();
        }
        let (phase, phases) = watch::channel(Phase::Faults);
        let clients = self.start_clients(history, &phases);
        history.add(None, Event::Phase("faults"));
        self.do_harm(host, history).await;
        history.add(None, Event::Phase("quiet"));
        phase.send_replace(Phase::Quiet);
        tokio::time::sleep(QUIET).await;
        history.add(None, Event::Phase("end"));
        phase.send_replace(Phase::Stop);
        let ended = async {
            for client in clients {
                // A panic is told by whoever hears of panics.
                let _ = client.await;
            }
        };
        if tokio::time::timeout(END_MAX, ended).await.is_err() {
            let what = "clients do not come to an end".to_owned();
            history.add(None, Event::Wrong { invariant: "the node gets on", what });
        }
        audit::read_everything(self.plan, &cluster, history).await
    }

    fn start_clients(&self, history: &History, phases: &watch::Receiver<Phase>) -> Vec<Task<()>> {
        let start = |(nth, host): (usize, &SimNode)| {
            let env = host.start();
            let client = Client {
                nth,
                plan: Arc::clone(self.plan),
                cluster: workload::cluster(&env, &format!("client{nth}")),
                history: history.clone(),
                random: Random::seeded(self.plan.seed ^ ((nth as u64 + 1) << 40)),
                phase: phases.clone(),
                env,
            };
            client.env.clone().spawn("client", Box::pin(client.run()))
        };
        self.hosts.iter().enumerate().map(start).collect()
    }

    async fn do_harm(&self, host: &Host<'_>, history: &History) {
        let random = self.sim.random();
        let begun = self.sim.clock().now();
        let mut victims = Victims {
            sim: self.sim,
            broker: self.broker,
            clients: self.hosts,
            disk: Duration::from_millis(self.plan.disk_ms),
            syncs_failed: false,
        };
        for (at, fault) in &self.plan.faults {
            tokio::time::sleep_until(begun + *at).await;
            if matches!(fault, Fault::PowerLossAtAck(_)) {
                next_acknowledgement(history).await;
            }
            history.add(None, Event::Fault(format!("{fault:?}")));
            if let Some(order) = victims.strike(*fault, random) {
                host.obey(order).await;
            }
        }
        tokio::time::sleep_until(begun + self.plan.faults_for).await;
        if let Some(order) = victims.heal(random) {
            history.add(None, Event::Fault(format!("everything is healed, {order:?}")));
            host.obey(order).await;
        }
    }
}

/// Waits for the next record that is acknowledged, but not for long.
async fn next_acknowledgement(history: &History) {
    let before = history.state().acknowledged;
    for _ in 0..ACKNOWLEDGEMENT_MS_MAX {
        if history.state().acknowledged > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn create_topics(plan: &Plan, cluster: &client::Cluster) {
    let admin = Admin::new(cluster);
    for topic in &plan.topics {
        let configs = topic.settings.iter();
        let configs = configs.map(|(name, value)| (Str::from(*name), Str::from(value.clone())));
        let new = NewTopic {
            name: Str::copy_from(&topic.name),
            partitions: Some(topic.partitions),
            configs: configs.collect(),
            ..NewTopic::default()
        };
        loop {
            let created = match admin.create_topics(vec![new.clone()]).await {
                Ok(created) => created.into_iter().next().map(|(_, result)| result),
                Err(_) => None,
            };
            match created {
                Some(Ok(_)) => break,
                Some(Err(Error::Refused { code: ErrorCode::TopicAlreadyExists, .. })) => break,
                Some(Err(error)) if !error.is_retriable() => panic!("{topic:?}: {error}"),
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}
