//! CreatePartitions.

use metadata::controller::{CreatePartitions, GrowTopic};
use wire::messages::create_partitions_response::CreatePartitionsTopicResult;
use wire::messages::{CreatePartitionsRequest, CreatePartitionsResponse};

use crate::error_map;
use crate::handle::Handle;
use crate::operation::Operation;

impl Handle {
    /// Adds partitions to topics (kafka-semantics 201).
    pub async fn create_partitions(
        &self,
        request: CreatePartitionsRequest,
    ) -> CreatePartitionsResponse {
        let topics = request.topics.iter().map(|topic| GrowTopic {
            name: topic.name.detach(),
            count: topic.count,
            assignments: topic
                .assignments
                .as_ref()
                .map(|assignments| assignments.iter().map(|a| a.broker_ids.clone()).collect()),
        });
        let wanted =
            CreatePartitions { topics: topics.collect(), validate_only: request.validate_only };
        let timeout_ms = Some(request.timeout_ms);
        let grown = self.ask(timeout_ms, |reply| Operation::CreatePartitions(wanted, reply)).await;
        let grown = grown.unwrap_or_else(|error| {
            let names = request.topics.iter().map(|topic| topic.name.clone());
            names.map(|name| (name, Err(error.clone()))).collect()
        });
        let results = grown.into_iter().map(|(name, result)| {
            let (error_code, error_message) = error_map::result_to_wire(&result);
            CreatePartitionsTopicResult {
                name,
                error_code,
                error_message,
                ..CreatePartitionsTopicResult::default()
            }
        });
        CreatePartitionsResponse {
            results: results.collect(),
            ..CreatePartitionsResponse::default()
        }
    }
}
