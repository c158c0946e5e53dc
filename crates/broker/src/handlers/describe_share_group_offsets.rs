//! DescribeShareGroupOffsets: how far share groups are (kafka-apis 90).

use ::share::coordinator::{ReadSummary, Summary};
use group::ListStates;
use wire::messages::{
    DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse,
    describe_share_group_offsets_request::DescribeShareGroupOffsetsRequestGroup,
    describe_share_group_offsets_response::{
        DescribeShareGroupOffsetsResponseGroup, DescribeShareGroupOffsetsResponsePartition,
        DescribeShareGroupOffsetsResponseTopic,
    },
};
use wire::{ErrorCode, Str, Uuid};

use crate::error_map;
use crate::request::Request;
use crate::share::{self, StateCall};

/// Nothing is known.
const NONE: i64 = -1;

/// Asks the share coordinators of all partitions, or of those that the group has states of.
pub(crate) async fn handle(
    request: Request,
    message: DescribeShareGroupOffsetsRequest,
) -> DescribeShareGroupOffsetsResponse {
    let mut groups = Vec::with_capacity(message.groups.len());
    for group in message.groups {
        groups.push(describe(&request, group).await);
    }
    DescribeShareGroupOffsetsResponse { groups, ..DescribeShareGroupOffsetsResponse::default() }
}

async fn describe(
    request: &Request,
    asked: DescribeShareGroupOffsetsRequestGroup,
) -> DescribeShareGroupOffsetsResponseGroup {
    let group_id = asked.group_id;
    if !share::is_enabled(&request.image) {
        return refused(group_id, ErrorCode::UnsupportedVersion, None);
    }
    let topics: Vec<(Str, Vec<i32>)> = match asked.topics {
        Some(topics) => {
            topics.into_iter().map(|topic| (topic.topic_name, topic.partitions)).collect()
        }
        None => {
            let list = ListStates { group_id: group_id.clone() };
            match request.broker.groups.call(&group_id, list).await {
                Ok(Ok(states)) => {
                    let named = states.into_iter().filter_map(|(topic_id, partitions)| {
                        let topic = request.image.topics.by_id(topic_id)?;
                        Some((topic.name.clone(), partitions.into_iter().collect()))
                    });
                    named.collect()
                }
                Ok(Err(error)) => {
                    let text = Str::from(error.to_string());
                    return refused(group_id, error_map::group(&error), Some(text));
                }
                Err(error) => {
                    let error = error_map::coordination(error);
                    return refused(group_id, error, Some(Str::from(error.text())));
                }
            }
        }
    };
    let mut described = Vec::with_capacity(topics.len());
    for (name, partitions) in topics {
        described.push(describe_topic(request, &group_id, name, partitions).await);
    }
    DescribeShareGroupOffsetsResponseGroup {
        group_id,
        topics: described,
        ..DescribeShareGroupOffsetsResponseGroup::default()
    }
}

async fn describe_topic(
    request: &Request,
    group_id: &Str,
    name: Str,
    partitions: Vec<i32>,
) -> DescribeShareGroupOffsetsResponseTopic {
    let topic_id = request.image.topics.id(&name);
    let states = StateCall { request, group_id, verb: "read summary of" };
    let asked: Vec<_> = partitions
        .into_iter()
        .map(|index| {
            let summary = topic_id.map(|topic_id| {
                let (key, exists) = states.key(topic_id, index);
                states.ask(&key, ReadSummary { key: key.clone(), exists })
            });
            (index, summary)
        })
        .collect();
    let mut partitions = Vec::with_capacity(asked.len());
    for (index, summary) in asked {
        let summary = match summary {
            Some(summary) => summary.await.ok(),
            None => None,
        };
        partitions.push(describe_partition(request, &name, index, summary));
    }
    DescribeShareGroupOffsetsResponseTopic {
        topic_name: name,
        topic_id: topic_id.unwrap_or(Uuid::ZERO),
        partitions,
        ..DescribeShareGroupOffsetsResponseTopic::default()
    }
}

/// What there is no state of has no offset, which is no error.
fn describe_partition(
    request: &Request,
    topic: &Str,
    partition_index: i32,
    summary: Option<Summary>,
) -> DescribeShareGroupOffsetsResponsePartition {
    let mut told = DescribeShareGroupOffsetsResponsePartition {
        partition_index,
        start_offset: NONE,
        lag: NONE,
        ..DescribeShareGroupOffsetsResponsePartition::default()
    };
    let Some(summary) = summary else { return told };
    told.start_offset = summary.start_offset;
    told.leader_epoch = summary.leader_epoch;
    if summary.start_offset == NONE || summary.delivery_complete_count < 0 {
        return told;
    }
    match request.broker.replicas.get(topic, partition_index) {
        Ok(replica) => {
            let to_deliver = replica.high_watermark() - summary.start_offset;
            told.lag = to_deliver - i64::from(summary.delivery_complete_count);
        }
        Err(error) => {
            let error = error_map::lookup(&error);
            told.error_code = error.code();
            told.error_message = Some(Str::from(error.text()));
        }
    }
    told
}

fn refused(
    group_id: Str,
    error: ErrorCode,
    text: Option<Str>,
) -> DescribeShareGroupOffsetsResponseGroup {
    DescribeShareGroupOffsetsResponseGroup {
        group_id,
        error_code: error.code(),
        error_message: text,
        ..DescribeShareGroupOffsetsResponseGroup::default()
    }
}
