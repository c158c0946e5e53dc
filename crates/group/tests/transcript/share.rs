//! Share groups as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use group::{
    AlteredTopic, BeginStates, DescribedShareGroup, EndStates, ShareBeat, SharePart, ShareStates,
    Tracked,
};
use wire::Uuid;

use super::cluster::topic_name;
use super::consumer::{assignment, joined, named, names};

pub(crate) fn beat(beat: &ShareBeat) -> String {
    let mut line = format!("{} epoch={}", beat.member_id, beat.member_epoch);
    if let Some(partitions) = &beat.assignment {
        let _ = write!(line, " has {}", assignment(partitions));
    }
    if let Some(begins) = &beat.begins {
        let _ = write!(line, " begins {}", begin(begins));
    }
    line
}

fn begin(begin: &BeginStates) -> String {
    let partitions = begin.partitions.iter().map(|(id, index, offset)| {
        let name = topic_name(*id);
        if *offset < 0 { format!("{name}-{index}") } else { format!("{name}-{index}={offset}") }
    });
    let partitions: Vec<String> = partitions.collect();
    format!("{} in {}", partitions.join(","), begin.state_epoch)
}

pub(crate) fn described(group: &DescribedShareGroup) -> String {
    let mut line = format!(
        "{} {} epoch={} assignment={}",
        group.group_id, group.state, group.epoch, group.assignment_epoch
    );
    for member in &group.members {
        let _ = write!(
            line,
            "\n    {} epoch={} topics={} has {}",
            member.member_id,
            member.epoch,
            names(member.topics.iter()),
            named(&member.assigned),
        );
    }
    line
}

pub(crate) fn altered(topics: &[AlteredTopic], begins: &BeginStates) -> String {
    let mut line = String::new();
    for topic in topics {
        for (index, exists) in &topic.partitions {
            let what = if *exists { "ok" } else { "unknown" };
            let _ = write!(line, "\n  {}-{index} {what}", topic.name);
        }
    }
    let _ = write!(line, "\n  begins {}", begin(begins));
    line
}

pub(crate) fn ended(end: &EndStates) -> String {
    let mut line = format!("ends {}", named(&end.topics));
    for (name, why) in &end.refused {
        let _ = write!(line, "\n  {name} {why:?}");
    }
    line
}

pub(crate) fn part(part: &SharePart) -> String {
    match part {
        SharePart::Epoch(None) => String::from("epoch gone"),
        SharePart::Epoch(Some(epoch)) => format!("epoch {}", epoch.epoch),
        SharePart::Member(id, None) => format!("member {id} gone"),
        SharePart::Member(id, Some(member)) => {
            format!("member {id} topics={}", names(member.topics.iter()))
        }
        SharePart::TargetEpoch(None) => String::from("target epoch gone"),
        SharePart::TargetEpoch(Some(target)) => {
            format!("target epoch {} at {}", target.epoch, target.timestamp_ms)
        }
        SharePart::Target(id, None) => format!("target {id} gone"),
        SharePart::Target(id, Some(target)) => format!("target {id} {}", assignment(target)),
        SharePart::Current(id, None) => format!("current {id} gone"),
        SharePart::Current(id, Some(current)) => format!(
            "current {id} epoch={} before={} has {}",
            current.epoch,
            current.previous_epoch,
            assignment(&current.assigned)
        ),
        SharePart::States(None) => String::from("states gone"),
        SharePart::States(Some(states)) => format!("states {}", text(states)),
    }
}

fn text(states: &ShareStates) -> String {
    let deleting: Vec<&str> = states.deleting.values().map(|name| &**name).collect();
    format!(
        "initializing {} initialized {} deleting {}",
        tracked(&states.initializing),
        tracked(&states.initialized),
        if deleting.is_empty() { String::from("-") } else { deleting.join(",") },
    )
}

fn tracked(topics: &BTreeMap<Uuid, Tracked>) -> String {
    joined(topics.values().map(|tracked| {
        (tracked.name.to_string(), tracked.partitions.iter().map(ToString::to_string).collect())
    }))
}
