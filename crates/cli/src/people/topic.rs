//! `ottla topic`.

use clap::Subcommand;
use client::{NewTopic, Partitions};
use wire::Str;
use wire::messages::metadata_response::MetadataResponseTopic;

use super::At;
use super::show::{Cell, number, table};
use crate::error::Error;

/// What can be done with topics.
#[derive(Debug, Subcommand)]
pub enum TopicCommand {
    /// All topics, with the number of their records (what to do without a command).
    List,
    /// The partitions of a topic.
    Show {
        /// Its name.
        name: String,
    },
    /// Creates a topic.
    Create {
        /// Its name.
        name: String,
        /// How many partitions; otherwise what the broker says.
        #[arg(long)]
        partitions: Option<i32>,
        /// How many replicas of each; otherwise what the broker says.
        #[arg(long)]
        replicas: Option<i16>,
        /// Settings of its own.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
    },
    /// Deletes topics with all their records.
    Delete {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// The ends and the beginnings of logs, as ListOffsets asks for them.
pub(super) const END: i64 = -1;
const BEGINNING: i64 = -2;

/// Runs a command.
///
/// # Errors
/// What is told to the user.
pub(super) async fn run(command: TopicCommand, at: &mut At<'_>) -> Result<(), Error> {
    match command {
        TopicCommand::List => list(at).await,
        TopicCommand::Show { name } => show(at, &name).await,
        TopicCommand::Create { name, partitions, replicas, settings } => {
            create(at, &name, partitions, replicas, &settings).await
        }
        TopicCommand::Delete { names } => delete(at, &names).await,
    }
}

async fn list(at: &mut At<'_>) -> Result<(), Error> {
    let topics = at.admin.list_topics().await?;
    let keys = || topics.iter().flat_map(partitions_of);
    let begins = offsets(at, keys(), BEGINNING).await?;
    let ends = offsets(at, keys(), END).await?;
    let rows = topics.iter().map(|topic| {
        let records = partitions_of(topic).map(|key| Some(ends.get(&key)? - begins.get(&key)?));
        let replicas = topic.partitions.first().map(|first| first.replica_nodes.len() as i64);
        let name: &str = topic.name.as_ref().map_or("", Str::as_str);
        vec![
            Cell::from(name),
            Cell::Number(topic.partitions.len() as i64),
            number(replicas),
            number(records.sum()),
        ]
    });
    table(at, &["topic", "partitions", "replicas", "records"], rows.collect())
}

async fn show(at: &mut At<'_>, name: &str) -> Result<(), Error> {
    let topics = at.admin.list_topics().await?;
    let wanted =
        |topic: &&MetadataResponseTopic| topic.name.as_ref().is_some_and(|it| *it == *name);
    let Some(topic) = topics.iter().find(wanted) else {
        return Err(Error::Refused(format!("there is no topic {name}; ottla topic lists them")));
    };
    let begins = offsets(at, partitions_of(topic), BEGINNING).await?;
    let ends = offsets(at, partitions_of(topic), END).await?;
    let mut partitions: Vec<_> = topic.partitions.iter().collect();
    partitions.sort_by_key(|partition| partition.partition_index);
    let ids =
        |ids: &[i32]| Cell::Text(ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    let rows = partitions.into_iter().map(|partition| {
        let key = (Str::copy_from(name), partition.partition_index);
        vec![
            Cell::Number(partition.partition_index.into()),
            number(Some(i64::from(partition.leader_id)).filter(|leader| *leader >= 0)),
            ids(&partition.replica_nodes),
            ids(&partition.isr_nodes),
            number(begins.get(&key).copied()),
            number(ends.get(&key).copied()),
        ]
    });
    table(at, &["partition", "leader", "replicas", "in sync", "first", "end"], rows.collect())
}

async fn create(
    at: &mut At<'_>,
    name: &str,
    partitions: Option<i32>,
    replication_factor: Option<i16>,
    settings: &[String],
) -> Result<(), Error> {
    let mut configs = Vec::new();
    for setting in settings {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(Error::Refused(format!("--set {setting} is not KEY=VALUE")));
        };
        configs.push((Str::copy_from(key), Str::copy_from(value)));
    }
    let name = Str::copy_from(name);
    let topic = NewTopic { name, partitions, replication_factor, assignment: Vec::new(), configs };
    for (name, result) in at.admin.create_topics(vec![topic]).await? {
        result?;
        at.terminal.complain(format!("created {name}"));
    }
    Ok(())
}

async fn delete(at: &mut At<'_>, names: &[String]) -> Result<(), Error> {
    let names: Vec<Str> = names.iter().map(|name| Str::copy_from(name)).collect();
    for (name, result) in at.admin.delete_topics(&names).await? {
        result?;
        at.terminal.complain(format!("deleted {name}"));
    }
    Ok(())
}

fn partitions_of(topic: &MetadataResponseTopic) -> impl Iterator<Item = (Str, i32)> {
    let name = topic.name.clone().unwrap_or_default();
    topic.partitions.iter().map(move |partition| (name.clone(), partition.partition_index))
}

/// Offsets of partitions; those that cannot be told are left out.
pub(super) async fn offsets(
    at: &At<'_>,
    keys: impl Iterator<Item = (Str, i32)>,
    of: i64,
) -> Result<Partitions<i64>, Error> {
    let wanted: Partitions<i64> = keys.map(|key| (key, of)).collect();
    if wanted.is_empty() {
        return Ok(Partitions::new());
    }
    let found = at.admin.list_offsets(wanted, false).await?;
    let known = found.into_iter().filter_map(|(key, found)| Some((key, found.ok()?.offset)));
    Ok(known.collect())
}
