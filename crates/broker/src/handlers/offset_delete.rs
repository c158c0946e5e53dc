//! OffsetDelete (kafka-semantics 120).

use std::collections::HashMap;

use group::{DeleteOffsets, DeletedTopic};
use wire::messages::{
    OffsetDeleteRequest, OffsetDeleteResponse,
    offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic},
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::request::Request;

/// Deletes the offsets of partitions that exist.
pub(crate) async fn handle(request: Request, message: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let mut response = Response::default();
    let mut topics = Vec::new();
    for asked in message.topics {
        let topic = request.image.topics.by_name(&asked.name);
        let (known, unknown): (Vec<i32>, Vec<i32>) = asked
            .partitions
            .into_iter()
            .map(|partition| partition.partition_index)
            .partition(|index| topic.is_some_and(|topic| topic.partition(*index).is_some()));
        response.add(&asked.name, &unknown, ErrorCode::UnknownTopicOrPartition);
        if !known.is_empty() {
            topics.push((asked.name, known));
        }
    }
    let delete = DeleteOffsets { group_id: message.group_id.clone(), topics };
    let error = match request.broker.groups.call(&message.group_id, delete).await {
        Ok(Ok(deleted)) => {
            for DeletedTopic { name, partitions, result } in deleted {
                let error = result.as_ref().err().map_or(ErrorCode::None, error_map::group);
                response.add(&name, &partitions, error);
            }
            let topics = response.topics;
            return OffsetDeleteResponse { topics, ..OffsetDeleteResponse::default() };
        }
        Ok(Err(error)) => error_map::group(&error),
        Err(error) => error_map::coordination(error),
    };
    OffsetDeleteResponse { error_code: error.code(), ..OffsetDeleteResponse::default() }
}

/// The response, topics in the order they are first spoken of.
#[derive(Default)]
struct Response {
    topics: Vec<OffsetDeleteResponseTopic>,
    places: HashMap<Str, usize>,
}

impl Response {
    fn add(&mut self, name: &Str, indexes: &[i32], error: ErrorCode) {
        if indexes.is_empty() {
            return;
        }
        let place = *self.places.entry(name.clone()).or_insert_with(|| {
            let name = name.clone();
            self.topics.push(OffsetDeleteResponseTopic { name, partitions: Vec::new() });
            self.topics.len() - 1
        });
        let error_code = error.code();
        let partitions = indexes
            .iter()
            .map(|index| OffsetDeleteResponsePartition { partition_index: *index, error_code });
        self.topics[place].partitions.extend(partitions);
    }
}
