//! Requests, built from the little that matters in them.

use wire::messages::*;
use wire::{Request, Str, Uuid};

use super::{Known, Step};

pub(super) fn step(title: &'static str, version: i16, request: impl Into<Request>) -> Step {
    let request = request.into();
    Step { title, version, request: Box::new(move |_| request.clone()) }
}

pub(super) fn with(
    title: &'static str,
    version: i16,
    request: impl Fn(&Known) -> Request + 'static,
) -> Step {
    Step { title, version, request: Box::new(request) }
}

pub(super) fn str(text: &str) -> Str {
    Str::copy_from(text)
}

/// A topic: name, partitions, replicas, configurations.
pub(super) type Topic<'a> = (&'a str, i32, i16, &'a [(&'a str, Option<&'a str>)]);

pub(super) fn create(topics: &[Topic<'_>], validate_only: bool) -> Request {
    use create_topics_request::{CreatableTopic, CreatableTopicConfig};
    let topics = topics.iter().map(|(name, partitions, factor, configs)| CreatableTopic {
        name: str(name),
        num_partitions: *partitions,
        replication_factor: *factor,
        configs: configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig {
                name: str(name),
                value: value.map(str),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    let topics = topics.collect();
    CreateTopicsRequest { topics, timeout_ms: 30_000, validate_only, ..Default::default() }.into()
}

pub(super) fn create_one(name: &str, configs: &[(&str, Option<&str>)]) -> Request {
    create(&[(name, 1, 1, configs)], false)
}

pub(super) fn assign(
    name: &str,
    partitions: i32,
    factor: i16,
    assigned: &[(i32, &[i32])],
) -> Request {
    use create_topics_request::{CreatableReplicaAssignment, CreatableTopic};
    let assignments = assigned.iter().map(|(index, brokers)| CreatableReplicaAssignment {
        partition_index: *index,
        broker_ids: brokers.to_vec(),
        ..Default::default()
    });
    let topic = CreatableTopic {
        name: str(name),
        num_partitions: partitions,
        replication_factor: factor,
        assignments: assignments.collect(),
        ..Default::default()
    };
    CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, ..Default::default() }.into()
}

pub(super) fn delete(topics: &[(Option<&str>, Uuid)]) -> Request {
    let topics = topics.iter().map(|(name, id)| delete_topics_request::DeleteTopicState {
        name: name.map(str),
        topic_id: *id,
        ..Default::default()
    });
    DeleteTopicsRequest { topics: topics.collect(), timeout_ms: 30_000, ..Default::default() }
        .into()
}

/// A topic, its new number of partitions, and who shall have the new ones.
pub(super) type Growth<'a> = (&'a str, i32, Option<&'a [&'a [i32]]>);

pub(super) fn grow(topics: &[Growth<'_>], validate_only: bool) -> Request {
    use create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
    let topics = topics.iter().map(|(name, count, assigned)| CreatePartitionsTopic {
        name: str(name),
        count: *count,
        assignments: assigned.map(|assigned| {
            let one = |brokers: &&[i32]| CreatePartitionsAssignment {
                broker_ids: brokers.to_vec(),
                ..Default::default()
            };
            assigned.iter().map(one).collect()
        }),
        ..Default::default()
    });
    let topics = topics.collect();
    CreatePartitionsRequest { topics, timeout_ms: 30_000, validate_only, ..Default::default() }
        .into()
}

/// Resource types of the protocol.
pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
pub(super) const METRICS: i8 = 16;
pub(super) const GROUP: i8 = 32;
/// Operations of IncrementalAlterConfigs.
pub(super) const SET: i8 = 0;
pub(super) const DELETE: i8 = 1;
pub(super) const APPEND: i8 = 2;
pub(super) const SUBTRACT: i8 = 3;

pub(super) fn alter(resource_type: i8, name: &str, ops: &[(i8, &str, Option<&str>)]) -> Request {
    alter_all(&[(resource_type, name)], ops)
}

pub(super) fn alter_all(resources: &[(i8, &str)], ops: &[(i8, &str, Option<&str>)]) -> Request {
    use incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let configs: Vec<AlterableConfig> = ops
        .iter()
        .map(|(operation, name, value)| AlterableConfig {
            name: str(name),
            config_operation: *operation,
            value: value.map(str),
            ..Default::default()
        })
        .collect();
    let resources = resources.iter().map(|(resource_type, name)| AlterConfigsResource {
        resource_type: *resource_type,
        resource_name: str(name),
        configs: configs.clone(),
        ..Default::default()
    });
    IncrementalAlterConfigsRequest { resources: resources.collect(), ..Default::default() }.into()
}

pub(super) fn replace(resource_type: i8, name: &str, configs: &[(&str, Option<&str>)]) -> Request {
    use alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let configs = configs.iter().map(|(name, value)| AlterableConfig {
        name: str(name),
        value: value.map(str),
        ..Default::default()
    });
    let resource = AlterConfigsResource {
        resource_type,
        resource_name: str(name),
        configs: configs.collect(),
        ..Default::default()
    };
    AlterConfigsRequest { resources: vec![resource], ..Default::default() }.into()
}

pub(super) fn describe(resource_type: i8, name: &str, keys: Option<&[&str]>) -> Request {
    let resource = describe_configs_request::DescribeConfigsResource {
        resource_type,
        resource_name: str(name),
        configuration_keys: keys.map(|keys| keys.iter().map(|key| str(key)).collect()),
        ..Default::default()
    };
    DescribeConfigsRequest {
        resources: vec![resource],
        include_synonyms: true,
        ..Default::default()
    }
    .into()
}

pub(super) fn elect(election_type: i8, partitions: Option<&[(&str, i32)]>) -> Request {
    let topics = partitions.map(|partitions| {
        let one = |(topic, index): &(&str, i32)| elect_leaders_request::TopicPartitions {
            topic: str(topic),
            partitions: vec![*index],
            ..Default::default()
        };
        partitions.iter().map(one).collect()
    });
    ElectLeadersRequest {
        election_type,
        topic_partitions: topics,
        timeout_ms: 30_000,
        ..Default::default()
    }
    .into()
}

pub(super) fn reassign(
    topic: &str,
    index: i32,
    replicas: Option<&[i32]>,
    may_change: bool,
) -> Request {
    use alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
    let partition = ReassignablePartition {
        partition_index: index,
        replicas: replicas.map(<[i32]>::to_vec),
        ..Default::default()
    };
    let topic =
        ReassignableTopic { name: str(topic), partitions: vec![partition], ..Default::default() };
    AlterPartitionReassignmentsRequest {
        timeout_ms: 30_000,
        allow_replication_factor_change: may_change,
        topics: vec![topic],
        ..Default::default()
    }
    .into()
}

pub(super) fn features(updates: &[(&str, i16, i8)], validate_only: bool) -> Request {
    let updates =
        updates.iter().map(|(name, level, kind)| update_features_request::FeatureUpdateKey {
            feature: str(name),
            max_version_level: *level,
            upgrade_type: *kind,
            ..Default::default()
        });
    UpdateFeaturesRequest {
        timeout_ms: 30_000,
        feature_updates: updates.collect(),
        validate_only,
        ..Default::default()
    }
    .into()
}

pub(super) fn propose(topic_id: Uuid, broker_epoch: i64) -> Request {
    use alter_partition_request::{BrokerState, PartitionData, TopicData};
    let member = BrokerState { broker_id: 1, broker_epoch: -1, ..Default::default() };
    let partition = |partition_index, leader_epoch, partition_epoch| PartitionData {
        partition_index,
        leader_epoch,
        partition_epoch,
        new_isr_with_epochs: vec![member.clone()],
        ..Default::default()
    };
    let topic = TopicData {
        topic_id,
        partitions: vec![partition(0, 0, 0), partition(0, 5, 0), partition(7, 0, 0)],
        ..Default::default()
    };
    AlterPartitionRequest { broker_id: 1, broker_epoch, topics: vec![topic], ..Default::default() }
        .into()
}
