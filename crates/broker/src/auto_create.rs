//! Topics that come into being because somebody asks for them (kafka-semantics 83, 84, 243).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use config::ServerConfig;
use wire::messages::{
    CreateTopicsRequest,
    create_topics_request::{CreatableTopic, CreatableTopicConfig},
};
use wire::{ErrorCode, Response, Str};

use crate::state::Broker;
use crate::topic_name::{CONSUMER_OFFSETS, SHARE_GROUP_STATE, TRANSACTION_STATE};

/// Version of CreateTopics as this broker sends it.
pub(crate) const CREATE_TOPICS_VERSION: i16 = 7;

/// Topics whose creation is under way, so that a storm of clients asks the controller once.
#[derive(Debug, Default)]
pub(crate) struct AutoCreation {
    under_way: Mutex<BTreeSet<Str>>,
}

impl AutoCreation {
    /// Asks the controller for topics, in the background; those asked for already are left out.
    pub(crate) fn start(broker: &Arc<Broker>, names: &[Str]) {
        let new: Vec<Str> = {
            let mut under_way = lock(&broker.auto_creation);
            names.iter().map(Str::detach).filter(|name| under_way.insert(name.clone())).collect()
        };
        if new.is_empty() {
            return;
        }
        let creator = Arc::clone(broker);
        let work = async move {
            create(&creator, &new).await;
            let mut under_way = lock(&creator.auto_creation);
            new.iter().for_each(|name| {
                under_way.remove(name);
            });
        };
        drop(broker.env.spawn("create topics", work));
    }
}

fn lock(creation: &AutoCreation) -> std::sync::MutexGuard<'_, BTreeSet<Str>> {
    creation.under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn create(broker: &Broker, names: &[Str]) {
    let config = broker.config();
    let request = CreateTopicsRequest {
        topics: names.iter().map(|name| creatable(&config, name)).collect(),
        timeout_ms: config.node.request_timeout_ms,
        ..CreateTopicsRequest::default()
    };
    match broker.controller.send(request.into(), CREATE_TOPICS_VERSION).await {
        Ok(Response::CreateTopics(response)) => {
            for topic in response.topics {
                let error = ErrorCode::from_code(topic.error_code);
                if !matches!(error, Some(ErrorCode::None | ErrorCode::TopicAlreadyExists)) {
                    let message = topic.error_message.unwrap_or_default();
                    tracing::warn!("topic {} is not created: {message}", &*topic.name);
                }
            }
        }
        Ok(_) => tracing::error!("the controller answered something else"),
        Err(error) => tracing::warn!("topics are not created: {error}"),
    }
}

fn creatable(config: &ServerConfig, name: &Str) -> CreatableTopic {
    let (partitions, replicas, settings) = match &**name {
        CONSUMER_OFFSETS => {
            let group = &config.group_coordinator;
            let segment_bytes = group.offsets_topic_segment_bytes;
            let settings = vec![
                ("cleanup.policy", "compact".to_owned()),
                ("compression.type", "producer".to_owned()),
                ("segment.bytes", segment_bytes.to_string()),
            ];
            (group.offsets_topic_num_partitions, group.offsets_topic_replication_factor, settings)
        }
        TRANSACTION_STATE => {
            let transaction = &config.transaction;
            let settings = vec![
                ("cleanup.policy", "compact".to_owned()),
                ("compression.type", "uncompressed".to_owned()),
                ("min.insync.replicas", transaction.state_log_min_isr.to_string()),
                ("segment.bytes", transaction.state_log_segment_bytes.to_string()),
                ("unclean.leader.election.enable", "false".to_owned()),
            ];
            let partitions = transaction.state_log_num_partitions;
            (partitions, transaction.state_log_replication_factor, settings)
        }
        SHARE_GROUP_STATE => {
            let share = &config.share;
            let settings = vec![
                ("cleanup.policy", "delete".to_owned()),
                ("compression.type", "producer".to_owned()),
                ("min.insync.replicas", share.state_topic_min_isr.to_string()),
                ("retention.ms", "-1".to_owned()),
                ("segment.bytes", share.state_topic_segment_bytes.to_string()),
            ];
            (share.state_topic_num_partitions, share.state_topic_replication_factor, settings)
        }
        _ => (-1, -1, Vec::new()),
    };
    let settings = settings.into_iter().map(|(name, value)| CreatableTopicConfig {
        name: Str::from(name),
        value: Some(Str::from(value)),
        ..CreatableTopicConfig::default()
    });
    CreatableTopic {
        name: name.clone(),
        num_partitions: partitions,
        replication_factor: replicas,
        configs: settings.collect(),
        ..CreatableTopic::default()
    }
}
