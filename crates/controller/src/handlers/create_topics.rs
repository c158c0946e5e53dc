//! CreateTopics.

use metadata::controller::{
    CreateTopics, CreatedTopic, Error, NewTopic, ReplicaAssignment, TopicDescription,
};
use wire::messages::create_topics_request::CreatableTopic;
use wire::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use wire::messages::{CreateTopicsRequest, CreateTopicsResponse};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::handle::{Handle, RequestContext};
use crate::operation::Operation;

impl Handle {
    /// Creates topics (kafka-semantics 197, 198).
    pub async fn create_topics(
        &self,
        context: &RequestContext,
        request: CreateTopicsRequest,
    ) -> CreateTopicsResponse {
        let topics = request.topics.iter().map(|topic| new_topic(context, topic)).collect();
        let wanted = CreateTopics {
            topics,
            validate_only: request.validate_only,
            is_forwarded: context.is_forwarded,
        };
        let created = self
            .ask(Some(request.timeout_ms), |reply| Operation::CreateTopics(wanted, reply))
            .await;
        let topics = match created {
            Ok(topics) => topics.into_iter().map(|(name, result)| to_wire(name, result)).collect(),
            Err(error) => {
                let names = request.topics.iter().map(|topic| topic.name.clone());
                names.map(|name| to_wire(name, Err(error.clone()))).collect()
            }
        };
        CreateTopicsResponse { topics, ..CreateTopicsResponse::default() }
    }
}

fn new_topic(context: &RequestContext, topic: &CreatableTopic) -> NewTopic {
    let assignments = topic.assignments.iter().map(|assignment| ReplicaAssignment {
        index: assignment.partition_index,
        brokers: assignment.broker_ids.clone(),
    });
    let configs = topic.configs.iter();
    NewTopic {
        name: topic.name.detach(),
        partition_count: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: assignments.collect(),
        configs: configs.map(|c| (c.name.detach(), c.value.as_ref().map(Str::detach))).collect(),
        may_describe_configs: context.may_describe_configs(&topic.name),
    }
}

fn to_wire(name: Str, result: Result<CreatedTopic, Error>) -> CreatableTopicResult {
    match result {
        Err(error) => {
            let (error_code, error_message) = error_map::to_wire(&error);
            CreatableTopicResult {
                name,
                error_code,
                error_message,
                ..CreatableTopicResult::default()
            }
        }
        Ok(CreatedTopic { id, description }) => {
            let created = CreatableTopicResult {
                name,
                topic_id: id,
                error_message: None,
                ..CreatableTopicResult::default()
            };
            match description {
                Some(description) => described(created, description),
                None => CreatableTopicResult {
                    topic_config_error_code: ErrorCode::TopicAuthorizationFailed.code(),
                    ..created
                },
            }
        }
    }
}

fn described(created: CreatableTopicResult, topic: TopicDescription) -> CreatableTopicResult {
    let configs = topic.configs.into_iter().map(|config| CreatableTopicConfigs {
        name: Str::from(config.name),
        value: config.value.filter(|_| !config.is_sensitive),
        read_only: false,
        config_source: config.source.code(),
        is_sensitive: config.is_sensitive,
        ..CreatableTopicConfigs::default()
    });
    CreatableTopicResult {
        num_partitions: topic.partition_count,
        replication_factor: topic.replication_factor,
        configs: Some(configs.collect()),
        ..created
    }
}
