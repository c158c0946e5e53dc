//! The shard under test with its log, its timers and its clock.

use std::collections::{BTreeMap, VecDeque};

use txn::{
    AfterWrite, Answer, Command, Effect, Outcome, Record, Response, Settings, Shard, Timer, Token,
    TransactionVersion,
};
use wire::Bytes;

use super::command::Words;
use super::show;

/// Something that waits for the high watermark.
enum Waiting {
    Answer(String, Response),
    After(AfterWrite),
}

pub(crate) struct World {
    shard: Shard,
    version: TransactionVersion,
    log: Vec<(Bytes, Option<Bytes>)>,
    high_watermark: usize,
    holds: bool,
    now_ms: i64,
    timers: BTreeMap<Timer, (i64, u64)>,
    sequence: u64,
    names: BTreeMap<Token, String>,
    waiting: VecDeque<(usize, Waiting)>,
    /// What the commands since the last look led to.
    pub(crate) shown: Vec<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        let version = TransactionVersion::V2;
        let mut world = Self {
            shard: Shard::new(Settings::default(), version),
            version,
            log: Vec::new(),
            high_watermark: 0,
            holds: false,
            now_ms: 0,
            timers: BTreeMap::new(),
            sequence: 0,
            names: BTreeMap::new(),
            waiting: VecDeque::new(),
            shown: Vec::new(),
        };
        let out = world.shard.loaded(0);
        world.carry_out(out, None);
        world
    }

    pub(crate) fn run(&mut self, line: &str) {
        let mut words = Words::new(line);
        match words.next() {
            "advance" => self.advance(words.next().parse().expect("ms")),
            "hold" => self.holds = true,
            "release" => {
                self.holds = false;
                self.move_high_watermark();
            }
            "fail" => self.fail(),
            "late" => self.answer_waiting(),
            "reload" => self.reload(),
            "exhaust" => self.exhaust(words.next(), words.next()),
            verb => {
                let name = match verb {
                    "init" | "add" | "commit" | "abort" | "await" => words.next().to_owned(),
                    _ => verb.to_owned(),
                };
                if verb == "version" {
                    self.version = words_version(line);
                }
                let request = words.request(verb);
                self.sequence += 1;
                let token = Token(self.sequence);
                self.names.insert(token, name.clone());
                let out = self.shard.handle(request, token, self.now_ms);
                self.carry_out(out, Some(name));
            }
        }
    }

    fn carry_out(&mut self, out: Outcome, name: Option<String>) {
        let Outcome { records, answer, commands, after_write } = out;
        for command in commands {
            match command {
                Command::Schedule { timer, after_ms } => {
                    self.sequence += 1;
                    self.timers.insert(timer, (self.now_ms + after_ms, self.sequence));
                }
                Command::Reply { to, response } => {
                    let name = self.names.get(&to).expect("a parked request").clone();
                    self.tell(&name, &response);
                }
                Command::Perform(Effect::WriteMarkers(markers)) => {
                    self.shown.push(show::markers(&markers));
                }
                Command::Perform(Effect::AllocateProducerId { transactional_id }) => {
                    self.shown.push(format!("allocate {transactional_id}"));
                }
            }
        }
        for record in records {
            self.shown.push(show::record(&record));
            let (key, value) = record.encode().expect("encoded");
            let offset = self.log.len() as i64;
            self.log.push((key, value));
            self.shard.replay(offset, record);
        }
        let until = self.log.len();
        match (answer, name) {
            (Some(Answer::Now(response)), Some(name)) => self.tell(&name, &response),
            (Some(Answer::Committed(response)), Some(name)) => {
                self.waiting.push_back((until, Waiting::Answer(name, response)));
            }
            (Some(Answer::Parked), _) | (None, _) | (Some(_), None) => {}
        }
        if let Some(after) = after_write {
            self.waiting.push_back((until, Waiting::After(after)));
        }
        if !self.holds {
            self.move_high_watermark();
        }
    }

    fn tell(&mut self, name: &str, response: &Response) {
        self.shown.push(format!("{name}: {}", show::response(response)).trim_end().to_owned());
    }

    fn move_high_watermark(&mut self) {
        self.high_watermark = self.log.len();
        self.shard.committed(self.high_watermark as i64);
        while self.waiting.front().is_some_and(|(until, _)| *until <= self.high_watermark) {
            match self.waiting.pop_front() {
                Some((_, Waiting::Answer(name, response))) => self.tell(&name, &response),
                Some((_, Waiting::After(after))) => {
                    let out = self.shard.written(&after, true, self.now_ms);
                    self.carry_out(out, None);
                }
                None => {}
            }
        }
    }

    /// What waits is told that it failed, and the records go on.
    fn answer_waiting(&mut self) {
        let mut outcomes = Vec::new();
        while let Some((_, waiting)) = self.waiting.pop_back() {
            match waiting {
                Waiting::Answer(name, _) => self.shown.push(format!("{name}: not written")),
                Waiting::After(after) => {
                    outcomes.push(self.shard.written(&after, false, self.now_ms));
                }
            }
        }
        outcomes.into_iter().for_each(|out| self.carry_out(out, None));
    }

    /// What is above the high watermark is lost.
    fn fail(&mut self) {
        let mut outcomes = Vec::new();
        while let Some((_, waiting)) = self.waiting.pop_back() {
            match waiting {
                Waiting::Answer(name, _) => self.shown.push(format!("{name}: not written")),
                Waiting::After(after) => {
                    outcomes.push(self.shard.written(&after, false, self.now_ms));
                }
            }
        }
        self.shard.revert(self.high_watermark as i64);
        self.log.truncate(self.high_watermark);
        self.holds = false;
        outcomes.into_iter().for_each(|out| self.carry_out(out, None));
    }

    /// Another shard is loaded from the log.
    fn reload(&mut self) {
        self.shard = Shard::new(Settings::default(), self.version);
        self.timers.clear();
        self.waiting.clear();
        for (offset, (key, value)) in self.log.iter().enumerate() {
            let record = Record::decode(Some(key), value.as_ref()).expect("a record");
            self.shard.replay(offset as i64, record.expect("of a known type"));
        }
        self.holds = false;
        self.high_watermark = self.log.len();
        self.shard.committed(self.high_watermark as i64);
        let out = self.shard.loaded(self.now_ms);
        self.carry_out(out, None);
    }

    /// Takes up a transactional id until the epoch before the last, without showing it.
    fn exhaust(&mut self, transactional_id: &str, producer: &str) {
        let (id, _) = producer.split_once('/').expect("ID/EPOCH");
        for _ in 0..i16::MAX - 1 {
            let line = format!("{transactional_id} new={id}");
            let request = Words::new(&line).request("init");
            let out = self.shard.handle(request, Token(0), self.now_ms);
            self.carry_out(out, None);
        }
        self.shown.clear();
    }

    fn advance(&mut self, by_ms: i64) {
        let until = self.now_ms + by_ms;
        loop {
            let due = self.timers.iter().filter(|(_, (at, _))| *at <= until);
            let Some((timer, (at, _))) = due.min_by_key(|(_, when)| **when) else { break };
            let (timer, at) = (timer.clone(), *at);
            self.timers.remove(&timer);
            self.now_ms = at;
            let out = self.shard.expire(&timer, self.now_ms);
            self.carry_out(out, None);
        }
        self.now_ms = until;
    }
}

fn words_version(line: &str) -> TransactionVersion {
    let level = line.split_whitespace().nth(1).and_then(|level| level.parse().ok());
    level.and_then(TransactionVersion::from_level).expect("a version")
}
