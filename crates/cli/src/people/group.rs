//! `ottla group`.

use clap::Subcommand;
use wire::Str;

use super::At;
use super::show::{Cell, number, table};
use super::topic::{END, offsets};
use crate::error::Error;

/// What can be done with groups.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// All groups, with how many records they are behind (what to do without a command).
    List,
    /// How far a group is in each partition.
    Show {
        /// Its id.
        group: String,
    },
    /// Deletes groups without members, with their offsets.
    Delete {
        /// Their ids.
        #[arg(required = true)]
        groups: Vec<String>,
    },
}

/// Runs a command.
///
/// # Errors
/// What is told to the user.
pub(super) async fn run(command: GroupCommand, at: &mut At<'_>) -> Result<(), Error> {
    match command {
        GroupCommand::List => list(at).await,
        GroupCommand::Show { group } => show(at, &Str::from(group)).await,
        GroupCommand::Delete { groups } => {
            for group in groups {
                at.admin.delete_group(&Str::copy_from(&group)).await?;
                at.terminal.complain(format!("deleted {group}"));
            }
            Ok(())
        }
    }
}

/// How far a group is in a partition: where it is, where the partition ends.
type Place = ((Str, i32), i64, Option<i64>);

async fn places(at: &At<'_>, group: &Str) -> Result<Vec<Place>, Error> {
    let committed = at.admin.group_offsets(group, None).await?;
    let ends = offsets(at, committed.keys().cloned(), END).await?;
    let place = |(key, committed): ((Str, i32), client::GroupOffset)| {
        let end = ends.get(&key).copied();
        (key, committed.offset, end)
    };
    Ok(committed.into_iter().map(place).collect())
}

fn lag((_, offset, end): &Place) -> Option<i64> {
    end.map(|end| (end - offset).max(0))
}

async fn list(at: &mut At<'_>) -> Result<(), Error> {
    let groups = at.admin.list_groups(&[], &[]).await?;
    let mut rows = Vec::new();
    for group in groups {
        // Share groups keep their place elsewhere.
        let lag: Option<i64> = match places(at, &group.group_id).await {
            Ok(places) => places.iter().map(lag).sum(),
            Err(_) => None,
        };
        rows.push(vec![
            Cell::from(&*group.group_id),
            Cell::Text(group.group_type.to_lowercase()),
            Cell::from(&*group.group_state),
            number(lag),
        ]);
    }
    table(at, &["group", "type", "state", "lag"], rows)
}

async fn show(at: &mut At<'_>, group: &Str) -> Result<(), Error> {
    let known = at.admin.list_groups(&[], &[]).await?;
    if !known.iter().any(|listed| listed.group_id == *group) {
        return Err(Error::Refused(format!("there is no group {group}; ottla group lists them")));
    }
    let places = places(at, group).await?;
    let rows = places.iter().map(|place| {
        let ((topic, partition), offset, end) = place;
        vec![
            Cell::from(&**topic),
            Cell::Number((*partition).into()),
            Cell::Number(*offset),
            number(*end),
            number(lag(place)),
        ]
    });
    let rows = rows.collect();
    table(at, &["topic", "partition", "offset", "end", "lag"], rows)
}
