//! `kafka-get-offsets`: the offsets of partitions by time.

use client::{Error as ClientError, Partitions};
use env::Env;
use wire::Str;

use crate::connect::admin_with;
use crate::error::Error;
use crate::exception::shown;
use crate::options::{Given, Options, Refusal, Refused, flag, value};
use crate::pattern::Pattern;
use crate::properties::Properties;
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "An interactive shell for getting topic-partition offsets.",
    example: "kafka-get-offsets --bootstrap-server localhost:9092 --topic orders --time earliest",
    specs: &[
        value(
            "bootstrap-server",
            "String: HOST1:PORT1,...,HOST3:PORT3",
            "REQUIRED: Brokers to begin with.",
        ),
        value(
            "command-config",
            "String: config file",
            "A file with properties of the admin client.",
        ),
        flag("exclude-internal-topics", "Leave Kafka's own topics out."),
        value(
            "partitions",
            "String: partition ids",
            "The partitions, as 0,1,2; all without it. Not with --topic-partitions.",
        ),
        value(
            "time",
            "String: <timestamp> / -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload",
            "What to look up: the first offset from a timestamp on, or one of the words. (default: latest)",
        ),
        value(
            "topic",
            "String: topic",
            "The topics, as a regular expression; all without it. Not with --topic-partitions.",
        ),
        value(
            "topic-partitions",
            "String: topic1:1,topic2:0-3,topic3,topic4:5-,topic5:-3",
            "Partitions by topic: a regular expression for the topic, and after a colon a partition, or a range whose end does not count.",
        ),
    ],
    required: &[],
    refusal: Refusal::After("Error occurred: "),
};

/// Times that have a name; the numbers are those of the request.
const NAMED: [(&str, i64); 6] = [
    ("latest", -1),
    ("earliest", -2),
    ("max-timestamp", -3),
    ("earliest-local", -4),
    ("latest-tiered", -5),
    ("earliest-pending-upload", -6),
];

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    given.require(&["bootstrap-server"])?;
    let servers = given.one("bootstrap-server")?.unwrap_or_default();
    if client::ClientConfig::new(servers, "").is_err() {
        let problem = "Please provide valid host:port like host1:9091,host2:9092\n";
        return Err(Refused(problem.to_owned()).into());
    }
    Box::pin(offsets(env, given, terminal)).await.map_err(|error| match error {
        Error::Io(error) => Error::Io(error),
        Error::Told => Error::Told,
        other => Error::Refused(format!("Error occurred: {other}")),
    })
}

async fn offsets(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let refuse = |text: &str| Err(Error::Refused(text.to_owned()));
    if given.has("topic-partitions") && (given.has("topic") || given.has("partitions")) {
        return refuse("--topic-partitions cannot be used with --topic or --partitions");
    }
    let time = time(given.one("time")?.unwrap_or("latest"))?;
    let rules = rules(given)?;
    let mut properties = Properties::of(env.files(), given.one("command-config")?, &[])?;
    properties.set("client.id", "GetOffsetShell");
    let admin = admin_with(env, given, terminal, &properties).await?;
    let topics = admin.list_topics().await?.into_iter();
    let topics =
        topics.filter(|topic| !(given.has("exclude-internal-topics") && topic.is_internal));
    let mut asked = Partitions::new();
    for topic in topics {
        let name = topic.name.unwrap_or_default();
        for partition in topic.partitions {
            let index = partition.partition_index;
            if rules.iter().any(|rule| rule.allows(&name, index)) {
                asked.insert((name.clone(), index), time);
            }
        }
    }
    if asked.is_empty() {
        return refuse("Could not match any topic-partitions with the specified filters");
    }
    let found = admin.list_offsets(asked, false).await?;
    let mut lines: Vec<(String, String)> = Vec::new();
    for ((topic, partition), result) in found {
        match result {
            Ok(found) if found.offset < 0 => {}
            Ok(found) => {
                let line = format!("{topic}:{partition}:{}", found.offset);
                lines.push((format!("{topic}-{partition}"), line));
            }
            Err(error @ (ClientError::Refused { .. } | ClientError::Unsupported(_))) => {
                terminal.complain(format!(
                    "Skip getting offsets for topic-partition {topic}-{partition} due to error: {}",
                    shown(&error)
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    // By name, as text: partition 10 comes before 2.
    lines.sort();
    for (_, line) in lines {
        terminal.say(line)?;
    }
    Ok(())
}

fn time(text: &str) -> Result<i64, Error> {
    if let Some((_, time)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Ok(*time);
    }
    text.parse().map_err(|_| {
        let words: Vec<String> =
            NAMED.iter().map(|(name, number)| format!("{number} or {name}")).collect();
        let words = words.join(" / ");
        Error::Refused(format!(
            "Malformed time argument {text}. Please use {words}, or a specified long format \
             timestamp"
        ))
    })
}

/// Which partitions of which topics are meant.
#[derive(Debug)]
struct Rule {
    topic: Option<Pattern>,
    partitions: Selection,
}

#[derive(Debug, PartialEq, Eq)]
enum Selection {
    /// Those listed; all for none.
    Listed(Vec<i32>),
    /// From one up to another that does not count.
    Range(i32, i32),
}

impl Rule {
    fn allows(&self, topic: &Str, partition: i32) -> bool {
        let partition_fits = match &self.partitions {
            Selection::Listed(listed) => listed.is_empty() || listed.contains(&partition),
            Selection::Range(from, to) => (*from..*to).contains(&partition),
        };
        partition_fits && self.topic.as_ref().is_none_or(|pattern| pattern.matches(topic))
    }
}

fn rules(given: &Given) -> Result<Vec<Rule>, Error> {
    if let Some(text) = given.one("topic-partitions")? {
        return text.split(',').map(rule).collect();
    }
    let topic = given.one("topic")?.map(Pattern::new).transpose()?;
    let listed = given.one("partitions")?.filter(|text| !text.is_empty());
    let listed = listed.map_or(Ok(Vec::new()), |text| {
        text.split(',').map(str::parse).collect::<Result<Vec<i32>, _>>().map_err(|_| {
            Error::Refused(format!(
                "--partitions expects a comma separated list of numeric partition ids, but \
                 received: {text}"
            ))
        })
    })?;
    Ok(vec![Rule { topic, partitions: Selection::Listed(listed) }])
}

/// Reads `topic`, `topic:1`, `topic:1-3`, `topic:1-`, `topic:-3`; the topic may be left out.
fn rule(text: &str) -> Result<Rule, Error> {
    let invalid = || {
        let class = "org.apache.kafka.tools.TerseException";
        Error::Refused(format!("{class}: Invalid rule specification: {text}"))
    };
    let (topic, partitions) = text.split_once(':').unwrap_or((text, ""));
    let number = |text: &str, absent| match text {
        "" => Ok(absent),
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse::<i32>().map_err(|_| invalid())
        }
        _ => Err(invalid()),
    };
    let partitions = match partitions.split_once('-') {
        Some((from, to)) => Selection::Range(number(from, 0)?, number(to, i32::MAX)?),
        None if partitions.is_empty() => Selection::Listed(Vec::new()),
        None => Selection::Listed(vec![number(partitions, 0)?]),
    };
    let topic = if topic.is_empty() { None } else { Some(Pattern::new(topic)?) };
    Ok(Rule { topic, partitions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_topics_and_ranges_of_partitions() {
        let allows = |text, topic: &'static str, at| rule(text).unwrap().allows(&topic.into(), at);
        assert!(allows("t", "t", 7) && !allows("t", "u", 7));
        assert!(allows("t.*:1-3", "tt", 2) && !allows("t.*:1-3", "tt", 3));
        assert!(allows(":-1", "x", 0) && !allows(":-1", "x", 1));
        assert!(allows("t:5-", "t", 5) && !allows("t:5-", "t", 4) && allows("t:5", "t", 5));
        assert!(rule("t:1-2-3").is_err() && rule("t:x").is_err());
    }

    #[test]
    fn times_are_words_or_numbers() {
        assert_eq!(time("earliest").unwrap(), -2);
        assert_eq!(time("-3").unwrap(), -3);
        assert_eq!(time("17").unwrap(), 17);
        assert!(time("x").is_err());
    }
}
