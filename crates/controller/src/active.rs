//! The controller during one epoch in which this node leads the quorum.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use metadata::controller::{Controller, Decision, Error, Millis, QuorumState, Reason};
use metadata::{Image, record_version};
use quorum_node::{AppendError, Handle};
use tracing::error;
use wire::stored::metadata::MetadataRecord;

use crate::operation::Reply;

/// The largest number of records in one batch.
const RECORDS_PER_BATCH_MAX: usize = 10_000;

/// Why nothing was appended.
pub(crate) enum Refusal {
    /// This node does not lead any more; somebody else has to be asked.
    NotLeader,
    /// The quorum node has stopped, and this one with it.
    Stopped,
    /// The records cannot be written.
    Impossible(Error),
}

/// What is answered when the image has reached an offset.
struct Waiting {
    offset: i64,
    answer: Box<dyn FnOnce(Result<(), Error>) + Send>,
}

/// The machine, and what waits for its records to be committed.
pub(crate) struct Active {
    pub(crate) epoch: i32,
    pub(crate) machine: Controller,
    quorum: Handle,
    /// The offset of the last record this controller appended, or of the last one before.
    last_offset: i64,
    waiting: VecDeque<Waiting>,
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active")
            .field("epoch", &self.epoch)
            .field("last_offset", &self.last_offset)
            .finish_non_exhaustive()
    }
}

impl Active {
    pub(crate) fn new(epoch: i32, machine: Controller, quorum: Handle) -> Self {
        let last_offset = machine.image().provenance.last_contained_offset;
        Self { epoch, machine, quorum, last_offset, waiting: VecDeque::new() }
    }

    /// What the machine has to know of the quorum to register a broker.
    pub(crate) fn quorum_state(&self) -> QuorumState {
        let status = *self.quorum.status().borrow();
        let next_offset = status.log_end_offset.max(self.last_offset + 1);
        QuorumState { next_offset, kraft_version: status.kraft_version }
    }

    /// The offset of the last record appended.
    pub(crate) fn last_offset(&self) -> i64 {
        self.last_offset
    }

    /// Appends what was decided, and answers when it is committed and the image shows it.
    pub(crate) async fn finish<T: Send + 'static>(
        &mut self,
        decision: Result<Decision<T>, Error>,
        reply: Reply<T>,
    ) -> Result<(), Refusal> {
        let (records, is_atomic, response) = match decision {
            Ok(decision) => (decision.records, decision.is_atomic, decision.response),
            Err(error) => {
                let _ = reply.send(Err(error));
                return Ok(());
            }
        };
        match self.append(records, is_atomic).await {
            Ok(()) => {
                self.answer_when_committed(response, reply);
                Ok(())
            }
            Err(Refusal::Impossible(error)) => {
                let _ = reply.send(Err(error));
                Ok(())
            }
            Err(refusal) => {
                let _ = reply.send(Err(not_controller(None)));
                Err(refusal)
            }
        }
    }

    /// A response without records was still computed from what may not be committed yet: it waits
    /// for whatever waits now.
    fn answer_when_committed<T: Send + 'static>(&mut self, response: T, reply: Reply<T>) {
        let answer = move |committed: Result<(), Error>| {
            let _ = reply.send(committed.map(|()| response));
        };
        if self.shown_offset() >= self.last_offset {
            answer(Ok(()));
        } else {
            let answer = Box::new(answer);
            self.waiting.push_back(Waiting { offset: self.last_offset, answer });
        }
    }

    /// Everything up to here is committed and shown.
    fn shown_offset(&self) -> i64 {
        self.machine.image().provenance.last_contained_offset
    }

    /// Appends records, in one batch if they belong together.
    pub(crate) async fn append(
        &mut self,
        records: Vec<MetadataRecord>,
        is_atomic: bool,
    ) -> Result<(), Refusal> {
        if records.is_empty() {
            return Ok(());
        }
        if let Err(fault) = self.machine.verify(&records) {
            error!(%fault, "the controller decided on records that contradict the metadata");
            return Err(Refusal::Impossible(Error::standard(Reason::UnknownServerError)));
        }
        let batch_len = if is_atomic { records.len() } else { RECORDS_PER_BATCH_MAX };
        for batch in records.chunks(batch_len) {
            self.append_batch(batch).await?;
        }
        Ok(())
    }

    async fn append_batch(&mut self, records: &[MetadataRecord]) -> Result<(), Refusal> {
        let version = self.machine.image().features.metadata_version_or_minimum();
        let encode = |record: &MetadataRecord| record.encode(record_version(record, version));
        let encoded: Result<Vec<Bytes>, _> = records.iter().map(encode).collect();
        let encoded = encoded.map_err(|fault| {
            error!(%fault, "the controller decided on a record that cannot be written");
            Refusal::Impossible(Error::standard(Reason::UnknownServerError))
        })?;
        let appended = match self.quorum.append(self.epoch, encoded).await {
            Ok(appended) => appended,
            Err(AppendError::NotLeader { .. }) => return Err(Refusal::NotLeader),
            Err(AppendError::Stopped) => return Err(Refusal::Stopped),
            Err(AppendError::TooLarge { .. } | AppendError::Empty) => {
                let text = "Unable to perform excessively large batch operation.";
                let error = Error::new(Reason::PolicyViolation, text);
                return Err(Refusal::Impossible(error));
            }
        };
        for (offset, record) in (appended.base_offset..).zip(records) {
            if let Err(fault) = self.machine.replay(offset, record) {
                // It was verified a moment ago, so the log and this image have parted.
                error!(%fault, offset, "the controller cannot apply its own record");
                return Err(Refusal::NotLeader);
            }
        }
        self.last_offset = appended.last_offset;
        Ok(())
    }

    /// Answers what waited for records that the image shows now.
    pub(crate) fn shown(&mut self, image: &Image) {
        let offset = image.provenance.last_contained_offset;
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.offset <= offset) {
            (waiting.answer)(Ok(()));
        }
        // Nothing is under way: what the machine knows is what the image says.
        if offset >= self.last_offset {
            self.last_offset = offset;
            self.machine.share(image);
        }
    }

    /// The epoch is over: nobody knows what becomes of what was not committed.
    pub(crate) fn end(self, leader: Option<i32>) {
        for waiting in self.waiting {
            (waiting.answer)(Err(not_controller(leader)));
        }
    }
}

/// Another controller has to be asked, in Kafka's words.
pub(crate) fn not_controller(leader: Option<i32>) -> Error {
    let text = match leader {
        Some(id) => format!("The active controller appears to be node {id}."),
        None => "No controller appears to be active.".to_owned(),
    };
    Error::new(Reason::NotController, text)
}

/// Draws from the environment.
pub(crate) struct Dice<'a>(pub(crate) &'a env::Random);

impl metadata::controller::Random for Dice<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    fn uuid(&mut self) -> wire::Uuid {
        loop {
            let id = wire::Uuid(self.0.uuid());
            // As Kafka does: an id that starts with a dash looks like a flag on a command line.
            if !metadata::directory::is_reserved(id) && !id.to_string().starts_with('-') {
                return id;
            }
        }
    }
}

/// Monotonic milliseconds since the task began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    began: env::Instant,
}

impl Stopwatch {
    pub(crate) fn new(began: env::Instant) -> Self {
        Self { began }
    }

    pub(crate) fn at(self, instant: env::Instant) -> Millis {
        Millis::try_from(instant.saturating_duration_since(self.began).as_millis())
            .unwrap_or(Millis::MAX)
    }

    pub(crate) fn instant(self, at: Millis) -> env::Instant {
        self.began + std::time::Duration::from_millis(at)
    }
}
