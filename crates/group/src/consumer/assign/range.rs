//! The range assignor.

use std::collections::BTreeMap;

use wire::Uuid;

use super::super::member::Partitions;
use super::Candidate;

/// A topic whose partitions are being given out.
#[derive(Clone, Copy, Debug, Default)]
struct Range {
    subscribers: i32,
    given: i32,
    next: i32,
}

/// Every topic's partitions in ranges, to its subscribers in the same order: members of a static
/// name first, by that name, so that they keep their place when they are restarted.
pub(super) fn assign(
    candidates: &[Candidate],
    partitions: &BTreeMap<Uuid, i32>,
) -> Vec<Partitions> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|index| {
        let candidate = &candidates[*index];
        (candidate.instance_id.is_none(), &candidate.instance_id, &candidate.member_id)
    });
    let mut ranges: BTreeMap<Uuid, Range> = BTreeMap::new();
    for topic_id in candidates.iter().flat_map(|candidate| candidate.topics.iter()) {
        ranges.entry(*topic_id).or_default().subscribers += 1;
    }
    let mut assignment = vec![Partitions::new(); candidates.len()];
    for index in order {
        for topic_id in candidates[index].topics.iter() {
            let (Some(range), Some(count)) = (ranges.get_mut(topic_id), partitions.get(topic_id))
            else {
                continue;
            };
            let (quota, extra) = (count / range.subscribers, count % range.subscribers);
            let end = range.next + quota + i32::from(range.given < extra);
            if end > range.next {
                assignment[index].insert(*topic_id, (range.next..end).collect());
            }
            range.next = end;
            range.given += 1;
        }
    }
    assignment
}
