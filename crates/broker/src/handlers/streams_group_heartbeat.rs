//! StreamsGroupHeartbeat (kafka-semantics 171 to 175).

use std::collections::HashSet;
use std::time::Duration;

use group::{
    Client, CopartitionGroup, Endpoint, EndpointPartitions, StreamsBeat, StreamsHeartbeat,
    StreamsStatus, Subtopology, Tasks, Topology, TopologyTopic,
};
use wire::messages::{
    StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse,
    streams_group_heartbeat_request as asked, streams_group_heartbeat_response as told,
};
use wire::{ErrorCode, Str};

use crate::error_map;
use crate::groups::{java_address, serves_streams};
use crate::request::Request;
use crate::streams_topics::StreamsTopics;
use crate::topic_name;

/// Failures that a status names; the others are counted.
const FAILURES_SHOWN_MAX: usize = 3;

/// Tells the coordinator, and sees to the internal topics that it misses.
pub(crate) async fn handle(
    request: Request,
    message: StreamsGroupHeartbeatRequest,
) -> StreamsGroupHeartbeatResponse {
    if !serves_streams(&request) {
        return refused(ErrorCode::UnsupportedVersion, None);
    }
    if let Some(text) = message.topology.as_ref().and_then(wrong_names) {
        return refused(ErrorCode::StreamsInvalidTopology, Some(text));
    }
    let group_id = message.group_id.clone();
    let heartbeat = from_wire(message, &request);
    let mut beat = match request.broker.groups.call(&group_id, heartbeat).await {
        Ok(Ok(beat)) => beat,
        Ok(Err(error)) => return refused(error_map::streams(&error), Some(error.to_string())),
        Err(error) => return refused(error_map::coordination(error), None),
    };
    if !beat.missing_topics.is_empty() {
        create_topics(&request, &mut beat);
    }
    to_wire(beat)
}

fn refused(code: ErrorCode, text: Option<String>) -> StreamsGroupHeartbeatResponse {
    StreamsGroupHeartbeatResponse {
        error_code: code.code(),
        error_message: text.map(Str::from),
        ..StreamsGroupHeartbeatResponse::default()
    }
}

/// What is wrong with the names of topics in a topology (kafka-semantics 172).
fn wrong_names(topology: &asked::Topology) -> Option<String> {
    let mut seen = HashSet::new();
    let names = topology.subtopologies.iter().flat_map(|part| {
        let sinks = part.source_topics.iter().chain(&part.repartition_sink_topics);
        let internal = part.repartition_source_topics.iter().chain(&part.state_changelog_topics);
        sinks.chain(internal.map(|topic| &topic.name))
    });
    let names: Vec<&str> = names.map(Str::as_str).filter(|name| seen.insert(*name)).collect();
    let among = |is_wrong: fn(&str) -> bool| {
        let wrong: Vec<&str> = names.iter().copied().filter(|name| is_wrong(name)).collect();
        (!wrong.is_empty()).then(|| wrong.join(","))
    };
    let internal = among(topic_name::is_internal).map(|names| {
        format!("Use of Kafka internal topics {names} in a Kafka Streams topology is prohibited.")
    });
    internal.or_else(|| {
        among(|name| !topic_name::is_valid(name))
            .map(|names| format!("Topic names {names} are not valid topic names."))
    })
}

/// Has the internal topics created, and tells the member why that failed before.
fn create_topics(request: &Request, beat: &mut StreamsBeat) {
    let broker = &request.broker;
    let interval_ms = u64::try_from(beat.heartbeat_interval_ms).unwrap_or(0);
    StreamsTopics::start(broker, &beat.missing_topics, Duration::from_millis(2 * interval_ms));
    let failures = broker.streams_topics.failures(&beat.missing_topics, broker.env.now());
    if failures.is_empty() {
        return;
    }
    let shown = failures.iter().take(FAILURES_SHOWN_MAX);
    let mut text: Vec<_> = shown.map(|(topic, error)| format!("{topic} ({error})")).collect();
    if failures.len() > FAILURES_SHOWN_MAX {
        let last = text.pop().unwrap_or_default();
        text.push(format!("{last} and {} more", failures.len() - FAILURES_SHOWN_MAX));
    }
    for (status, detail) in &mut beat.statuses {
        if *status == StreamsStatus::MissingInternalTopics {
            detail.push_str(&format!("; Creation failed: {}.", text.join(", ")));
        }
    }
}

fn from_wire(message: StreamsGroupHeartbeatRequest, request: &Request) -> StreamsHeartbeat {
    let tasks = |tasks: Option<Vec<asked::TaskIds>>| {
        let each = |ids: asked::TaskIds| (ids.subtopology_id, ids.partitions);
        tasks.map(|tasks| tasks.into_iter().map(each).collect())
    };
    let endpoint = |it: asked::Endpoint| Endpoint { host: it.host, port: it.port };
    let tags = message.client_tags;
    StreamsHeartbeat {
        group_id: message.group_id,
        member_id: message.member_id,
        member_epoch: message.member_epoch,
        endpoint_epoch: message.endpoint_information_epoch,
        instance_id: message.instance_id,
        rack_id: message.rack_id,
        rebalance_timeout_ms: message.rebalance_timeout_ms,
        client: Client { id: request.client_id.clone(), host: java_address(request.peer.ip()) },
        topology: message.topology.map(topology),
        active_tasks: tasks(message.active_tasks),
        standby_tasks: tasks(message.standby_tasks),
        warmup_tasks: tasks(message.warmup_tasks),
        process_id: message.process_id,
        user_endpoint: message.user_endpoint.map(endpoint),
        client_tags: tags.map(|tags| tags.into_iter().map(|it| (it.key, it.value)).collect()),
        has_task_offsets: message.task_offsets.is_some(),
        has_task_end_offsets: message.task_end_offsets.is_some(),
        shutdown_application: message.shutdown_application,
    }
}

fn topology(topology: asked::Topology) -> Topology {
    let group = |group: asked::CopartitionGroup| CopartitionGroup {
        source_topics: group.source_topics,
        source_topic_regex: group.source_topic_regex,
        repartition_source_topics: group.repartition_source_topics,
    };
    let part = |part: asked::Subtopology| Subtopology {
        id: part.subtopology_id,
        source_topics: part.source_topics,
        source_topic_regex: part.source_topic_regex,
        state_changelog_topics: topics(part.state_changelog_topics),
        repartition_sink_topics: part.repartition_sink_topics,
        repartition_source_topics: topics(part.repartition_source_topics),
        copartition_groups: part.copartition_groups.into_iter().map(group).collect(),
    };
    let subtopologies = topology.subtopologies.into_iter().map(part).collect();
    Topology { epoch: topology.epoch, subtopologies }
}

fn topics(topics: Vec<asked::TopicInfo>) -> Vec<TopologyTopic> {
    let topic = |topic: asked::TopicInfo| TopologyTopic {
        name: topic.name,
        partitions: topic.partitions,
        replication_factor: topic.replication_factor,
        configs: topic.topic_configs.into_iter().map(|it| (it.key, it.value)).collect(),
    };
    topics.into_iter().map(topic).collect()
}

fn to_wire(beat: StreamsBeat) -> StreamsGroupHeartbeatResponse {
    let status = |(status, detail): (StreamsStatus, String)| told::Status {
        status_code: status.code(),
        status_detail: Str::from(detail),
        ..told::Status::default()
    };
    let (mut active, mut standby, mut warmup) = (None, None, None);
    if let Some(tasks) = beat.tasks {
        active = Some(task_ids(tasks.active));
        standby = Some(task_ids(tasks.standby));
        warmup = Some(task_ids(tasks.warmup));
    }
    let endpoints = beat.endpoints;
    StreamsGroupHeartbeatResponse {
        member_id: beat.member_id,
        member_epoch: beat.member_epoch,
        heartbeat_interval_ms: beat.heartbeat_interval_ms,
        status: Some(beat.statuses.into_iter().map(status).collect()),
        active_tasks: active,
        standby_tasks: standby,
        warmup_tasks: warmup,
        endpoint_information_epoch: beat.endpoint_epoch,
        partitions_by_user_endpoint: endpoints.map(|list| list.into_iter().map(endpoint).collect()),
        ..StreamsGroupHeartbeatResponse::default()
    }
}

fn task_ids(tasks: Tasks) -> Vec<told::TaskIds> {
    let ids = tasks.into_iter().map(|(subtopology_id, partitions)| told::TaskIds {
        subtopology_id,
        partitions: partitions.into_iter().collect(),
        ..told::TaskIds::default()
    });
    ids.collect()
}

fn endpoint(endpoint: EndpointPartitions) -> told::EndpointToPartitions {
    let partitions = |list: group::TaskList| {
        let each = list.into_iter().map(|(topic, partitions)| told::TopicPartition {
            topic,
            partitions,
            ..told::TopicPartition::default()
        });
        each.collect()
    };
    told::EndpointToPartitions {
        user_endpoint: told::Endpoint {
            host: endpoint.endpoint.host,
            port: endpoint.endpoint.port,
            ..told::Endpoint::default()
        },
        active_partitions: partitions(endpoint.active),
        standby_partitions: partitions(endpoint.standby),
        ..told::EndpointToPartitions::default()
    }
}
