//! `kafka-consumer-groups`: lists, describes and deletes consumer groups, and moves their offsets.

mod delete;
mod describe;
mod description;
mod list;
mod options;
mod plan;
mod reset;
mod time;

use std::time::Duration;

use client::Admin;
use env::Env;
use wire::Str;

use crate::connect::admin_with;
use crate::error::Error;
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

/// Runs the tool. Of what the cluster refuses it tells, and ends well all the same, as Apache
/// Kafka's does.
///
/// # Errors
/// Usage errors.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let action = options::check(given, terminal)?;
    if action == "validate-regex" {
        return list::validate_regex(given, terminal);
    }
    let mut properties = Properties::of(env.files(), given.one("command-config")?, &[])?;
    if let Some(timeout) = given.parsed::<u64>("timeout")? {
        let timeout = Duration::from_millis(timeout).as_millis();
        properties.set_default("default.api.timeout.ms", timeout);
    }
    let admin = admin_with(env, given, terminal, &properties).await?;
    let mut context = Context { env, admin, given, terminal };
    let result = match action {
        "list" => list::run(&mut context).await,
        "describe" => Box::pin(describe::run(&mut context)).await,
        "delete" => delete::groups(&mut context).await,
        "delete-offsets" => delete::offsets(&mut context).await,
        _ => Box::pin(reset::run(&mut context)).await,
    };
    match result {
        Ok(()) | Err(Error::Told) => Ok(()),
        Err(error @ (Error::Usage(_) | Error::Io(_))) => Err(error),
        Err(error) => {
            terminal
                .say(format!("\nError: Executing consumer group command failed due to {error}"))?;
            terminal.complain(error.to_string());
            Ok(())
        }
    }
}

impl Context<'_> {
    /// The groups meant: those named, or all.
    async fn groups(&self) -> Result<Vec<Str>, Error> {
        if !self.given.has("all-groups") {
            let mut named: Vec<Str> = Vec::new();
            for name in self.given.all("group") {
                let name = Str::copy_from(name);
                if !named.contains(&name) {
                    named.push(name);
                }
            }
            return Ok(named);
        }
        let listed = list::groups(&self.admin, &[], &[]).await?;
        Ok(listed.into_iter().map(|group| group.group_id).collect())
    }

    fn tell_error(&mut self, text: impl std::fmt::Display) -> Result<(), Error> {
        Ok(self.terminal.say(format!("\nError: {text}"))?)
    }

    /// The partitions that `--topic` names, as `topic` or `topic:0,1`; of a topic that is not
    /// there, its name.
    async fn partitions(&self) -> Result<(Vec<(Str, i32)>, Vec<Str>), Error> {
        let (mut partitions, mut whole) = (Vec::new(), Vec::new());
        for text in self.given.all("topic") {
            if text.contains(':') {
                partitions.extend(parse_topic(text)?);
            } else {
                whole.push(Str::copy_from(text));
            }
        }
        let mut missing = Vec::new();
        for topic in whole {
            let found = self.admin.cluster().metadata(Some(std::slice::from_ref(&topic))).await?;
            match found.topics.into_iter().next().filter(|found| found.error_code == 0) {
                None => missing.push(topic),
                Some(found) => {
                    let mut indexes: Vec<i32> =
                        found.partitions.iter().map(|at| at.partition_index).collect();
                    indexes.sort_unstable();
                    partitions.extend(indexes.into_iter().map(|index| (topic.clone(), index)));
                }
            }
        }
        partitions.dedup();
        Ok((partitions, missing))
    }
}

/// Reads `topic:0,1`.
fn parse_topic(text: &str) -> Result<Vec<(Str, i32)>, Error> {
    let refuse = |text: String| Error::Usage(crate::options::Refused(text));
    let parts: Vec<&str> = text.split(':').collect();
    let &[topic, partitions] = &parts[..] else {
        return Err(refuse(format!(
            "Invalid topic arg '{text}', expected topic name and partitions"
        )));
    };
    let number = |partition: &str| {
        let invalid =
            |_| refuse(format!("Invalid partition '{partition}' specified in topic arg '{text}''"));
        partition.parse::<i32>().map_err(invalid)
    };
    partitions.split(',').map(|at| Ok((Str::copy_from(topic), number(at)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_may_name_partitions() {
        let found = parse_topic("t:0,7").unwrap();
        assert_eq!(found, [(Str::from("t"), 0), (Str::from("t"), 7)]);
        let refused = |text| parse_topic(text).unwrap_err().to_string();
        assert_eq!(refused("t:x"), "Invalid partition 'x' specified in topic arg 't:x''");
        assert_eq!(
            refused("t:0:1"),
            "Invalid topic arg 't:0:1', expected topic name and partitions"
        );
    }
}
