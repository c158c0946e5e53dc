//! Reassignments as JSON.

use std::collections::BTreeMap;

use client::Partitions;
use serde_json::Value;
use wire::Str;

use super::{Place, Replica};
use crate::error::Error;
use crate::json;

/// Where a replica may be that is to be anywhere.
const ANY: &str = "any";

/// A reassignment as it is written: duplicates are still there.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// Partitions and their replicas, in order.
    pub(super) partitions: Vec<((Str, i32), Vec<i32>)>,
    /// Log directories of replicas that are not to be anywhere.
    pub(super) dirs: BTreeMap<Replica, Str>,
}

fn refuse<T>(text: impl Into<String>) -> Result<T, Error> {
    Err(Error::Refused(text.into()))
}

fn parsed(text: &str) -> Result<Value, Error> {
    let value: Value = serde_json::from_str(text)
        .map_err(|_| Error::Refused("The input string is not a valid JSON".to_owned()))?;
    let version = value.get("version").map(json::integer).transpose()?.unwrap_or(1);
    if version == 1 {
        Ok(value)
    } else {
        refuse(format!("Not supported version field value {version}"))
    }
}

/// Reads a reassignment.
pub(super) fn parse(text: &str) -> Result<Plan, Error> {
    let value = parsed(text)?;
    let mut plan = Plan::default();
    let Some(partitions) = value.get("partitions") else { return Ok(plan) };
    for entry in json::array(partitions)? {
        let topic = Str::copy_from(json::text(json::field(entry, "topic")?)?);
        let partition = json::integer(json::field(entry, "partition")?)?;
        let replicas = json::array(json::field(entry, "replicas")?)?.iter().map(json::integer);
        let replicas: Vec<i32> = replicas.collect::<Result<_, _>>()?;
        let dirs = match entry.get("log_dirs") {
            Some(dirs) => {
                let dirs = json::array(dirs)?.iter().map(|dir| json::text(dir).map(str::to_owned));
                dirs.collect::<Result<Vec<String>, _>>()?
            }
            None => vec![ANY.to_owned(); replicas.len()],
        };
        if dirs.len() != replicas.len() {
            let dirs = dirs.join(", ");
            return refuse(format!(
                "Size of replicas list {replicas:?} is different from size of log dirs list \
                 [{dirs}] for partition {topic}-{partition}"
            ));
        }
        for (replica, dir) in replicas.iter().zip(dirs).filter(|(_, dir)| dir != ANY) {
            plan.dirs.insert((topic.clone(), partition, *replica), Str::copy_from(&dir));
        }
        plan.partitions.push(((topic, partition), replicas));
    }
    Ok(plan)
}

impl Plan {
    /// # Errors
    /// It says nothing, or something twice.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.partitions.is_empty() {
            return refuse("Partition reassignment list cannot be empty");
        }
        if self.partitions.iter().any(|(_, replicas)| replicas.is_empty()) {
            return refuse("Partition replica list cannot be empty");
        }
        let keys = || self.partitions.iter().map(|(key, _)| key);
        let doubles = keys().enumerate().filter(|(at, key)| keys().take(*at).any(|k| k == *key));
        let mut doubles: Vec<&(Str, i32)> = doubles.map(|(_, key)| key).collect();
        doubles.dedup();
        if !doubles.is_empty() {
            let doubles = super::names(doubles.into_iter());
            return refuse(format!(
                "Partition reassignment contains duplicate topic partitions: {doubles}"
            ));
        }
        let doubled = |replicas: &[i32]| {
            let mut found: Vec<i32> = Vec::new();
            for (at, replica) in replicas.iter().enumerate() {
                if replicas[..at].contains(replica) && !found.contains(replica) {
                    found.push(*replica);
                }
            }
            found
        };
        let problems: Vec<String> = self
            .partitions
            .iter()
            .filter_map(|((topic, at), replicas)| {
                let found = doubled(replicas);
                let list = super::joined(&found);
                (!found.is_empty())
                    .then(|| format!("{topic}-{at} contains multiple entries for {list}"))
            })
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        let problems = problems.join(". ");
        refuse(format!("Partition replica lists may not contain duplicate entries: {problems}"))
    }
}

/// Reads the topics for `--generate`.
pub(super) fn parse_topics(text: &str) -> Result<Vec<Str>, Error> {
    let value = parsed(text)?;
    let mut topics: Vec<Str> = Vec::new();
    let mut doubles: Vec<String> = Vec::new();
    if let Some(listed) = value.get("topics") {
        for entry in json::array(listed)? {
            let topic = Str::copy_from(json::text(json::field(entry, "topic")?)?);
            if topics.contains(&topic) {
                doubles.push(topic.to_string());
            } else {
                topics.push(topic);
            }
        }
    }
    if doubles.is_empty() {
        return Ok(topics);
    }
    let doubles = doubles.join(", ");
    refuse(format!("List of topics to reassign contains duplicate entries: [{doubles}]"))
}

/// An assignment as JSON, with the log directories of replicas as far as they are known.
pub(super) fn shown(assignment: &Partitions<Vec<i32>>, known: &BTreeMap<Replica, Place>) -> String {
    let entry = |((topic, partition), replicas): (&(Str, i32), &Vec<i32>)| {
        let dirs = replicas.iter().map(|broker| {
            let place = known.get(&(topic.clone(), *partition, *broker));
            let dir = place.and_then(|place| place.current.as_deref()).unwrap_or(ANY);
            Value::from(dir).to_string()
        });
        let dirs = dirs.collect::<Vec<_>>().join(",");
        let replicas = super::joined(replicas);
        let topic = Value::from(&**topic);
        format!(
            "{{\"topic\":{topic},\"partition\":{partition},\"replicas\":[{replicas}],\
             \"log_dirs\":[{dirs}]}}"
        )
    };
    let entries: Vec<String> = assignment.iter().map(entry).collect();
    format!("{{\"version\":1,\"partitions\":[{}]}}", entries.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(partitions: &str) -> Result<Plan, String> {
        let text = format!("{{\"version\":1,\"partitions\":[{partitions}]}}");
        let plan = parse(&text).map_err(|error| error.to_string())?;
        plan.check().map(|()| plan).map_err(|error| error.to_string())
    }

    #[test]
    fn plans_name_each_partition_and_replica_once() {
        let one = r#"{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","/d"]}"#;
        let plan = checked(one).unwrap();
        assert_eq!(plan.partitions, [(("t".into(), 0), vec![1, 2])]);
        assert_eq!(plan.dirs.into_iter().collect::<Vec<_>>(), [(("t".into(), 0, 2), "/d".into())]);
        let refused = |text: &str| checked(text).unwrap_err();
        assert_eq!(refused(""), "Partition reassignment list cannot be empty");
        assert!(refused(&format!("{one},{one}")).ends_with("duplicate topic partitions: t-0"));
        let twice = r#"{"topic":"t","partition":0,"replicas":[1,1]}"#;
        assert!(refused(twice).ends_with("t-0 contains multiple entries for 1"));
        let sizes = r#"{"topic":"t","partition":0,"replicas":[1],"log_dirs":[]}"#;
        assert!(refused(sizes).starts_with("Size of replicas list [1] is different"));
    }

    #[test]
    fn assignments_are_shown_as_the_file_takes_them() {
        let assignment = Partitions::from([(("t".into(), 0), vec![1, 2])]);
        let shown = shown(&assignment, &BTreeMap::new());
        let expected = r#"{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","any"]}]}"#;
        assert_eq!(shown, expected);
        assert_eq!(parse(&shown).unwrap().partitions.len(), 1);
    }
}
