//! A shard of the share coordinator with its log and its clock.
//!
//! ```text
//! init P [state-epoch=0] [start=-1]      read P [leader=-1]         summary P
//! write P [leader=0] [state-epoch=0] [start=-1] [complete=-1] BATCH...
//! delete P      topic-gone      absent (requests name partitions that are not there)
//! hold (the high watermark stands)      release      fail (what is above it is lost)
//! reload      advance MS      prune (the timer)      cold (the timer)
//! ```

use share::coordinator::{
    Answer, Command, Delete, Effect, Error, Initialize, Outcome, Pruned, Read, ReadSummary, Record,
    Request, Response, Settings, Shard, Snapshot, Stored, Timer, TopicsDeleted, Update, Write,
};
use share::{ShareKey, StateBatch};
use wire::{Bytes, Str, Uuid};

use super::{Subject, batch, number, show_batches};

const TOPIC: Uuid = Uuid([7; 16]);

pub(crate) struct World {
    shard: Shard,
    log: Vec<(Bytes, Option<Bytes>)>,
    high_watermark: usize,
    holds: bool,
    absent: bool,
    now_ms: i64,
    waiting: Vec<Response>,
    shown: Vec<String>,
}

fn settings() -> Settings {
    Settings { updates_per_snapshot: 2, ..Settings::default() }
}

impl World {
    pub(crate) fn new() -> Self {
        let mut shard = Shard::new(settings());
        let _ = shard.loaded();
        Self {
            shard,
            log: Vec::new(),
            high_watermark: 0,
            holds: false,
            absent: false,
            now_ms: 0,
            waiting: Vec::new(),
            shown: Vec::new(),
        }
    }

    fn request(&self, verb: &str, words: &[&str]) -> Request {
        let partition = words.first().and_then(|word| word.parse().ok()).unwrap_or(0);
        let key = ShareKey { group_id: Str::from("g"), topic_id: TOPIC, partition };
        let exists = !self.absent;
        match verb {
            "init" => Initialize {
                key,
                state_epoch: number(words, "state-epoch", 0),
                start_offset: number(words, "start", -1),
                exists,
            }
            .into(),
            "read" => Read { key, leader_epoch: number(words, "leader", -1), exists }.into(),
            "write" => Write {
                key,
                state_epoch: number(words, "state-epoch", 0),
                leader_epoch: number(words, "leader", 0),
                start_offset: number(words, "start", -1),
                delivery_complete_count: number(words, "complete", -1),
                batches: words.iter().filter(|word| word.contains(':')).map(|w| batch(w)).collect(),
                exists,
            }
            .into(),
            "delete" => Delete { key, exists }.into(),
            "summary" => ReadSummary { key, exists }.into(),
            "topic-gone" => TopicsDeleted { topic_ids: vec![TOPIC] }.into(),
            "pruned" => Pruned { before_offset: i64::from(partition) }.into(),
            _ => panic!("what is {verb}?"),
        }
    }

    fn carry_out(&mut self, out: Outcome) {
        let Outcome { records, answer, commands } = out;
        for command in commands {
            if let Command::Perform(Effect::DeleteRecords { before_offset }) = command {
                self.shown.push(format!("delete records before {before_offset}"));
            }
        }
        for record in records {
            let offset = self.log.len();
            self.shown.push(format!("[{offset}] {}", show_record(&record)));
            let (key, value) = record.encode().expect("encoded");
            self.log.push((key, value));
            self.shard.replay(offset as i64, record);
        }
        match answer {
            Some(Answer::Now(response)) => self.shown.push(show_response(&response)),
            Some(Answer::Committed(response)) => self.waiting.push(response),
            None => {}
        }
        if !self.holds {
            self.release();
        }
    }

    fn release(&mut self) {
        self.high_watermark = self.log.len();
        self.shard.committed(self.high_watermark as i64);
        let waiting = std::mem::take(&mut self.waiting);
        self.shown.extend(waiting.iter().map(show_response));
    }

    fn fail(&mut self) {
        self.shard.revert(self.high_watermark as i64);
        self.log.truncate(self.high_watermark);
        let failed = self.waiting.drain(..).map(|_| "not written".to_owned());
        self.shown.extend(failed);
    }

    fn reload(&mut self) {
        let mut shard = Shard::new(settings());
        for (offset, (key, value)) in self.log.iter().enumerate() {
            let record = Record::decode(Some(key), value.as_ref()).expect("read").expect("known");
            shard.replay(offset as i64, record);
            shard.committed(self.high_watermark as i64);
        }
        let _ = shard.loaded();
        self.shard = shard;
    }
}

impl Subject for World {
    fn command(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (verb, words) = words.split_first().expect("a command");
        match *verb {
            "hold" => self.holds = true,
            "release" => {
                self.holds = false;
                self.release();
            }
            "fail" => self.fail(),
            "reload" => self.reload(),
            "absent" => self.absent = true,
            "advance" => self.now_ms += words[0].parse::<i64>().expect("ms"),
            "prune" => {
                let out = self.shard.expire(Timer::Prune, self.now_ms);
                self.carry_out(out);
            }
            "cold" => {
                let out = self.shard.expire(Timer::SnapshotCold, self.now_ms);
                self.carry_out(out);
            }
            verb => {
                let request = self.request(verb, words);
                let out = self.shard.handle(request, self.now_ms);
                self.carry_out(out);
            }
        }
        std::mem::take(&mut self.shown)
    }
}

fn show_record(record: &Record) -> String {
    let partition = record.key.partition;
    match &record.stored {
        Stored::Tombstone => format!("tombstone {partition}"),
        Stored::Update(update) => {
            let Update { snapshot_epoch, leader_epoch, start_offset, .. } = update;
            let complete = update.delivery_complete_count;
            line(
                format!(
                    "update {partition} snapshot {snapshot_epoch} leader {leader_epoch} start \
                     {start_offset} complete {complete}"
                ),
                &update.batches,
            )
        }
        Stored::Snapshot(snapshot) => {
            let Snapshot { snapshot_epoch, state_epoch, leader_epoch, start_offset, .. } =
                **snapshot;
            let complete = snapshot.delivery_complete_count;
            let (created, written) = (snapshot.create_timestamp_ms, snapshot.write_timestamp_ms);
            line(
                format!(
                    "snapshot {partition} snapshot {snapshot_epoch} state {state_epoch} leader \
                     {leader_epoch} start {start_offset} complete {complete} at {created}/{written}"
                ),
                &snapshot.batches,
            )
        }
    }
}

fn line(text: String, batches: &[StateBatch]) -> String {
    if batches.is_empty() { text } else { format!("{text} {}", show_batches(batches)) }
}

fn show_response(response: &Response) -> String {
    let plain = |answer: &Result<(), Error>| match answer {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    match response {
        Response::Initialize(answer) | Response::Write(answer) | Response::Delete(answer) => {
            plain(answer)
        }
        Response::Read(Ok(state)) => line(
            format!("state epoch {} start {}", state.state_epoch, state.start_offset),
            &state.batches,
        ),
        Response::ReadSummary(Ok(summary)) => format!(
            "state epoch {} leader epoch {} start {} complete {}",
            summary.state_epoch,
            summary.leader_epoch,
            summary.start_offset,
            summary.delivery_complete_count
        ),
        Response::Read(Err(error)) | Response::ReadSummary(Err(error)) => format!("{error:?}"),
        Response::TopicsDeleted(()) | Response::Pruned(()) => "ok".to_owned(),
    }
}
