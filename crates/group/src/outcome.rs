//! What a shard wants done: the closed list of its effects.

use wire::Str;

use crate::classic::AfterWrite;
use crate::consumer::ResolveRegexes;
use crate::journal::Record;
use crate::request::Response;

/// Names a request whose answer may come later. The driver gives it and never uses it twice for
/// one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What one event leads to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Records to append. The driver replays them into the shard at the offsets they get.
    pub records: Vec<Record>,
    /// Whether the records may be spread over several batches.
    pub divisible: bool,
    /// What to tell the one who asked; none for timers.
    pub answer: Option<Answer>,
    /// To be done now, whatever becomes of the records.
    pub commands: Vec<Command>,
    /// To be handed to [`Shard::written`](crate::Shard::written) once the records are committed
    /// or failed.
    pub after_write: Option<AfterWrite>,
}

/// When a request is answered.
#[derive(Debug)]
pub enum Answer {
    /// At once.
    Now(Response),
    /// As soon as everything written so far, this outcome's records included, is committed. If
    /// that fails the request fails.
    Committed(Response),
    /// By a [`Command::Reply`] of a later outcome.
    Parked,
}

/// An effect that needs no durable record.
#[derive(Debug)]
pub enum Command {
    /// Answers a parked request. Precondition: its token was parked and has no answer yet.
    Reply {
        /// The request.
        to: Token,
        /// Its answer.
        response: Response,
    },
    /// Calls [`Shard::expire`](crate::Shard::expire) with the key after a while. A timer of that
    /// key that runs already is replaced.
    Schedule {
        /// The timer.
        timer: Timer,
        /// When it fires, from now.
        after_ms: i64,
    },
    /// Has patterns matched outside; what they matched comes back as a
    /// [`RegexesResolved`](crate::RegexesResolved).
    Resolve(ResolveRegexes),
    /// Stops a timer. One that does not run is left alone.
    Cancel {
        /// The timer.
        timer: Timer,
    },
}

/// The timers of a shard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The member has been silent for its session timeout.
    Session {
        /// The group.
        group_id: Str,
        /// The member.
        member_id: Str,
    },
    /// The join phase of a rebalance takes too long, or the initial delay is over.
    Join {
        /// The group.
        group_id: Str,
    },
    /// Members take too long to ask for their assignment.
    Sync {
        /// The group.
        group_id: Str,
    },
    /// A member of a consumer group takes too long to give partitions back.
    Revocation {
        /// The group.
        group_id: Str,
        /// The member.
        member_id: Str,
    },
    /// A classic member of a consumer group takes too long to join again.
    MemberJoin {
        /// The group.
        group_id: Str,
        /// The member.
        member_id: Str,
    },
    /// A classic member of a consumer group takes too long to ask for its assignment.
    MemberSync {
        /// The group.
        group_id: Str,
        /// The member.
        member_id: Str,
    },
    /// A streams group has waited long enough for more members.
    InitialDelay {
        /// The group.
        group_id: Str,
    },
    /// Time to look for expired offsets.
    Retention,
}

impl Outcome {
    pub(crate) fn reply(&mut self, to: Token, response: Response) {
        self.commands.push(Command::Reply { to, response });
    }

    pub(crate) fn schedule(&mut self, timer: Timer, after_ms: i64) {
        self.commands.push(Command::Schedule { timer, after_ms });
    }

    pub(crate) fn cancel(&mut self, timer: Timer) {
        self.commands.push(Command::Cancel { timer });
    }

    /// Answers right away.
    pub(crate) fn answer(&mut self, response: Response) {
        self.answer = Some(Answer::Now(response));
    }

    /// Answers when everything written so far is committed.
    pub(crate) fn answer_committed(&mut self, response: Response) {
        self.answer = Some(Answer::Committed(response));
    }

    pub(crate) fn park(&mut self) {
        self.answer = Some(Answer::Parked);
    }
}
