//! `--reset-offsets`.

use std::collections::BTreeMap;

use client::{Error as ClientError, GroupOffset, Partitions};
use wire::{ErrorCode, Str};

use super::description::{describe, is_missing};
use super::plan::{self, Plan};
use super::{Context, Error, options, time};
use crate::java::hash_order;
use crate::json::read_text;
use crate::options::Refused;
use crate::table::padded;

/// New offsets of one group.
type Offsets = Partitions<i64>;

/// Ends and beginnings, in requests for offsets.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// Sets the offsets, or shows what would be set.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let groups = hash_order(context.groups().await?, |group| group);
    let mut done: Vec<(Str, Offsets)> = Vec::new();
    for group in groups {
        let state = match describe(&context.admin, &group).await {
            Ok(described) => described.state,
            Err(error) if is_missing(&error) => Str::from("Dead"),
            Err(error) => return Err(error),
        };
        if !["Empty", "Dead"].contains(&&*state) {
            context.tell_error(format!(
                "Assignments can only be reset if the group '{group}' is inactive, but the current \
                 state is {state}."
            ))?;
            done.push((group, Offsets::new()));
            continue;
        }
        let partitions = Box::pin(scope(context, &group)).await?;
        let offsets = Box::pin(prepare(context, &group, partitions)).await?;
        if context.given.has("execute") && !offsets.is_empty() {
            let committed = |(key, offset): (&(Str, i32), &i64)| {
                let offset =
                    GroupOffset { offset: *offset, leader_epoch: -1, metadata: Str::new() };
                (key.clone(), offset)
            };
            let committed = offsets.iter().map(committed).collect();
            context.admin.alter_group_offsets(&group, &committed).await?;
        }
        done.push((group, offsets));
    }
    if context.given.has("export") { export(context, &done) } else { show(context, &done) }
}

fn show(context: &mut Context<'_>, groups: &[(Str, Offsets)]) -> Result<(), Error> {
    let mut rows = Vec::new();
    for (group, offsets) in groups {
        for ((topic, partition), offset) in ordered(offsets) {
            rows.push([group.to_string(), topic, partition.to_string(), offset.to_string()]);
        }
    }
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let (group, topic) = (width(0).max(15), width(1).max(15));
    let line =
        |row: [&str; 4]| padded([(row[0], group), (row[1], topic), (row[2], 10), (row[3], 0)]);
    let header = line(["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"]);
    context.terminal.say(format!("\n{header}"))?;
    for row in &rows {
        context.terminal.say(line([&row[0], &row[1], &row[2], &row[3]]))?;
    }
    Ok(())
}

fn export(context: &mut Context<'_>, groups: &[(Str, Offsets)]) -> Result<(), Error> {
    let is_single = context.given.all("group").len() == 1;
    for (group, offsets) in groups {
        for ((topic, partition), offset) in ordered(offsets) {
            let group = if is_single { String::new() } else { format!("{group},") };
            context.terminal.say(format!("{group}{topic},{partition},{offset}"))?;
        }
    }
    context.terminal.say("")?;
    Ok(())
}

fn ordered(offsets: &Offsets) -> Vec<((String, i32), i64)> {
    let entry = |((topic, partition), offset): (&(Str, i32), &i64)| {
        ((topic.to_string(), *partition), *offset)
    };
    hash_order(offsets.iter().map(entry).collect(), |entry| &entry.0)
}

/// The partitions whose offsets are meant.
async fn scope(context: &mut Context<'_>, group: &Str) -> Result<Vec<(Str, i32)>, Error> {
    if context.given.has("all-topics") {
        return Ok(context.admin.group_offsets(group, None).await?.into_keys().collect());
    }
    if !context.given.has("topic") {
        if context.given.has("from-file") {
            return Ok(Vec::new());
        }
        let problem = "One of the reset scopes should be defined: --all-topics, --topic.";
        return Err(Error::Usage(Refused(problem.to_owned())));
    }
    let (partitions, missing) = context.partitions().await?;
    if !missing.is_empty() {
        let unknown = ClientError::refused(ErrorCode::UnknownTopicOrPartition.code(), None);
        return Err(unknown.into());
    }
    let mut topics: Vec<Str> = partitions.iter().map(|(topic, _)| topic.clone()).collect();
    topics.dedup();
    let described = context.admin.cluster().metadata(Some(&topics)).await?.topics;
    let is_there = |(topic, partition): &(Str, i32)| {
        let found = described.iter().filter(|found| found.name.as_ref() == Some(topic));
        found.flat_map(|found| &found.partitions).any(|at| at.partition_index == *partition)
    };
    let unknown = partitions.iter().filter(|key| !is_there(key));
    let unknown: Vec<String> = unknown.map(|(topic, at)| format!("{topic}-{at}")).collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        let problem = format!("The partitions \"{unknown}\" do not exist");
        context.tell_error(format!("Executing consumer group command failed due to {problem}"))?;
        let class = crate::exception::class_of(ErrorCode::UnknownTopicOrPartition);
        context.terminal.complain(format!("{class}: {problem}"));
        return Err(Error::Told);
    }
    Ok(partitions)
}

/// The new offsets of a group.
async fn prepare(
    context: &mut Context<'_>,
    group: &Str,
    partitions: Vec<(Str, i32)>,
) -> Result<Offsets, Error> {
    let given = context.given;
    let long = |name: &str| match given.parsed::<i64>(name) {
        Ok(number) => Ok(number),
        Err(refused) => Err(Error::Refused(refused.0)),
    };
    let same = |time: i64| partitions.iter().map(move |key| (key.clone(), time)).collect();
    if let Some(offset) = long("to-offset")? {
        return in_range(context, same(offset)).await;
    }
    if given.has("to-earliest") {
        return look_up(context, same(EARLIEST)).await;
    }
    if given.has("to-latest") {
        return look_up(context, same(LATEST)).await;
    }
    if let Some(by) = long("shift-by")? {
        let committed = context.admin.group_offsets(group, None).await?;
        let mut asked = Offsets::new();
        for (topic, partition) in partitions {
            let key = (topic, partition);
            let Some(current) = committed.get(&key) else {
                let problem = format!(
                    "Cannot shift offset for partition {}-{partition} since there is no current \
                     committed offset",
                    key.0
                );
                return Err(Error::Usage(Refused(problem)));
            };
            asked.insert(key, current.offset.saturating_add(by));
        }
        return in_range(context, asked).await;
    }
    if let Some(text) = given.one("to-datetime")? {
        return from_time(context, same(time::timestamp(text)?)).await;
    }
    if let Some(text) = given.one("by-duration")? {
        let timestamp = context.env.clock().wall_ms().saturating_sub(time::duration_ms(text)?);
        return from_time(context, same(timestamp)).await;
    }
    if let Some(path) = given.one("from-file")? {
        let unreadable = |error| Error::Refused(format!("java.io.IOException: {error}"));
        let text = read_text(context.env.files(), path).map_err(unreadable)?;
        return planned(context, group, &plan::parse(&text, given.all("group"))?).await;
    }
    if given.has("to-current") {
        let committed = context.admin.group_offsets(group, None).await?;
        let of = |key: &(Str, i32)| committed.get(key).map(|committed| committed.offset);
        let (with, without): (Vec<_>, Vec<_>) =
            partitions.into_iter().partition(|key| committed.contains_key(key));
        let mut offsets =
            look_up(context, without.into_iter().map(|key| (key, LATEST)).collect()).await?;
        offsets.extend(with.into_iter().filter_map(|key| Some((key.clone(), of(&key)?))));
        return Ok(offsets);
    }
    options::no_scenario()
}

async fn planned(context: &mut Context<'_>, group: &Str, plan: &Plan) -> Result<Offsets, Error> {
    match plan.get(group) {
        Some(offsets) => in_range(context, offsets.clone()).await,
        None => {
            context.tell_error(format!("No reset plan for group {group} found"))?;
            Ok(Offsets::new())
        }
    }
}

/// The offsets at given times.
async fn look_up(context: &Context<'_>, asked: Offsets) -> Result<Offsets, Error> {
    if asked.is_empty() {
        return Ok(asked);
    }
    let found = context.admin.list_offsets(asked, false).await?.into_iter();
    found.map(|(key, result)| Ok((key, result?.offset))).collect()
}

/// The first offsets from timestamps on; the end of a partition without a record since then.
async fn from_time(context: &mut Context<'_>, asked: Offsets) -> Result<Offsets, Error> {
    let mut offsets = look_up(context, asked).await?;
    let without = offsets.iter().filter(|(_, offset)| **offset < 0);
    let without: Vec<(Str, i32)> = without.map(|(key, _)| key.clone()).collect();
    for (topic, partition) in hash_order(without.clone(), |key| key) {
        context.terminal.say(format!(
            "\nWarn: Partition {partition} from topic {topic} is empty. Falling back to latest \
             known offset."
        ))?;
    }
    let ends = without.into_iter().map(|key| (key, LATEST)).collect();
    offsets.extend(look_up(context, ends).await?);
    Ok(offsets)
}

/// The offsets asked for, moved to where there are records.
async fn in_range(context: &mut Context<'_>, asked: Offsets) -> Result<Offsets, Error> {
    let at = |time: i64| asked.keys().map(move |key| (key.clone(), time)).collect();
    let ends: BTreeMap<_, _> = look_up(context, at(LATEST)).await?;
    let begins: BTreeMap<_, _> = look_up(context, at(EARLIEST)).await?;
    let mut offsets = Offsets::new();
    for (key, offset) in asked {
        let end = ends.get(&key).copied().unwrap_or(offset);
        let begin = begins.get(&key).copied().unwrap_or(offset);
        let moved = if offset > end { end } else { offset.max(begin) };
        if moved != offset {
            let how = if offset > end { "higher than latest" } else { "lower than earliest" };
            let (topic, partition) = &key;
            context.terminal.complain(format!(
                "WARN New offset ({offset}) is {how} offset for topic partition \
                 {topic}-{partition}. Value will be set to {moved}"
            ));
        }
        offsets.insert(key, moved);
    }
    Ok(offsets)
}
