//! A fetch's outcomes as a response.

use replication::ReadOutcome;
use wire::messages::{
    FetchResponse,
    fetch_response::{
        AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData,
    },
};
use wire::{ErrorCode, Records, Str, Uuid};

use super::plan::{Outcome, Plan};
use crate::fetch_session::{FetchContext, FetchKey, TopicRef};
use crate::leader_hint::LeaderHints;
use crate::request::Request;

/// From this version on the response names the leader the client should go to (KIP-951).
const LEADER_HINTS: i16 = 16;

/// The response, without the partitions that are no news to the session. Partitions of one topic
/// that stand together are answered together.
pub(super) fn to_wire(
    request: &Request,
    context: &FetchContext,
    plan: Plan,
    outcomes: Vec<Outcome>,
) -> FetchResponse {
    let (session_id, selected) = match super::selection(request, context, &plan, &outcomes) {
        Ok(selection) => selection,
        Err(error) => {
            return FetchResponse { error_code: error.code(), ..FetchResponse::default() };
        }
    };
    let mut hints = LeaderHints::default();
    let mut responses: Vec<FetchableTopicResponse> = Vec::new();
    let told = plan.keys().zip(outcomes).zip(selected).enumerate();
    for (place, ((key, outcome), selected)) in told {
        if !selected {
            continue;
        }
        let topic = plan.topic_name(place);
        let data = partition(request, key, topic, outcome, &mut hints);
        let (name, id) = names(key);
        match responses.last_mut().filter(|last| last.topic == name && last.topic_id == id) {
            Some(last) => last.partitions.push(data),
            None => responses.push(FetchableTopicResponse {
                topic: name,
                topic_id: id,
                partitions: vec![data],
                ..FetchableTopicResponse::default()
            }),
        }
    }
    FetchResponse {
        session_id,
        responses,
        node_endpoints: hints.fetch_endpoints(request),
        ..FetchResponse::default()
    }
}

fn names(key: &FetchKey) -> (Str, Uuid) {
    match &key.topic {
        TopicRef::Name(name) => (name.clone(), Uuid::ZERO),
        TopicRef::Id(id) => (Str::new(), *id),
    }
}

fn partition(
    request: &Request,
    key: &FetchKey,
    topic: Option<&Str>,
    outcome: Outcome,
    hints: &mut LeaderHints,
) -> PartitionData {
    match outcome {
        Outcome::Read(read) => read_partition(key.partition, read),
        Outcome::Failed(error) => {
            let mut data = PartitionData {
                partition_index: key.partition,
                error_code: old_code(request.version, error).code(),
                high_watermark: -1,
                records: Some(Records::default()),
                aborted_transactions: None,
                ..PartitionData::default()
            };
            if request.version >= LEADER_HINTS
                && let Some(topic) = topic
                && let Some(leader) = hints.leader_for(request, topic, key.partition, error)
            {
                data.current_leader = LeaderIdAndEpoch {
                    leader_id: leader.id,
                    leader_epoch: leader.epoch,
                    ..LeaderIdAndEpoch::default()
                };
            }
            data
        }
    }
}

fn read_partition(index: i32, read: ReadOutcome) -> PartitionData {
    let aborted = read.aborted_transactions.map(|aborted| {
        let entries = aborted.into_iter().map(|transaction| AbortedTransaction {
            producer_id: transaction.producer_id,
            first_offset: transaction.first_offset,
            ..AbortedTransaction::default()
        });
        entries.collect()
    });
    PartitionData {
        partition_index: index,
        high_watermark: read.high_watermark,
        last_stable_offset: read.last_stable_offset,
        log_start_offset: read.log_start_offset,
        diverging_epoch: read.diverging_epoch.map_or_else(EpochEndOffset::default, |diverging| {
            EpochEndOffset {
                epoch: diverging.epoch,
                end_offset: diverging.end_offset,
                ..EpochEndOffset::default()
            }
        }),
        aborted_transactions: aborted,
        records: Some(read.range.map_or_else(Records::default, Records::from)),
        ..PartitionData::default()
    }
}

/// Clients before version 6 do not know of storage errors (kafka-apis 44).
fn old_code(version: i16, error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::KafkaStorageError if version <= 5 => ErrorCode::NotLeaderOrFollower,
        error => error,
    }
}
