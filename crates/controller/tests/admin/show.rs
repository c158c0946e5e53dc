//! Responses as lines, in an order that does not depend on hash tables.

use std::fmt::Display;

use wire::messages::*;
use wire::{ErrorCode, Response, Str};

/// Code and text of a result.
fn result(code: i16, text: &Option<Str>) -> String {
    let name = ErrorCode::from_code(code).map_or_else(|| code.to_string(), |c| c.name().to_owned());
    match text {
        Some(text) => format!("{name} {text:?}"),
        None => name,
    }
}

fn line(what: impl Display, code: i16, text: &Option<Str>) -> String {
    format!("{what}: {}", result(code, text))
}

fn name(name: &Option<Str>) -> &str {
    name.as_ref().map_or("null", Str::as_str)
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// The response as text. Ids, epochs and offsets are left out: they differ from run to run.
pub(crate) fn show(response: &Response) -> Vec<String> {
    match response {
        Response::CreateTopics(r) => sorted(r.topics.iter().map(created).collect()),
        Response::DeleteTopics(r) => {
            let one = |t: &delete_topics_response::DeletableTopicResult| {
                let id = if t.topic_id.is_zero() { "" } else { " (id)" };
                line(format!("{}{id}", name(&t.name)), t.error_code, &t.error_message)
            };
            sorted(r.responses.iter().map(one).collect())
        }
        Response::CreatePartitions(r) => {
            let one = |t: &create_partitions_response::CreatePartitionsTopicResult| {
                line(&t.name, t.error_code, &t.error_message)
            };
            sorted(r.results.iter().map(one).collect())
        }
        Response::AlterConfigs(r) => {
            let one = |t: &alter_configs_response::AlterConfigsResourceResponse| {
                let what = format!("{} {:?}", t.resource_type, t.resource_name);
                line(what, t.error_code, &t.error_message)
            };
            sorted(r.responses.iter().map(one).collect())
        }
        Response::IncrementalAlterConfigs(r) => {
            let one = |t: &incremental_alter_configs_response::AlterConfigsResourceResponse| {
                let what = format!("{} {:?}", t.resource_type, t.resource_name);
                line(what, t.error_code, &t.error_message)
            };
            sorted(r.responses.iter().map(one).collect())
        }
        Response::DescribeConfigs(r) => r.results.iter().flat_map(described).collect(),
        Response::ElectLeaders(r) => {
            let mut lines = vec![result(r.error_code, &None)];
            let topics = r.replica_election_results.iter();
            let results = topics.flat_map(|t| t.partition_result.iter().map(move |p| (t, p)));
            lines.extend(sorted(
                results
                    .map(|(t, p)| {
                        let what = format!("{}-{}", t.topic, p.partition_id);
                        line(what, p.error_code, &p.error_message)
                    })
                    .collect(),
            ));
            lines
        }
        other => show_other(other),
    }
}

fn show_other(response: &Response) -> Vec<String> {
    match response {
        Response::AlterPartitionReassignments(r) => {
            let mut lines = vec![result(r.error_code, &r.error_message)];
            let topics = r.responses.iter();
            let partitions = topics.flat_map(|t| t.partitions.iter().map(move |p| (t, p)));
            lines.extend(partitions.map(|(t, p)| {
                let what = format!("{}-{}", t.name, p.partition_index);
                line(what, p.error_code, &p.error_message)
            }));
            lines
        }
        Response::ListPartitionReassignments(r) => {
            vec![format!("{} {:?}", result(r.error_code, &r.error_message), r.topics)]
        }
        Response::UpdateFeatures(r) => {
            let mut lines = vec![result(r.error_code, &r.error_message)];
            let features = r.results.iter();
            lines.extend(features.map(|f| line(&f.feature, f.error_code, &f.error_message)));
            lines
        }
        Response::AlterPartition(r) => {
            let mut lines = vec![result(r.error_code, &None)];
            let partitions = r.topics.iter().flat_map(|topic| &topic.partitions);
            lines.extend(partitions.map(|p| {
                let state = format!(
                    "leader={} epoch={} isr={:?} recovery={} partition-epoch={}",
                    p.leader_id, p.leader_epoch, p.isr, p.leader_recovery_state, p.partition_epoch
                );
                line(p.partition_index, p.error_code, &None) + " " + &state
            }));
            lines
        }
        Response::BrokerHeartbeat(r) => vec![format!(
            "{} caught-up={} fenced={} should-shut-down={}",
            result(r.error_code, &None),
            r.is_caught_up,
            r.is_fenced,
            r.should_shut_down
        )],
        Response::AllocateProducerIds(r) => {
            vec![format!("{} +{}", result(r.error_code, &None), r.producer_id_len)]
        }
        Response::AssignReplicasToDirs(r) => vec![result(r.error_code, &None)],
        Response::BrokerRegistration(r) => vec![result(r.error_code, &None)],
        Response::AlterClientQuotas(r) => {
            let one = |entry: &alter_client_quotas_response::EntryData| {
                let parts = entry.entity.iter();
                let parts = parts.map(|p| format!("{}={}", p.entity_type, name(&p.entity_name)));
                let what = sorted(parts.collect()).join(",");
                // Kafka's sets of quotas and entities are in no order.
                line(what, entry.error_code, &entry.error_message)
            };
            sorted(r.entries.iter().map(one).collect())
        }
        Response::UnregisterBroker(r) => vec![result(r.error_code, &r.error_message)],
        Response::DescribeCluster(r) => {
            vec![format!(
                "{} type={} nodes={} operations={}",
                result(r.error_code, &r.error_message),
                r.endpoint_type,
                r.brokers.len(),
                r.cluster_authorized_operations
            )]
        }
        other => vec![format!("{other:?}")],
    }
}

fn created(topic: &create_topics_response::CreatableTopicResult) -> String {
    let mut text = line(&topic.name, topic.error_code, &topic.error_message);
    text.push_str(&format!(
        " partitions={} factor={} config-error={}",
        topic.num_partitions, topic.replication_factor, topic.topic_config_error_code
    ));
    for config in topic.configs.iter().flatten() {
        text.push_str(&format!(
            "\n  {}={:?} source={} read-only={} sensitive={}",
            config.name, config.value, config.config_source, config.read_only, config.is_sensitive
        ));
    }
    text
}

fn described(resource: &describe_configs_response::DescribeConfigsResult) -> Vec<String> {
    let what = format!("{} {:?}", resource.resource_type, resource.resource_name);
    let mut lines = vec![line(what, resource.error_code, &resource.error_message)];
    let configs = resource.configs.iter().map(|config| {
        let synonyms =
            config.synonyms.iter().map(|s| format!("{}={:?}@{}", s.name, s.value, s.source));
        format!(
            "  {}={:?} source={} type={} read-only={} sensitive={} [{}]",
            config.name,
            config.value,
            config.config_source,
            config.config_type,
            config.read_only,
            config.is_sensitive,
            synonyms.collect::<Vec<_>>().join(", ")
        )
    });
    lines.extend(sorted(configs.collect()));
    lines
}
