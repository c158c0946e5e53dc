//! Consumer groups as text.

use std::fmt::Write;

use group::{
    ConsumerBeat, ConsumerPart, DescribedConsumerGroup, EpochPartitions, MemberState, Partitions,
};
use wire::{Str, Uuid};

use super::cluster::topic_name;

pub(crate) fn beat(beat: &ConsumerBeat) -> String {
    let mut line = format!("{} epoch={}", beat.member_id, beat.member_epoch);
    if let Some(partitions) = &beat.assignment {
        let _ = write!(line, " has {}", assignment(partitions));
    }
    line
}

pub(crate) fn described(group: &DescribedConsumerGroup) -> String {
    let mut line = format!(
        "{} {} epoch={} assignment={} by {}",
        group.group_id, group.state, group.epoch, group.assignment_epoch, group.assignor
    );
    for member in &group.members {
        let _ = write!(
            line,
            "\n    {} epoch={} topics={} has {} of {}",
            member.member_id,
            member.epoch,
            names(member.subscription.topics.iter()),
            named(&member.assignment),
            named(&member.target),
        );
    }
    line
}

pub(crate) fn part(part: &ConsumerPart) -> String {
    match part {
        ConsumerPart::Epoch(None) => String::from("epoch gone"),
        ConsumerPart::Epoch(Some(epoch)) => format!("epoch {}", epoch.epoch),
        ConsumerPart::PartitionMetadata(value) => {
            format!("partitions {}", if value.is_some() { "set" } else { "gone" })
        }
        ConsumerPart::Member(id, None) => format!("member {id} gone"),
        ConsumerPart::Member(id, Some(member)) => {
            let mut line = format!("member {id} topics={}", names(member.topics.iter()));
            for (what, value) in [
                ("regex", &member.regex),
                ("instance", &member.instance_id),
                ("assignor", &member.server_assignor),
            ] {
                if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                    let _ = write!(line, " {what}={value}");
                }
            }
            line
        }
        ConsumerPart::TargetEpoch(None) => String::from("target epoch gone"),
        ConsumerPart::TargetEpoch(Some(target)) => {
            format!("target epoch {} at {}", target.epoch, target.timestamp_ms)
        }
        ConsumerPart::Target(id, None) => format!("target {id} gone"),
        ConsumerPart::Target(id, Some(target)) => format!("target {id} {}", assignment(target)),
        ConsumerPart::Current(id, None) => format!("current {id} gone"),
        ConsumerPart::Current(id, Some(current)) => {
            let state = match current.state {
                MemberState::Stable => "stable",
                MemberState::UnrevokedPartitions => "unrevoked",
                MemberState::UnreleasedPartitions => "unreleased",
                MemberState::Unknown => "unknown",
            };
            let mut line = format!(
                "current {id} {state} epoch={} before={} has {}",
                current.epoch,
                current.previous_epoch,
                since(&current.assigned)
            );
            if !current.revoking.is_empty() {
                let _ = write!(line, " gives {}", since(&current.revoking));
            }
            line
        }
        ConsumerPart::Regex(regex, None) => format!("regex {regex} gone"),
        ConsumerPart::Regex(regex, Some(resolved)) => {
            format!("regex {regex} topics={}", names(resolved.topics.iter()))
        }
    }
}

/// `t:0+1,u:0`, `-` for none.
pub(crate) fn assignment(partitions: &Partitions) -> String {
    let topics = partitions
        .iter()
        .map(|(id, indexes)| (topic_name(*id), indexes.iter().map(ToString::to_string).collect()));
    joined(topics)
}

/// `t:0@1+1@2`: each partition with the epoch it was given in.
fn since(partitions: &EpochPartitions) -> String {
    let topics = partitions.iter().map(|(id, indexes)| {
        let indexes = indexes.iter().map(|(index, epoch)| format!("{index}@{epoch}"));
        (topic_name(*id), indexes.collect())
    });
    joined(topics)
}

pub(crate) fn named(topics: &[(Uuid, Str, Vec<i32>)]) -> String {
    let topics = topics.iter();
    joined(topics.map(|(_, name, indexes)| {
        (name.to_string(), indexes.iter().map(ToString::to_string).collect())
    }))
}

pub(crate) fn joined(topics: impl Iterator<Item = (String, Vec<String>)>) -> String {
    let topics: Vec<String> =
        topics.map(|(name, indexes)| format!("{name}:{}", indexes.join("+"))).collect();
    if topics.is_empty() { String::from("-") } else { topics.join(",") }
}

pub(crate) fn names<'a>(names: impl Iterator<Item = &'a Str>) -> String {
    let names: Vec<&str> = names.map(Str::as_str).collect();
    if names.is_empty() { String::from("-") } else { names.join(",") }
}
