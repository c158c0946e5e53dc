//! ShareFetch: records for a member of a share group, and what it did with those before
//! (kafka-semantics 162 to 170).

use std::collections::HashMap;
use std::time::Duration;

use share::partition::Acknowledgement;
use share::session::{
    Answer, FINAL_EPOCH, INITIAL_EPOCH, SessionError, SessionKey, TopicIdPartition,
};
use wire::messages::{
    ShareFetchRequest, ShareFetchResponse,
    share_fetch_response::{
        AcquiredRecords, LeaderIdAndEpoch, PartitionData, ShareFetchableTopicResponse,
    },
};
use wire::{ErrorCode, Records};

use super::share_acknowledge::{session_error, session_key};
use crate::leader_hint::LeaderHints;
use crate::request::Request;
use crate::share::{Acks, FetchAsk, Found, Said, Told};

/// The first version that renews locks and limits records.
const RENEWS_FROM: i16 = 2;
/// The acquire mode that gives no record more than asked for.
const RECORD_LIMIT: i8 = 1;

/// Takes acknowledgements, then acquires records; waits for both.
pub(crate) async fn handle(request: Request, message: ShareFetchRequest) -> ShareFetchResponse {
    let (group_id, member_id) = (message.group_id.as_ref(), message.member_id.as_ref());
    let key = match session_key(&request, group_id, member_id) {
        Ok(key) => key,
        Err(error) => return failed(error),
    };
    let renews = request.version >= RENEWS_FROM && message.is_renew_ack;
    if renews && asks_for_records(&message) {
        return failed(ErrorCode::InvalidRequest);
    }
    let epoch = message.share_session_epoch;
    let wait = Duration::from_millis(u64::try_from(message.max_wait_ms).unwrap_or(0));
    let partitions = match session(&request, &key, &message) {
        Ok(partitions) => partitions,
        Err(error) => {
            if error == ErrorCode::ShareSessionLimitReached {
                // The member would come again at once.
                request.broker.env.sleep(wait).await;
            }
            return failed(error);
        }
    };
    let mut ask = ask(&request, &key, &message, wait);
    ask.partitions = if renews { Vec::new() } else { rotated(partitions, epoch) };
    let said = said(message);
    let acks = if said.is_empty() {
        Acks::none()
    } else {
        Acks::begin(&request, &key.group_id, &key.member_id, said, renews)
    };
    let found = if ask.partitions.is_empty() { Vec::new() } else { ask.fetch(&request).await };
    let told = acks.told().await;
    let response = respond(&request, &key, epoch, found, told);
    if epoch == FINAL_EPOCH {
        request.broker.close_share_session(&key);
    }
    response
}

/// kafka-semantics 162: who renews locks does not wait for records meanwhile.
fn asks_for_records(message: &ShareFetchRequest) -> bool {
    let ShareFetchRequest { max_bytes, min_bytes, max_records, max_wait_ms, .. } = message;
    [max_bytes, min_bytes, max_records, max_wait_ms].iter().any(|value| **value != 0)
}

/// The partitions that a request fetches, as its session says (kafka-semantics 164).
fn session(
    request: &Request,
    key: &SessionKey,
    message: &ShareFetchRequest,
) -> Result<Vec<TopicIdPartition>, ErrorCode> {
    let mut named = Vec::new();
    for topic in &message.topics {
        let topic_id = topic.topic_id;
        let partitions = topic.partitions.iter();
        named.extend(
            partitions.map(|partition| TopicIdPartition {
                topic_id,
                partition: partition.partition_index,
            }),
        );
    }
    let mut sessions = request.broker.shares.sessions();
    match message.share_session_epoch {
        FINAL_EPOCH if sessions.has(key) => Ok(Vec::new()),
        FINAL_EPOCH => Err(session_error(SessionError::NotFound)),
        INITIAL_EPOCH if has_acknowledgements(message) => Err(ErrorCode::InvalidRequest),
        INITIAL_EPOCH => {
            sessions.open(key, &named, request.connection.id()).map_err(session_error)?;
            Ok(named)
        }
        epoch => {
            let mut forgotten = Vec::new();
            for topic in &message.forgotten_topics_data {
                let topic_id = topic.topic_id;
                let partitions = topic.partitions.iter();
                forgotten.extend(
                    partitions
                        .map(|partition| TopicIdPartition { topic_id, partition: *partition }),
                );
            }
            sessions.go_on(key, epoch, &named, &forgotten).map_err(session_error)
        }
    }
}

fn has_acknowledgements(message: &ShareFetchRequest) -> bool {
    let mut partitions = message.topics.iter().flat_map(|topic| &topic.partitions);
    partitions.any(|partition| !partition.acknowledgement_batches.is_empty())
}

/// Another partition is first each time.
fn rotated(mut partitions: Vec<TopicIdPartition>, epoch: i32) -> Vec<TopicIdPartition> {
    if !partitions.is_empty() {
        let by = usize::try_from(epoch).unwrap_or(0) % partitions.len();
        partitions.rotate_left(by);
    }
    partitions
}

fn ask(
    request: &Request,
    key: &SessionKey,
    message: &ShareFetchRequest,
    max_wait: Duration,
) -> FetchAsk {
    let server_max = request.broker.config().fetch.fetch_max_bytes;
    let max_bytes = message.max_bytes.min(server_max).max(0);
    FetchAsk {
        group_id: key.group_id.clone(),
        member: key.member_id.detach(),
        partitions: Vec::new(),
        max_records: message.max_records.into(),
        has_record_limit: request.version >= RENEWS_FROM
            && message.share_acquire_mode == RECORD_LIMIT,
        batch_size: message.batch_size,
        min_bytes: i64::from(message.min_bytes.min(max_bytes)),
        max_bytes: max_bytes.unsigned_abs().into(),
        max_wait,
    }
}

/// What a member says of records. Partitions of which it says nothing are left out.
fn said(message: ShareFetchRequest) -> Vec<Said> {
    let mut said = Vec::new();
    for topic in message.topics {
        for partition in topic.partitions {
            if partition.acknowledgement_batches.is_empty() {
                continue;
            }
            let batches = partition.acknowledgement_batches.into_iter();
            said.push(Said {
                partition: TopicIdPartition {
                    topic_id: topic.topic_id,
                    partition: partition.partition_index,
                },
                acknowledgements: batches
                    .map(|batch| Acknowledgement {
                        first_offset: batch.first_offset,
                        last_offset: batch.last_offset,
                        types: batch.acknowledge_types,
                    })
                    .collect(),
            });
        }
    }
    said
}

/// The response, without the partitions that are no news to the session.
fn respond(
    request: &Request,
    key: &SessionKey,
    epoch: i32,
    found: Vec<(TopicIdPartition, Found)>,
    told: Vec<Told>,
) -> ShareFetchResponse {
    let selected = if epoch == INITIAL_EPOCH || epoch == FINAL_EPOCH {
        vec![true; found.len()]
    } else {
        let answer = |(partition, found): &(TopicIdPartition, Found)| Answer {
            partition: *partition,
            has_records: found.has_records(),
            has_error: matches!(found, Found::Failed(_)),
        };
        let answers: Vec<Answer> = found.iter().map(answer).collect();
        match request.broker.shares.sessions().select(key, epoch, &answers) {
            Ok(selected) => selected,
            // The member went on without waiting. What it acquired it has.
            Err(_) => vec![true; found.len()],
        }
    };
    let mut builder = Builder { request, hints: LeaderHints::default(), topics: Vec::new() };
    let mut places = HashMap::new();
    for ((partition, found), is_selected) in found.into_iter().zip(selected) {
        if is_selected {
            builder
                .put(&mut places, partition, |builder, data| builder.fill(partition, found, data));
        }
    }
    for Told { partition, error, text } in told {
        builder.put(&mut places, partition, |_, data| {
            data.acknowledge_error_code = error.code();
            data.acknowledge_error_message = text;
        });
    }
    ShareFetchResponse {
        acquisition_lock_timeout_ms: request.broker.share_settings(&key.group_id).lock_timeout_ms(),
        node_endpoints: builder.hints.share_fetch_endpoints(request),
        responses: builder.topics,
        ..ShareFetchResponse::default()
    }
}

struct Builder<'a> {
    request: &'a Request,
    hints: LeaderHints,
    topics: Vec<ShareFetchableTopicResponse>,
}

impl Builder<'_> {
    /// Puts something into the answer about a partition, which may be there already.
    fn put(
        &mut self,
        places: &mut HashMap<TopicIdPartition, (usize, usize)>,
        of: TopicIdPartition,
        fill: impl FnOnce(&mut Self, &mut PartitionData),
    ) {
        let TopicIdPartition { topic_id, partition } = of;
        if let Some((topic, place)) = places.get(&of).copied() {
            let mut data = std::mem::take(&mut self.topics[topic].partitions[place]);
            fill(self, &mut data);
            self.topics[topic].partitions[place] = data;
            return;
        }
        let mut data = PartitionData {
            partition_index: partition,
            records: Records::default(),
            ..PartitionData::default()
        };
        fill(self, &mut data);
        let topic = self.topics.iter().position(|topic| topic.topic_id == topic_id);
        let topic = topic.unwrap_or_else(|| {
            let topic =
                ShareFetchableTopicResponse { topic_id, ..ShareFetchableTopicResponse::default() };
            self.topics.push(topic);
            self.topics.len() - 1
        });
        let partitions = &mut self.topics[topic].partitions;
        places.insert(of, (topic, partitions.len()));
        partitions.push(data);
    }

    fn fill(&mut self, of: TopicIdPartition, found: Found, data: &mut PartitionData) {
        match found {
            Found::Nothing => {}
            Found::Records(range, ranges) => {
                data.records = Records::from(range);
                let ranges = ranges.into_iter().map(|range| AcquiredRecords {
                    first_offset: range.first_offset,
                    last_offset: range.last_offset,
                    delivery_count: range.delivery_count,
                    ..AcquiredRecords::default()
                });
                data.acquired_records = ranges.collect();
            }
            Found::Failed(error) => {
                data.error_code = error.code();
                let topic = self.request.image.topics.by_id(of.topic_id);
                if let Some(topic) = topic
                    && let Some(leader) =
                        self.hints.leader_for(self.request, &topic.name, of.partition, error)
                {
                    data.current_leader = LeaderIdAndEpoch {
                        leader_id: leader.id,
                        leader_epoch: leader.epoch,
                        ..LeaderIdAndEpoch::default()
                    };
                }
            }
        }
    }
}

fn failed(error: ErrorCode) -> ShareFetchResponse {
    ShareFetchResponse { error_code: error.code(), ..ShareFetchResponse::default() }
}
