//! A sequence of admin requests, and their responses as text.
//!
//! `cargo run -p controller --example ask_kafka` asks a real Apache Kafka the same and writes its
//! answers to `tests/golden/`; the test compares them with ours.

mod builders;
mod requests;
mod show;

use std::collections::BTreeMap;

pub(crate) use requests::requests;
pub(crate) use show::show;
use wire::{Request, Response, Uuid};

/// The ids of the topics created so far, by name.
pub(crate) type TopicIds = BTreeMap<String, Uuid>;

/// A request that may speak of topics by the ids they got.
pub(crate) struct Step {
    /// What it is about.
    pub(crate) title: &'static str,
    /// The version.
    pub(crate) version: i16,
    /// The request.
    pub(crate) request: Box<dyn Fn(&TopicIds) -> Request>,
}

/// Remembers the ids of new topics.
pub(crate) fn note_topics(response: &Response, ids: &mut TopicIds) {
    if let Response::CreateTopics(response) = response {
        for topic in response.topics.iter().filter(|topic| topic.error_code == 0) {
            ids.insert(topic.name.to_string(), topic.topic_id);
        }
    }
}
