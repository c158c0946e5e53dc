//! What a shard is asked and what it answers.
//!
//! A shard keeps no image of the cluster: whether a partition exists is told with the request.

use wire::Uuid;

use super::error::Error;
use crate::batch::StateBatch;
use crate::key::ShareKey;

/// A request together with the type of its answer.
pub trait Call: Into<Request> + Send + 'static {
    /// The answer.
    type Answer: Send + 'static;

    /// The answer out of a response; none if the response is to another kind of request, which a
    /// shard never gives.
    fn answer(response: Response) -> Option<Self::Answer>;
}

/// Declares the requests, one line each: request, answer.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident -> $answer:ty;)*) => {
        /// Everything a shard is asked.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Request {
            $($(#[$doc])* $name($name),)*
        }

        /// The answer to the request of the same name.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Response {
            $($(#[$doc])* $name($answer),)*
        }

        $(
            impl From<$name> for Request {
                fn from(request: $name) -> Self {
                    Self::$name(request)
                }
            }

            impl Call for $name {
                type Answer = $answer;

                fn answer(response: Response) -> Option<$answer> {
                    match response {
                        Response::$name(answer) => Some(answer),
                        _ => None,
                    }
                }
            }
        )*
    };
}

calls! {
    /// The state of a share partition begins.
    Initialize -> Result<(), Error>;
    /// A new leader reads the state of a share partition.
    Read -> Result<ReadState, Error>;
    /// A leader writes what changed.
    Write -> Result<(), Error>;
    /// The state of a share partition ends.
    Delete -> Result<(), Error>;
    /// Somebody asks how far a share partition is.
    ReadSummary -> Result<Summary, Error>;
    /// Topics are gone, and the states of their partitions go, too.
    TopicsDeleted -> ();
    /// Records that nobody needs are deleted.
    Pruned -> ();
}

/// The state of a share partition begins, or begins anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initialize {
    /// The share partition.
    pub key: ShareKey,
    /// How often it began, as the group counts.
    pub state_epoch: i32,
    /// Where to start; -1 leaves that to the leader.
    pub start_offset: i64,
    /// The cluster has the partition.
    pub exists: bool,
}

/// A leader reads the state, which fences the leaders before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The share partition.
    pub key: ShareKey,
    /// The leader's epoch; -1 fences nobody.
    pub leader_epoch: i32,
    /// The cluster has the partition.
    pub exists: bool,
}

/// The state of a share partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadState {
    /// How often it began.
    pub state_epoch: i32,
    /// Everything below is done; -1 if that was never told.
    pub start_offset: i64,
    /// What is known of offsets from there on, in order.
    pub batches: Vec<StateBatch>,
}

/// A leader writes what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The share partition.
    pub key: ShareKey,
    /// How often it began, as the leader knows.
    pub state_epoch: i32,
    /// The leader's epoch.
    pub leader_epoch: i32,
    /// Everything below is done; -1 leaves it as it is.
    pub start_offset: i64,
    /// Records at or above the start offset whose delivery is complete; -1 if unknown.
    pub delivery_complete_count: i32,
    /// What changed.
    pub batches: Vec<StateBatch>,
    /// The cluster has the partition.
    pub exists: bool,
}

/// The state of a share partition ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    /// The share partition.
    pub key: ShareKey,
    /// The cluster has the partition.
    pub exists: bool,
}

/// Asks how far a share partition is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSummary {
    /// The share partition.
    pub key: ShareKey,
    /// The cluster has the partition.
    pub exists: bool,
}

/// How far a share partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How often it began.
    pub state_epoch: i32,
    /// The epoch of the leader that wrote last.
    pub leader_epoch: i32,
    /// Everything below is done; -1 if that was never told.
    pub start_offset: i64,
    /// Records at or above the start offset whose delivery is complete; -1 if unknown.
    pub delivery_complete_count: i32,
}

/// Topics are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicsDeleted {
    /// Their ids.
    pub topic_ids: Vec<Uuid>,
}

/// Records below an offset are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The offset.
    pub before_offset: i64,
}

impl Request {
    /// The answer to a request that is wrong whatever the state. A coordinator gives it wherever
    /// the state lives.
    pub fn refusal(&self) -> Option<Response> {
        let error = Error::NegativePartition;
        match self {
            Self::Initialize(request) if request.key.partition < 0 => {
                Some(Response::Initialize(Err(error)))
            }
            Self::Read(request) if request.key.partition < 0 => Some(Response::Read(Err(error))),
            Self::Write(request) if request.key.partition < 0 => Some(Response::Write(Err(error))),
            Self::Delete(request) if request.key.partition < 0 => {
                Some(Response::Delete(Err(error)))
            }
            Self::ReadSummary(request) if request.key.partition < 0 => {
                Some(Response::ReadSummary(Err(error)))
            }
            _ => None,
        }
    }
}
