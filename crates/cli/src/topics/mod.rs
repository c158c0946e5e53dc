//! `kafka-topics`: create, delete, describe, alter and list topics.

mod alter;
mod create;
mod delete;
mod describe;
mod list;
mod options;

use client::{Admin, NewTopic};
use env::Env;
use wire::Str;

use crate::connect::{client_config, connect};
use crate::error::Error;
use crate::exception::message;
use crate::options::{Given, Refused};
use crate::pattern::Pattern;
use crate::properties::Properties;
use crate::terminal::Terminal;

pub(crate) use options::OPTIONS;

/// What the actions work with.
struct Context<'a> {
    admin: Admin,
    given: &'a Given,
    terminal: &'a mut Terminal,
}

/// Runs the tool.
///
/// # Errors
/// What is told to the user; usage errors are told with the usage.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let action = options::check(given, terminal)?;
    let properties = Properties::of(env.files(), given.one("command-config")?, &[])?;
    let servers = given.one("bootstrap-server")?.unwrap_or_default();
    let config = client_config(servers, "", &properties);
    let work = async {
        let cluster = connect(env, config?, terminal).await?;
        let mut context = Context { admin: Admin::new(&cluster), given, terminal };
        match action {
            "create" => create::run(&mut context).await,
            "alter" => alter::run(&mut context).await,
            "describe" => Box::pin(describe::run(&mut context)).await,
            "list" => list::run(&mut context).await,
            _ => delete::run(&mut context).await,
        }
    };
    let result: Result<(), Error> = Box::pin(work).await;
    if let Err(error) = &result {
        let error = match error {
            Error::Client(error) => message(error),
            other => other.to_string(),
        };
        terminal.say(format!("Error while executing topic command : {error}"))?;
        terminal.complain(format!("ERROR {error}"));
    }
    result.map_err(|_| Error::Told)
}

impl Context<'_> {
    /// The names of topics that `--topic` stands for (all without it), sorted.
    async fn topics(&self) -> Result<Vec<Str>, Error> {
        let pattern = self.given.one("topic")?.map(Pattern::new).transpose()?;
        let without_internal = self.given.has("exclude-internal");
        let topics = self.admin.list_topics().await?.into_iter().filter(|topic| {
            let name = topic.name.as_deref().unwrap_or_default();
            let fits = pattern.as_ref().is_none_or(|pattern| pattern.matches(name));
            fits && !(without_internal && topic.is_internal)
        });
        Ok(topics.filter_map(|topic| topic.name).collect())
    }

    /// # Errors
    /// A topic was asked for that is not there, and `--if-exists` does not excuse it.
    fn must_exist(&self, found: &[Str]) -> Result<(), Error> {
        match self.given.one("topic")? {
            Some(asked) if found.is_empty() && !self.given.has("if-exists") => {
                Err(Error::Refused(format!("Topic '{asked}' does not exist as expected")))
            }
            _ => Ok(()),
        }
    }

    /// A number that has to be above zero.
    fn above_zero(&self, name: &str, problem: &str) -> Result<Option<i32>, Error> {
        match self.given.parsed::<i32>(name)? {
            Some(number) if number < 1 => Err(Error::Refused(problem.to_owned())),
            number => Ok(number),
        }
    }
}

/// Reads `1:2,2:3`: the replicas of each partition in turn.
fn parse_assignment(text: &str) -> Result<Vec<Vec<i32>>, Error> {
    let mut assignment: Vec<Vec<i32>> = Vec::new();
    for partition in text.split(',') {
        let mut replicas = Vec::new();
        for id in partition.split(':') {
            let invalid = |_| Error::Refused(format!("For input string: \"{}\"", id.trim()));
            let id: i32 = id.trim().parse().map_err(invalid)?;
            if replicas.contains(&id) {
                return Err(Error::Refused(format!(
                    "Partition replica lists may not contain duplicate entries: {id}"
                )));
            }
            replicas.push(id);
        }
        if assignment.first().is_some_and(|first| first.len() != replicas.len()) {
            return Err(Error::Refused(format!(
                "Partition {} has different replication factor: {replicas:?}",
                assignment.len()
            )));
        }
        assignment.push(replicas);
    }
    Ok(assignment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_list_replicas_by_partition() {
        assert_eq!(parse_assignment("1:2, 2:3").unwrap(), [[1, 2], [2, 3]]);
        for bad in ["1:1", "1:2,3", "x", ""] {
            assert!(parse_assignment(bad).is_err(), "{bad}");
        }
    }
}
