//! The shard under test with its log, its timers and its clock.

use std::collections::{BTreeMap, VecDeque};

use group::{
    AfterWrite, Answer, Command as Effect, CommittedOffset, Outcome, Record, Request, Response,
    Settings, Shard, Timer, Token, WriteError,
};
use wire::{Bytes, Str, Uuid};

use super::cluster::TestCluster;
use super::command::Command;
use super::show;

/// The producer of requests that write in a transaction.
const PRODUCER_ID: i64 = 7;

/// What the log holds at an offset.
enum Logged {
    Record(Option<i64>, Bytes, Option<Bytes>),
    Marker(i64, bool),
}

/// Something that waits for the high watermark.
enum Waiting {
    Answer(String, Response),
    After(AfterWrite),
}

pub(crate) struct World {
    settings: Settings,
    cluster: TestCluster,
    shard: Shard,
    log: Vec<Logged>,
    high_watermark: usize,
    holds: bool,
    now_ms: i64,
    timers: BTreeMap<Timer, (i64, u64)>,
    sequence: u64,
    names: BTreeMap<Token, String>,
    /// The producer whose transaction the records of a request are part of.
    transaction: Option<i64>,
    waiting: VecDeque<(usize, Waiting)>,
    pub(crate) member_ids: MemberIds,
    /// What the commands since the last look led to.
    pub(crate) shown: Vec<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        let settings = Settings::default();
        let mut world = Self {
            shard: Shard::new(settings.clone(), TestCluster::default().view()),
            cluster: TestCluster::default(),
            settings,
            log: Vec::new(),
            high_watermark: 0,
            holds: false,
            now_ms: 0,
            timers: BTreeMap::new(),
            sequence: 0,
            names: BTreeMap::new(),
            transaction: None,
            waiting: VecDeque::new(),
            member_ids: MemberIds::default(),
            shown: Vec::new(),
        };
        let out = world.shard.loaded(0);
        world.carry_out(out, None);
        world.shown.clear();
        world
    }

    pub(crate) fn run(&mut self, command: Command) {
        match command {
            Command::Request(name, request) => {
                self.sequence += 1;
                let token = Token(self.sequence);
                self.names.insert(token, name.clone());
                let in_transaction = matches!(*request, Request::TxnCommitOffsets(_));
                self.transaction = in_transaction.then_some(PRODUCER_ID);
                let out = self.shard.handle(*request, token, self.now_ms);
                self.carry_out(out, Some(name));
                self.transaction = None;
            }
            Command::Advance(by_ms) => self.advance(by_ms),
            Command::Hold => self.holds = true,
            Command::Commit => {
                self.holds = false;
                self.move_high_watermark();
            }
            Command::Fail(error) => self.fail(error),
            Command::TimeOut => self.answer_waiting(WriteError::CoordinatorNotAvailable),
            Command::Reload => self.reload(),
            Command::Transactional(producer_id, offsets, group_id) => {
                for (topic, partition, offset) in offsets {
                    let record = committed(group_id.clone(), topic, partition, offset, self.now_ms);
                    self.append(Some(producer_id), record);
                }
                self.move_high_watermark();
            }
            Command::Marker(producer_id, commits) => {
                self.shard.replay_marker(self.log.len() as i64, producer_id, commits);
                self.log.push(Logged::Marker(producer_id, commits));
                self.move_high_watermark();
            }
            Command::Topic(name, partitions) => {
                let changed = self.cluster.set_topic(name, partitions);
                self.tell(changed.into());
            }
            Command::SetGroup(group_id, name, value) => {
                let changed = self.cluster.set_group(group_id, name, value);
                self.tell(changed.into());
            }
            Command::Raw(key, value) => self.log.push(Logged::Record(None, key, value)),
            Command::Set(pairs) => {
                let number = |key: &str| pairs.get(key).map(|value| value.parse().expect("number"));
                if let Some(size) = number("max-size") {
                    self.settings.max_size = size as usize;
                }
                if let Some(migration) = pairs.get("migration") {
                    self.settings.consumer.can_upgrade = migration == "on";
                    self.settings.consumer.can_downgrade = migration == "on";
                }
                if let Some(size) = number("consumer-max-size") {
                    self.settings.consumer.max_size = size as usize;
                }
                if let Some(size) = number("streams-max-size") {
                    self.settings.streams.max_size = size as usize;
                }
                if let Some(size) = number("share-max-size") {
                    self.settings.share.max_size = size as usize;
                }
                if let Some(delay_ms) = number("delay") {
                    self.settings.initial_rebalance_delay_ms = delay_ms as i32;
                }
                if let Some(length) = number("metadata-max") {
                    self.settings.offset_metadata_max = length as usize;
                }
                if let Some(retention_ms) = number("retention") {
                    self.settings.offsets_retention_ms = retention_ms;
                }
            }
        }
    }

    fn show(&mut self, line: String) {
        let line = self.member_ids.short(&line);
        self.shown.push(line);
    }

    fn carry_out(&mut self, out: Outcome, name: Option<String>) {
        let Outcome { records, answer, commands, after_write, .. } = out;
        let mut resolved = Vec::new();
        for command in commands {
            match command {
                Effect::Reply { to, response } => {
                    let name = self.names.remove(&to).expect("a token that waits");
                    self.show(format!("{name}: {}", show::response(&response)));
                }
                Effect::Schedule { timer, after_ms } => {
                    self.sequence += 1;
                    self.timers.insert(timer, (self.now_ms + after_ms, self.sequence));
                }
                Effect::Cancel { timer } => {
                    self.timers.remove(&timer);
                }
                Effect::Resolve(regexes) => resolved.push(regexes.resolve()),
            }
        }
        let written = !records.is_empty();
        for record in records {
            self.show(format!("write {}", show::record(&record)));
            self.append(self.transaction, record);
        }
        let name = name.unwrap_or_default();
        match answer {
            Some(Answer::Now(response)) => {
                self.show(format!("{name}: {}", show::response(&response)));
            }
            Some(Answer::Committed(response)) => {
                self.waiting.push_back((self.log.len(), Waiting::Answer(name, response)));
            }
            Some(Answer::Parked) | None => {}
        }
        assert!(after_write.is_none() || written, "nothing is written that could be waited for");
        if let Some(after) = after_write {
            self.waiting.push_back((self.log.len(), Waiting::After(after)));
        }
        if !self.holds {
            self.move_high_watermark();
        }
        self.release();
        for resolved in resolved {
            self.show(String::from("patterns are matched"));
            self.tell(resolved.into());
        }
    }

    /// A request whose answer nobody waits for.
    fn tell(&mut self, request: Request) {
        self.sequence += 1;
        let mut out = self.shard.handle(request, Token(self.sequence), self.now_ms);
        out.answer = None;
        self.carry_out(out, None);
    }

    fn append(&mut self, producer_id: Option<i64>, record: Record) {
        let (key, value) = record.encode().expect("a record of ours");
        let decoded = Record::decode(Some(&key), value.as_ref()).expect("a record of ours");
        assert!(decoded.is_some(), "the record's type is known");
        self.shard.replay(self.log.len() as i64, producer_id, record, self.now_ms);
        self.log.push(Logged::Record(producer_id, key, value));
    }

    fn move_high_watermark(&mut self) {
        self.high_watermark = self.log.len();
        self.shard.committed(self.high_watermark as i64);
        self.release();
    }

    fn release(&mut self) {
        while self.waiting.front().is_some_and(|(offset, _)| *offset <= self.high_watermark) {
            match self.waiting.pop_front() {
                Some((_, Waiting::Answer(name, response))) => {
                    self.show(format!("{name}: {}", show::response(&response)));
                }
                Some((_, Waiting::After(after))) => {
                    let out = self.shard.written(after, Ok(()), self.now_ms);
                    self.carry_out(out, None);
                }
                None => {}
            }
        }
    }

    fn fail(&mut self, error: WriteError) {
        let outcomes = self.fail_waiting(error);
        self.log.truncate(self.high_watermark);
        self.shard.revert(self.high_watermark as i64);
        self.holds = false;
        for out in outcomes {
            self.carry_out(out, None);
        }
    }

    fn answer_waiting(&mut self, error: WriteError) {
        for out in self.fail_waiting(error) {
            self.carry_out(out, None);
        }
    }

    fn fail_waiting(&mut self, error: WriteError) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while let Some((_, waiting)) = self.waiting.pop_back() {
            match waiting {
                Waiting::Answer(name, _) => self.show(format!("{name}: failed: {error}")),
                Waiting::After(after) => {
                    outcomes.push(self.shard.written(after, Err(error), self.now_ms));
                }
            }
        }
        outcomes
    }

    fn reload(&mut self) {
        self.timers.clear();
        self.shard = Shard::new(self.settings.clone(), self.cluster.view());
        for (offset, logged) in self.log.iter().enumerate() {
            match logged {
                Logged::Record(producer_id, key, value) => {
                    let record = Record::decode(Some(key), value.as_ref()).expect("a record");
                    if let Some(record) = record {
                        self.shard.replay(offset as i64, *producer_id, record, self.now_ms);
                    }
                }
                Logged::Marker(producer_id, commits) => {
                    self.shard.replay_marker(offset as i64, *producer_id, *commits);
                }
            }
        }
        self.shard.committed(self.log.len() as i64);
        self.high_watermark = self.log.len();
        let out = self.shard.loaded(self.now_ms);
        self.carry_out(out, None);
    }

    fn advance(&mut self, by_ms: i64) {
        let until_ms = self.now_ms + by_ms;
        loop {
            let next = self.timers.iter().min_by_key(|(_, due)| **due);
            let Some((timer, (due_ms, _))) = next.map(|(timer, due)| (timer.clone(), *due)) else {
                break;
            };
            if due_ms > until_ms {
                break;
            }
            self.now_ms = due_ms;
            self.timers.remove(&timer);
            let before = self.shown.len();
            let out = self.shard.expire(&timer, self.now_ms);
            self.carry_out(out, None);
            if self.shown.len() > before {
                let line = format!("at {due_ms}: {}", show::timer(&timer));
                let line = self.member_ids.short(&line);
                self.shown.insert(before, line);
            }
        }
        self.now_ms = until_ms;
    }
}

fn committed(group_id: Str, topic: Str, partition: i32, offset: i64, now_ms: i64) -> Record {
    let value = CommittedOffset {
        offset,
        leader_epoch: -1,
        metadata: Str::new(),
        commit_timestamp_ms: now_ms,
        expire_timestamp_ms: None,
        topic_id: Uuid::ZERO,
    };
    Record::Offset { group_id, topic, partition, value: Some(value) }
}

/// Member ids end in a random UUID; transcripts write `c#1` for that of the first join without one.
#[derive(Default)]
pub(crate) struct MemberIds {
    drawn: u64,
}

impl MemberIds {
    pub(crate) fn next_random(&mut self) -> Uuid {
        self.drawn += 1;
        Uuid::from_halves(0, self.drawn)
    }

    fn suffix(number: u64) -> String {
        format!("-00000000-0000-4000-8000-{number:012x}")
    }

    pub(crate) fn long(&self, text: &str) -> String {
        (1..=self.drawn).rev().fold(text.to_owned(), |text, number| {
            text.replace(&format!("#{number}"), &Self::suffix(number))
        })
    }

    pub(crate) fn short(&self, text: &str) -> String {
        (1..=self.drawn).fold(text.to_owned(), |text, number| {
            text.replace(&Self::suffix(number), &format!("#{number}"))
        })
    }
}
