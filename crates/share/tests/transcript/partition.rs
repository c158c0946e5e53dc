//! A share partition with a log of batches, a clock, and writes that are done when it is said.
//!
//! ```text
//! log 0-9 10-19 t7:20-24 abort7:25-25     start 0 [BATCH...]      set limit=3 locks=100
//! acquire M [max=500] [size=500] [mode=limit] [committed]
//! ack M 0-4:1 5-9:1,2,3,0,1       release M       log-start N      advance MS (and expire)
//! done (the oldest write)      fail (likewise)
//! ```
//!
//! After each paragraph's last command the window is shown.

use std::collections::VecDeque;

use share::StateBatch;
use share::coordinator::ReadState;
use share::partition::{
    AbortedTransaction, Acknowledgement, Acquire, AcquireMode, Acquired, Fetched, FetchedBatch,
    Settings, SharePartition, StateWrite,
};
use wire::Str;

use super::{Subject, batch, number, offsets, show_batches, value};

pub(crate) struct World {
    log: Vec<FetchedBatch>,
    partition: Option<SharePartition>,
    settings: Settings,
    writes: VecDeque<StateWrite>,
    now_ms: i64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            log: Vec::new(),
            partition: None,
            settings: Settings::default(),
            writes: VecDeque::new(),
            now_ms: 0,
        }
    }

    fn start(&mut self, words: &[&str]) -> String {
        let batches = words.iter().filter(|word| word.contains(':'));
        let start_offset = words[0].parse().expect("an offset");
        let batches = batches.map(|word| batch(word)).collect();
        let state = ReadState { state_epoch: 1, start_offset, batches };
        match SharePartition::new(5, &state, start_offset) {
            Ok(partition) => {
                self.partition = Some(partition);
                "started".to_owned()
            }
            Err(error) => error.to_string(),
        }
    }

    fn acquire(&mut self, words: &[&str]) -> String {
        let partition = self.partition.as_mut().expect("started");
        if !partition.can_acquire(&self.settings) {
            return "full".to_owned();
        }
        let offset = partition.next_fetch_offset();
        let batches: Vec<_> =
            self.log.iter().filter(|batch| batch.last_offset >= offset).copied().collect();
        let committed = words.contains(&"committed");
        let aborted: Vec<_> = self.log.iter().filter(|_| committed).filter_map(aborted).collect();
        let ask = Acquire {
            member: Str::copy_from(words[0]),
            mode: match value(words, "mode") {
                Some(_) => AcquireMode::RecordLimit,
                None => AcquireMode::BatchOptimized,
            },
            batch_size: number(words, "size", 500),
            max_records: number(words, "max", 500),
        };
        let fetched = Fetched { offset, batches: &batches, aborted: &aborted };
        let Acquired { ranges, count } =
            partition.acquire(&ask, fetched, &self.settings, self.now_ms);
        let ranges = ranges.iter().map(|range| {
            format!("{}-{}*{}", range.first_offset, range.last_offset, range.delivery_count)
        });
        let ranges = ranges.collect::<Vec<_>>().join(" ");
        format!("from {offset}: {count} records {ranges}").trim_end().to_owned()
    }

    fn ack(&mut self, words: &[&str]) -> String {
        let acks = words[1..].iter().map(|word| {
            let (range, types) = word.split_once(':').expect("types");
            let (first_offset, last_offset) = offsets(range);
            let types = types.split(',').map(|id| id.parse().expect("a type")).collect();
            Acknowledgement { first_offset, last_offset, types }
        });
        let acks: Vec<_> = acks.collect();
        let partition = self.partition.as_mut().expect("started");
        let member = Str::copy_from(words[0]);
        match partition.acknowledge(&member, &acks, &self.settings, self.now_ms) {
            Ok(write) => self.writes(write),
            Err(error) if error.is_invalid_request() => format!("invalid request: {error}"),
            Err(error) => format!("invalid record state: {error}"),
        }
    }

    fn writes(&mut self, write: Option<StateWrite>) -> String {
        let Some(write) = write else { return "nothing to write".to_owned() };
        let StateWrite { start_offset, delivery_complete_count, ref batches, .. } = write;
        let batches: Vec<StateBatch> = share::combine(batches.iter().copied(), -1);
        let text = format!(
            "write start {start_offset} complete {delivery_complete_count} {}",
            show_batches(&batches)
        );
        self.writes.push_back(write);
        text
    }

    fn finish(&mut self, is_written: bool) -> String {
        let write = self.writes.pop_front().expect("a write");
        let partition = self.partition.as_mut().expect("started");
        let look = partition.written(write.id, is_written, self.now_ms);
        if look { "look again".to_owned() } else { "nothing new".to_owned() }
    }

    fn window(&self) -> Vec<String> {
        let Some(partition) = &self.partition else { return Vec::new() };
        let mut parts: Vec<StateBatch> = Vec::new();
        for (first_offset, last_offset, state, delivery_count) in partition.runs() {
            let delivery_state = state.id();
            parts.push(StateBatch { first_offset, last_offset, delivery_state, delivery_count });
        }
        let window = format!(
            "  start {} end {} complete {} | {}",
            partition.start_offset(),
            partition.end_offset(),
            partition.delivery_complete_count(),
            show_batches(&parts)
        );
        vec![window.trim_end().to_owned()]
    }
}

fn aborted(batch: &FetchedBatch) -> Option<AbortedTransaction> {
    let producer_id = batch.producer_id.filter(|_| batch.is_transactional)?;
    Some(AbortedTransaction { producer_id, first_offset: batch.base_offset })
}

/// `0-9`, `t7:0-9` (part of a transaction of producer 7), `abort7:10-10` (its marker).
fn log_batch(word: &str) -> FetchedBatch {
    let (kind, range) = word.split_once(':').unwrap_or(("", word));
    let (base_offset, last_offset) = offsets(range);
    let is_abort_marker = kind.starts_with("abort");
    let producer_id = kind.trim_start_matches(|c: char| c.is_ascii_alphabetic()).parse().ok();
    let is_transactional = producer_id.is_some();
    FetchedBatch { base_offset, last_offset, producer_id, is_transactional, is_abort_marker }
}

impl Subject for World {
    fn command(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (verb, words) = words.split_first().expect("a command");
        let told = match *verb {
            "log" => {
                self.log.extend(words.iter().map(|word| log_batch(word)));
                return Vec::new();
            }
            "compact" => {
                let gone = offsets(words[0]);
                self.log.retain(|batch| (batch.base_offset, batch.last_offset) != gone);
                return Vec::new();
            }
            "set" => {
                let settings = &mut self.settings;
                settings.delivery_count_limit =
                    number(words, "limit", settings.delivery_count_limit);
                settings.max_record_locks = number(words, "locks", settings.max_record_locks);
                settings.renew_enabled = number(words, "renew", settings.renew_enabled);
                return Vec::new();
            }
            "start" => self.start(words),
            "acquire" => self.acquire(words),
            "ack" => self.ack(words),
            "release" => {
                let partition = self.partition.as_mut().expect("started");
                let write = partition.release(&Str::copy_from(words[0]), &self.settings);
                self.writes(write)
            }
            "advance" => {
                self.now_ms += words[0].parse::<i64>().expect("ms");
                let partition = self.partition.as_mut().expect("started");
                if partition.next_expiry_ms().is_none_or(|at| at > self.now_ms) {
                    return vec!["nothing expires".to_owned()];
                }
                let write = partition.expire(&self.settings, self.now_ms);
                self.writes(write)
            }
            "log-start" => {
                let partition = self.partition.as_mut().expect("started");
                partition.log_start_moved(words[0].parse().expect("an offset"));
                "moved".to_owned()
            }
            "done" => self.finish(true),
            "fail" => self.finish(false),
            verb => panic!("what is {verb}?"),
        };
        let mut told = vec![told];
        told.extend(self.window());
        told
    }
}
