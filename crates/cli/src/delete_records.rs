//! `kafka-delete-records`: deletes the records of partitions below given offsets.

use std::collections::BTreeMap;

use env::Env;
use serde_json::Value;
use wire::Str;

use crate::connect::admin;
use crate::error::Error;
use crate::exception::shown;
use crate::java::hash_order;
use crate::json;
use crate::options::{Given, Options, Refusal, value};
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to delete records of the given partitions down to the specified offset.",
    example: "kafka-delete-records --bootstrap-server localhost:9092 --offset-json-file offsets.json",
    specs: &[
        value(
            "bootstrap-server",
            "String: server(s) to use for bootstrapping",
            "REQUIRED: Brokers to begin with.",
        ),
        value(
            "command-config",
            "String: command config property file path",
            "A file with properties of the admin client.",
        ),
        value(
            "offset-json-file",
            "String: Offset json file path",
            "REQUIRED: A JSON file with an offset for each partition, -1 for all there is: {\"partitions\": [{\"topic\": \"orders\", \"partition\": 1, \"offset\": 1}], \"version\": 1}",
        ),
    ],
    required: &[],
    refusal: Refusal::Alone,
};

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    given.require(&["bootstrap-server", "offset-json-file"])?;
    let path = given.one("offset-json-file")?.unwrap_or_default();
    let offsets = parse(&json::read_text(env.files(), path)?)?;
    let admin = admin(env, given, terminal).await?;
    terminal.say("Executing records delete operation")?;
    let results = admin.delete_records(offsets).await?;
    terminal.say("Records delete operation completed:")?;
    for ((topic, partition), result) in results {
        terminal.say(match result {
            Ok(low) => format!("partition: {topic}-{partition}\tlow_watermark: {low}"),
            Err(error) => format!("partition: {topic}-{partition}\terror: {}", shown(&error)),
        })?;
    }
    Ok(())
}

/// Reads the file: an offset for each partition.
fn parse(text: &str) -> Result<BTreeMap<(Str, i32), i64>, Error> {
    let refuse = |text: String| Err(Error::Refused(text));
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return refuse("The input string is not a valid JSON".to_owned());
    };
    let version = value.get("version").map(json::integer).transpose()?.unwrap_or(1);
    if version != 1 {
        return refuse(format!("Not supported version field value {version}"));
    }
    let Some(partitions) = value.get("partitions") else {
        return refuse("Missing partitions field".to_owned());
    };
    let mut offsets = BTreeMap::new();
    let mut doubles: Vec<(Str, i32)> = Vec::new();
    for entry in json::array(partitions)? {
        let topic = Str::copy_from(json::text(json::field(entry, "topic")?)?);
        let key = (topic, json::integer(json::field(entry, "partition")?)?);
        let offset = json::long(json::field(entry, "offset")?)?;
        if offsets.insert(key.clone(), offset).is_some() && !doubles.contains(&key) {
            doubles.push(key);
        }
    }
    if !doubles.is_empty() {
        let doubles = hash_order(doubles, |key| key).into_iter();
        let doubles: Vec<String> = doubles.map(|(topic, at)| format!("{topic}-{at}")).collect();
        let doubles = doubles.join(",");
        return refuse(format!("Offset json file contains duplicate topic partitions: {doubles}"));
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_each_partition_once() {
        let parse = |text| parse(text).map_err(|error| error.to_string());
        let one = r#"{"partitions":[{"topic":"t","partition":1,"offset":7}],"version":1}"#;
        assert_eq!(parse(one).unwrap().into_iter().collect::<Vec<_>>(), [((Str::from("t"), 1), 7)]);
        assert_eq!(parse("{").unwrap_err(), "The input string is not a valid JSON");
        assert_eq!(parse("{}").unwrap_err(), "Missing partitions field");
        assert_eq!(parse(r#"{"version":2}"#).unwrap_err(), "Not supported version field value 2");
        let entry = r#"{"topic":"t","partition":1,"offset":7}"#;
        let twice = format!(r#"{{"partitions":[{entry},{entry}]}}"#);
        let problem = "Offset json file contains duplicate topic partitions: t-1";
        assert_eq!(parse(&twice).unwrap_err(), problem);
    }
}
