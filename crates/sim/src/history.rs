//! What clients did and saw, in the order of time.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use client::Acks;
use env::{Clock, Instant};

use crate::value;

/// A partition of a topic of the plan, or of `__consumer_offsets`.
pub type Partition = (String, i32);

/// What became of something a client asked for. Without an answer it is never "failed".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// No answer yet.
    Pending,
    /// Done, by a server's word.
    Done,
    /// Done or not: the call timed out, the connection broke, or it was refused after that.
    Unknown(String),
}

/// A record that a producer was given.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The client, and the producer's session of it: order holds within a session.
    pub producer: (usize, usize),
    /// Where to.
    pub partition: Partition,
    /// The key, if it has one. A key belongs to one client.
    pub key: Option<String>,
    /// Whether it has no value.
    pub tombstone: bool,
    /// Who had to have it.
    pub acks: Acks,
    /// Whether retries must not show.
    pub idempotent: bool,
    /// When it was given to the producer.
    pub sent_at: Duration,
    /// What became of it.
    pub fate: Fate,
    /// When that was known.
    pub settled_at: Duration,
    /// Its offset, if the broker told.
    pub offset: Option<i64>,
}

/// A record as a reader saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: i64,
    /// Which it is; what is wrong with it if it is none that was sent.
    pub record: Result<u64, String>,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A part of the run begins.
    Phase(&'static str),
    /// A fault strikes.
    Fault(String),
    /// The node serves.
    Up,
    /// The node is gone, and why.
    Down(String),
    /// The power went.
    PowerLoss,
    /// A record is given to a producer.
    Send(u64),
    /// What became of it; the [`Sent`] has it.
    Settled(u64),
    /// Records were read in one go.
    Read {
        /// From where.
        partition: Partition,
        /// In the order in which they came.
        seen: Vec<Seen>,
        /// The node served them at this time or later.
        since: Duration,
    },
    /// Reading failed in a way that does not pass.
    ReadFailed {
        /// Where; -1 where that is not known.
        partition: Partition,
        /// In the client's words.
        error: String,
    },
    /// Where a partition begins and ends.
    Ends {
        /// Which.
        partition: Partition,
        /// When it was asked.
        asked_at: Duration,
        /// The first offset that may be read.
        log_start: i64,
        /// The high watermark.
        end: i64,
    },
    /// Records were to be deleted.
    Delete {
        /// Where.
        partition: Partition,
        /// All below this offset; -1 for all.
        before: i64,
        /// The new start of the log.
        answer: Result<i64, String>,
    },
    /// A group's member committed.
    Commit {
        /// The group.
        group: String,
        /// Where.
        partition: Partition,
        /// The offset of the next record.
        offset: i64,
        /// When it was asked.
        asked_at: Duration,
        /// What became of it.
        fate: Fate,
    },
    /// A group's committed offset was told.
    Committed {
        /// The group.
        group: String,
        /// Where.
        partition: Partition,
        /// The offset, -1 for none.
        offset: i64,
        /// When it was asked.
        asked_at: Duration,
    },
    /// Something went well that shows that a client gets on.
    Progress(&'static str),
    /// Something worth reading that no checker looks at.
    Note(String),
    /// A client saw what must not be.
    Wrong {
        /// The rule.
        invariant: &'static str,
        /// How it is broken.
        what: String,
    },
}

/// An event, when it was, and whose.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Since the start of the run.
    pub at: Duration,
    /// The number of the client in the plan.
    pub client: Option<usize>,
    /// What.
    pub event: Event,
}

/// The history under way. Clones are the same one.
#[derive(Debug, Clone)]
pub struct History {
    clock: Clock,
    start: Instant,
    state: Arc<Mutex<Recorded>>,
}

/// All that was recorded.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Events by time.
    pub entries: Vec<Entry>,
    /// Records by number.
    pub sent: Vec<Sent>,
    /// How many of them were acknowledged.
    pub acknowledged: usize,
}

impl History {
    pub(crate) fn new(clock: Clock) -> Self {
        let start = clock.now();
        Self { clock, start, state: Arc::default() }
    }

    /// The time since the start of the run.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.start)
    }

    pub(crate) fn add(&self, client: Option<usize>, event: Event) {
        let at = self.now();
        self.state().entries.push(Entry { at, client, event });
    }

    /// Notes that a record is about to be sent, and gives its number.
    pub(crate) fn send(&self, sent: Sent) -> u64 {
        let client = sent.producer.0;
        let id = {
            let mut state = self.state();
            state.sent.push(sent);
            state.sent.len() as u64 - 1
        };
        self.add(Some(client), Event::Send(id));
        id
    }

    pub(crate) fn settle(&self, id: u64, fate: Fate, offset: Option<i64>) {
        let now = self.now();
        let client = {
            let mut state = self.state();
            state.acknowledged += usize::from(fate == Fate::Done);
            let sent = &mut state.sent[id as usize];
            (sent.fate, sent.offset, sent.settled_at) = (fate, offset, now);
            sent.producer.0
        };
        self.add(Some(client), Event::Settled(id));
    }

    /// What a reader got, held against what was sent.
    pub(crate) fn seen(&self, record: &client::ConsumedRecord) -> Seen {
        let partition = (record.topic.to_string(), record.partition);
        let of_record = value::number(record).and_then(|id| {
            let state = self.state();
            let sent = state.sent.get(id as usize);
            let sent = sent.ok_or_else(|| format!("number {id} was never sent"))?;
            if sent.partition != partition {
                return Err(format!("number {id} was sent to {:?}", sent.partition));
            }
            value::check(record, id, sent)?;
            Ok(id)
        });
        Seen { offset: record.offset, timestamp: record.timestamp, record: of_record }
    }

    /// What was recorded so far.
    pub(crate) fn state(&self) -> MutexGuard<'_, Recorded> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self) -> Recorded {
        std::mem::take(&mut self.state())
    }
}

impl Recorded {
    /// A number that is the same for the same history.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut digest = Digest(0xcbf2_9ce4_8422_2325);
        self.entries.iter().for_each(|entry| digest.add(entry));
        self.sent.iter().for_each(|sent| digest.add(sent));
        digest.0
    }

    /// When the power went.
    pub fn power_losses(&self) -> impl Iterator<Item = Duration> {
        let losses = self.entries.iter().filter(|entry| matches!(entry.event, Event::PowerLoss));
        losses.map(|entry| entry.at)
    }
}

/// FNV-1a over the text of things.
struct Digest(u64);

impl Digest {
    fn add(&mut self, thing: &impl Debug) {
        use std::fmt::Write;
        // Writing to a number does not fail.
        let _ = write!(self, "{thing:?}");
    }
}

impl std::fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}
