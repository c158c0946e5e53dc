//! What is looked at.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use broker::Broker;
use env::{Env, Executor};
use metrics::{Distribution, Tally};
use net::{Meter, RequestTimes};
use quorum_node::Status;
use regex_automata::nfa::thompson;
use regex_automata::nfa::thompson::pikevm::{Cache, PikeVM};
use regex_automata::{Anchored, Input};
use replication::Cleaner;

use super::window::Window;
use crate::error::StartError;

/// The parts of a node that serves.
pub(crate) struct Parts {
    pub(crate) broker: Arc<Broker>,
    /// Of the listeners of clients, and of those of controllers.
    pub(crate) meters: Vec<Meter>,
    pub(crate) executors: Vec<Executor>,
    pub(crate) status: tokio::sync::watch::Receiver<Status>,
    pub(crate) cleaner: Arc<Cleaner>,
    /// How many logs were loaded, and how long it took.
    pub(crate) loaded: (usize, Duration),
}

/// What is shown of a node that serves.
pub(crate) struct Sources {
    pub(crate) env: Env,
    pub(crate) parts: Parts,
    pub(crate) selection: Selection,
    pub(crate) unclean_elections: Arc<Tally>,
    earlier: Mutex<Earlier>,
}

/// What earlier looks have seen.
pub(crate) struct Earlier {
    /// Time the data threads were busy, in all.
    pub(crate) busy: Window<Duration>,
    pub(crate) metadata_end: Window<i64>,
    /// Of each meter.
    pub(crate) requests: Vec<Window<Vec<RequestTimes>>>,
    pub(crate) flushes: Window<Distribution>,
}

/// Rates are over at least this, if it is seen as often.
const SHORT: Duration = Duration::from_secs(10);
/// Quantiles are over at least this, if it is seen as often.
const LONG: Duration = Duration::from_mins(5);

impl Sources {
    pub(crate) fn new(
        env: &Env,
        parts: Parts,
        selection: Selection,
        unclean_elections: Arc<Tally>,
    ) -> Self {
        let now = env.now();
        let busy = parts.executors.iter().map(Executor::busy).sum();
        let end = parts.status.borrow().log_end_offset;
        let requests = parts.meters.iter().map(|_| Window::new(LONG, now, Vec::new())).collect();
        let earlier = Earlier {
            busy: Window::new(SHORT, now, busy),
            metadata_end: Window::new(SHORT, now, end),
            requests,
            flushes: Window::new(LONG, now, Distribution::default()),
        };
        let earlier = Mutex::new(earlier);
        Self { env: env.clone(), parts, selection, unclean_elections, earlier }
    }

    pub(crate) fn earlier(&self) -> MutexGuard<'_, Earlier> {
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which series of single things are shown.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// How many of a kind.
    pub(crate) entities_max: usize,
    partitions: Partitions,
}

#[derive(Clone, Debug)]
enum Partitions {
    All,
    None,
    Of(PikeVM),
}

impl Selection {
    /// What the settings say.
    ///
    /// # Errors
    /// `metrics.partition.level` is no regular expression.
    pub(crate) fn new(settings: &config::MetricsConfig) -> Result<Self, StartError> {
        let partitions = match settings.partition_level.trim() {
            "on" => Partitions::All,
            "off" => Partitions::None,
            pattern => Partitions::Of(compile(pattern).map_err(|error| {
                StartError::Unsupported(format!(
                    "metrics.partition.level is neither on, nor off, nor a regular expression: \
                     {error}"
                ))
            })?),
        };
        let entities_max = usize::try_from(settings.entities_max).unwrap_or(0);
        Ok(Self { entities_max, partitions })
    }

    /// Whether the partitions of a topic are shown one by one.
    pub(crate) fn has_partitions_of(&self, topic: &str) -> bool {
        match &self.partitions {
            Partitions::All => true,
            Partitions::None => false,
            Partitions::Of(pattern) => {
                let input = Input::new(topic).anchored(Anchored::Yes).earliest(true);
                pattern.is_match(&mut Cache::new(pattern), input)
            }
        }
    }
}

/// States an expression may have.
const BYTES_MAX: usize = 1 << 20;

/// An expression that a whole name matches.
fn compile(pattern: &str) -> Result<PikeVM, Box<thompson::BuildError>> {
    let config = thompson::Config::new().nfa_size_limit(Some(BYTES_MAX));
    PikeVM::builder().thompson(config).build(&format!("^(?:{pattern})$")).map_err(Box::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_selected_by_the_whole_name_of_their_topic() {
        let selection = |level: &str| {
            Selection::new(&config::MetricsConfig {
                entities_max: 1,
                listeners: Vec::new(),
                partition_level: level.to_owned(),
            })
        };
        for (level, topic, shown) in
            [("on", "a", true), ("off", "a", false), ("a|bc", "bc", true), ("a|bc", "abc", false)]
        {
            assert_eq!(selection(level).unwrap().has_partitions_of(topic), shown, "{level}");
        }
        assert!(selection("(").is_err());
    }
}
