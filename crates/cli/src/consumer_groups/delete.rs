//! `--delete` and `--delete-offsets`.

use client::Error as ClientError;
use wire::{ErrorCode, Str};

use super::{Context, Error};
use crate::exception::shown;
use crate::java::hash_order;
use crate::table::padded;

/// Deletes the groups.
pub(super) async fn groups(context: &mut Context<'_>) -> Result<(), Error> {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for group in context.groups().await? {
        match context.admin.delete_group(&group).await {
            Ok(()) => done.push(group),
            Err(error) => failed.push((group, error)),
        }
    }
    let done = hash_order(done, |group| group);
    let names = |joint: &str| done.iter().map(|name| &**name).collect::<Vec<_>>().join(joint);
    if failed.is_empty() {
        let done = names("', '");
        context
            .terminal
            .say(format!("Deletion of requested consumer groups ('{done}') was successful."))?;
        return Ok(());
    }
    context.tell_error("Deletion of some consumer groups failed:")?;
    for (group, error) in hash_order(failed, |failed| &failed.0) {
        let error = shown(&error);
        context.terminal.say(format!("* Group '{group}' could not be deleted due to: {error}"))?;
    }
    if !done.is_empty() {
        let done = names("', '");
        context
            .terminal
            .say(format!("\nThese consumer groups were deleted successfully: '{done}'"))?;
    }
    Ok(())
}

/// Deletes offsets of a group.
pub(super) async fn offsets(context: &mut Context<'_>) -> Result<(), Error> {
    let group = Str::copy_from(context.given.one("group")?.unwrap_or_default());
    let (partitions, missing) = context.partitions().await?;
    let mut rows: Vec<(Str, Option<i32>, Option<String>)> = missing
        .into_iter()
        .map(|topic| {
            let error = ClientError::refused(ErrorCode::UnknownTopicOrPartition.code(), None);
            (topic, None, Some(shown(&error)))
        })
        .collect();
    match context.admin.delete_group_offsets(&group, &partitions).await {
        Ok(results) => {
            if results.values().all(Result::is_ok) {
                let done = format!("Request succeeded for deleting offsets from group {group}.");
                context.terminal.say(done)?;
            } else {
                context.tell_error(
                    "Encountered some partition-level error, see the follow-up details.",
                )?;
            }
            rows.extend(results.into_iter().map(|((topic, partition), result)| {
                (topic, Some(partition), result.err().map(|error| shown(&error)))
            }));
        }
        Err(error) => {
            let text = match &error {
                ClientError::Refused { message, .. } => message.clone(),
                other => other.to_string(),
            };
            context.tell_error(text)?;
            let failed = partitions.into_iter();
            rows.extend(failed.map(|(topic, at)| (topic, Some(at), Some(shown(&error)))));
        }
    }
    rows.sort_by_key(|(topic, partition, _)| format!("{topic}{}", partition.unwrap_or(-1)));
    let width = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0).max(15);
    let line = |topic: &str, partition: &str, status: &str| {
        padded([(topic, width), (partition, 10), (status, 15)])
    };
    context.terminal.say(format!("\n{}", line("TOPIC", "PARTITION", "STATUS")))?;
    for (topic, partition, error) in rows {
        let partition = partition.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let status = error.map_or_else(|| "Successful".to_owned(), |e| format!("Error: {e}"));
        context.terminal.say(line(&topic, &partition, &status))?;
    }
    Ok(())
}
