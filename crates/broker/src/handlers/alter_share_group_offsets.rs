//! AlterShareGroupOffsets: where an empty share group goes on (kafka-semantics 169).

use std::collections::HashMap;

use group::{AlterStates, AlteredTopic};
use wire::messages::{
    AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse,
    alter_share_group_offsets_response::{
        AlterShareGroupOffsetsResponsePartition, AlterShareGroupOffsetsResponseTopic,
    },
};
use wire::{ErrorCode, Str, Uuid};

use crate::error_map;
use crate::request::Request;
use crate::share;

/// What becomes of each partition.
type Results = HashMap<(Uuid, i32), (ErrorCode, Str)>;

/// Lets the states of the partitions begin anew, and waits for it.
pub(crate) async fn handle(
    request: Request,
    message: AlterShareGroupOffsetsRequest,
) -> AlterShareGroupOffsetsResponse {
    let group_id = message.group_id;
    if !share::is_enabled(&request.image) {
        return refused(ErrorCode::UnsupportedVersion, None);
    }
    let topics = message.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter();
        let partitions = partitions.map(|wanted| (wanted.partition_index, wanted.start_offset));
        (topic.topic_name, partitions.collect())
    });
    let alter = AlterStates { group_id: group_id.clone(), topics: topics.collect() };
    let (altered, begins) = match request.broker.groups.call(&group_id, alter).await {
        Ok(Ok(altered)) => altered,
        Ok(Err(error)) => return refused(error_map::group(&error), None),
        Err(error) => return refused(error_map::coordination(error), None),
    };
    let begun = request.broker.begin_states(&begins).await;
    let failed = begun.into_iter().filter_map(|(place, result)| Some((place, result.err()?)));
    let failed: Results = failed.collect();
    let responses = altered.into_iter().map(|topic| to_wire(topic, &failed)).collect();
    AlterShareGroupOffsetsResponse { responses, ..AlterShareGroupOffsetsResponse::default() }
}

fn to_wire(topic: AlteredTopic, failed: &Results) -> AlterShareGroupOffsetsResponseTopic {
    let partitions = topic.partitions.iter().map(|(index, exists)| {
        let unknown = ErrorCode::UnknownTopicOrPartition;
        let refusal = match failed.get(&(topic.topic_id, *index)) {
            _ if !exists => Some((unknown, Str::from(unknown.text()))),
            refusal => refusal.cloned(),
        };
        AlterShareGroupOffsetsResponsePartition {
            partition_index: *index,
            error_code: refusal.as_ref().map_or(ErrorCode::None, |(error, _)| *error).code(),
            error_message: refusal.map(|(_, text)| text),
            ..AlterShareGroupOffsetsResponsePartition::default()
        }
    });
    AlterShareGroupOffsetsResponseTopic {
        topic_name: topic.name,
        topic_id: topic.topic_id,
        partitions: partitions.collect(),
        ..AlterShareGroupOffsetsResponseTopic::default()
    }
}

fn refused(error: ErrorCode, text: Option<Str>) -> AlterShareGroupOffsetsResponse {
    AlterShareGroupOffsetsResponse {
        error_code: error.code(),
        error_message: Some(text.unwrap_or_else(|| Str::from(error.text()))),
        ..AlterShareGroupOffsetsResponse::default()
    }
}
