//! DeleteShareGroupOffsets: an empty share group forgets topics (kafka-semantics 169).

use group::{DeleteStates, NotDeleted, StatesDeleted};
use wire::messages::{
    DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse,
    delete_share_group_offsets_response::DeleteShareGroupOffsetsResponseTopic,
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;
use crate::share;

/// Lets the states of all partitions of the topics end, and waits for it.
pub(crate) async fn handle(
    request: Request,
    message: DeleteShareGroupOffsetsRequest,
) -> DeleteShareGroupOffsetsResponse {
    let group_id = message.group_id;
    if !share::is_enabled(&request.image) {
        return refused(ErrorCode::UnsupportedVersion);
    }
    let topics = message.topics.into_iter().map(|topic| topic.topic_name).collect();
    let delete = DeleteStates { group_id: group_id.clone(), topics: Some(topics) };
    let end = match request.broker.groups.call(&group_id, delete).await {
        Ok(Ok(end)) => end,
        Ok(Err(error)) => return refused(error_map::group(&error)),
        Err(error) => return refused(error_map::coordination(error)),
    };
    let (mut responses, mut ended) = (Vec::new(), Vec::new());
    for (topic_id, topic_name, partitions) in end.topics {
        let places = partitions.into_iter().map(|index| (topic_id, index)).collect();
        let results = request.broker.end_states(&group_id, places).await;
        let error = share::first_error(results.iter().map(|(_, result)| result));
        if error.is_none() {
            ended.push(topic_id);
        }
        responses.push(DeleteShareGroupOffsetsResponseTopic {
            topic_name,
            topic_id,
            error_code: error.unwrap_or(ErrorCode::None).code(),
            error_message: error.map(|error| Str::from(error.text())),
            ..DeleteShareGroupOffsetsResponseTopic::default()
        });
    }
    if !ended.is_empty() {
        let deleted = StatesDeleted { group_id: group_id.clone(), topic_ids: ended };
        if let Err(error) = request.broker.groups.call(&group_id, deleted).await {
            return refused(error_map::coordination(error));
        }
    }
    responses.extend(end.refused.into_iter().map(|(topic_name, why)| {
        let error = ErrorCode::UnknownTopicOrPartition;
        let text = match why {
            NotDeleted::UnknownTopic => error.text(),
            NotDeleted::NoStates => "There is no offset information to delete.",
        };
        DeleteShareGroupOffsetsResponseTopic {
            topic_name,
            error_code: error.code(),
            error_message: Some(Str::from(text)),
            ..DeleteShareGroupOffsetsResponseTopic::default()
        }
    }));
    DeleteShareGroupOffsetsResponse { responses, ..DeleteShareGroupOffsetsResponse::default() }
}

fn refused(error: ErrorCode) -> DeleteShareGroupOffsetsResponse {
    DeleteShareGroupOffsetsResponse {
        error_code: error.code(),
        error_message: Some(Str::from(error.text())),
        ..DeleteShareGroupOffsetsResponse::default()
    }
}
