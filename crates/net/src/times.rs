//! How long requests take, by API and stage.

use std::sync::OnceLock;
use std::time::Duration;

use env::Instant;
use metrics::{Counter, Distribution, Histogram};

/// Keys from here on are nobody's.
const KEYS: usize = 128;
/// Versions from here on are nobody's.
const VERSIONS: usize = 32;

/// What a request goes through, in Kafka's words (`RequestMetrics`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// From its last byte until it is looked at.
    RequestQueue,
    /// Until it is answered or waits.
    Local,
    /// Until it is answered.
    Remote,
    /// The connection is muted after the answer.
    Throttle,
    /// Until the answers before it are on their way.
    ResponseQueue,
    /// Until the socket has taken the answer.
    ResponseSend,
    /// From its last byte until the socket has taken the answer.
    Total,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::RequestQueue,
        Self::Local,
        Self::Remote,
        Self::Throttle,
        Self::ResponseQueue,
        Self::ResponseSend,
        Self::Total,
    ];
}

/// The requests of one API that a server has answered.
#[derive(Clone, Debug)]
pub struct RequestTimes {
    /// The API's key.
    pub api_key: i16,
    /// How many there were, by version.
    pub versions: Vec<(i16, u64)>,
    /// How long they took, in microseconds, in the order of [`Stage::ALL`].
    pub stages: [Distribution; Stage::ALL.len()],
}

/// The requests that a data thread has answered. What nobody ever asked for takes no memory.
#[derive(Debug)]
pub(crate) struct Times(Box<[OnceLock<Box<Api>>]>);

#[derive(Debug)]
struct Api {
    versions: [Counter; VERSIONS],
    stages: [Histogram; Stage::ALL.len()],
}

/// The way of one request so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    pub(crate) api_key: i16,
    pub(crate) api_version: i16,
    /// Its last byte is there.
    pub(crate) arrived: Instant,
    /// It is given to the handler.
    pub(crate) called: Instant,
    /// The handler has done what can be done at once.
    pub(crate) parked: Instant,
    /// Its answer is there.
    pub(crate) answered: Instant,
}

/// A request whose answer is on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaving {
    pub(crate) line: Timeline,
    /// Its answer has its turn.
    pub(crate) turn: Instant,
    pub(crate) mute: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self((0..KEYS).map(|_| OnceLock::new()).collect())
    }
}

impl Times {
    /// Counts a request whose answer was sent. To be called on the thread that owns this only.
    pub(crate) fn record(&self, leaving: &Leaving, sent: Instant) {
        let Leaving { line, turn, mute } = leaving;
        let Some(slot) = usize::try_from(line.api_key).ok().and_then(|key| self.0.get(key)) else {
            return;
        };
        let api = slot.get_or_init(Box::default);
        let version = usize::try_from(line.api_version).ok();
        if let Some(count) = version.and_then(|version| api.versions.get(version)) {
            count.add(1);
        }
        let spans = [
            line.called.saturating_duration_since(line.arrived),
            line.parked.saturating_duration_since(line.called),
            line.answered.saturating_duration_since(line.parked),
            *mute,
            turn.saturating_duration_since(line.answered),
            sent.saturating_duration_since(*turn),
            sent.saturating_duration_since(line.arrived),
        ];
        for (histogram, span) in api.stages.iter().zip(spans) {
            histogram.record(u64::try_from(span.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// Adds what was counted to `sums`, which are by key.
    pub(crate) fn add_to(&self, sums: &mut Vec<RequestTimes>) {
        for (key, slot) in self.0.iter().enumerate() {
            let Some(api) = slot.get() else { continue };
            let api_key = key as i16;
            let at = match sums.binary_search_by_key(&api_key, |sum| sum.api_key) {
                Ok(at) => at,
                Err(at) => {
                    sums.insert(at, RequestTimes::new(api_key));
                    at
                }
            };
            let sum = &mut sums[at];
            for (version, count) in api.versions.iter().map(Counter::get).enumerate() {
                sum.add_version(version as i16, count);
            }
            for (stage, histogram) in sum.stages.iter_mut().zip(&api.stages) {
                histogram.add_to(stage);
            }
        }
    }
}

impl Default for Api {
    fn default() -> Self {
        Self {
            versions: [const { Counter::new() }; VERSIONS],
            stages: std::array::from_fn(|_| Histogram::default()),
        }
    }
}

impl RequestTimes {
    fn new(api_key: i16) -> Self {
        let stages = std::array::from_fn(|_| Distribution::default());
        Self { api_key, versions: Vec::new(), stages }
    }

    fn add_version(&mut self, version: i16, count: u64) {
        if count == 0 {
            return;
        }
        match self.versions.iter_mut().find(|(known, _)| *known == version) {
            Some((_, sum)) => *sum += count,
            None => self.versions.push((version, count)),
        }
    }

    /// What there was since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let of_version = |version| {
            let known = earlier.versions.iter().find(|(known, _)| *known == version);
            known.map_or(0, |(_, count)| *count)
        };
        let versions = self.versions.iter();
        let versions =
            versions.map(|(version, count)| (*version, count.saturating_sub(of_version(*version))));
        Self {
            api_key: self.api_key,
            versions: versions.collect(),
            stages: std::array::from_fn(|stage| self.stages[stage].since(&earlier.stages[stage])),
        }
    }

    /// Adds the requests of another server.
    pub fn merge(&mut self, other: &Self) {
        other.versions.iter().for_each(|(version, count)| self.add_version(*version, *count));
        for (stage, more) in self.stages.iter_mut().zip(&other.stages) {
            stage.merge(more);
        }
    }

    /// How long a stage took.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> &Distribution {
        &self.stages[stage as usize]
    }
}
