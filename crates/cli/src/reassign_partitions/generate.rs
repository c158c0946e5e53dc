//! `--generate`: proposes an assignment.

use std::collections::BTreeMap;

use client::{Error as ClientError, Partitions};
use env::Random;
use wire::{ErrorCode, Str};

use super::{Context, Error, plan};

/// A broker and its rack.
type Broker = (i32, Option<Str>);

/// Shows the present assignment and another one on the brokers given.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let listed = brokers(context.given.one("broker-list")?.unwrap_or_default())?;
    let topics = plan::parse_topics(&context.file("topics-to-move-json-file")?)?;
    let current = context.assignment(&topics).await?;
    let with_racks = !context.given.has("disable-rack-aware");
    let nodes = context.admin.describe_cluster(false).await?.brokers.into_iter();
    let nodes: Vec<Broker> = nodes
        .filter(|node| listed.contains(&node.broker_id))
        .map(|node| (node.broker_id, node.rack.filter(|_| with_racks)))
        .collect();
    let rackless = nodes.iter().filter(|(_, rack)| rack.is_none()).count();
    if rackless != 0 && rackless != nodes.len() {
        return Err(Error::Refused(
            "Not all brokers have rack information. Add --disable-rack-aware in command line to \
             make replica assignment without rack information."
                .to_owned(),
        ));
    }
    let mut by_topic: BTreeMap<&Str, Vec<&Vec<i32>>> = BTreeMap::new();
    for ((topic, _), replicas) in &current {
        by_topic.entry(topic).or_default().push(replicas);
    }
    let mut proposed = Partitions::new();
    for (topic, partitions) in by_topic {
        let factor = partitions.first().map_or(0, |replicas| replicas.len());
        let placed = place(&nodes, partitions.len(), factor, context.env.random())?;
        for (partition, replicas) in (0..).zip(placed) {
            proposed.insert((topic.clone(), partition), replicas);
        }
    }
    let current = context.shown(&current).await;
    let proposed = plan::shown(&proposed, &BTreeMap::new());
    context.terminal.say(format!("Current partition replica assignment\n{current}\n"))?;
    context.terminal.say(format!("Proposed partition reassignment configuration\n{proposed}"))?;
    Ok(())
}

/// Reads `0,1,2`.
fn brokers(text: &str) -> Result<Vec<i32>, Error> {
    let mut brokers: Vec<i32> = Vec::new();
    let mut doubles: Vec<String> = Vec::new();
    for part in text.split(',') {
        let invalid = |_| Error::Refused(format!("For input string: \"{part}\""));
        let id: i32 = part.parse().map_err(invalid)?;
        if brokers.contains(&id) {
            doubles.push(id.to_string());
        } else {
            brokers.push(id);
        }
    }
    if doubles.is_empty() {
        return Ok(brokers);
    }
    let doubles = doubles.join(", ");
    Err(Error::Refused(format!("Broker list contains duplicate entries: [{doubles}]")))
}

/// Spreads replicas: leaders over all brokers, followers shifted so that the load of a broker that
/// fails is spread too; one per rack as long as there are racks (kafka-semantics on placement).
fn place(
    brokers: &[Broker],
    partitions: usize,
    factor: usize,
    random: &Random,
) -> Result<Vec<Vec<i32>>, Error> {
    let count = brokers.len();
    if factor > count {
        let problem =
            format!("Replication factor: {factor} larger than available brokers: {count}.");
        let code = ErrorCode::InvalidReplicationFactor.code();
        return Err(Error::Refused(match ClientError::refused(code, Some(&problem)) {
            ClientError::Refused { message, .. } => message,
            other => other.to_string(),
        }));
    }
    let arranged = alternating(brokers);
    let racks: std::collections::BTreeSet<&Option<Str>> =
        brokers.iter().map(|(_, rack)| rack).collect();
    let racks = if brokers.iter().any(|(_, rack)| rack.is_some()) { racks.len() } else { 1 };
    let begin = random.below(count.max(1) as u64) as usize;
    let mut shift = random.below(count.max(1) as u64) as usize;
    let mut placed = Vec::with_capacity(partitions);
    for partition in 0..partitions {
        if partition > 0 && partition % count == 0 {
            shift += 1;
        }
        let first = (partition + begin) % count;
        let mut chosen: Vec<&Broker> = vec![arranged[first]];
        let mut step = 0;
        while chosen.len() < factor {
            let at = (first + 1 + (shift * racks + step) % (count - 1)) % count;
            step += 1;
            let (id, rack) = arranged[at];
            let of_rack = chosen.iter().any(|(_, other)| other == rack);
            let used: std::collections::BTreeSet<_> = chosen.iter().map(|(_, rack)| rack).collect();
            let may_share = racks == 1 || used.len() == racks;
            if chosen.iter().all(|(other, _)| other != id) && (!of_rack || may_share) {
                chosen.push(arranged[at]);
            }
        }
        placed.push(chosen.iter().map(|(id, _)| *id).collect());
    }
    Ok(placed)
}

/// The brokers so that neighbours are of different racks.
fn alternating(brokers: &[Broker]) -> Vec<&Broker> {
    let mut racks: BTreeMap<&Option<Str>, Vec<&Broker>> = BTreeMap::new();
    for broker in brokers {
        racks.entry(&broker.1).or_default().push(broker);
    }
    racks.values_mut().for_each(|rack| rack.sort());
    let longest = racks.values().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .flat_map(|at| racks.values().filter_map(move |rack| rack.get(at).copied()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_spread_over_brokers_and_racks() {
        let rack = |name: &'static str| Some(Str::from(name));
        let brokers = [(1, rack("a")), (2, rack("a")), (3, rack("b")), (4, rack("b"))];
        let random = Random::seeded(7);
        let placed = place(&brokers, 8, 2, &random).unwrap();
        for id in 1..=4 {
            assert_eq!(placed.iter().filter(|replicas| replicas[0] == id).count(), 2, "{placed:?}");
        }
        let of = |id: i32| brokers.iter().find(|(known, _)| *known == id).unwrap().1.clone();
        assert!(placed.iter().all(|replicas| of(replicas[0]) != of(replicas[1])), "{placed:?}");
        let plain = [(1, None), (2, None), (3, None)];
        let placed = place(&plain, 6, 3, &random).unwrap();
        assert!(placed.iter().all(|replicas| {
            let mut sorted = replicas.clone();
            sorted.sort_unstable();
            sorted == [1, 2, 3]
        }));
        assert!(place(&plain, 1, 4, &random).is_err());
    }
}
