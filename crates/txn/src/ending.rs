//! Ending a transaction: markers first, then the record that it is complete (kafka-semantics 147
//! to 149).

use std::collections::BTreeSet;

use wire::Str;

use crate::outcome::{Command, Effect, Markers, Timer};
use crate::request::{MarkerResult, MarkersWritten};
use crate::state::{State, Turn};
use crate::transaction::{Status, TopicPartition, Transaction};

/// How long to wait before markers or a record are written again.
const RESUME_AFTER_MS: i64 = 50;

/// What is done about a transaction whose end is committed.
#[derive(Debug)]
pub(crate) struct Ending {
    /// Partitions without a marker.
    pub(crate) missing: BTreeSet<TopicPartition>,
    /// What it is when none is missing.
    complete: Transaction,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Markers are being written.
    Writing,
    /// Some could not be written; it is tried again.
    Waiting,
    /// The record that it is complete is being written.
    Completing,
    /// Another coordinator, or another producer, ends it.
    Fenced,
}

impl State {
    /// Records are committed: what is prepared is ended, and who waits for the rest goes on.
    pub(crate) fn written(&mut self, transactional_ids: &[Str], turn: &mut Turn<'_>) {
        for transactional_id in transactional_ids {
            self.begin_ending(transactional_id, turn);
            self.release(transactional_id, turn.out);
        }
    }

    /// Records failed, or are not committed in time. What they say is looked at again.
    pub(crate) fn resume_later(transactional_ids: &[Str], turn: &mut Turn<'_>) {
        for transactional_id in transactional_ids {
            let timer = Timer::Resume { transactional_id: transactional_id.clone() };
            turn.out.schedule(timer, RESUME_AFTER_MS);
        }
    }

    /// Begins with the markers of a transaction that is to be ended, unless that began already.
    pub(crate) fn begin_ending(&mut self, transactional_id: &Str, turn: &mut Turn<'_>) {
        let Some(entry) = self.transactions.get_mut(transactional_id) else { return };
        let Some(current) = &entry.current else { return };
        if !current.status.is_prepared() || entry.ending.is_some() {
            return;
        }
        entry.ending = Some(Ending {
            missing: BTreeSet::clone(&current.partitions),
            complete: current.complete(turn.now_ms),
            stage: Stage::Waiting,
        });
        self.go_on(transactional_id, turn);
    }

    /// Goes on where a transaction's end stopped.
    pub(crate) fn resume(&mut self, transactional_id: &Str, turn: &mut Turn<'_>) {
        self.release(transactional_id, turn.out);
        let Some(entry) = self.transactions.get_mut(transactional_id) else { return };
        if entry.next.is_some() {
            // The record may still be committed.
            Self::resume_later(std::slice::from_ref(transactional_id), turn);
            return;
        }
        match &mut entry.ending {
            None => self.begin_ending(transactional_id, turn),
            Some(Ending { stage: Stage::Waiting | Stage::Completing, .. }) => {
                self.go_on(transactional_id, turn);
            }
            Some(Ending { stage: Stage::Writing | Stage::Fenced, .. }) => {}
        }
    }

    /// Asks for the markers that are missing, or writes that none is.
    fn go_on(&mut self, transactional_id: &Str, turn: &mut Turn<'_>) {
        let Some(entry) = self.transactions.get_mut(transactional_id) else { return };
        let (Some(current), Some(ending)) = (&entry.current, &mut entry.ending) else { return };
        if ending.missing.is_empty() {
            ending.stage = Stage::Completing;
            let complete = ending.complete.clone();
            self.write(transactional_id, complete, turn);
            return;
        }
        ending.stage = Stage::Writing;
        let markers = Markers {
            transactional_id: transactional_id.clone(),
            producer: current.producer(),
            commits: current.status == Status::PrepareCommit,
            version: current.client_version,
            partitions: ending.missing.clone(),
        };
        turn.out.commands.push(Command::Perform(Effect::WriteMarkers(markers)));
    }

    pub(crate) fn markers_written(&mut self, request: MarkersWritten, turn: &mut Turn<'_>) {
        let MarkersWritten { transactional_id, producer, results } = request;
        let Some(entry) = self.transactions.get_mut(&transactional_id) else { return };
        // What is said of an earlier transaction of the same id does not count.
        let is_current = entry.current.as_ref().map(Transaction::producer) == Some(producer);
        let Some(ending) = entry.ending.as_mut().filter(|_| is_current) else { return };
        if ending.stage != Stage::Writing {
            return;
        }
        for (partition, result) in results {
            match result {
                MarkerResult::Written | MarkerResult::Gone => {
                    ending.missing.remove(&partition);
                }
                MarkerResult::Retry => {}
                MarkerResult::Fenced => ending.stage = Stage::Fenced,
            }
        }
        if ending.stage == Stage::Fenced {
            return;
        }
        ending.stage = Stage::Waiting;
        if ending.missing.is_empty() {
            self.go_on(&transactional_id, turn);
        } else {
            Self::resume_later(&[transactional_id], turn);
        }
    }
}
