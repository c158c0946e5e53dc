//! The node's process: started, killed, stopped, started again.

use std::cell::RefCell;
use std::time::Duration;

use config::{Origin, ServerConfig, StaticConfig};
use env::{Env, SimNode, Task, TaskError};
use ottla::{Loggers, Node, NodeOptions};

use crate::faults::{self, Order};
use crate::history::{Event, History};
use crate::plan::Plan;

/// How long an orderly stop may take before it is enforced.
const STOP_MAX: Duration = Duration::from_secs(60);
/// The pause before a process that ended by itself is started again.
const RESTART: Duration = Duration::from_millis(700);

/// Settings that every run has.
const SETTINGS: &[(&str, &str)] = &[
    ("process.roles", "broker,controller"),
    ("node.id", "1"),
    ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
    ("advertised.listeners", "PLAINTEXT://broker:9092,CONTROLLER://broker:9093"),
    ("controller.listener.names", "CONTROLLER"),
    ("controller.quorum.bootstrap.servers", "broker:9093"),
    ("auto.create.topics.enable", "false"),
    ("offsets.topic.replication.factor", "1"),
    ("group.min.session.timeout.ms", "1000"),
];

/// The process on the broker's host.
pub(crate) struct Host<'a> {
    node: &'a SimNode,
    config: ServerConfig,
    history: &'a History,
    process: RefCell<Option<Task<String>>>,
}

impl<'a> Host<'a> {
    pub(crate) fn new(node: &'a SimNode, plan: &Plan, history: &'a History) -> Self {
        let mut settings = StaticConfig::new();
        let dirs: Vec<String> = (0..plan.dirs).map(faults::dir).collect();
        for (name, value) in SETTINGS {
            settings.set(*name, *value, Origin::CommandLine);
        }
        settings.set("log.dirs", dirs.join(","), Origin::CommandLine);
        for (name, value) in &plan.server {
            settings.set(*name, value.as_str(), Origin::CommandLine);
        }
        let config = match ServerConfig::new(settings) {
            Ok(config) => config,
            Err(error) => panic!("the plan's settings are refused: {error}"),
        };
        Self { node, config, history, process: RefCell::default() }
    }

    fn add(&self, event: Event) {
        self.history.add(None, event);
    }

    pub(crate) fn start(&self) {
        let env = self.node.start();
        let options = NodeOptions {
            config: self.config.clone(),
            cluster_id: None,
            data_threads: 1,
            loggers: Loggers::none(),
        };
        let life = Box::pin(live(env.clone(), options, self.history.clone()));
        *self.process.borrow_mut() = Some(env.spawn("node", life));
    }

    /// Does what a fault wants.
    pub(crate) async fn obey(&self, order: Order) {
        let env = self.history.clone();
        let pause = match order {
            Order::Kill { pause } => {
                self.node.kill();
                env.add(None, Event::Down("killed".to_owned()));
                pause
            }
            Order::PowerLoss { pause } => {
                self.node.power_loss();
                env.add(None, Event::PowerLoss);
                pause
            }
            Order::Stop { pause } => {
                self.node.terminate();
                let process = self.process.borrow_mut().take();
                if let Some(process) = process {
                    tokio::select! {
                        biased;
                        ended = process => self.add(Event::Down(reason(ended))),
                        () = tokio::time::sleep(STOP_MAX) => {
                            let what = "it did not stop when asked to".to_owned();
                            self.add(Event::Wrong { invariant: "the node gets on", what });
                        }
                    }
                }
                self.node.kill();
                pause
            }
        };
        self.process.borrow_mut().take();
        tokio::time::sleep(pause).await;
        self.start();
    }

    /// Starts the process again when it ends by itself; for ever.
    pub(crate) async fn keep(&self) {
        loop {
            tokio::time::sleep(RESTART).await;
            let ended = self.process.borrow().as_ref().is_some_and(Task::is_finished);
            let process = if ended { self.process.borrow_mut().take() } else { None };
            if let Some(process) = process {
                self.add(Event::Down(reason(process.await)));
                self.start();
            }
        }
    }
}

fn reason(ended: Result<String, TaskError>) -> String {
    ended.unwrap_or_else(|error| error.to_string())
}

/// One life of the process, as `ottla start` leads it; gives the reason of its end.
async fn live(env: Env, options: NodeOptions, history: History) -> String {
    let started = tokio::select! {
        biased;
        started = Node::start(&env, options) => started,
        _ = env.termination() => return "asked to stop before it served".to_owned(),
    };
    let mut node = match started {
        Ok(node) => node,
        Err(error) => return format!("it did not start: {error}"),
    };
    history.add(None, Event::Up);
    tokio::select! {
        biased;
        _ = env.termination() => {}
        reason = node.failed() => return reason,
    }
    node.stop().await;
    "stopped".to_owned()
}
