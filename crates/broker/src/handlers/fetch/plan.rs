//! What a fetch reads: its partitions in order, under one byte budget.

use std::sync::Arc;

use metrics::Tally;
use replication::{Partition, ReadAsk, ReadOutcome, ReplicaFetch, Visibility};
use wire::messages::FetchRequest;
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::fetch_session::{Answer, FetchAsk, FetchContext, FetchKey, Interest, TopicRef};
use crate::request::Request;

/// From this version on topics are named by id.
const TOPIC_IDS: i16 = 13;

/// One partition of the plan.
struct Entry {
    key: FetchKey,
    interest: Interest,
    replica: Result<Arc<Partition>, ErrorCode>,
    topic: Option<Str>,
}

/// The partitions a fetch reads, resolved once.
pub(super) struct Plan {
    entries: Vec<Entry>,
    visibility: Visibility,
    follower: Option<i32>,
}

/// What became of one partition.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was read, perhaps with nothing to give.
    Read(ReadOutcome),
    /// It cannot be read.
    Failed(ErrorCode),
}

impl Outcome {
    /// Bytes of record data.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Read(read) => read.bytes(),
            Self::Failed(_) => 0,
        }
    }

    /// Whether the client must hear of it at once.
    pub(super) fn must_tell(&self) -> bool {
        match self {
            Self::Read(read) => read.diverging_epoch.is_some(),
            Self::Failed(_) => true,
        }
    }

    pub(super) fn session_answer(&self) -> Answer {
        match self {
            Self::Read(read) => Answer {
                bytes: read.bytes(),
                high_watermark: read.high_watermark,
                log_start_offset: read.log_start_offset,
                must_tell: read.diverging_epoch.is_some(),
            },
            Self::Failed(_) => {
                Answer { bytes: 0, high_watermark: -1, log_start_offset: -1, must_tell: true }
            }
        }
    }
}

impl Plan {
    /// Resolves the partitions of a context.
    pub(super) fn new(
        request: &Request,
        context: &FetchContext,
        visibility: Visibility,
        follower: Option<i32>,
    ) -> Self {
        let interests = context.interests().into_iter();
        let entries = interests.map(|(key, interest)| Entry::resolve(request, key, interest));
        Self { entries: entries.collect(), visibility, follower }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn visibility(&self) -> Visibility {
        self.visibility
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &FetchKey> {
        self.entries.iter().map(|entry| &entry.key)
    }

    /// The name of a partition's topic, as far as it is known.
    pub(super) fn topic_name(&self, place: usize) -> Option<&Str> {
        self.entries[place].topic.as_ref()
    }

    /// The replicas that could be found.
    pub(super) fn replicas(&self) -> impl Iterator<Item = &Arc<Partition>> {
        self.entries.iter().filter_map(|entry| entry.replica.as_ref().ok())
    }

    /// Counts what the fetch does, by partition. Who asks at the wrong place, or for what is not
    /// there, has itself to blame (Kafka's `failedFetchRequestRate`).
    pub(super) fn count(&self, unplaced: &Tally, outcomes: &[Outcome]) {
        for (entry, outcome) in self.entries.iter().zip(outcomes) {
            match (&entry.replica, outcome) {
                (Ok(replica), Outcome::Failed(error)) if is_failure(*error) => {
                    replica.count_failed_fetch();
                }
                (Ok(replica), outcome) => {
                    replica.count_fetch(outcome.bytes(), self.follower.is_some());
                }
                (Err(_), _) => unplaced.add(1),
            }
        }
    }

    /// Reads all partitions in order. The first batch found is given whole whatever its size
    /// (kafka-apis 38).
    pub(super) fn read(&self, max_bytes: u64) -> Vec<Outcome> {
        let mut left = max_bytes;
        let mut nothing_yet = true;
        let mut outcomes = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let outcome = self.read_one(entry, left, nothing_yet);
            nothing_yet &= outcome.bytes() == 0;
            left = left.saturating_sub(outcome.bytes());
            outcomes.push(outcome);
        }
        outcomes
    }

    fn read_one(&self, entry: &Entry, left: u64, at_least_one_batch: bool) -> Outcome {
        let replica = match &entry.replica {
            Ok(replica) => replica,
            Err(error) => return Outcome::Failed(*error),
        };
        let interest = &entry.interest;
        let wanted = u32::try_from(interest.max_bytes).unwrap_or(0);
        let ask = ReadAsk {
            offset: interest.fetch_offset,
            max_bytes: wanted.min(u32::try_from(left).unwrap_or(u32::MAX)),
            at_least_one_batch,
            visibility: self.visibility,
            current_leader_epoch: epoch(interest.current_leader_epoch),
            last_fetched_epoch: epoch(interest.last_fetched_epoch),
            follower: self
                .follower
                .map(|id| ReplicaFetch { id, log_start_offset: interest.log_start_offset }),
        };
        match replica.read(&ask) {
            Ok(outcome) => Outcome::Read(outcome),
            Err(error) => Outcome::Failed(error_map::read(&error)),
        }
    }
}

fn is_failure(error: ErrorCode) -> bool {
    !matches!(
        error,
        ErrorCode::NotLeaderOrFollower
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownLeaderEpoch
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::ReplicaNotAvailable
            | ErrorCode::KafkaStorageError
            | ErrorCode::OffsetOutOfRange
            | ErrorCode::InconsistentTopicId
    )
}

fn epoch(epoch: i32) -> Option<i32> {
    (epoch >= 0).then_some(epoch)
}

impl Entry {
    fn resolve(request: &Request, key: FetchKey, interest: Interest) -> Self {
        let topic = match &key.topic {
            TopicRef::Name(name) => Some(name.clone()),
            TopicRef::Id(id) => request.image.topics.by_id(*id).map(|topic| topic.name.clone()),
        };
        let replica = match &topic {
            None => Err(ErrorCode::UnknownTopicId),
            Some(name) => {
                let found = request.broker.replicas.get(name, key.partition);
                found.map_err(|error| error_map::lookup(&error))
            }
        };
        Self { key, interest, replica, topic }
    }
}

/// The request's partitions in the words of fetch sessions.
pub(super) fn ask(version: i16, message: FetchRequest, from_follower: bool) -> FetchAsk {
    let by_id = version >= TOPIC_IDS;
    let mut interests = Vec::new();
    for topic in message.topics {
        let name = if by_id { TopicRef::Id(topic.topic_id) } else { TopicRef::Name(topic.topic) };
        interests.extend(topic.partitions.into_iter().map(|partition| {
            let key = FetchKey { topic: name.clone(), partition: partition.partition };
            let interest = Interest {
                fetch_offset: partition.fetch_offset,
                max_bytes: partition.partition_max_bytes,
                current_leader_epoch: partition.current_leader_epoch,
                last_fetched_epoch: partition.last_fetched_epoch,
                log_start_offset: partition.log_start_offset,
            };
            (key, interest)
        }));
    }
    let mut forgotten = Vec::new();
    for topic in message.forgotten_topics_data {
        let name = if by_id { TopicRef::Id(topic.topic_id) } else { TopicRef::Name(topic.topic) };
        let partitions = topic.partitions.into_iter();
        forgotten.extend(partitions.map(|partition| FetchKey { topic: name.clone(), partition }));
    }
    FetchAsk {
        session_id: message.session_id,
        session_epoch: message.session_epoch,
        uses_topic_ids: by_id,
        from_follower,
        interests,
        forgotten,
    }
}
