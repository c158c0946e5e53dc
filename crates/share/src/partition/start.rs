//! A share partition begins where its stored state says.

use std::collections::BTreeMap;

use super::batch::Batch;
use super::record::{Held, NEVER, RecordState};
use super::window::{Gap, SharePartition};
use super::write::Writes;
use crate::coordinator::ReadState;

/// A stored state that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A stretch begins below the start offset, or in the one before.
    #[error("the state from offset {0} on overlaps what is before it")]
    Overlap(i64),
    /// A stretch ends before it begins.
    #[error("the state from offset {0} on ends before it begins")]
    Backwards(i64),
    /// A state of the future.
    #[error("{0} is not a state of a record")]
    UnknownState(i8),
}

impl SharePartition {
    /// A share partition led in `leader_epoch`, as a stored state says. `start_offset` is that of
    /// the state, or where the group wants to start if the state does not say.
    ///
    /// # Errors
    /// The state contradicts itself.
    pub fn new(
        leader_epoch: i32,
        state: &ReadState,
        start_offset: i64,
    ) -> Result<Self, StartError> {
        let mut batches = BTreeMap::new();
        let (mut gap_start, mut complete) = (None, 0);
        let mut last_offset = start_offset - 1;
        for stored in &state.batches {
            let (first, last) = (stored.first_offset, stored.last_offset);
            if first <= last_offset {
                return Err(StartError::Overlap(first));
            }
            if last < first {
                return Err(StartError::Backwards(first));
            }
            if gap_start.is_none() && first > last_offset + 1 {
                gap_start = Some(last_offset + 1);
            }
            last_offset = last;
            let record_state = RecordState::from_stored(stored.delivery_state)
                .ok_or(StartError::UnknownState(stored.delivery_state))?;
            if record_state.is_terminal() {
                complete += last - first + 1;
            }
            let held = Held::of(record_state, stored.delivery_count);
            batches.insert(first, Batch::new(first, last, held));
        }
        let is_empty = batches.is_empty();
        let end_offset = if is_empty { start_offset } else { last_offset };
        let mut partition = Self {
            leader_epoch,
            state_epoch: state.state_epoch,
            batches,
            start_offset,
            end_offset,
            looks_back: !is_empty,
            gap: gap_start.map(|start| Gap { end: end_offset, start }),
            complete,
            writes: Writes::default(),
            first_lock_ms: NEVER,
        };
        partition.advance_start();
        Ok(partition)
    }
}
