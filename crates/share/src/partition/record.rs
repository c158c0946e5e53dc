//! The state of records.

use wire::Str;

use super::write::WriteId;

/// What a record is at (kafka-semantics 160).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// To be delivered.
    Available,
    /// With a consumer, until that acknowledges it or its lock expires.
    Acquired,
    /// Accepted by a consumer.
    Acknowledged,
    /// Given up: rejected, delivered too often, or not there any more.
    Archived,
}

impl RecordState {
    /// Its number in stored records (kafka-storage 8.3).
    pub fn id(self) -> i8 {
        match self {
            Self::Available => 0,
            Self::Acquired => 1,
            Self::Acknowledged => 2,
            Self::Archived => 4,
        }
    }

    /// The state of a stored record. Acquired records are nobody's where they are read, and what was
    /// on its way to be archived (3) is as good as that.
    pub fn from_stored(id: i8) -> Option<Self> {
        match id {
            0 | 1 => Some(Self::Available),
            2 => Some(Self::Acknowledged),
            3 | 4 => Some(Self::Archived),
            _ => None,
        }
    }

    /// Whether nothing happens to the record any more.
    pub(super) fn is_terminal(self) -> bool {
        matches!(self, Self::Acknowledged | Self::Archived)
    }
}

/// No lock.
pub(super) const NEVER: i64 = i64::MAX;

/// What is kept of a record, or of a run of records of which all of it is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) state: RecordState,
    pub(super) delivery_count: i16,
    /// Who has it.
    pub(super) member: Option<Str>,
    /// When whoever has it loses it.
    pub(super) lock_until_ms: i64,
    /// The change that is not durable yet.
    pub(super) pending: Option<Box<Pending>>,
    /// Archived for good, whatever becomes of a change under way.
    pub(super) sealed: bool,
}

/// A change that is not durable yet, and what was before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) write: WriteId,
    state: RecordState,
    member: Option<Str>,
    delivery_count_limit: i16,
}

impl Held {
    pub(super) fn of(state: RecordState, delivery_count: i16) -> Self {
        Self {
            state,
            delivery_count,
            member: None,
            lock_until_ms: NEVER,
            pending: None,
            sealed: false,
        }
    }

    /// A record that a member has.
    pub(super) fn acquired(member: &Str, delivery_count: i16, lock_until_ms: i64) -> Self {
        Self {
            member: Some(member.clone()),
            lock_until_ms,
            ..Self::of(RecordState::Acquired, delivery_count)
        }
    }

    /// Whether it can be acquired.
    pub(super) fn is_available(&self) -> bool {
        self.state == RecordState::Available && self.pending.is_none()
    }

    /// Whether nothing happens to it any more, and that is durable.
    pub(super) fn is_done(&self) -> bool {
        self.state.is_terminal() && self.pending.is_none()
    }

    /// A member gets it. Precondition: it is available.
    pub(super) fn acquire(&mut self, member: &Str, lock_until_ms: i64) {
        let delivery_count = self.delivery_count.saturating_add(1);
        *self = Self::acquired(member, delivery_count, lock_until_ms);
    }

    /// The member's part ends, at once.
    pub(super) fn give_up(&mut self, target: RecordState, delivery_count_limit: i16) {
        self.state = self.reached(target, delivery_count_limit);
        self.member = None;
        self.lock_until_ms = NEVER;
    }

    /// The member's part ends, once that is durable. The lock stays till then.
    pub(super) fn begin(&mut self, target: RecordState, write: WriteId, limit: i16) {
        let member = self.member.take();
        let (state, delivery_count_limit) = (self.state, limit);
        self.pending = Some(Box::new(Pending { write, state, member, delivery_count_limit }));
        self.state = self.reached(target, limit);
    }

    /// What was delivered often enough is given up instead of delivered again
    /// (kafka-semantics 161).
    fn reached(&self, target: RecordState, delivery_count_limit: i16) -> RecordState {
        match target {
            RecordState::Available if self.delivery_count >= delivery_count_limit => {
                RecordState::Archived
            }
            target => target,
        }
    }

    /// The change is durable.
    pub(super) fn commit(&mut self) {
        self.pending = None;
        self.lock_until_ms = NEVER;
    }

    /// The change is not durable: all is as before, unless the lock has expired meanwhile.
    pub(super) fn roll_back(&mut self, now_ms: i64) {
        let Some(pending) = self.pending.take() else { return };
        if self.sealed {
            return;
        }
        if self.lock_until_ms <= now_ms {
            self.give_up(RecordState::Available, pending.delivery_count_limit);
        } else {
            self.state = pending.state;
            self.member = pending.member;
        }
    }

    /// The record is not there any more, or nobody is to see it.
    pub(super) fn archive(&mut self) {
        self.sealed = true;
        self.state = RecordState::Archived;
        self.member = None;
        self.lock_until_ms = NEVER;
    }
}
