//! `kafka-reassign-partitions`: moves replicas of partitions between brokers and log directories.

mod cancel;
mod execute;
mod generate;
mod moves;
mod options;
mod plan;
mod throttle;
mod verify;

use std::collections::BTreeMap;

use client::{Admin, Error as ClientError, Partitions};
use env::Env;
use wire::{ErrorCode, Str};

use crate::connect::admin_with;
use crate::error::Error;
use crate::json::read_text;
use crate::options::Given;
use crate::properties::Properties;
use crate::terminal::Terminal;

pub(crate) use options::OPTIONS;

/// What the actions work with.
struct Context<'a> {
    env: &'a Env,
    admin: Admin,
    given: &'a Given,
    terminal: &'a mut Terminal,
}

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let action = options::check(given)?;
    let mut properties = Properties::of(env.files(), given.one("command-config")?, &[])?;
    properties.set_default("client.id", "reassign-partitions-tool");
    let admin = admin_with(env, given, terminal, &properties).await?;
    let mut context = Context { env, admin, given, terminal };
    let result = match action {
        "verify" => Box::pin(verify::run(&mut context)).await,
        "generate" => generate::run(&mut context).await,
        "execute" => Box::pin(execute::run(&mut context)).await,
        "cancel" => Box::pin(cancel::run(&mut context)).await,
        _ => list(&mut context).await,
    };
    match result {
        Err(error @ (Error::Refused(_) | Error::Client(_) | Error::Usage(_))) => {
            terminal.say(format!("Error: {error}"))?;
            Err(Error::Told)
        }
        other => other,
    }
}

impl Context<'_> {
    /// The file that an option names.
    fn file(&self, option: &str) -> Result<String, Error> {
        let path = self.given.one(option)?.unwrap_or_default();
        read_text(self.env.files(), path)
    }

    /// Tells why the tool ends, without more ado.
    fn end(&mut self, text: impl AsRef<str>) -> Result<(), Error> {
        self.terminal.say(text)?;
        Err(Error::Told)
    }

    /// The replicas of all partitions of topics.
    async fn assignment(&self, topics: &[Str]) -> Result<Partitions<Vec<i32>>, Error> {
        let mut found = Partitions::new();
        if topics.is_empty() {
            return Ok(found);
        }
        for topic in self.admin.cluster().metadata(Some(topics)).await?.topics {
            let name = topic.name.unwrap_or_default();
            let code = ErrorCode::from_code(topic.error_code);
            if code == Some(ErrorCode::UnknownTopicOrPartition) {
                let problem = format!("Topic {name} not found.");
                return Err(ClientError::refused(topic.error_code, Some(&problem)).into());
            }
            client::check(topic.error_code, None)?;
            for partition in topic.partitions {
                found.insert((name.clone(), partition.partition_index), partition.replica_nodes);
            }
        }
        Ok(found)
    }

    /// An assignment as JSON, with the log directories its replicas are in.
    async fn shown(&self, assignment: &Partitions<Vec<i32>>) -> String {
        let replicas: Vec<Replica> = assignment
            .iter()
            .flat_map(|((topic, partition), replicas)| {
                replicas.iter().map(|broker| (topic.clone(), *partition, *broker))
            })
            .collect();
        // A broker that does not tell may have them anywhere.
        let places = self.log_dirs(replicas.iter()).await.unwrap_or_default();
        plan::shown(assignment, &places)
    }

    /// Where replicas are, and where they are being moved to: by topic, partition and broker.
    async fn log_dirs(
        &self,
        replicas: impl Iterator<Item = &Replica>,
    ) -> Result<BTreeMap<Replica, Place>, Error> {
        let mut asked: BTreeMap<i32, Vec<(Str, i32)>> = BTreeMap::new();
        for (topic, partition, broker) in replicas {
            asked.entry(*broker).or_default().push((topic.clone(), *partition));
        }
        let mut places: BTreeMap<Replica, Place> = BTreeMap::new();
        for (broker, partitions) in asked {
            for dir in self.admin.describe_log_dirs(broker, Some(partitions)).await? {
                for topic in dir.topics {
                    for at in topic.partitions {
                        let key = (topic.name.clone(), at.partition_index, broker);
                        let place = places.entry(key).or_default();
                        let side =
                            if at.is_future_key { &mut place.future } else { &mut place.current };
                        *side = Some(dir.log_dir.clone());
                    }
                }
            }
        }
        Ok(places)
    }
}

/// A replica: topic, partition and broker.
type Replica = (Str, i32, i32);

/// The log directories of a replica.
#[derive(Debug, Clone, Default)]
struct Place {
    current: Option<Str>,
    future: Option<Str>,
}

fn joined(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

fn names<'a>(partitions: impl Iterator<Item = &'a (Str, i32)>) -> String {
    partitions.map(|(topic, at)| format!("{topic}-{at}")).collect::<Vec<_>>().join(",")
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Shows what is being moved.
async fn list(context: &mut Context<'_>) -> Result<(), Error> {
    let moves = context.admin.list_reassignments().await?;
    if moves.is_empty() {
        context.terminal.say("No partition reassignments found.")?;
        return Ok(());
    }
    context.terminal.say("Current partition reassignments:")?;
    for ((topic, partition), moved) in &moves {
        let mut line = format!("{topic}-{partition}: replicas: {}.", joined(&moved.replicas));
        if !moved.adding_replicas.is_empty() {
            line += &format!(" adding: {}.", joined(&moved.adding_replicas));
        }
        if !moved.removing_replicas.is_empty() {
            line += &format!(" removing: {}.", joined(&moved.removing_replicas));
        }
        context.terminal.say(line)?;
    }
    Ok(())
}
