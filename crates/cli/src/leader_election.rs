//! `kafka-leader-election`: elects leaders of partitions.

use std::time::Duration;

use client::{Admin, Error as ClientError, Partitions};
use env::Env;
use serde_json::Value;
use wire::{ErrorCode, Str};

use crate::connect::admin_with;
use crate::error::Error;
use crate::exception::shown;
use crate::java::hash_order;
use crate::json;
use crate::options::{Given, Options, Refusal, flag, value};
use crate::properties::Properties;
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported are preferred replicas and unclean replicas.",
    example: "kafka-leader-election --bootstrap-server localhost:9092 --election-type preferred --all-topic-partitions",
    specs: &[
        value(
            "admin.config",
            "String: config file",
            "(DEPRECATED) A file with properties of the admin client. Use --command-config.",
        ),
        flag(
            "all-topic-partitions",
            "Elect for all partitions that need it. Not with --topic or --path-to-json-file.",
        ),
        value("bootstrap-server", "String: host:port", "REQUIRED: Brokers to begin with."),
        value(
            "command-config",
            "String: config file",
            "A file with properties of the admin client.",
        ),
        value(
            "election-type",
            "[PREFERRED|UNCLEAN]: election type",
            "REQUIRED: preferred makes the first replica the leader where it is in sync; unclean gives partitions without a leader any replica that lives, which may lose records.",
        ),
        value("partition", "Integer: partition id", "The partition; REQUIRED with --topic."),
        value(
            "path-to-json-file",
            "String: Path to JSON file",
            "A file with the partitions: {\"partitions\": [{\"topic\": \"orders\", \"partition\": 1}]}",
        ),
        value(
            "topic",
            "String: topic name",
            "The topic. Not with --all-topic-partitions or --path-to-json-file.",
        ),
    ],
    required: &[],
    refusal: Refusal::Alone,
};

/// How long the tool waits where properties say nothing else.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let unclean = check(given, terminal)?;
    let partitions = match (given.one("path-to-json-file")?, given.one("topic")?) {
        (Some(path), _) => {
            let unreadable = |error| Error::Refused(format!("java.io.IOException: {error}"));
            Some(parse(&json::read_text(env.files(), path).map_err(unreadable)?)?)
        }
        (None, Some(topic)) => {
            let unreadable = |refused: crate::options::Refused| Error::Refused(refused.0);
            let partition = given.parsed::<i32>("partition").map_err(unreadable)?;
            Some(vec![(Str::copy_from(topic), partition.unwrap_or_default())])
        }
        (None, None) => None,
    };
    let path = given.one("command-config")?.or(given.one("admin.config")?);
    let mut properties = Properties::of(env.files(), path, &[])?;
    properties.set_default("default.api.timeout.ms", TIMEOUT.as_millis());
    properties.set_default("request.timeout.ms", TIMEOUT.as_millis() / 2);
    let admin = admin_with(env, given, terminal, &properties).await?;
    let kind = if unclean { "UNCLEAN" } else { "PREFERRED" };
    let results = elect(&admin, unclean, partitions, terminal).await?;
    tell(results, kind, terminal)
}

/// Whether the election is an unclean one.
fn check(given: &Given, terminal: &mut Terminal) -> Result<bool, Error> {
    let refuse = |text: String| Err(Error::Refused(text));
    if given.has("admin.config") {
        terminal.say(
            "Option --admin.config has been deprecated and will be removed in a future version. \
             Use --command-config instead.",
        )?;
    }
    let required = ["bootstrap-server", "election-type"].into_iter();
    let missing: Vec<&str> = required.filter(|name| !given.has(name)).collect();
    if !missing.is_empty() {
        return refuse(format!("Missing required option(s): {}", missing.join(", ")));
    }
    let election = given.one("election-type")?.unwrap_or_default();
    let unclean = match election.to_ascii_lowercase().as_str() {
        "preferred" => false,
        "unclean" => true,
        _ => {
            let problem = "Cannot parse argument";
            return refuse(format!("{problem} '{election}' of option election-type"));
        }
    };
    let ways = ["topic", "all-topic-partitions", "path-to-json-file"];
    if ways.iter().filter(|way| given.has(way)).count() != 1 {
        let ways = ways.join(", ");
        return refuse(format!("One and only one of the following options is required: {ways}"));
    }
    match (given.has("topic"), given.has("partition")) {
        (true, false) => refuse("Missing required option(s): partition".to_owned()),
        (false, true) => refuse("Option partition is only allowed if topic is used".to_owned()),
        _ => Ok(unclean),
    }
}

async fn elect(
    admin: &Admin,
    unclean: bool,
    partitions: Option<Vec<(Str, i32)>>,
    terminal: &mut Terminal,
) -> Result<Partitions<Result<(), ClientError>>, Error> {
    let error = match admin.elect_leaders(unclean, partitions).await {
        Ok(results) => return Ok(results),
        Err(error) => error,
    };
    let message = match &error {
        ClientError::TimedOut { .. } => "Timeout waiting for election results",
        ClientError::Refused { code: ErrorCode::RequestTimedOut, .. } => {
            "Timeout waiting for election results"
        }
        ClientError::Refused { code: ErrorCode::ClusterAuthorizationFailed, .. } => {
            "Not authorized to perform leader election"
        }
        other => {
            let class = "java.util.concurrent.ExecutionException";
            return Err(Error::Refused(format!("{class}: {}", shown(other))));
        }
    };
    terminal.say(message)?;
    Err(Error::Refused(message.to_owned()))
}

fn tell(
    results: Partitions<Result<(), ClientError>>,
    kind: &str,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let (mut done, mut needless, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (key, result) in results {
        match result {
            Ok(()) => done.push(key),
            Err(ClientError::Refused { code: ErrorCode::ElectionNotNeeded, .. }) => {
                needless.push(key);
            }
            Err(error) => failed.push((key, error)),
        }
    }
    let list = |keys: Vec<(Str, i32)>| {
        let keys = hash_order(keys, |key| key).into_iter();
        keys.map(|(topic, at)| format!("{topic}-{at}")).collect::<Vec<_>>().join(", ")
    };
    if !done.is_empty() {
        let done = list(done);
        terminal.say(format!(
            "Successfully completed leader election ({kind}) for partitions {done}"
        ))?;
    }
    if !needless.is_empty() {
        let needless = list(needless);
        terminal.say(format!("Valid replica already elected for partitions {needless}"))?;
    }
    let count = failed.len();
    for ((topic, partition), error) in hash_order(failed, |failed| &failed.0) {
        let error = shown(&error);
        terminal.say(format!(
            "Error completing leader election ({kind}) for partition: {topic}-{partition}: {error}"
        ))?;
    }
    if count > 0 {
        return Err(Error::Refused(format!("{count} replica(s) could not be elected")));
    }
    Ok(())
}

/// Reads the file: the partitions.
fn parse(text: &str) -> Result<Vec<(Str, i32)>, Error> {
    let refuse = |text: String| Err(Error::Refused(text));
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return refuse("Replica election data is empty".to_owned());
    };
    let Some(listed) = value.get("partitions") else {
        let problem = "Replica election data is missing \"partitions\" field";
        return refuse(problem.to_owned());
    };
    let (mut partitions, mut doubles) = (Vec::new(), Vec::new());
    for entry in json::array(listed)? {
        let topic = Str::copy_from(json::text(json::field(entry, "topic")?)?);
        let key = (topic, json::integer(json::field(entry, "partition")?)?);
        let seen = if partitions.contains(&key) { &mut doubles } else { &mut partitions };
        if !seen.contains(&key) {
            seen.push(key);
        }
    }
    if !doubles.is_empty() {
        let doubles = hash_order(doubles, |key| key).into_iter();
        let doubles: Vec<String> = doubles.map(|(topic, at)| format!("{topic}-{at}")).collect();
        let doubles = doubles.join(", ");
        return refuse(format!("Replica election data contains duplicate partitions: [{doubles}]"));
    }
    Ok(partitions)
}
