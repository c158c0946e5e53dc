//! The `simple` assignor: partitions are shared out evenly, as few of them as possible are taken from
//! members that have them, and where there are more members than partitions several have the same.

use std::collections::{BTreeMap, BTreeSet};

use wire::{Str, Uuid};

use crate::consumer::Partitions;

type Pool = BTreeSet<(Uuid, i32)>;

/// A member to assign to.
pub(super) struct Spec<'a> {
    /// Its id.
    pub(super) member_id: &'a Str,
    /// The topics it is subscribed to, as far as they exist.
    pub(super) topics: BTreeSet<Uuid>,
    /// What it shall have so far.
    pub(super) target: Option<&'a Partitions>,
}

/// Who shall have what. `assignable` are the partitions that can be assigned.
pub(super) fn assign(members: &[Spec<'_>], assignable: &Partitions) -> BTreeMap<Str, Partitions> {
    let mut shares: Vec<Pool> = members.iter().map(|member| kept(member, assignable)).collect();
    let pool_of = |topics: &mut dyn Iterator<Item = &Uuid>| -> Pool {
        let known = topics.filter_map(|topic_id| assignable.get_key_value(topic_id));
        known.flat_map(|(topic_id, of)| of.iter().map(|index| (*topic_id, *index))).collect()
    };
    let is_homogeneous = members.windows(2).all(|pair| pair[0].topics == pair[1].topics);
    if is_homogeneous {
        let all: Vec<usize> = (0..members.len()).collect();
        if let Some(first) = members.first() {
            share_out(&all, &pool_of(&mut first.topics.iter()), &mut shares);
        }
    } else {
        let topics: BTreeSet<&Uuid> = members.iter().flat_map(|member| &member.topics).collect();
        for topic_id in topics {
            let places = members.iter().enumerate();
            let subscribed = places.filter(|(_, member)| member.topics.contains(topic_id));
            let subscribed: Vec<usize> = subscribed.map(|(place, _)| place).collect();
            share_out(&subscribed, &pool_of(&mut std::iter::once(topic_id)), &mut shares);
        }
    }
    let shares = members.iter().zip(shares).map(|(member, share)| {
        let mut partitions = Partitions::new();
        for (topic_id, index) in share {
            partitions.entry(topic_id).or_default().insert(index);
        }
        (member.member_id.clone(), partitions)
    });
    shares.collect()
}

/// What a member may keep of what it has.
fn kept(member: &Spec<'_>, assignable: &Partitions) -> Pool {
    let topics = member.target.into_iter().flatten();
    let partitions = topics
        .flat_map(|(topic_id, partitions)| partitions.iter().map(|index| (*topic_id, *index)));
    let may_keep = |(topic_id, index): &(Uuid, i32)| {
        member.topics.contains(topic_id)
            && assignable.get(topic_id).is_some_and(|of_topic| of_topic.contains(index))
    };
    partitions.filter(may_keep).collect()
}

/// Shares a pool of partitions out among the members at some places.
fn share_out(members: &[usize], pool: &Pool, shares: &mut [Pool]) {
    if members.is_empty() || pool.is_empty() {
        return;
    }
    let sharing = members.len().div_ceil(pool.len());
    let total = sharing * pool.len();
    // Members get the same number, as far as that is possible: ceilings of equal steps.
    let until = |count: usize| (total * count).div_ceil(members.len());
    let wanted: Vec<usize> =
        (0..members.len()).map(|place| until(place + 1) - until(place)).collect();
    let has = |share: &Pool| share.intersection(pool).count();
    for (place, wanted) in members.iter().zip(&wanted) {
        let share = &mut shares[*place];
        let surplus = has(share).saturating_sub(*wanted);
        let taken: Vec<_> = share.intersection(pool).take(surplus).copied().collect();
        for partition in &taken {
            share.remove(partition);
        }
    }
    let mut holders: BTreeMap<(Uuid, i32), Vec<usize>> = BTreeMap::new();
    for partition in pool {
        let having = members.iter().filter(|place| shares[**place].contains(partition));
        let mut having: Vec<usize> = having.copied().collect();
        let surplus = having.len().saturating_sub(sharing);
        for place in having.drain(..surplus) {
            shares[place].remove(partition);
        }
        holders.insert(*partition, having);
    }
    let counted = members.iter().zip(wanted);
    let missing =
        counted.map(|(place, wanted)| (*place, wanted - has(&shares[*place]).min(wanted)));
    let mut hungry: Vec<(usize, usize)> = missing.filter(|(_, missing)| *missing > 0).collect();
    let mut turn = 0;
    for (partition, having) in &mut holders {
        let mut skipped = 0;
        while having.len() < sharing && skipped < hungry.len() {
            turn %= hungry.len();
            let (place, missing) = &mut hungry[turn];
            if having.contains(place) {
                skipped += 1;
                turn += 1;
                continue;
            }
            skipped = 0;
            shares[*place].insert(*partition);
            having.push(*place);
            *missing -= 1;
            if *missing == 0 {
                hungry.remove(turn);
            } else {
                turn += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid([1; 16]);
    const B: Uuid = Uuid([2; 16]);

    fn partitions(of: &[(Uuid, i32)]) -> Partitions {
        of.iter().map(|(topic_id, count)| (*topic_id, (0..*count).collect())).collect()
    }

    /// Assigns anew to members with these topics, on top of what was assigned before.
    fn assigned(
        members: &[(&'static str, &[Uuid])],
        assignable: &Partitions,
        before: &BTreeMap<Str, Partitions>,
    ) -> BTreeMap<Str, Partitions> {
        let ids: Vec<Str> = members.iter().map(|(name, _)| Str::from_static(name)).collect();
        let specs = members.iter().zip(&ids).map(|((_, topics), member_id)| Spec {
            member_id,
            topics: topics.iter().copied().collect(),
            target: before.get(member_id),
        });
        assign(&specs.collect::<Vec<_>>(), assignable)
    }

    fn counts(assigned: &BTreeMap<Str, Partitions>) -> Vec<usize> {
        assigned.values().map(|topics| topics.values().map(BTreeSet::len).sum()).collect()
    }

    fn sharing(assigned: &BTreeMap<Str, Partitions>) -> BTreeMap<(Uuid, i32), usize> {
        let mut sharing = BTreeMap::new();
        for (topic_id, of) in assigned.values().flatten() {
            of.iter().for_each(|index| *sharing.entry((*topic_id, *index)).or_default() += 1);
        }
        sharing
    }

    /// kafka-semantics 158: several members may share a partition, and none is left out.
    #[test]
    fn partitions_are_shared_out_evenly() {
        let none = BTreeMap::new();
        let both: &[Uuid] = &[A, B];
        let members = [("a", both), ("b", both), ("c", both)];
        let many = assigned(&members, &partitions(&[(A, 4), (B, 3)]), &none);
        assert_eq!(counts(&many), [3, 2, 2]);
        assert!(sharing(&many).values().all(|count| *count == 1));
        let few = assigned(&members, &partitions(&[(A, 2)]), &none);
        assert_eq!(counts(&few), [2, 1, 1]);
        assert_eq!(sharing(&few).into_values().collect::<Vec<_>>(), [2, 2]);
        let one = assigned(&members, &partitions(&[(B, 1)]), &none);
        assert_eq!(counts(&one), [1, 1, 1]);
        assert_eq!(counts(&assigned(&members, &partitions(&[]), &none)), [0, 0, 0]);
        assert_eq!(assigned(&[], &partitions(&[(A, 1)]), &none), none);
    }

    #[test]
    fn members_keep_what_they_may() {
        let topics: &[Uuid] = &[A];
        let assignable = partitions(&[(A, 6)]);
        let one = assigned(&[("a", topics)], &assignable, &BTreeMap::new());
        let two = assigned(&[("a", topics), ("b", topics)], &assignable, &one);
        assert_eq!(counts(&two), [3, 3]);
        let three = assigned(&[("a", topics), ("b", topics), ("c", topics)], &assignable, &two);
        assert_eq!(counts(&three), [2, 2, 2]);
        for member in ["a", "b"] {
            assert!(three[member][&A].is_subset(&two[member][&A]), "{member}");
        }
        let left = assigned(&[("b", topics)], &assignable, &three);
        assert_eq!(counts(&left), [6]);
        let other: &[Uuid] = &[B];
        let moved = assigned(&[("b", other)], &partitions(&[(A, 6), (B, 1)]), &left);
        assert_eq!(moved["b"].keys().collect::<Vec<_>>(), [&B]);
    }

    #[test]
    fn topics_are_shared_out_by_themselves_where_subscriptions_differ() {
        let (only_a, both): (&[Uuid], &[Uuid]) = (&[A], &[A, B]);
        let assignable = partitions(&[(A, 4), (B, 3)]);
        let members = [("a", only_a), ("b", both), ("c", both)];
        let assigned = assigned(&members, &assignable, &BTreeMap::new());
        assert_eq!(sharing(&assigned).len(), 7);
        assert!(sharing(&assigned).values().all(|count| *count == 1));
        assert!(!assigned["a"].contains_key(&B));
        let of_a: Vec<usize> = assigned.values().map(|topics| topics[&A].len()).collect();
        assert_eq!(of_a, [2, 1, 1]);
    }
}
