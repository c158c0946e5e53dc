//! Members of a consumer group that come, go, fall silent and lie, on a seeded random walk.
//!
//! No partition is ever with two members: from the answer that gives it until the member gave it
//! back or is none any more. Once all are honest and nothing changes, the group comes to rest with
//! every partition assigned.

#[path = "random/cluster.rs"]
mod cluster;
#[path = "random/world.rs"]
mod world;

use std::collections::BTreeMap;

use group::{Client, Cluster, ConsumerHeartbeat, Error};
use wire::{Str, Uuid};

use world::{GROUP, Owned, World, pairs};

const SEEDS: u64 = 50;
const STEPS: usize = 400;
const TOPICS: [&str; 4] = ["a1", "a2", "b1", "b2"];
const PATTERNS: [&str; 3] = ["a.*", ".*2", "b1|a1"];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).expect("below end")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// A client, as far as it knows.
#[derive(Clone, Debug)]
struct Member {
    id: Str,
    epoch: i32,
    instance_id: Option<Str>,
    topics: Vec<Str>,
    regex: Str,
    assignor: Option<Str>,
    is_silent: bool,
    is_stubborn: bool,
    has: Owned,
}

impl Member {
    fn heartbeat(&self, epoch: i32, owned: Option<&Owned>) -> ConsumerHeartbeat {
        ConsumerHeartbeat {
            group_id: GROUP,
            member_id: self.id.clone(),
            needs_member_id: true,
            member_epoch: epoch,
            instance_id: self.instance_id.clone(),
            rack_id: None,
            rebalance_timeout_ms: -1,
            topics: None,
            regex: None,
            server_assignor: None,
            owned: owned.map(by_topic),
            client: Client { id: Str::from_static("c"), host: Str::from_static("/h") },
            random: Uuid([7; 16]),
        }
    }

    fn full(&self, epoch: i32, owned: &Owned) -> ConsumerHeartbeat {
        ConsumerHeartbeat {
            rebalance_timeout_ms: 5_000,
            topics: Some(self.topics.clone()),
            regex: Some(self.regex.clone()),
            server_assignor: self.assignor.clone(),
            ..self.heartbeat(epoch, Some(owned))
        }
    }

    /// Sends and takes the answer in, unless it gets lost.
    fn send(&mut self, world: &mut World, heartbeat: &ConsumerHeartbeat, is_lost: bool) {
        let result = world.beat(heartbeat);
        if is_lost {
            return;
        }
        match result {
            Ok(beat) => {
                self.epoch = beat.member_epoch;
                if let Some(assignment) = beat.assignment {
                    let given = pairs(assignment.iter().map(|(id, all)| (*id, all.iter())));
                    match self.is_stubborn {
                        true => self.has.extend(given),
                        false => self.has = given,
                    }
                }
            }
            Err(
                Error::FencedMemberEpoch(_)
                | Error::NotAMember { .. }
                | Error::ConsumerGroupNotFound(_)
                | Error::UnknownInstanceId(_)
                | Error::FencedStaticMember(_),
            ) => {
                self.epoch = 0;
                self.has.clear();
            }
            Err(Error::UnreleasedInstanceId(_)) => self.epoch = 0,
            Err(error) => panic!("{heartbeat:?}: {error:?}"),
        }
    }

    /// An honest heartbeat: it says all when it joins or after a change.
    fn beat(&mut self, world: &mut World, says_all: bool, is_lost: bool) {
        let heartbeat = match self.epoch {
            0 => self.full(0, &Owned::new()),
            epoch if says_all => self.full(epoch, &self.has),
            epoch => self.heartbeat(epoch, Some(&self.has)),
        };
        self.send(world, &heartbeat, is_lost);
    }
}

fn by_topic(owned: &Owned) -> Vec<(Uuid, Vec<i32>)> {
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for (id, index) in owned {
        topics.entry(*id).or_default().push(*index);
    }
    topics.into_iter().collect()
}

struct Walk {
    random: Random,
    world: World,
    members: Vec<Member>,
    joined: usize,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut world = World::new();
        TOPICS[..3].iter().for_each(|topic| world.set_topic(topic, 3));
        Self { random: Random(seed), world, members: Vec::new(), joined: 0 }
    }

    fn subscribe(&mut self, member: &mut Member) {
        let random = &mut self.random;
        member.topics =
            TOPICS.iter().copied().filter(|_| random.chance(50)).map(Str::from_static).collect();
        member.regex =
            Str::from_static(if random.chance(30) { random.pick(&PATTERNS) } else { "" });
        let assignor = random.pick(&[None, None, Some("uniform"), Some("range")]);
        member.assignor = assignor.map(Str::from_static).or_else(|| member.assignor.take());
    }

    fn join(&mut self) {
        self.joined += 1;
        let instance = self.random.below(8);
        let mut member = Member {
            id: Str::from(format!("m{}", self.joined)),
            epoch: 0,
            instance_id: (instance < 3).then(|| Str::from(format!("i{instance}"))),
            topics: Vec::new(),
            regex: Str::new(),
            assignor: None,
            is_silent: false,
            is_stubborn: self.random.chance(10),
            has: Owned::new(),
        };
        self.subscribe(&mut member);
        member.beat(&mut self.world, true, false);
        self.members.push(member);
    }

    fn step(&mut self) {
        let action = self.random.below(100);
        match action {
            0..8 if self.members.len() < 8 => self.join(),
            8..12 => {
                let topic = self.random.pick(&TOPICS);
                let partitions = self.random.below(7);
                self.world.set_topic(topic, i32::try_from(partitions).expect("few"));
            }
            12..14 => self.world.reload(),
            14..40 => {
                let longest = self.random.pick(&[300, 300, 2_000, 6_000, 20_000]);
                let by_ms = self.random.below(longest);
                self.world.advance(i64::try_from(by_ms).expect("short"));
            }
            _ if self.members.is_empty() => {}
            _ => self.act(action),
        }
    }

    /// Somebody does something.
    fn act(&mut self, action: usize) {
        let index = self.random.below(self.members.len());
        let mut member = self.members.swap_remove(index);
        let is_lost = self.random.chance(10);
        match action {
            _ if member.is_silent => {}
            40..44 => {
                self.subscribe(&mut member);
                member.beat(&mut self.world, true, is_lost);
            }
            44..48 if member.epoch > 0 => {
                let away = member.instance_id.is_some() && self.random.chance(50);
                let heartbeat = member.heartbeat(if away { -2 } else { -1 }, None);
                member.send(&mut self.world, &heartbeat, true);
                return;
            }
            48..50 => member.is_silent = true,
            50..54 => {
                let (epoch, owned) = (self.random.below(12), self.lie());
                let heartbeat =
                    member.heartbeat(i32::try_from(epoch).expect("small") + 1, Some(&owned));
                member.send(&mut self.world, &heartbeat, is_lost);
            }
            54..58 if member.epoch > 0 => {
                let owned = self.lie();
                let heartbeat = member.heartbeat(member.epoch, Some(&owned));
                member.send(&mut self.world, &heartbeat, is_lost);
            }
            58..70 if member.epoch > 0 => {
                let heartbeat = member.heartbeat(member.epoch, None);
                member.send(&mut self.world, &heartbeat, is_lost);
            }
            70..72 => {
                member.epoch = 0;
                member.has.clear();
                member.beat(&mut self.world, true, is_lost);
            }
            _ => member.beat(&mut self.world, false, is_lost),
        }
        self.members.push(member);
    }

    /// Partitions that a liar may say it has.
    fn lie(&mut self) -> Owned {
        let mut owned = Owned::new();
        for topic in TOPICS {
            let topic = self.world.cluster.topic(topic);
            for index in 0..topic.map_or(0, |topic| topic.partitions) {
                if let Some(topic) = topic
                    && self.random.chance(40)
                {
                    owned.insert((topic.id, index));
                }
            }
        }
        owned
    }

    /// Nothing changes any more, and all are honest.
    fn rest(&mut self) {
        self.members.retain(|member| !member.is_silent);
        // Of those with the same instance id the coordinator knows one.
        let mut instances = std::collections::BTreeSet::new();
        self.members.sort_by_key(|member| std::cmp::Reverse(member.epoch));
        self.members
            .retain(|it| it.instance_id.as_ref().is_none_or(|id| instances.insert(id.clone())));
        self.members.iter_mut().for_each(|member| member.is_stubborn = false);
        for round in 0..120 {
            for member in &mut self.members {
                if round == 0 {
                    member.has.clear();
                    member.epoch = 0;
                }
                member.beat(&mut self.world, false, false);
            }
            self.world.advance(1_000);
        }
    }

    fn check_rest(&mut self) {
        let Some(group) = self.world.describe() else {
            assert!(self.members.is_empty(), "the group is gone");
            return;
        };
        let wanted_state = if self.members.is_empty() { "Empty" } else { "Stable" };
        assert_eq!(group.state, wanted_state, "{group:?}");
        assert_eq!(group.members.len(), self.members.len(), "{group:?}");
        let is_wanted = |name: &str| {
            self.members.iter().any(|member| {
                let by_pattern = match member.regex.as_str() {
                    "" => false,
                    "a.*" => name.starts_with('a'),
                    ".*2" => name.ends_with('2'),
                    _ => name == "b1" || name == "a1",
                };
                by_pattern || member.topics.iter().any(|topic| *topic == *name)
            })
        };
        let topics = TOPICS.iter().filter(|name| is_wanted(name));
        let topics = topics.filter_map(|name| self.world.cluster.topic(name));
        let wanted: Owned = topics
            .flat_map(|topic| (0..topic.partitions).map(move |index| (topic.id, index)))
            .collect();
        let mut assigned = Owned::new();
        for member in &group.members {
            let has = pairs(member.assignment.iter().map(|(id, _, all)| (*id, all.iter())));
            assert!(assigned.is_disjoint(&has), "{group:?}");
            assert_eq!(has, self.world.given(&member.member_id), "{}", member.member_id);
            assigned.extend(has);
        }
        assert_eq!(assigned, wanted, "{group:?}");
    }
}

#[test]
fn no_partition_is_with_two_members_and_groups_come_to_rest() {
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let mut walk = Walk::new(seed);
        (0..STEPS).for_each(|_| walk.step());
        walk.rest();
        walk.check_rest();
    }
}
