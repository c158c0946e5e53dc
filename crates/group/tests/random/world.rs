//! One shard with its log, timers and clock, and what its answers gave to whom.

use std::collections::{BTreeMap, BTreeSet};

use group::{
    Answer, Call, Command, ConsumerBeat, ConsumerHeartbeat, ConsumerPart, DescribeConsumerGroups,
    DescribedConsumerGroup, Error, Outcome, Part, Record, Request, Settings, Shard, Timer, Token,
};
use wire::{Bytes, Str, Uuid};

use super::cluster::RandomCluster;

pub(crate) const GROUP: Str = Str::from_static("g");

/// Partitions by topic id.
pub(crate) type Owned = BTreeSet<(Uuid, i32)>;

pub(crate) struct World {
    pub(crate) cluster: RandomCluster,
    shard: Shard,
    log: Vec<(Bytes, Option<Bytes>)>,
    timers: BTreeMap<Timer, i64>,
    pub(crate) now_ms: i64,
    tokens: u64,
    /// What each member was given last, and what it was given and has not given back.
    given: BTreeMap<Str, Owned>,
    held: BTreeMap<Str, Owned>,
}

impl World {
    pub(crate) fn new() -> Self {
        let cluster = RandomCluster::default();
        let mut world = Self {
            shard: Shard::new(Settings::default(), cluster.view()),
            cluster,
            log: Vec::new(),
            timers: BTreeMap::new(),
            now_ms: 1,
            tokens: 0,
            given: BTreeMap::new(),
            held: BTreeMap::new(),
        };
        let out = world.shard.loaded(world.now_ms);
        world.carry_out(out);
        world
    }

    /// Sends a heartbeat and keeps account of what the answer gives.
    pub(crate) fn beat(&mut self, heartbeat: &ConsumerHeartbeat) -> Result<ConsumerBeat, Error> {
        let result = self.call(heartbeat.clone());
        if let Ok(beat) = &result {
            self.account(heartbeat, beat);
        }
        self.check_owners(heartbeat);
        result
    }

    fn account(&mut self, heartbeat: &ConsumerHeartbeat, beat: &ConsumerBeat) {
        let given = self.given.entry(beat.member_id.clone()).or_default();
        let held = self.held.entry(beat.member_id.clone()).or_default();
        if heartbeat.member_epoch <= 0 {
            given.clear();
            held.clear();
        }
        if let Some(assignment) = &beat.assignment {
            *given = pairs(assignment.iter().map(|(id, indexes)| (*id, indexes.iter())));
            held.extend(given.iter().copied());
        }
        // What it says it does not have, and is not to have after this answer, is given back.
        if let Some(owned) = &heartbeat.owned {
            let has: Owned = pairs(owned.iter().map(|(id, indexes)| (*id, indexes.iter())));
            held.retain(|partition| has.contains(partition) || given.contains(partition));
        }
    }

    fn check_owners(&self, heartbeat: &ConsumerHeartbeat) {
        let mut owners: BTreeMap<(Uuid, i32), &Str> = BTreeMap::new();
        for (member_id, held) in &self.held {
            for partition in held {
                if let Some(other) = owners.insert(*partition, member_id) {
                    panic!("{partition:?} is with {other} and {member_id} after {heartbeat:?}");
                }
            }
        }
    }

    /// What the member was given last.
    pub(crate) fn given(&self, member_id: &str) -> Owned {
        self.given.get(member_id).cloned().unwrap_or_default()
    }

    pub(crate) fn describe(&mut self) -> Option<DescribedConsumerGroup> {
        let mut described = self.call(DescribeConsumerGroups { group_ids: vec![GROUP] });
        described.pop().and_then(Result::ok)
    }

    pub(crate) fn set_topic(&mut self, name: &str, partitions: i32) {
        let changed = self.cluster.set(name, partitions);
        self.call(changed);
    }

    /// Time passes, and timers that are due fire in order.
    pub(crate) fn advance(&mut self, by_ms: i64) {
        let until_ms = self.now_ms + by_ms;
        loop {
            let due = self.timers.iter().filter(|(_, at_ms)| **at_ms <= until_ms);
            let Some((timer, at_ms)) = due.min_by_key(|(_, at_ms)| **at_ms) else { break };
            let (timer, at_ms) = (timer.clone(), *at_ms);
            self.timers.remove(&timer);
            self.now_ms = at_ms;
            let out = self.shard.expire(&timer, self.now_ms);
            self.carry_out(out);
        }
        self.now_ms = until_ms;
    }

    /// Another broker takes the shard over from its log.
    pub(crate) fn reload(&mut self) {
        self.timers.clear();
        self.shard = Shard::new(Settings::default(), self.cluster.view());
        for (offset, (key, value)) in (0..).zip(&self.log) {
            let record = Record::decode(Some(key), value.as_ref()).expect("a record of ours");
            self.shard.replay(offset, None, record.expect("a known type"), self.now_ms);
        }
        self.shard.committed(self.next_offset());
        let out = self.shard.loaded(self.now_ms);
        self.carry_out(out);
    }

    fn call<C: Call>(&mut self, request: C) -> C::Answer {
        let response = self.handle(request.into());
        C::answer(response.expect("an answer")).expect("its answer")
    }

    fn handle(&mut self, request: Request) -> Option<group::Response> {
        self.tokens += 1;
        let out = self.shard.handle(request, Token(self.tokens), self.now_ms);
        self.carry_out(out)
    }

    fn carry_out(&mut self, out: Outcome) -> Option<group::Response> {
        for record in out.records {
            if let Record::Part { part: Part::Consumer(ConsumerPart::Member(id, None)), .. } =
                &record
            {
                // Who is not a member any more has nothing, whatever it may think.
                self.given.remove(id);
                self.held.remove(id);
            }
            let offset = self.next_offset();
            self.log.push(record.encode().expect("a record of ours"));
            self.shard.replay(offset, None, record, self.now_ms);
        }
        self.shard.committed(self.next_offset());
        for command in out.commands {
            match command {
                Command::Schedule { timer, after_ms } => {
                    self.timers.insert(timer, self.now_ms + after_ms);
                }
                Command::Cancel { timer } => drop(self.timers.remove(&timer)),
                Command::Resolve(regexes) => drop(self.handle(regexes.resolve().into())),
                Command::Reply { .. } => panic!("nothing was parked"),
            }
        }
        match out.answer? {
            Answer::Now(response) | Answer::Committed(response) => Some(response),
            Answer::Parked => panic!("heartbeats do not wait"),
        }
    }

    fn next_offset(&self) -> i64 {
        i64::try_from(self.log.len()).expect("a short log")
    }
}

pub(crate) fn pairs<'a, I: Iterator<Item = &'a i32>>(
    topics: impl Iterator<Item = (Uuid, I)>,
) -> Owned {
    topics.flat_map(|(id, indexes)| indexes.map(move |index| (id, *index))).collect()
}
