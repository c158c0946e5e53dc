//! Metadata: who is in the cluster and where the partitions are (kafka-apis 32–34,
//! kafka-semantics 83–87).

use ::metadata::{Image, Partition, Topic};
use wire::messages::{
    MetadataRequest, MetadataResponse,
    metadata_request::MetadataRequestTopic,
    metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
};
use wire::{ErrorCode, Str, Uuid};

use crate::auto_create::AutoCreation;
use crate::once::each_once;
use crate::operations::{self, authorized_operations};
use crate::request::Request;
use crate::topic_name;

/// Answers from the image; topics that may be created are asked of the controller, and told to be
/// unknown for now.
pub(crate) async fn handle(request: Request, message: MetadataRequest) -> MetadataResponse {
    let mut response = MetadataResponse {
        cluster_id: Some(request.broker.cluster_id.clone()),
        brokers: brokers(&request),
        controller_id: controller_id(&request),
        ..MetadataResponse::default()
    };
    if message.include_cluster_authorized_operations {
        response.cluster_authorized_operations = authorized_operations(operations::CLUSTER);
    }
    let with_operations = message.include_topic_authorized_operations;
    let Some(asked) = asked(request.version, message.topics) else {
        let topics = request.image.topics.sorted_by_name();
        let describe = |topic| describe(&request, topic, with_operations);
        response.topics = topics.into_iter().map(|topic| describe(topic)).collect();
        return response;
    };
    let mut missing = Vec::new();
    for asked in asked {
        match find(&request.image, &asked) {
            Some(topic) => response.topics.push(describe(&request, topic, with_operations)),
            None if asked.topic_id.is_zero() => {
                let name = asked.name.unwrap_or_default();
                missing.push(name);
            }
            None => response.topics.push(unknown_id(asked.topic_id)),
        }
    }
    let may_create = message.allow_auto_topic_creation || request.version < 4;
    create_absent(&request, &missing, may_create);
    response.topics.extend(missing.into_iter().map(|name| absent(name, with_operations)));
    response
}

/// The topics asked for, each once; `None` stands for all of them (kafka-apis 32). Beside topics
/// asked for by id, names are not looked at.
fn asked(
    version: i16,
    topics: Option<Vec<MetadataRequestTopic>>,
) -> Option<Vec<MetadataRequestTopic>> {
    let mut topics = topics.filter(|topics| version > 0 || !topics.is_empty())?;
    if topics.iter().any(|topic| !topic.topic_id.is_zero()) {
        topics.retain(|topic| !topic.topic_id.is_zero());
    }
    each_once(&mut topics, |topic| (topic.topic_id, topic.name.clone()));
    Some(topics)
}

fn find<'a>(image: &'a Image, asked: &MetadataRequestTopic) -> Option<&'a Topic> {
    let topic = if asked.topic_id.is_zero() {
        image.topics.by_name(asked.name.as_deref()?)
    } else {
        image.topics.by_id(asked.topic_id)
    };
    topic.map(AsRef::as_ref)
}

/// The brokers that clients of this listener can reach; fenced ones are not shown.
fn brokers(request: &Request) -> Vec<MetadataResponseBroker> {
    let reachable = request.image.cluster.unfenced().filter_map(|broker| {
        let endpoint = broker.endpoint(&request.listener)?;
        Some(MetadataResponseBroker {
            node_id: broker.id,
            host: endpoint.host.clone(),
            port: i32::from(endpoint.port),
            rack: broker.rack.clone(),
            ..MetadataResponseBroker::default()
        })
    });
    reachable.collect()
}

/// Any live broker: clients send it what is for the controller, and it forwards (kafka-apis 33).
fn controller_id(request: &Request) -> i32 {
    let alive: Vec<i32> = request.image.cluster.unfenced().map(|broker| broker.id).collect();
    match alive.len() {
        0 => -1,
        count => alive[request.broker.env.random().below(count as u64) as usize],
    }
}

fn describe(request: &Request, topic: &Topic, with_operations: bool) -> MetadataResponseTopic {
    let partitions = topic.partitions();
    MetadataResponseTopic {
        error_code: ErrorCode::None.code(),
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        is_internal: topic_name::is_internal(&topic.name),
        partitions: partitions
            .map(|(index, partition)| describe_partition(request, index, partition))
            .collect(),
        topic_authorized_operations: topic_operations(with_operations),
        ..MetadataResponseTopic::default()
    }
}

fn describe_partition(
    request: &Request,
    index: i32,
    partition: &Partition,
) -> MetadataResponsePartition {
    let image = &request.image;
    let reachable = |id: i32| {
        let broker = image.cluster.broker(id).filter(|broker| !broker.fenced)?;
        broker.endpoint(&request.listener)
    };
    let offline: Vec<i32> = partition
        .replicas
        .iter()
        .copied()
        .filter(|id| reachable(*id).is_none() || !is_directory_online(image, partition, *id))
        .collect();
    let leader_online = partition.has_leader() && reachable(partition.leader).is_some();
    let error = if leader_online {
        let unavailable = !offline.is_empty() && request.version == 0;
        if unavailable { ErrorCode::ReplicaNotAvailable } else { ErrorCode::None }
    } else if partition.has_leader() && request.version >= 6 && is_alive(image, partition.leader) {
        ErrorCode::ListenerNotFound
    } else {
        ErrorCode::LeaderNotAvailable
    };
    let shown = |ids: &[i32]| -> Vec<i32> {
        // Version 0 clients cannot cope with replicas whose broker is not in the response.
        ids.iter().copied().filter(|id| request.version > 0 || reachable(*id).is_some()).collect()
    };
    MetadataResponsePartition {
        error_code: error.code(),
        partition_index: index,
        leader_id: if leader_online { partition.leader } else { -1 },
        leader_epoch: partition.leader_epoch,
        replica_nodes: shown(&partition.replicas),
        isr_nodes: shown(&partition.isr),
        offline_replicas: offline,
        ..MetadataResponsePartition::default()
    }
}

fn is_alive(image: &Image, broker: i32) -> bool {
    image.cluster.broker(broker).is_some_and(|broker| !broker.fenced)
}

fn is_directory_online(image: &Image, partition: &Partition, broker: i32) -> bool {
    let registration = image.cluster.broker(broker);
    let directory = partition.directory(broker);
    match (registration, directory) {
        (Some(registration), Some(directory)) => registration.has_online_directory(directory),
        (registration, _) => registration.is_some(),
    }
}

fn unknown_id(id: Uuid) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code: ErrorCode::UnknownTopicId.code(),
        name: None,
        topic_id: id,
        ..MetadataResponseTopic::default()
    }
}

/// Starts the creation of topics that do not exist, where that is allowed.
fn create_absent(request: &Request, names: &[Str], may_create: bool) {
    let may_create = may_create && request.broker.config().node.auto_create_topics_enable;
    let valid = names.iter().filter(|name| topic_name::is_valid(name)).cloned();
    let valid: Vec<Str> = if may_create { valid.collect() } else { Vec::new() };
    if !valid.is_empty() {
        AutoCreation::start(&request.broker, &valid);
    }
}

/// A topic that does not exist is told to be unknown, which clients take as "ask again" when it is
/// being created (kafka-semantics 83). What one may do to it is told all the same.
fn absent(name: Str, with_operations: bool) -> MetadataResponseTopic {
    let error = if topic_name::is_valid(&name) {
        ErrorCode::UnknownTopicOrPartition
    } else {
        ErrorCode::InvalidTopicException
    };
    MetadataResponseTopic {
        error_code: error.code(),
        is_internal: topic_name::is_internal(&name),
        name: Some(name),
        topic_authorized_operations: topic_operations(with_operations),
        ..MetadataResponseTopic::default()
    }
}

/// What the caller may do to a topic; `i32::MIN` when it did not ask.
fn topic_operations(asked: bool) -> i32 {
    if asked { authorized_operations(operations::TOPIC) } else { i32::MIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(id: u64, name: Option<&'static str>) -> MetadataRequestTopic {
        MetadataRequestTopic {
            topic_id: Uuid::from_halves(0, id),
            name: name.map(Str::from_static),
            ..MetadataRequestTopic::default()
        }
    }

    #[test]
    fn what_one_may_do_is_told_of_topics_that_do_not_exist_too() {
        let absent_topic = |name| absent(Str::from_static(name), true);
        for (name, error) in [
            ("t", ErrorCode::UnknownTopicOrPartition),
            ("no name!", ErrorCode::InvalidTopicException),
        ] {
            let topic = absent_topic(name);
            assert_eq!((topic.error_code, topic.topic_authorized_operations), (error.code(), 3576));
        }
        assert_eq!(absent(Str::from_static("t"), false).topic_authorized_operations, i32::MIN);
    }

    #[test]
    fn each_topic_is_answered_once() {
        let twice = vec![topic(0, Some("a")), topic(0, Some("b")), topic(0, Some("a"))];
        let once = vec![topic(0, Some("a")), topic(0, Some("b"))];
        assert_eq!(asked(13, Some(twice)), Some(once));
    }

    #[test]
    fn names_beside_ids_are_not_looked_at() {
        let both = vec![topic(7, None), topic(0, Some("a"))];
        assert_eq!(asked(13, Some(both)), Some(vec![topic(7, None)]));
    }

    #[test]
    fn no_topic_means_all_of_them_in_version_0() {
        assert_eq!(asked(0, Some(Vec::new())), None);
        assert_eq!(asked(1, Some(Vec::new())), Some(Vec::new()));
        assert_eq!(asked(1, None), None);
    }
}
