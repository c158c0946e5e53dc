//! Streams groups as text, and their heartbeats from text.

use std::fmt::Write;

use group::{
    ActiveTasks, AssignedTasks, DescribedStreamsGroup, StreamsBeat, StreamsPart, Subtopology,
    TaskList, TaskSets, Tasks, Topology, TopologyTopic,
};
use wire::Str;

/// A topology such as `in>r;r()+t*store`: subtopologies 0, 1, ... with what they read, `()` after
/// repartition topics; after `>` what they write; after `*` their changelog.
pub(crate) fn topology(text: &str, epoch: i32) -> Topology {
    let parts = text.split(';').enumerate().map(|(id, text)| {
        let (text, changelog) = text.split_once('*').unwrap_or((text, ""));
        let (sources, sinks) = text.split_once('>').unwrap_or((text, ""));
        let words = |text: &str| -> Vec<Str> {
            text.split('+').filter(|word| !word.is_empty()).map(Str::copy_from).collect()
        };
        let (repartition, sources): (Vec<Str>, Vec<Str>) =
            words(sources).into_iter().partition(|name| name.ends_with("()"));
        let internal = |name: &Str| TopologyTopic {
            name: Str::copy_from(name.trim_end_matches("()")),
            partitions: 0,
            replication_factor: 0,
            configs: Vec::new(),
        };
        Subtopology {
            id: Str::from(id.to_string()),
            source_topics: sources,
            source_topic_regex: Vec::new(),
            state_changelog_topics: words(changelog).iter().map(internal).collect(),
            repartition_sink_topics: words(sinks),
            repartition_source_topics: repartition.iter().map(internal).collect(),
            copartition_groups: Vec::new(),
        }
    });
    Topology { epoch, subtopologies: parts.collect() }
}

/// Tasks such as `0_0,0_1`.
pub(crate) fn tasks(text: &str) -> TaskList {
    let tasks = text.split(',').filter_map(|task| task.split_once('_'));
    tasks.map(|(id, task)| (Str::copy_from(id), vec![task.parse().expect("a task")])).collect()
}

pub(crate) fn beat(beat: &StreamsBeat) -> String {
    let mut line = format!("{} epoch={}", beat.member_id, beat.member_epoch);
    if let Some(tasks) = &beat.tasks {
        let _ = write!(line, " has {}", sets(tasks));
    }
    for (status, detail) in &beat.statuses {
        let _ = write!(line, "\n    {status:?}: {detail}");
    }
    for topic in &beat.missing_topics {
        let _ = write!(line, "\n    create {} with {}", topic.name, topic.partitions);
    }
    line
}

pub(crate) fn described(group: &DescribedStreamsGroup) -> String {
    let mut line = format!(
        "{} {} epoch={} assignment={}",
        group.group_id, group.state, group.epoch, group.assignment_epoch
    );
    for part in &group.subtopologies {
        let topics = part.repartition_source_topics.iter().chain(&part.state_changelog_topics);
        let topics: Vec<_> =
            topics.map(|topic| format!("{}={}", topic.name, topic.partitions)).collect();
        let _ =
            write!(line, "\n    {} reads {:?} {}", part.id, part.source_topics, topics.join(" "));
    }
    for member in &group.members {
        let _ = write!(
            line,
            "\n    {} epoch={} of {} has {} of {}",
            member.member_id,
            member.member_epoch,
            member.metadata.process_id,
            sets(&member.assignment),
            sets(&member.target),
        );
    }
    line
}

pub(crate) fn part(part: &StreamsPart) -> String {
    match part {
        StreamsPart::Group(None) => String::from("group gone"),
        StreamsPart::Group(Some(head)) => {
            let configs = head.assignment_configs.iter();
            let configs: Vec<_> = configs.map(|(key, value)| format!("{key}={value}")).collect();
            let validated = head.validated_topology_epoch;
            format!("group epoch {} validated {validated} {}", head.epoch, configs.join(","))
        }
        StreamsPart::Topology(None) => String::from("topology gone"),
        StreamsPart::Topology(Some(topology)) => {
            format!("topology {} of {} parts", topology.epoch, topology.subtopologies.len())
        }
        StreamsPart::Member(id, None) => format!("member {id} gone"),
        StreamsPart::Member(id, Some(member)) => format!(
            "member {id} of {} topology={} rebalance={}",
            member.process_id, member.topology_epoch, member.rebalance_timeout_ms
        ),
        StreamsPart::Target(None) => String::from("target epoch gone"),
        StreamsPart::Target(Some(head)) => {
            format!("target epoch {} at {}", head.epoch, head.timestamp_ms)
        }
        StreamsPart::TargetMember(id, None) => format!("target {id} gone"),
        StreamsPart::TargetMember(id, Some(tasks)) => format!("target {id} {}", sets(tasks)),
        StreamsPart::Current(id, None) => format!("current {id} gone"),
        StreamsPart::Current(id, Some(current)) => format!(
            "current {id} {:?} epoch={} before={} has {} gives up {}",
            current.state,
            current.member_epoch,
            current.previous_member_epoch,
            assigned(&current.assigned),
            assigned(&current.pending_revocation),
        ),
    }
}

fn sets(tasks: &TaskSets) -> String {
    let lists =
        [copies(&tasks.active, ""), copies(&tasks.standby, "+"), copies(&tasks.warmup, "~")];
    joined(lists.concat())
}

fn assigned(tasks: &AssignedTasks) -> String {
    let lists = [active(&tasks.active), copies(&tasks.standby, "+"), copies(&tasks.warmup, "~")];
    joined(lists.concat())
}

fn active(tasks: &ActiveTasks) -> Vec<String> {
    let each = tasks.iter().flat_map(|(id, tasks)| {
        tasks.iter().map(move |(task, epoch)| format!("{id}_{task}@{epoch}"))
    });
    each.collect()
}

fn copies(tasks: &Tasks, sign: &str) -> Vec<String> {
    let each = tasks
        .iter()
        .flat_map(|(id, tasks)| tasks.iter().map(move |task| format!("{sign}{id}_{task}")));
    each.collect()
}

fn joined(tasks: Vec<String>) -> String {
    if tasks.is_empty() { String::from("nothing") } else { tasks.join(",") }
}
