//! `--verify`: how far a reassignment is.

use std::collections::BTreeMap;

use wire::Str;

use super::{Context, Error, Replica, moves, plan, throttle};

/// Shows how far it is; when nothing moves any more, throttles are taken away.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let plan = plan::parse(&context.file("reassignment-json-file")?)?;
    let is_moving = partitions(context, &plan).await?;
    let are_moving = log_dirs(context, &plan.dirs).await?;
    if !is_moving && !are_moving && !context.given.has("preserve-throttles") {
        throttle::clear(context, &plan.partitions).await?;
    }
    Ok(())
}

async fn partitions(context: &mut Context<'_>, plan: &plan::Plan) -> Result<bool, Error> {
    let under_way = context.admin.list_reassignments().await?;
    context.terminal.say("Status of partition reassignment:")?;
    let targets: BTreeMap<&(Str, i32), &Vec<i32>> =
        plan.partitions.iter().map(|(key, replicas)| (key, replicas)).collect();
    for (key, target) in targets {
        let (topic, partition) = key;
        if under_way.contains_key(key) {
            context.terminal.say(format!(
                "Reassignment of partition {topic}-{partition} is still in progress."
            ))?;
            continue;
        }
        let found = context.assignment(std::slice::from_ref(topic)).await.unwrap_or_default();
        let current = found.get(key).cloned().unwrap_or_default();
        context.terminal.say(if current == *target {
            format!("Reassignment of partition {topic}-{partition} is completed.")
        } else {
            format!(
                "There is no active reassignment of partition {topic}-{partition}, but replica set \
                 is {} rather than {}.",
                super::joined(&current),
                super::joined(target)
            )
        })?;
    }
    Ok(!under_way.is_empty())
}

/// Whether replicas are still moving.
async fn log_dirs(
    context: &mut Context<'_>,
    targets: &BTreeMap<Replica, Str>,
) -> Result<bool, Error> {
    let states = moves::states(context, targets).await?;
    let mut lines: Vec<(&Replica, String)> = Vec::new();
    for (replica, state) in &states {
        if let Some(target) = targets.get(replica) {
            lines.push((replica, moves::told(replica, target, state)));
        }
    }
    lines.sort_by(|(a, _), (b, _)| (a.2, &a.0, a.1).cmp(&(b.2, &b.0, b.1)));
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    context.terminal.say(lines.join("\n"))?;
    let is_active = |state: &moves::State| {
        matches!(state, moves::State::Active { .. } | moves::State::NoCurrent)
    };
    Ok(states.values().any(is_active))
}
