//! A member says what it did with records (kafka-semantics 162, 163).

use wire::Str;

use super::batch::{Batch, Run};
use super::record::{Held, RecordState};
use super::settings::Settings;
use super::window::SharePartition;
use super::write::{StateWrite, Stretch, WriteId};

/// What a member says of a stretch of offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The first offset.
    pub first_offset: i64,
    /// The last offset.
    pub last_offset: i64,
    /// What is said of all offsets, or of each.
    pub types: Vec<i8>,
}

/// Why an acknowledgement does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// There is no acknowledgement of that type, or not one for each offset.
    #[error("Invalid acknowledge type.")]
    UnknownType,
    /// The offsets were never acquired.
    #[error("Batch record not found. The first offset in request is past acquired records.")]
    FirstPastAcquired,
    /// Some of the offsets were never acquired.
    #[error("Batch record not found. The last offset in request is past acquired records.")]
    LastPastAcquired,
    /// The offsets are not in flight.
    #[error("Batch record not found. The request batch offsets are not found in the cache.")]
    NotInFlight,
    /// The records are with nobody.
    #[error("The batch cannot be acknowledged. The batch is not in the acquired state.")]
    BatchNotAcquired,
    /// Some of the records are with nobody.
    #[error("The offset cannot be acknowledged. The offset is not acquired.")]
    OffsetNotAcquired,
    /// The records are with another member.
    #[error("Member is not the owner of batch record")]
    NotOwnerOfBatch,
    /// Some of the records are with another member.
    #[error("Member is not the owner of offset")]
    NotOwnerOfOffset,
    /// Another acknowledgement of the records is under way.
    #[error("The record state is invalid. The acknowledgement of delivery could not be completed.")]
    InTransition,
    /// `share.renew.acknowledge.enable` is off.
    #[error("Renewing acquisition locks is not enabled for the group.")]
    RenewDisabled,
}

impl AckError {
    /// Whether the request itself is wrong, and not its time.
    pub fn is_invalid_request(self) -> bool {
        matches!(self, Self::UnknownType | Self::FirstPastAcquired | Self::LastPastAcquired)
    }
}

/// What an acknowledgement does to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Become(RecordState),
    Renew,
}

impl Act {
    fn of_type(id: i8) -> Result<Self, AckError> {
        match id {
            // A gap: there is no record at that offset.
            0 => Ok(Self::Become(RecordState::Archived)),
            1 => Ok(Self::Become(RecordState::Acknowledged)),
            2 => Ok(Self::Become(RecordState::Available)),
            3 => Ok(Self::Become(RecordState::Archived)),
            4 => Ok(Self::Renew),
            _ => Err(AckError::UnknownType),
        }
    }
}

/// Offsets of which the same is said.
#[derive(Clone, Copy, Debug)]
struct Said {
    first: i64,
    last: i64,
    act: Act,
}

impl Acknowledgement {
    /// Neighbours of which the same is said are told together.
    fn said(&self) -> Result<Vec<Said>, AckError> {
        if let [only] = self.types[..] {
            let act = Act::of_type(only)?;
            return Ok(vec![Said { first: self.first_offset, last: self.last_offset, act }]);
        }
        let expected = self.last_offset.checked_sub(self.first_offset).map(|span| span + 1);
        if i64::try_from(self.types.len()).ok() != expected {
            return Err(AckError::UnknownType);
        }
        let mut said: Vec<Said> = Vec::new();
        for (offset, id) in (self.first_offset..).zip(&self.types) {
            let act = Act::of_type(*id)?;
            match said.last_mut().filter(|last| last.act == act) {
                Some(last) => last.last = offset,
                None => said.push(Said { first: offset, last: offset, act }),
            }
        }
        Ok(said)
    }
}

/// One acknowledging member's surroundings.
struct Turn<'a> {
    member: &'a Str,
    settings: &'a Settings,
    now_ms: i64,
    write: WriteId,
    stretches: Vec<Stretch>,
}

impl SharePartition {
    /// Takes acknowledgements, all of them or none. What changes counts once the write is done;
    /// none if there is nothing to write.
    ///
    /// # Errors
    /// The records are not the member's; nothing is acknowledged then, though locks may be renewed.
    pub fn acknowledge(
        &mut self,
        member: &Str,
        acknowledgements: &[Acknowledgement],
        settings: &Settings,
        now_ms: i64,
    ) -> Result<Option<StateWrite>, AckError> {
        let write = self.writes.next_id();
        let mut turn = Turn { member, settings, now_ms, write, stretches: Vec::new() };
        let result =
            acknowledgements.iter().try_for_each(|ack| self.acknowledge_one(ack, &mut turn));
        let stretches = turn.stretches;
        match result {
            Ok(()) => Ok(self.write(stretches, true)),
            Err(error) => {
                self.roll_back(&stretches, now_ms);
                Err(error)
            }
        }
    }

    fn acknowledge_one(
        &mut self,
        ack: &Acknowledgement,
        turn: &mut Turn<'_>,
    ) -> Result<(), AckError> {
        let said = ack.said()?;
        if ack.last_offset < self.start_offset {
            // It was archived already.
            return Ok(());
        }
        let batches = self.batches_of(ack)?;
        let is_by_offset = said.len() > 1 || ack.types.len() > 1;
        for first in batches {
            let start_offset = self.start_offset;
            let Some(batch) = self.batches.get_mut(&first) else { continue };
            if batch.last < start_offset {
                continue;
            }
            let is_start_within = first < start_offset;
            let is_within = first >= ack.first_offset && batch.last <= ack.last_offset;
            if let Some(whole) = batch.whole() {
                check_whole(whole, turn.member)?;
                batch.tracked = !is_within || is_by_offset || is_start_within;
            }
            for said in &said {
                let from = said.first.max(start_offset);
                self.complete += apply(batch, first, Said { first: from, ..*said }, turn)?;
            }
        }
        if said.iter().any(|said| said.act == Act::Renew) {
            self.locked_until(turn.now_ms.saturating_add(turn.settings.record_lock_duration_ms));
        }
        Ok(())
    }

    /// The first offsets of the batches that an acknowledgement speaks of.
    fn batches_of(&self, ack: &Acknowledgement) -> Result<Vec<i64>, AckError> {
        let floor =
            |offset: i64| self.batches.range(..=offset).next_back().map(|(first, _)| *first);
        let first = match floor(ack.first_offset) {
            Some(first) => first,
            None if self.is_start_within(ack.first_offset, ack.last_offset) => {
                floor(self.start_offset).ok_or(AckError::NotInFlight)?
            }
            None => return Err(AckError::NotInFlight),
        };
        if first > ack.last_offset {
            return Err(AckError::NotInFlight);
        }
        let batches = self.batches.range(first..=ack.last_offset);
        let last = batches.clone().next_back().map_or(first, |(_, batch)| batch.last);
        if last < ack.first_offset {
            return Err(AckError::FirstPastAcquired);
        }
        if last < ack.last_offset {
            return Err(AckError::LastPastAcquired);
        }
        Ok(batches.map(|(first, _)| *first).collect())
    }
}

fn check_whole(whole: &Held, member: &Str) -> Result<(), AckError> {
    match &whole.member {
        None => Err(AckError::BatchNotAcquired),
        Some(owner) if owner != member => Err(AckError::NotOwnerOfBatch),
        Some(_) if whole.pending.is_some() => Err(AckError::InTransition),
        Some(_) if whole.state != RecordState::Acquired => Err(AckError::BatchNotAcquired),
        Some(_) => Ok(()),
    }
}

fn check_run(run: &Run, member: &Str) -> Result<(), AckError> {
    if run.held.state != RecordState::Acquired {
        Err(AckError::OffsetNotAcquired)
    } else if run.held.pending.is_some() {
        Err(AckError::InTransition)
    } else if run.held.member.as_ref() != Some(member) {
        Err(AckError::NotOwnerOfOffset)
    } else {
        Ok(())
    }
}

/// Does to a batch what is said, and counts the records whose delivery is complete with it.
fn apply(batch: &mut Batch, key: i64, said: Said, turn: &mut Turn<'_>) -> Result<i64, AckError> {
    let runs = batch.between(said.first, said.last);
    runs.iter().try_for_each(|run| check_run(run, turn.member))?;
    let settings = turn.settings;
    let target = match said.act {
        Act::Become(target) => target,
        Act::Renew if !settings.renew_enabled => {
            return if runs.is_empty() { Ok(0) } else { Err(AckError::RenewDisabled) };
        }
        Act::Renew => {
            let until_ms = turn.now_ms.saturating_add(settings.record_lock_duration_ms);
            batch.change(said.first, said.last, |run| run.held.lock_until_ms = until_ms);
            return Ok(0);
        }
    };
    let mut complete = 0;
    let (write, stretches) = (turn.write, &mut turn.stretches);
    batch.change(said.first, said.last, |run| {
        run.held.begin(target, write, settings.delivery_count_limit);
        if run.held.state.is_terminal() {
            complete += run.len();
        }
        stretches.push(Stretch {
            batch: key,
            first: run.first,
            last: run.last,
            state: run.held.state,
            delivery_count: run.held.delivery_count,
        });
    });
    Ok(complete)
}
