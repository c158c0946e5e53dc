//! `--describe`.

use std::collections::BTreeMap;

use client::{GroupOffset, Partitions};
use wire::Str;

use super::description::{Description, Member, describe};
use super::{Context, Error};
use crate::table::padded;

/// What is shown where there is nothing.
const NOTHING: &str = "-";
/// How wide columns are at least.
const WIDTH: usize = 15;

/// Describes the groups, by name.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let mut groups = BTreeMap::new();
    for group in context.groups().await? {
        groups.insert(group.clone(), describe(&context.admin, &group).await?);
    }
    let verbose = context.given.has("verbose");
    for group in groups.values() {
        if context.given.has("members") {
            members(context, group, verbose)?;
        } else if context.given.has("state") {
            state(context, group, verbose)?;
        } else {
            Box::pin(offsets(context, group, verbose)).await?;
        }
    }
    Ok(())
}

/// Says what is to be said of the group's state; whether there is more to show.
fn is_shown(context: &mut Context<'_>, group: &Description, rows: usize) -> Result<bool, Error> {
    let name = &group.group;
    match &*group.state {
        "Dead" => context.tell_error(format!("Consumer group '{name}' does not exist."))?,
        "Empty" => {
            context.terminal.complain(format!("\nConsumer group '{name}' has no active members."))
        }
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" => {
            let warning = format!("\nWarning: Consumer group '{name}' is rebalancing.");
            context.terminal.complain(warning);
        }
        _ => {}
    }
    Ok(&*group.state != "Dead" && rows > 0)
}

fn number(number: Option<impl ToString>) -> String {
    number.map_or_else(|| NOTHING.to_owned(), |number| number.to_string())
}

/// One partition of a group, as it is shown.
struct Row<'a> {
    partition: (Str, i32),
    committed: Option<&'a GroupOffset>,
    end: Option<i64>,
    owner: Option<&'a Member>,
}

async fn offsets(
    context: &mut Context<'_>,
    group: &Description,
    verbose: bool,
) -> Result<(), Error> {
    let committed = context.admin.group_offsets(&group.group, None).await?;
    let mut rows = Vec::new();
    let mut owners: Vec<&Member> =
        group.members.iter().filter(|member| !member.assignment.is_empty()).collect();
    owners.sort_by_key(|member| std::cmp::Reverse(member.assignment.len()));
    for owner in owners {
        rows.extend(owner.assignment.iter().map(|key| (key.clone(), Some(owner))));
    }
    let owned = |key: &(Str, i32)| group.members.iter().any(|m| m.assignment.contains(key));
    let others = committed.keys().filter(|key| !owned(key)).cloned();
    rows.extend(others.map(|key| (key, None)));
    let asked: Partitions<i64> = rows.iter().map(|(key, _)| (key.clone(), -1)).collect();
    let mut ends = Partitions::new();
    for (key, result) in context.admin.list_offsets(asked, false).await? {
        ends.insert(key, result?.offset);
    }
    let rows = rows.into_iter().map(|(partition, owner)| Row {
        committed: committed.get(&partition),
        end: ends.get(&partition).copied(),
        partition,
        owner,
    });
    let rows: Vec<Row<'_>> = rows.collect();
    if is_shown(context, group, rows.len())? {
        for line in offset_lines(group, &rows, verbose) {
            context.terminal.say(line)?;
        }
    }
    Ok(())
}

fn offset_lines(group: &Description, rows: &[Row<'_>], verbose: bool) -> Vec<String> {
    let owner =
        |row: &Row<'_>, part: fn(&Member) -> &str| row.owner.map_or(NOTHING, part).to_owned();
    let mut cells = vec![(
        ["", "GROUP", "TOPIC", "PARTITION", "LEADER-EPOCH", "CURRENT-OFFSET"].map(str::to_owned),
        ["LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"].map(str::to_owned),
    )];
    for row in rows {
        let offset = row.committed.map(|committed| committed.offset);
        let epoch = row.committed.map(|committed| committed.leader_epoch);
        let lag = offset.zip(row.end).map(|(offset, end)| end - offset);
        cells.push((
            [
                String::new(),
                group.group.to_string(),
                row.partition.0.to_string(),
                row.partition.1.to_string(),
                number(epoch.filter(|epoch| *epoch >= 0)),
                number(offset),
            ],
            [
                number(row.end),
                number(lag),
                owner(row, |member| &member.id),
                owner(row, |member| &member.host),
                owner(row, |member| &member.client_id),
            ],
        ));
    }
    let left = |at: usize| widest(cells.iter().map(|(left, _)| &*left[at]));
    let right = |at: usize| widest(cells.iter().map(|(_, right)| &*right[at]));
    let (group, topic, consumer, host) = (left(1), left(2), right(2), right(3));
    let line = |(left, right): &([String; 6], [String; 5])| {
        let mut line = vec![(&*left[1], group), (&*left[2], topic), (&*left[3], 10)];
        line.extend(verbose.then_some((&*left[4], WIDTH)));
        line.extend([(&*left[5], WIDTH), (&*right[0], WIDTH), (&*right[1], WIDTH)]);
        line.extend([(&*right[2], consumer), (&*right[3], host), (&*right[4], 0)]);
        padded(line)
    };
    std::iter::once(String::new()).chain(cells.iter().map(line)).collect()
}

fn widest<'a>(cells: impl Iterator<Item = &'a str>) -> usize {
    cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(WIDTH)
}

fn members(context: &mut Context<'_>, group: &Description, verbose: bool) -> Result<(), Error> {
    is_shown(context, group, group.members.len())?;
    let with_instance = group.members.iter().any(|member| member.instance_id.is_some());
    let with_upgraded = verbose && group.members.iter().any(|m| m.is_upgraded.is_some());
    let mut rows: Vec<Vec<String>> = vec![
        [
            "GROUP",
            "CONSUMER-ID",
            "GROUP-INSTANCE-ID",
            "HOST",
            "CLIENT-ID",
            "#PARTITIONS",
            "CURRENT-EPOCH",
            "CURRENT-ASSIGNMENT",
            "TARGET-EPOCH",
            "TARGET-ASSIGNMENT",
            "UPGRADED",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for member in &group.members {
        let text = |text: &Str| text.to_string();
        rows.push(vec![
            text(&group.group),
            text(&member.id),
            member.instance_id.as_ref().map(text).unwrap_or_default(),
            text(&member.host),
            text(&member.client_id),
            member.assignment.len().to_string(),
            number(member.epoch),
            assignment(Some(&member.assignment)),
            number(group.assignment_epoch),
            assignment(member.target.as_deref()),
            number(member.is_upgraded),
        ]);
    }
    let width = |at: usize| {
        let least = match at {
            2 => 17,
            7 => 20,
            9 => 20,
            _ => WIDTH,
        };
        widest(rows.iter().map(|row| &*row[at])).max(least)
    };
    let columns = (0..11).filter(|at| match at {
        2 => with_instance,
        6..=9 => verbose,
        10 => with_upgraded,
        _ => true,
    });
    let columns: Vec<(usize, usize)> = columns.map(|at| (at, width(at))).collect();
    context.terminal.say("")?;
    for row in &rows {
        let line = padded(columns.iter().map(|(at, width)| (&*row[*at], *width)));
        context.terminal.say(format!("{line} "))?;
    }
    Ok(())
}

/// Partitions by topic: `t:0,1;u:0`.
fn assignment(partitions: Option<&[(Str, i32)]>) -> String {
    let mut topics: BTreeMap<&Str, Vec<String>> = BTreeMap::new();
    for (topic, partition) in partitions.unwrap_or_default() {
        topics.entry(topic).or_default().push(partition.to_string());
    }
    if topics.is_empty() {
        return NOTHING.to_owned();
    }
    let topics =
        topics.iter().map(|(topic, partitions)| format!("{topic}:{}", partitions.join(",")));
    topics.collect::<Vec<_>>().join(";")
}

fn state(context: &mut Context<'_>, group: &Description, verbose: bool) -> Result<(), Error> {
    if !is_shown(context, group, 1)? {
        return Ok(());
    }
    let (address, id) = &group.coordinator;
    let coordinator = format!("{address}  ({id})");
    let assignor = if group.assignor.is_empty() { NOTHING } else { &*group.assignor };
    let (group_epoch, assignment_epoch) =
        (number(group.group_epoch), number(group.assignment_epoch));
    let members = group.members.len().to_string();
    let rows = [
        [
            "GROUP",
            "COORDINATOR (ID)",
            "ASSIGNMENT-STRATEGY",
            "STATE",
            "GROUP-EPOCH",
            "TARGET-ASSIGNMENT-EPOCH",
            "#MEMBERS",
        ],
        [
            &*group.group,
            &coordinator,
            assignor,
            &*group.state,
            &group_epoch,
            &assignment_epoch,
            &members,
        ],
    ];
    let name = group.group.chars().count().max(WIDTH);
    context.terminal.say("")?;
    for row in rows {
        let mut cells =
            vec![(row[0], name), (row[1], coordinator.len().max(25)), (row[2], 20), (row[3], 20)];
        if verbose {
            cells.extend([(row[4], WIDTH), (row[5], 25)]);
        }
        cells.push((row[6], 0));
        context.terminal.say(padded(cells))?;
    }
    Ok(())
}
