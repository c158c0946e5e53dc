//! The uniform assignor.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use wire::Uuid;

use super::super::member::Partitions;
use super::Candidate;

/// A partition of a topic.
type Partition = (Uuid, i32);

/// Rounds over all topics in which members with much give to members with little. Each gives the
/// group more balance; the bound only keeps odd subscriptions from taking long.
const ROUNDS_MAX: usize = 32;

/// All members are subscribed to the same topics: everyone gets as many as the others, or one more.
pub(super) fn homogeneous(
    candidates: &[Candidate],
    partitions: &BTreeMap<Uuid, i32>,
) -> Vec<Partitions> {
    let total: usize = partitions.values().map(|count| usize::try_from(*count).unwrap_or(0)).sum();
    let Some(quota) = total.checked_div(candidates.len()) else { return Vec::new() };
    let mut extra = total % candidates.len();
    let (mut assignment, mut free) = keep(candidates, partitions);
    // Those that have more already get the extra partitions first: it spares a move.
    let mut quotas = vec![quota; candidates.len()];
    let has_more: Vec<bool> = assignment.iter().map(|kept| kept.len() > quota).collect();
    for wanted in [true, false] {
        for (index, has_more) in has_more.iter().enumerate() {
            if *has_more == wanted && extra > 0 {
                quotas[index] += 1;
                extra -= 1;
            }
        }
    }
    let mut given_back = Vec::new();
    for (kept, quota) in assignment.iter_mut().zip(&quotas) {
        while kept.len() > *quota {
            given_back.extend(kept.pop_last());
        }
    }
    free.extend(given_back);
    let mut free = free.into_iter();
    for (kept, quota) in assignment.iter_mut().zip(&quotas) {
        let missing = quota - kept.len();
        kept.extend(free.by_ref().take(missing));
    }
    by_topic(assignment)
}

/// Members are subscribed to different topics: what nobody has goes to the subscriber with the
/// least; then those with most give to those with least, topic by topic.
pub(super) fn heterogeneous(
    candidates: &[Candidate],
    partitions: &BTreeMap<Uuid, i32>,
) -> Vec<Partitions> {
    let mut subscribers: BTreeMap<Uuid, Vec<usize>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        for topic_id in candidate.topics.iter() {
            subscribers.entry(*topic_id).or_default().push(index);
        }
    }
    let (mut assignment, free) = keep(candidates, partitions);
    for partition in free {
        let of_topic = subscribers.get(&partition.0);
        let least = of_topic.and_then(|of_topic| {
            of_topic.iter().copied().min_by_key(|index| assignment[*index].len())
        });
        if let Some(least) = least {
            assignment[least].insert(partition);
        }
    }
    for _ in 0..ROUNDS_MAX {
        let mut moves = 0;
        for (topic_id, of_topic) in &subscribers {
            moves += balance(*topic_id, of_topic, &mut assignment);
        }
        if moves == 0 {
            break;
        }
    }
    by_topic(assignment)
}

/// Moves partitions of a topic from those of its subscribers that have most to those that have
/// least, while that makes them more even. Gives the number of moves.
fn balance(topic_id: Uuid, of_topic: &[usize], assignment: &mut [BTreeSet<Partition>]) -> usize {
    let all = (topic_id, i32::MIN)..=(topic_id, i32::MAX);
    let load = |assignment: &[BTreeSet<Partition>], index: usize| (assignment[index].len(), index);
    let mut receivers: BTreeSet<(usize, usize)> =
        of_topic.iter().map(|index| load(assignment, *index)).collect();
    let mut givers: BTreeSet<(usize, usize)> = of_topic
        .iter()
        .filter(|index| assignment[**index].range(all.clone()).next().is_some())
        .map(|index| load(assignment, *index))
        .collect();
    let mut moves = 0;
    while let (Some((most, giver)), Some((least, receiver))) =
        (givers.last().copied(), receivers.first().copied())
    {
        if most < least + 2 {
            break;
        }
        let Some(partition) = assignment[giver].range(all.clone()).next_back().copied() else {
            break;
        };
        assignment[giver].remove(&partition);
        assignment[receiver].insert(partition);
        for set in [&mut givers, &mut receivers] {
            set.remove(&(most, giver));
            set.remove(&(least, receiver));
        }
        receivers.extend([(most - 1, giver), (least + 1, receiver)]);
        givers.insert((least + 1, receiver));
        if assignment[giver].range(all.clone()).next().is_some() {
            givers.insert((most - 1, giver));
        }
        moves += 1;
    }
    moves
}

/// What each member can keep, and what is left.
fn keep(
    candidates: &[Candidate],
    partitions: &BTreeMap<Uuid, i32>,
) -> (Vec<BTreeSet<Partition>>, Vec<Partition>) {
    let mut taken: HashSet<Partition> = HashSet::new();
    let mut kept = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let mut own = BTreeSet::new();
        for (topic_id, indexes) in candidate.target.iter() {
            let Some(count) = partitions.get(topic_id) else { continue };
            if !candidate.topics.contains(topic_id) {
                continue;
            }
            let there = indexes.iter().filter(|index| (0..*count).contains(*index));
            own.extend(there.map(|index| (*topic_id, *index)).filter(|it| taken.insert(*it)));
        }
        kept.push(own);
    }
    let all = partitions.iter().flat_map(|(id, count)| (0..*count).map(move |index| (*id, index)));
    let free = all.filter(|partition| !taken.contains(partition)).collect();
    (kept, free)
}

fn by_topic(assignment: Vec<BTreeSet<Partition>>) -> Vec<Partitions> {
    let of_member = |own: BTreeSet<Partition>| {
        let mut partitions = Partitions::new();
        for (topic_id, index) in own {
            partitions.entry(topic_id).or_default().insert(index);
        }
        partitions
    };
    assignment.into_iter().map(of_member).collect()
}
