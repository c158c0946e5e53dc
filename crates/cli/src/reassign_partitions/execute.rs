//! `--execute`: starts moving.

use std::collections::BTreeSet;

use client::{Error as ClientError, Partitions};
use wire::{ErrorCode, Str};

use super::{Context, Error, moves, plan, plural, throttle};
use crate::exception::message;

/// Starts the reassignment.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let plan = plan::parse(&context.file("reassignment-json-file")?)?;
    plan.check()?;
    let under_way = context.admin.list_reassignments().await?;
    if !context.given.has("additional") && !under_way.is_empty() {
        return context.end(
            "Cannot execute because there is an existing partition assignment.  Use --additional \
             to override this and create a new partition assignment in addition to the existing \
             one. The --additional flag can also be used to change the throttle by resubmitting \
             the current reassignment.",
        );
    }
    known_brokers(context, &plan).await?;
    let proposed: Partitions<Vec<i32>> = plan.partitions.iter().cloned().collect();
    let current = current(context, &proposed).await?;
    let shown = context.shown(&current).await;
    context.terminal.say(format!(
        "Current partition replica assignment\n\n{shown}\n\nSave this to use as the \
         --reassignment-json-file option during rollback"
    ))?;
    let rate = |name| Ok::<_, Error>(context.given.parsed::<i64>(name)?.unwrap_or(-1));
    let (between_brokers, between_dirs) =
        (rate("throttle")?, rate("replica-alter-log-dirs-throttle")?);
    if between_brokers >= 0 || between_dirs >= 0 {
        context.terminal.say(
            "Warning: You must run --verify periodically, until the reassignment completes, to \
             ensure the throttle is removed.",
        )?;
    }
    if between_brokers >= 0 {
        let rate = between_brokers;
        throttle::between_brokers(context, &under_way, &proposed, &current, rate).await?;
    }
    if between_dirs >= 0 {
        let brokers = plan.dirs.keys().map(|(_, _, broker)| *broker).collect();
        throttle::between_log_dirs(context, brokers, between_dirs).await?;
    }
    start(context, &proposed).await?;
    if !plan.dirs.is_empty() {
        moves::start(context, &plan.dirs).await?;
    }
    Ok(())
}

async fn known_brokers(context: &Context<'_>, plan: &plan::Plan) -> Result<(), Error> {
    let known = context.admin.describe_cluster(false).await?.brokers;
    let asked: BTreeSet<i32> =
        plan.partitions.iter().flat_map(|(_, replicas)| replicas).copied().collect();
    match asked.iter().find(|id| !known.iter().any(|node| node.broker_id == **id)) {
        Some(id) => Err(Error::Refused(format!("Unknown broker id {id}"))),
        None => Ok(()),
    }
}

async fn current(
    context: &Context<'_>,
    proposed: &Partitions<Vec<i32>>,
) -> Result<Partitions<Vec<i32>>, Error> {
    let mut topics: Vec<Str> = proposed.keys().map(|(topic, _)| topic.clone()).collect();
    topics.dedup();
    let mut current = context.assignment(&topics).await?;
    current.retain(|key, _| proposed.contains_key(key));
    let missing: Vec<String> = proposed
        .keys()
        .filter(|key| !current.contains_key(key))
        .map(|(topic, at)| format!("{topic}-{at}"))
        .collect();
    if missing.is_empty() {
        return Ok(current);
    }
    let problem = format!("Unable to find partition: {}", missing.join(", "));
    let code = ErrorCode::UnknownTopicOrPartition.code();
    Err(ClientError::refused(code, Some(&problem)).into())
}

async fn start(context: &mut Context<'_>, proposed: &Partitions<Vec<i32>>) -> Result<(), Error> {
    let may_change = !context.given.has("disallow-replication-factor-change");
    let asked = proposed.iter().map(|(key, replicas)| (key.clone(), Some(replicas.clone())));
    let results = context.admin.alter_partition_reassignments(asked.collect(), may_change).await?;
    let failed: Vec<String> = results
        .into_iter()
        .filter_map(|((topic, at), result)| {
            Some(format!("{topic}-{at}: {}", message(&result.err()?)))
        })
        .collect();
    if !failed.is_empty() {
        let failed = failed.join("\n");
        return context.end(format!("Error reassigning partition(s):\n{failed}"));
    }
    let (suffix, names) = (plural(proposed.len()), super::names(proposed.keys()));
    context
        .terminal
        .say(format!("Successfully started partition reassignment{suffix} for {names}"))?;
    Ok(())
}
