//! What a run does, all of it from one seed.

use std::fmt;
use std::time::Duration;

use client::Acks;
use env::Random;
use records::Compression;

use crate::faults::{self, Fault};

/// The length of the part of a run in which faults strike.
const FAULTS_SECONDS: std::ops::Range<u64> = 6..25;

/// A run: the node, what is on it, who uses it, what goes wrong.
#[derive(Debug)]
pub struct Plan {
    /// Where all of it comes from.
    pub seed: u64,
    /// Log directories.
    pub dirs: usize,
    /// Work that waits for the disk takes up to so many ms even when nothing is wrong.
    pub disk_ms: u64,
    /// Settings of the server beyond those every run has.
    pub server: Vec<(&'static str, String)>,
    /// Topics that live as long as the run.
    pub topics: Vec<TopicPlan>,
    /// Who uses them.
    pub clients: Vec<ClientPlan>,
    /// What goes wrong, in the order of time from the start of the workload.
    pub faults: Vec<(Duration, Fault)>,
    /// How long faults may strike.
    pub faults_for: Duration,
}

/// A topic.
#[derive(Debug)]
pub struct TopicPlan {
    /// Its name.
    pub name: String,
    /// Partitions at first.
    pub partitions: i32,
    /// What may happen to old records.
    pub cleanup: Cleanup,
    /// `flush.messages=1`: nothing acknowledged may go, even when the power does.
    pub flushed: bool,
    /// Its settings, those that follow from the above included.
    pub settings: Vec<(&'static str, String)>,
}

/// `cleanup.policy`, as far as a checker has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// `delete`, with nothing to be deleted.
    Nothing,
    /// `delete`, with a bound that the run reaches.
    Retention,
    /// `compact`.
    Compact,
}

/// A client; the number is that of its topic in the plan.
#[derive(Debug, Clone)]
pub enum ClientPlan {
    /// Sends records with values that occur once.
    Producer {
        /// Where to.
        topic: usize,
        /// `acks`.
        acks: Acks,
        /// `enable.idempotence`.
        idempotent: bool,
        /// `compression.type`.
        compression: Compression,
    },
    /// Reads from any offset, again and again.
    Reader {
        /// What.
        topic: usize,
    },
    /// Members of a group that commit and resume.
    Group {
        /// What they read.
        topic: usize,
        /// How many.
        members: usize,
    },
    /// Asks where partitions begin and end.
    Watcher {
        /// Of which topic.
        topic: usize,
    },
    /// Deletes records.
    Deleter {
        /// Of which topic.
        topic: usize,
    },
    /// Changes settings of a topic.
    Configurer {
        /// Of which.
        topic: usize,
    },
    /// Creates a topic, fills it, reads it, deletes it, under one name.
    Passer,
}

impl ClientPlan {
    /// The topic it uses, if it is one of the plan.
    pub fn topic(&self) -> Option<usize> {
        match self {
            Self::Producer { topic, .. }
            | Self::Reader { topic }
            | Self::Group { topic, .. }
            | Self::Watcher { topic }
            | Self::Deleter { topic }
            | Self::Configurer { topic } => Some(*topic),
            Self::Passer => None,
        }
    }
}

impl Plan {
    /// The run of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let random = Random::seeded(seed);
        let dirs = 1 + random.below(3) as usize;
        let count = 1 + random.below(3);
        let topics: Vec<TopicPlan> = (0..count).map(|nth| topic(&random.fork(), nth)).collect();
        let clients = clients(&random.fork(), &topics);
        let faults_for = Duration::from_secs(
            FAULTS_SECONDS.start + random.below(FAULTS_SECONDS.end - FAULTS_SECONDS.start),
        );
        let faults = faults::draw(&random.fork(), faults_for, dirs, clients.len());
        let server = server(&random.fork());
        let disk_ms = one_of(&random, &[0, 2, 20, 60]);
        Self { seed, dirs, disk_ms, server, topics, clients, faults, faults_for }
    }

    /// The topic of that name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&TopicPlan> {
        self.topics.iter().find(|topic| topic.name == name)
    }
}

/// One of `choices`.
pub(crate) fn one_of<T: Copy>(random: &Random, choices: &[T]) -> T {
    choices[random.below(choices.len() as u64) as usize]
}

fn topic(random: &Random, nth: u64) -> TopicPlan {
    let cleanup = match random.below(8) {
        0..4 => Cleanup::Nothing,
        4..6 => Cleanup::Retention,
        _ => Cleanup::Compact,
    };
    let flushed = random.chance(2, 5);
    let mut settings = Vec::new();
    let mut set = |name, value: String| settings.push((name, value));
    // Segments of a few batches up to one that is never full.
    let segment = one_of(random, &[2_000_u64, 6_000, 20_000, 100_000, 1 << 30]);
    set("internal.segment.bytes", segment.to_string());
    if random.chance(1, 4) {
        set("segment.ms", one_of(random, &[3_000, 15_000]).to_string());
    }
    set("index.interval.bytes", one_of(random, &[100, 1_000, 4_096]).to_string());
    if flushed {
        set("flush.messages", "1".to_owned());
    } else if random.chance(1, 4) {
        set("flush.messages", one_of(random, &[5, 50]).to_string());
    }
    if random.chance(1, 4) {
        set("flush.ms", one_of(random, &[1_000, 5_000]).to_string());
    }
    if random.chance(1, 5) {
        set("message.timestamp.type", "LogAppendTime".to_owned());
    }
    if random.chance(1, 6) {
        set("compression.type", one_of(random, &["lz4", "zstd", "gzip", "uncompressed"]).into());
    }
    match cleanup {
        Cleanup::Nothing => {}
        Cleanup::Retention => {
            if random.chance(1, 2) {
                set("retention.bytes", one_of(random, &[10_000, 50_000]).to_string());
            } else {
                set("retention.ms", one_of(random, &[5_000, 20_000]).to_string());
            }
            set("file.delete.delay.ms", one_of(random, &[0, 1_000, 60_000]).to_string());
        }
        Cleanup::Compact => {
            set("cleanup.policy", "compact".to_owned());
            set("min.cleanable.dirty.ratio", one_of(random, &["0.01", "0.3"]).into());
            set("delete.retention.ms", one_of(random, &[0, 2_000, 86_400_000]).to_string());
            set("file.delete.delay.ms", one_of(random, &[0, 1_000, 60_000]).to_string());
        }
    }
    let partitions = 1 + random.below(3) as i32;
    TopicPlan { name: format!("t{nth}"), partitions, cleanup, flushed, settings }
}

fn server(random: &Random) -> Vec<(&'static str, String)> {
    let mut settings = Vec::new();
    let mut set = |name, value: &str| settings.push((name, value.to_owned()));
    set("offsets.topic.num.partitions", one_of(random, &["1", "3"]));
    set("offsets.topic.segment.bytes", one_of(random, &["1048576", "104857600"]));
    set("log.retention.check.interval.ms", one_of(random, &["1000", "7000"]));
    set("log.initial.task.delay.ms", one_of(random, &["500", "3000"]));
    set("log.cleaner.backoff.ms", one_of(random, &["500", "3000"]));
    set("log.flush.offset.checkpoint.interval.ms", one_of(random, &["1000", "10000", "60000"]));
    set(
        "log.flush.start.offset.checkpoint.interval.ms",
        one_of(random, &["1000", "10000", "60000"]),
    );
    set("replica.high.watermark.checkpoint.interval.ms", one_of(random, &["500", "5000", "60000"]));
    set("group.initial.rebalance.delay.ms", one_of(random, &["0", "1000"]));
    set("num.recovery.threads.per.data.dir", one_of(random, &["1", "2"]));
    if random.chance(1, 3) {
        set("metadata.log.max.record.bytes.between.snapshots", "3000");
    }
    settings
}

fn clients(random: &Random, topics: &[TopicPlan]) -> Vec<ClientPlan> {
    let mut clients = Vec::new();
    for (topic, plan) in topics.iter().enumerate() {
        for _ in 0..1 + random.below(2) {
            let acks = match random.below(6) {
                0 => Acks::None,
                1 => Acks::Leader,
                _ => Acks::All,
            };
            let compressions = [
                Compression::None,
                Compression::None,
                Compression::Gzip,
                Compression::Snappy,
                Compression::Lz4,
                Compression::Zstd,
            ];
            let compression = one_of(random, &compressions);
            let idempotent = random.chance(2, 3);
            clients.push(ClientPlan::Producer { topic, acks, idempotent, compression });
        }
        for _ in 0..random.below(3) {
            clients.push(ClientPlan::Reader { topic });
        }
        if random.chance(1, 2) {
            clients.push(ClientPlan::Group { topic, members: 1 + random.below(2) as usize });
        }
        if random.chance(1, 2) {
            clients.push(ClientPlan::Watcher { topic });
        }
        if plan.cleanup != Cleanup::Compact && random.chance(1, 3) {
            clients.push(ClientPlan::Deleter { topic });
        }
        if random.chance(1, 4) {
            clients.push(ClientPlan::Configurer { topic });
        }
    }
    if random.chance(1, 3) {
        clients.push(ClientPlan::Passer);
    }
    clients
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |settings: &[(&'static str, String)]| {
            let pairs: Vec<String> = settings.iter().map(|(k, v)| format!("{k}={v}")).collect();
            pairs.join(" ")
        };
        let Self { seed, dirs, disk_ms, server, .. } = self;
        writeln!(f, "seed {seed}: {dirs} log dirs, {disk_ms} ms, {}", joined(server))?;
        for topic in &self.topics {
            let TopicPlan { name, partitions, cleanup, flushed, settings } = topic;
            let flushed = if *flushed { "flushed" } else { "not flushed" };
            let settings = joined(settings);
            writeln!(
                f,
                "  topic {name}: {partitions} partitions, {cleanup:?}, {flushed}, {settings}"
            )?;
        }
        for (nth, client) in self.clients.iter().enumerate() {
            writeln!(f, "  client {nth}: {client:?}")?;
        }
        for (at, fault) in &self.faults {
            writeln!(f, "  {:>6} ms: {fault:?}", at.as_millis())?;
        }
        write!(f, "  {:>6} ms: faults end", self.faults_for.as_millis())
    }
}
