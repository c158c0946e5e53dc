//! Clients of a run: each does one kind of thing until it is told to stop, and writes down what it
//! did and saw.

mod configurer;
mod deleter;
pub(crate) mod group;
pub(crate) mod offsets;
mod passer;
mod producer;
mod reader;

use std::sync::Arc;
use std::time::Duration;

use client::{ClientConfig, Cluster};
use env::{Env, Random};
use tokio::sync::watch;

use crate::history::{Event, History};
use crate::plan::{ClientPlan, Plan, TopicPlan};

/// What goes on in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Faults strike; whatever is acknowledged has to hold.
    Faults,
    /// They are over: everybody has to get on.
    Quiet,
    /// Clients come to an end.
    Stop,
}

/// How clients reach the node.
pub(crate) const ADDRESS: &str = "broker:9092";
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
const API_TIMEOUT: Duration = Duration::from_secs(4);

/// What every client has.
#[derive(Clone)]
pub(crate) struct Client {
    /// Its number in the plan.
    pub(crate) nth: usize,
    pub(crate) plan: Arc<Plan>,
    pub(crate) env: Env,
    pub(crate) cluster: Cluster,
    pub(crate) history: History,
    pub(crate) random: Random,
    pub(crate) phase: watch::Receiver<Phase>,
}

/// A connection to the node that gives up sooner than most.
pub(crate) fn cluster(env: &Env, name: &str) -> Cluster {
    let mut config = match ClientConfig::new(ADDRESS, name) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    };
    (config.request_timeout, config.api_timeout) = (REQUEST_TIMEOUT, API_TIMEOUT);
    Cluster::new(env, config)
}

impl Client {
    pub(crate) fn add(&self, event: Event) {
        self.history.add(Some(self.nth), event);
    }

    pub(crate) fn wrong(&self, invariant: &'static str, what: String) {
        self.add(Event::Wrong { invariant, what });
    }

    pub(crate) fn stopped(&self) -> bool {
        *self.phase.borrow() == Phase::Stop
    }

    /// Waits for a random time, shorter when the end has come.
    pub(crate) async fn pause(&self, ms_max: u64) {
        if !self.stopped() {
            let pause = Duration::from_millis(self.random.below(ms_max + 1));
            self.env.sleep(pause).await;
        }
    }

    /// The topic of the plan with that number.
    pub(crate) fn topic(&self, nth: usize) -> &TopicPlan {
        &self.plan.topics[nth]
    }

    /// Does what the plan says until the run stops.
    pub(crate) async fn run(self) {
        let plan = Arc::clone(&self.plan);
        match &plan.clients[self.nth] {
            ClientPlan::Producer { topic, acks, idempotent, compression } => {
                let how = producer::How {
                    acks: *acks,
                    idempotent: *idempotent,
                    compression: *compression,
                };
                producer::run(self, *topic, how).await;
            }
            ClientPlan::Reader { topic } => reader::run(self, *topic).await,
            ClientPlan::Group { topic, members } => group::run(self, *topic, *members).await,
            ClientPlan::Watcher { topic } => offsets::watch(self, *topic).await,
            ClientPlan::Deleter { topic } => deleter::run(self, *topic).await,
            ClientPlan::Configurer { topic } => configurer::run(self, *topic).await,
            ClientPlan::Passer => passer::run(self).await,
        }
    }
}
