//! DeleteTopics.

use metadata::controller::{Error, Reason, TopicReference};
use wire::messages::delete_topics_response::DeletableTopicResult;
use wire::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use wire::{Str, Uuid};

use crate::error_map;
use crate::handle::{Handle, RequestContext};
use crate::operation::Operation;

/// From this version on clients know the error for deletion that is switched off.
const DELETION_DISABLED: i16 = 3;

impl Handle {
    /// Deletes topics (kafka-semantics 200).
    pub async fn delete_topics(
        &self,
        context: &RequestContext,
        request: DeleteTopicsRequest,
    ) -> DeleteTopicsResponse {
        let by_name = request
            .topic_names
            .iter()
            .map(|name| TopicReference { name: Some(name.detach()), id: Uuid::ZERO });
        let by_either = request.topics.iter().map(|topic| TopicReference {
            name: topic.name.as_ref().map(Str::detach),
            id: topic.topic_id,
        });
        let topics: Vec<TopicReference> = by_name.chain(by_either).collect();
        let asked = topics.clone();
        let deleted = match self.check_enabled(context) {
            Ok(()) => {
                let timeout_ms = Some(request.timeout_ms);
                self.ask(timeout_ms, |reply| Operation::DeleteTopics(asked, reply)).await
            }
            Err(error) => Err(error),
        };
        let responses = match deleted {
            Ok(deleted) => {
                deleted.into_iter().map(|deleted| to_wire(deleted.topic, &deleted.result)).collect()
            }
            // A request that fails as a whole has codes, but no texts.
            Err(error) => topics
                .into_iter()
                .map(|topic| DeletableTopicResult {
                    error_message: None,
                    ..to_wire(topic, &Err(error.clone()))
                })
                .collect(),
        };
        DeleteTopicsResponse { responses, ..DeleteTopicsResponse::default() }
    }

    fn check_enabled(&self, context: &RequestContext) -> Result<(), Error> {
        if self.settings().server.node.delete_topic_enable {
            Ok(())
        } else if context.api_version < DELETION_DISABLED {
            let text = "This version does not support topic deletion.";
            Err(Error::new(Reason::InvalidRequest, text))
        } else {
            Err(Error::standard(Reason::TopicDeletionDisabled))
        }
    }
}

fn to_wire(topic: TopicReference, result: &Result<(), Error>) -> DeletableTopicResult {
    let (error_code, error_message) = error_map::result_to_wire(result);
    DeletableTopicResult {
        name: topic.name,
        topic_id: topic.id,
        error_code,
        error_message,
        ..DeletableTopicResult::default()
    }
}
