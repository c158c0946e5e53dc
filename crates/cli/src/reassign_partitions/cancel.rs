//! `--cancel`: stops moving.

use std::collections::BTreeMap;

use client::Partitions;
use wire::Str;

use super::{Context, Error, Replica, moves, plan, plural, throttle};
use crate::exception::message;

/// Cancels the reassignment.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let plan = plan::parse(&context.file("reassignment-json-file")?)?;
    let under_way = context.admin.list_reassignments().await?;
    let concerned = plan.partitions.iter().map(|(key, _)| key);
    let active: Partitions<Option<Vec<i32>>> = concerned
        .filter(|key| under_way.contains_key(key))
        .map(|key| (key.clone(), None))
        .collect();
    if active.is_empty() {
        context.terminal.say("None of the specified partition reassignments are active.")?;
    } else {
        let results = context.admin.alter_partition_reassignments(active.clone(), true).await?;
        let failed: Vec<String> = results
            .into_iter()
            .filter_map(|((topic, at), result)| {
                Some(format!("{topic}-{at}: {}", message(&result.err()?)))
            })
            .collect();
        if !failed.is_empty() {
            let (suffix, failed) = (plural(failed.len()), failed.join("\n"));
            return context
                .end(format!("Error cancelling partition reassignment{suffix} for:\n{failed}"));
        }
        let (suffix, names) = (plural(active.len()), super::names(active.keys()));
        context
            .terminal
            .say(format!("Successfully cancelled partition reassignment{suffix} for: {names}"))?;
    }
    let back: BTreeMap<Replica, Str> = moves::states(context, &plan.dirs)
        .await?
        .into_iter()
        .filter_map(|(replica, state)| match state {
            moves::State::Active { current, .. } => Some((replica, current)),
            _ => None,
        })
        .collect();
    if back.is_empty() {
        // No line of its own in Apache Kafka's tool either.
        write!(context.terminal.out(), "None of the specified partition moves are active.")?;
    } else {
        moves::start(context, &back).await?;
    }
    if !context.given.has("preserve-throttles") {
        throttle::clear(context, &plan.partitions).await?;
    }
    Ok(())
}
