//! `--describe`.

use std::collections::BTreeMap;

use client::{ConfigEntry, Reassignments, TOPIC_RESOURCE, TopicDescription};
use wire::messages::describe_topic_partitions_response::DescribeTopicPartitionsResponsePartition as Partition;
use wire::{Str, Uuid};

use super::{Context, Error, Refused};
use crate::java::hash_order;

/// Where a value comes from when nobody set it (`DEFAULT_CONFIG`).
const BUILT_IN: i8 = 5;
/// Partitions in one answer.
const LIMIT: i32 = 2000;

/// Which partitions are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    UnderReplicated,
    Unavailable,
    UnderMinIsr,
    AtMinIsr,
    /// Only the topics' own lines, where they have settings of their own.
    Overridden,
}

/// Shows the topics.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let names = names(context).await?;
    let limit = context.given.parsed("partition-size-limit-per-response")?.unwrap_or(LIMIT);
    let topics = context.admin.describe_topics(&names, limit).await?;
    if topics.is_empty() {
        return Ok(());
    }
    let names: Vec<Str> = topics.iter().map(|topic| topic.name.clone()).collect();
    let mut configs = BTreeMap::new();
    for (name, entries) in context.admin.describe_configs(TOPIC_RESOURCE, &names).await? {
        configs.insert(name, hash_order(entries?, |entry| &entry.name));
    }
    // Brokers that do not tell are taken to move nothing.
    let moves = context.admin.list_reassignments().await.unwrap_or_default();
    let shown = shown(context);
    for topic in &topics {
        let entries = configs.get(&topic.name).map_or(&[][..], Vec::as_slice);
        show(context, topic, entries, (&moves, shown))?;
    }
    Ok(())
}

async fn names(context: &Context<'_>) -> Result<Vec<Str>, Error> {
    if let Some(text) = context.given.one("topic-id")? {
        let invalid = |_| Refused(format!("Input string `{text}` is not a topic id"));
        let id: Uuid = text.parse().map_err(invalid)?;
        if !id.is_zero() {
            let topics = context.admin.list_topics().await?.into_iter();
            let found: Vec<Str> =
                topics.filter(|topic| topic.topic_id == id).filter_map(|t| t.name).collect();
            if found.is_empty() && !context.given.has("if-exists") {
                let problem = format!("TopicId '{text}' does not exist as expected");
                return Err(Error::Refused(problem));
            }
            return Ok(found);
        }
    }
    let names = context.topics().await?;
    context.must_exist(&names)?;
    Ok(names)
}

fn shown(context: &Context<'_>) -> Shown {
    let options = [
        ("under-replicated-partitions", Shown::UnderReplicated),
        ("unavailable-partitions", Shown::Unavailable),
        ("under-min-isr-partitions", Shown::UnderMinIsr),
        ("at-min-isr-partitions", Shown::AtMinIsr),
        ("topics-with-overrides", Shown::Overridden),
    ];
    let asked = options.into_iter().find(|(name, _)| context.given.has(name));
    asked.map_or(Shown::All, |(_, shown)| shown)
}

fn show(
    context: &mut Context<'_>,
    topic: &TopicDescription,
    entries: &[ConfigEntry],
    (moves, shown): (&Reassignments, Shown),
) -> Result<(), Error> {
    let own: Vec<String> = entries
        .iter()
        .filter(|entry| entry.config_source != BUILT_IN)
        .map(|entry| format!("{}={}", entry.name, entry.value.as_deref().unwrap_or("null")))
        .collect();
    if shown == Shown::All || (shown == Shown::Overridden && !own.is_empty()) {
        let factor = topic.partitions.first().map_or(0, |partition| {
            let moved = moves.get(&(topic.name.clone(), partition.partition_index));
            partition.replica_nodes.len() - moved.map_or(0, |moved| moved.adding_replicas.len())
        });
        context.terminal.say(format!(
            "Topic: {}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {factor}\tConfigs: {}",
            topic.name,
            topic.id,
            topic.partitions.len(),
            own.join(","),
        ))?;
    }
    if shown == Shown::Overridden {
        return Ok(());
    }
    let min_isr = entries.iter().find(|entry| &*entry.name == "min.insync.replicas");
    let min_isr = min_isr.and_then(|entry| entry.value.as_deref()?.parse::<usize>().ok());
    for partition in &topic.partitions {
        let key = (topic.name.clone(), partition.partition_index);
        let (adding, removing) = match moves.get(&key) {
            Some(moved) => (&moved.adding_replicas[..], &moved.removing_replicas[..]),
            None => (&[][..], &[][..]),
        };
        let isr = partition.isr_nodes.len();
        let is_shown = match shown {
            Shown::All | Shown::Overridden => true,
            Shown::UnderReplicated => {
                isr < partition.replica_nodes.len().saturating_sub(adding.len())
            }
            Shown::Unavailable => partition.leader_id < 0,
            Shown::UnderMinIsr => min_isr.is_none_or(|min| isr < min),
            Shown::AtMinIsr => min_isr == Some(isr),
        };
        if is_shown {
            context.terminal.say(line(topic, partition, (adding, removing)))?;
        }
    }
    Ok(())
}

fn line(topic: &TopicDescription, partition: &Partition, moved: (&[i32], &[i32])) -> String {
    let list = |ids: &[i32]| ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
    let known =
        |ids: &Option<Vec<i32>>| ids.as_ref().map_or_else(|| "N/A".to_owned(), |ids| list(ids));
    let leader = match partition.leader_id {
        ..0 => "none".to_owned(),
        id => id.to_string(),
    };
    let mut line = format!(
        "\tTopic: {}\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}",
        topic.name,
        partition.partition_index,
        list(&partition.replica_nodes),
        list(&partition.isr_nodes),
    );
    if !moved.0.is_empty() || !moved.1.is_empty() {
        line +=
            &format!("\tAdding Replicas: {}\tRemoving Replicas: {}", list(moved.0), list(moved.1));
    }
    line + &format!(
        "\tElr: {}\tLastKnownElr: {}",
        known(&partition.eligible_leader_replicas),
        known(&partition.last_known_elr)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_in_the_order_of_apache_kafkas_tool() {
        // What Apache Kafka 4.3.1's tool shows of a topic with two settings of its own; the table's
        // size counts all settings there are.
        let shown = ["min.insync.replicas", "cleanup.policy", "retention.ms"];
        let others = (0..31).map(|at| format!("other.{at}"));
        let names = ["cleanup.policy", "retention.ms", "min.insync.replicas"];
        let names = names.into_iter().map(str::to_owned).chain(others);
        let entry = |name: String| ConfigEntry { name: Str::from(name), ..ConfigEntry::default() };
        let ordered = hash_order(names.map(entry).collect(), |entry: &ConfigEntry| &entry.name);
        let ordered = ordered.iter().map(|entry| entry.name.as_str());
        let ordered: Vec<&str> = ordered.filter(|name| shown.contains(name)).collect();
        assert_eq!(ordered, shown);
    }
}
