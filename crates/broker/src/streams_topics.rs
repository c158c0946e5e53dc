//! Internal topics of streams applications, which the broker creates for their members
//! (kafka-semantics 174).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use env::Instant;
use group::InternalTopic;
use wire::messages::{
    CreateTopicsRequest,
    create_topics_request::{CreatableTopic, CreatableTopicConfig},
};
use wire::{ErrorCode, Response, Str};

use crate::auto_create::CREATE_TOPICS_VERSION;
use crate::state::Broker;

/// Failures that are remembered; above it those that end soonest are forgotten.
const FAILURES_MAX: usize = 1_000;

/// Internal topics whose creation is under way, and those that could not be created lately.
#[derive(Debug, Default)]
pub(crate) struct StreamsTopics {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    under_way: BTreeSet<Str>,
    failures: BTreeMap<Str, Failure>,
}

/// A topic that could not be created. Until it is forgotten nobody tries again.
#[derive(Clone, Debug)]
struct Failure {
    message: String,
    until: Instant,
}

impl StreamsTopics {
    /// Asks the controller for topics, in the background; those asked for already and those that
    /// failed lately are left out. Failures are remembered for a while.
    pub(crate) fn start(broker: &Arc<Broker>, topics: &[InternalTopic], remember: Duration) {
        let new: Vec<CreatableTopic> = {
            let mut inner = broker.streams_topics.lock();
            inner.forget(broker.env.now());
            let topics = topics.iter().filter(|topic| !inner.failures.contains_key(&topic.name));
            let topics: Vec<_> = topics.cloned().collect();
            topics
                .iter()
                .filter(|topic| inner.under_way.insert(topic.name.detach()))
                .map(creatable)
                .collect()
        };
        if new.is_empty() {
            return;
        }
        let creator = Arc::clone(broker);
        let work = async move {
            let names: Vec<Str> = new.iter().map(|topic| topic.name.clone()).collect();
            let failures = create(&creator, new).await;
            creator.streams_topics.ended(&names, failures, creator.env.now(), remember);
        };
        drop(broker.env.spawn("create internal topics", work));
    }

    /// Why topics could not be created, of those that could not.
    pub(crate) fn failures(&self, topics: &[InternalTopic], now: Instant) -> Vec<(Str, String)> {
        let inner = self.lock();
        let failures = topics.iter().filter_map(|topic| {
            let failure = inner.failures.get(&topic.name).filter(|failure| failure.until > now)?;
            Some((topic.name.clone(), failure.message.clone()))
        });
        failures.collect()
    }

    fn ended(&self, names: &[Str], failures: Vec<(Str, String)>, now: Instant, remember: Duration) {
        let mut inner = self.lock();
        for name in names {
            inner.under_way.remove(name);
        }
        for (name, message) in failures {
            inner.failures.insert(name, Failure { message, until: now + remember });
        }
        inner.forget(now);
        while inner.failures.len() > FAILURES_MAX {
            let soonest = inner.failures.iter().min_by_key(|(_, failure)| failure.until);
            let Some(name) = soonest.map(|(name, _)| name.clone()) else { break };
            inner.failures.remove(&name);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget(&mut self, now: Instant) {
        self.failures.retain(|_, failure| failure.until > now);
    }
}

/// Creates topics. Gives what failed, in the words of the controller.
async fn create(broker: &Broker, topics: Vec<CreatableTopic>) -> Vec<(Str, String)> {
    let names: Vec<Str> = topics.iter().map(|topic| topic.name.clone()).collect();
    let request = CreateTopicsRequest {
        topics,
        timeout_ms: broker.config().node.request_timeout_ms,
        ..CreateTopicsRequest::default()
    };
    let all = |message: String| names.iter().map(|name| (name.clone(), message.clone())).collect();
    match broker.controller.send(request.into(), CREATE_TOPICS_VERSION).await {
        Ok(Response::CreateTopics(response)) => {
            let mut failures = Vec::new();
            for topic in response.topics {
                let error = ErrorCode::from_code(topic.error_code);
                if error != Some(ErrorCode::None) {
                    let told = topic.error_message.filter(|message| !message.is_empty());
                    let text = || error.map_or("", ErrorCode::text).to_owned();
                    let message = told.map_or_else(text, |message| message.to_string());
                    tracing::warn!("internal topic {} is not created: {message}", &*topic.name);
                    failures.push((topic.name.detach(), message));
                }
            }
            failures
        }
        Ok(_) => all("the controller answered something else".to_owned()),
        Err(error) => all(error.to_string()),
    }
}

fn creatable(topic: &InternalTopic) -> CreatableTopic {
    let configs = topic.configs.iter().map(|(name, value)| CreatableTopicConfig {
        name: name.detach(),
        value: Some(value.detach()),
        ..CreatableTopicConfig::default()
    });
    CreatableTopic {
        name: topic.name.detach(),
        num_partitions: topic.partitions,
        replication_factor: topic.replication_factor.unwrap_or(-1),
        configs: configs.collect(),
        ..CreatableTopic::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> InternalTopic {
        let (name, configs) = (Str::copy_from(name), Vec::new());
        InternalTopic { name, partitions: 1, replication_factor: None, configs }
    }

    /// kafka-semantics 174: failures are told for a while, and there is a bound.
    #[test]
    fn failures_are_remembered_for_a_while() {
        let env = env::Env::sim(1);
        let topics = StreamsTopics::default();
        let (now, second) = (env.now(), Duration::from_secs(1));
        let failed = |name: &str| vec![(Str::copy_from(name), "no".to_owned())];
        topics.lock().under_way.insert(Str::from("a"));
        topics.ended(&[Str::from("a")], failed("a"), now, second);
        assert!(topics.lock().under_way.is_empty());
        assert_eq!(topics.failures(&[topic("a"), topic("b")], now), failed("a"));
        assert_eq!(topics.failures(&[topic("a")], now + second), []);
        for name in 0..1_100 {
            let remember = Duration::from_secs(10 + name);
            topics.ended(&[], failed(&format!("t{name}")), now, remember);
        }
        assert_eq!(topics.lock().failures.len(), FAILURES_MAX);
        assert_eq!(topics.failures(&[topic("t99")], now), []);
        assert_eq!(topics.failures(&[topic("t1099")], now).len(), 1);
    }
}
