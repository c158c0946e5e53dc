//! Asking leaders for records.

use std::collections::{BTreeMap, HashSet};

use tokio::sync::mpsc;
use wire::messages::fetch_request::{FetchPartition, FetchTopic};
use wire::messages::{FetchRequest, FetchResponse};
use wire::{ApiKey, Str, Uuid};

use super::config::ConsumerConfig;
use super::offsets::TopicPartition;
use crate::cluster::Cluster;
use crate::error::Error;

/// Full requests carry no session (KIP-227).
const NO_SESSION_EPOCH: i32 = -1;
/// The last version that names topics.
const BY_NAME: i16 = 12;

/// What is asked of a leader for a partition.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) topic_id: Uuid,
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
}

/// A question to one leader.
pub(super) type Question = BTreeMap<TopicPartition, Wanted>;

/// An answer, with the question it belongs to.
pub(super) struct Answer {
    pub(super) leader: i32,
    pub(super) asked: Question,
    pub(super) response: Result<FetchResponse, Error>,
}

/// Questions on their way, one per leader.
pub(super) struct Fetches {
    waiting: HashSet<i32>,
    sender: mpsc::Sender<Answer>,
    answers: mpsc::Receiver<Answer>,
}

impl Fetches {
    pub(super) fn new() -> Self {
        let (sender, answers) = mpsc::channel(1);
        Self { waiting: HashSet::new(), sender, answers }
    }

    /// Whether a leader has a question to answer.
    pub(super) fn is_waiting(&self, leader: i32) -> bool {
        self.waiting.contains(&leader)
    }

    /// Asks a leader. The answer comes with [`Fetches::next`].
    pub(super) fn ask(
        &mut self,
        cluster: &Cluster,
        config: &ConsumerConfig,
        (leader, asked): (i32, Question),
    ) {
        self.waiting.insert(leader);
        let (sender, cluster, config) = (self.sender.clone(), cluster.clone(), config.clone());
        let env = cluster.env().clone();
        let ask = async move {
            let response = fetch(&cluster, &config, leader, &asked).await;
            // The consumer may be gone.
            let _ = sender.send(Answer { leader, asked, response }).await;
        };
        drop(env.spawn("fetch", Box::pin(ask)));
    }

    /// The next answer; pending for ever if nothing was asked.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        let answer = self.answers.recv().await?;
        self.waiting.remove(&answer.leader);
        Some(answer)
    }
}

async fn fetch(
    cluster: &Cluster,
    config: &ConsumerConfig,
    leader: i32,
    asked: &Question,
) -> Result<FetchResponse, Error> {
    let connection = cluster.broker(leader).await?;
    let with_ids = asked.values().all(|wanted| !wanted.topic_id.is_zero());
    let at_most = if with_ids { i16::MAX } else { BY_NAME };
    let version = connection.version(ApiKey::Fetch, at_most)?;
    let mut topics: BTreeMap<&Str, FetchTopic> = BTreeMap::new();
    for ((name, partition), wanted) in asked {
        let topic = topics.entry(name).or_insert_with(|| FetchTopic {
            topic: name.clone(),
            topic_id: wanted.topic_id,
            ..FetchTopic::default()
        });
        topic.partitions.push(FetchPartition {
            partition: *partition,
            current_leader_epoch: wanted.leader_epoch,
            fetch_offset: wanted.offset,
            partition_max_bytes: config.partition_bytes_max,
            ..FetchPartition::default()
        });
    }
    let request = FetchRequest {
        max_wait_ms: i32::try_from(config.fetch_wait_max.as_millis()).unwrap_or(i32::MAX),
        min_bytes: config.fetch_bytes_min,
        max_bytes: config.fetch_bytes_max,
        isolation_level: if version >= 4 { config.isolation.code() } else { 0 },
        session_epoch: NO_SESSION_EPOCH,
        topics: topics.into_values().collect(),
        ..FetchRequest::default()
    };
    let timeout = cluster.config().request_timeout + config.fetch_wait_max;
    connection.call_version(&request, version, timeout).await
}
