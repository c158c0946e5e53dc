//! The steps of a move. Each waits for the disk and belongs off the request path.

use std::time::Duration;

use log::{FlushJob, Log, LogDirs, ReadRequest};
use records::batches;
use wire::Bytes;

use super::future_replica::Copy;
use crate::flush::UNFLUSHED_BYTES_MAX;
use crate::partition::{Partition, State};

/// As much as may be copied while appends wait. Reading and writing it within the page cache takes
/// a fraction of a millisecond.
const TAIL_BYTES_MAX: u32 = 256 << 10;

/// The future replica obeys the log it copies, whatever leads.
const ANY_LEADER_EPOCH: i32 = i32::MAX;

/// What a step of copying did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Bytes of records.
    pub(crate) bytes: u64,
    /// Whether the copy had all that the log had then.
    pub(crate) caught_up: bool,
}

/// What became of a swap.
#[derive(Debug)]
pub(crate) enum Swapped {
    /// The copy is in use.
    Done(Done),
    /// Too much has come in between.
    Behind,
}

/// A swap that was done.
#[derive(Debug)]
pub(crate) struct Done {
    /// The log that was in use.
    pub(crate) old: Box<Log>,
    /// How long appends had to wait.
    pub(crate) pause: Duration,
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MoveError {
    /// The move was ended by somebody else.
    #[error("the move has ended")]
    Ended,
    /// The log in use cannot be read.
    #[error("cannot read the replica: {0}")]
    Source(log::Error),
    /// The records of the log in use cannot be read from their file.
    #[error("cannot read the replica: {0}")]
    Records(std::io::Error),
    /// The copy cannot be written.
    #[error("cannot write the copy: {0}")]
    Target(log::Error),
}

impl MoveError {
    /// Whether the move can go on once there is room on the disk.
    pub(crate) fn is_for_want_of_space(&self) -> bool {
        matches!(self, Self::Target(error) if error.is_for_want_of_space())
    }
}

impl Partition {
    /// Copies up to `bytes_max` bytes of batches, but at least one batch.
    pub(crate) fn copy_some(
        &self,
        number: u64,
        bytes_max: u32,
        now_ms: i64,
    ) -> Result<Copied, MoveError> {
        let mut guard = self.future.lock();
        let future = of_move(guard.as_mut(), number)?;
        self.line_up(future, now_ms)?;
        let bytes = self.read_on(future, bytes_max, now_ms)?;
        let started = future.log_start_offset();
        append(future, &bytes, now_ms)?;
        let start = self.log_start_offset().min(future.log_end_offset());
        future.advance_log_start_offset(start).map_err(MoveError::Target)?;
        let caught_up = future.log_end_offset() >= self.log_end_offset();
        let has_moved_start = future.log_start_offset() > started;
        drop(guard);
        if has_moved_start {
            // Somebody may wait for records to be deleted here as well.
            self.waiters.wake_all();
        }
        Ok(Copied { bytes: bytes.len() as u64, caught_up })
    }

    /// Lets the copy take the place of the log, if what is missing in it is little. Appends wait
    /// for this; reads go on.
    pub(crate) fn swap(
        &self,
        number: u64,
        dirs: &LogDirs,
        now_ms: i64,
    ) -> Result<Swapped, MoveError> {
        let mut guard = self.future.lock();
        let future = of_move(guard.as_mut(), number)?;
        let job = future.flush(now_ms);
        run(future, job)?;
        let mut state = self.lock();
        let began = self.surroundings.now();
        if common_end(&state, future) != future.log_end_offset() {
            return Ok(Swapped::Behind);
        }
        if future.log_end_offset() < state.log.log_end_offset() {
            let tail = self.read_on(future, TAIL_BYTES_MAX, now_ms)?;
            append(future, &tail, now_ms)?;
        }
        if future.log_end_offset() != state.log.log_end_offset() {
            return Ok(Swapped::Behind);
        }
        if state.log.settings().sync_appends {
            // Producers were told that it is on the disk.
            let job = future.sync(now_ms);
            run(future, job)?;
        }
        dirs.promote(&mut state.log, future).map_err(MoveError::Target)?;
        // Readers that find their log closed look here again, so the new one comes first.
        self.set_reader(state.log.reader());
        let Some(Copy { log: old, .. }) = self.future.detach(guard) else {
            return Err(MoveError::Ended);
        };
        if let Err(error) = dirs.delete(&old) {
            // Its directory is offline now; when it comes back the metadata tells which log counts.
            tracing::error!("the replica that was moved away cannot be removed: {error}");
        }
        state.flushing.want_all();
        let pause = self.surroundings.now().saturating_duration_since(began);
        self.on_disk(state, now_ms);
        Ok(Swapped::Done(Done { old: Box::new(old), pause }))
    }

    /// Whether `copy` has all records of the log in use and more.
    pub(crate) fn is_prefix_of(&self, copy: &Log) -> bool {
        let state = self.lock();
        let (end, copied) = (state.log.log_end_offset(), copy.log_end_offset());
        copied > end
            && state.log.leader_epochs().common_end(end, copy.leader_epochs(), copied) == end
    }

    /// Cuts off what the log in use does not have (any more), and follows its start.
    fn line_up(&self, future: &mut Log, now_ms: i64) -> Result<(), MoveError> {
        let common = common_end(&self.lock(), future);
        if common < future.log_end_offset() {
            tracing::info!("the copy of {self:?} is cut at {common}, as the replica was");
            future.truncate_to(common, now_ms).map_err(MoveError::Target)?;
        }
        let start = self.log_start_offset();
        if future.log_end_offset() < start {
            future.truncate_fully_and_start_at(start, now_ms).map_err(MoveError::Target)?;
        }
        Ok(())
    }

    /// What follows the end of the copy, empty when it has everything. A log that starts amid a
    /// batch gives that batch whole; an empty copy then starts where the batch does.
    fn read_on(&self, future: &mut Log, bytes_max: u32, now_ms: i64) -> Result<Bytes, MoveError> {
        let offset = future.log_end_offset();
        let found = self.with_reader(|reader| {
            let bound = reader.log_end_offset();
            reader.read(ReadRequest {
                offset,
                bound,
                max_bytes: bytes_max,
                at_least_one_batch: true,
            })
        });
        let bytes = match found {
            // The log was cut at either end since it was looked at; the next step sees to that.
            Err(log::Error::OffsetOutOfRange { .. }) => Bytes::new(),
            found => found.map_err(MoveError::Source)?.read_bytes().map_err(MoveError::Records)?,
        };
        let first = batches(&bytes).next().and_then(Result::ok);
        let first = first.map_or(offset, |batch| batch.base_offset());
        if first < offset && future.log_start_offset() == offset {
            future.truncate_fully_and_start_at(first, now_ms).map_err(MoveError::Target)?;
        }
        Ok(bytes)
    }
}

fn of_move(copy: Option<&mut Copy>, number: u64) -> Result<&mut Log, MoveError> {
    match copy {
        Some(copy) if copy.number == number => Ok(&mut copy.log),
        _ => Err(MoveError::Ended),
    }
}

fn common_end(state: &State, future: &Log) -> i64 {
    let (epochs, end) = (state.log.leader_epochs(), state.log.log_end_offset());
    future.leader_epochs().common_end(future.log_end_offset(), epochs, end)
}

fn append(future: &mut Log, bytes: &Bytes, now_ms: i64) -> Result<(), MoveError> {
    future.dir().admit(bytes.len()).map_err(MoveError::Target)?;
    let appended = future.append_follower(bytes, ANY_LEADER_EPOCH, now_ms);
    let has_rolled = appended.map_err(MoveError::Target)?.is_some_and(|appended| appended.rolled);
    let job = if future.unflushed_bytes() >= UNFLUSHED_BYTES_MAX {
        future.flush(now_ms)
    } else if has_rolled {
        future.flush_rolled(now_ms)
    } else {
        None
    };
    run(future, job)
}

fn run(future: &mut Log, job: Option<FlushJob>) -> Result<(), MoveError> {
    let Some(job) = job else { return Ok(()) };
    match job.run() {
        Ok(()) => {
            future.flushed(&job);
            Ok(())
        }
        Err(error) => {
            if error.is_for_want_of_space() {
                future.flush_postponed(job);
            }
            Err(MoveError::Target(error))
        }
    }
}
