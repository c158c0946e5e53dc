//! What a shard is asked and what it answers.

use std::collections::BTreeSet;

use wire::Str;

use crate::error::Error;
use crate::settings::Settings;
use crate::transaction::{NO_TIMEOUT, ProducerIdAndEpoch, Status, TopicPartition};
use crate::version::TransactionVersion;

/// A request together with the type of its answer.
pub trait Call: Into<Request> + Send + 'static {
    /// The answer.
    type Answer: Send + 'static;

    /// The answer out of a response; none if the response is to another kind of request, which a
    /// shard never gives.
    fn answer(response: Response) -> Option<Self::Answer>;
}

/// Declares the requests, one line each: variant, request, answer.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty;)*) => {
        /// Everything a shard is asked.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Request {
            $($(#[$doc])* $name($request),)*
        }

        /// The answer to the request of the same name.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Response {
            $($(#[$doc])* $name($answer),)*
        }

        $(
            impl From<$request> for Request {
                fn from(request: $request) -> Self {
                    Self::$name(request)
                }
            }

            impl Call for $request {
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
    /// A producer takes up a transactional id.
    InitProducerId(InitProducerId) -> Result<ProducerIdAndEpoch, Error>;
    /// Partitions are added to a transaction.
    AddPartitions(AddPartitions) -> Result<(), Error>;
    /// A partition's leader asks which partitions are part of a transaction.
    VerifyPartitions(VerifyPartitions) -> Result<Vec<(TopicPartition, bool)>, Error>;
    /// A transaction is to be committed or aborted.
    EndTxn(EndTxn) -> Result<ProducerIdAndEpoch, Error>;
    /// A transactional id is described.
    DescribeTransaction(DescribeTransaction) -> Result<DescribedTransaction, Error>;
    /// The shard's transactional ids are listed.
    ListTransactions(ListTransactions) -> Vec<ListedTransaction>;
    /// Somebody waits until no change of a transactional id is under way.
    AwaitSettled(AwaitSettled) -> bool;
    /// Markers are written, or failed.
    MarkersWritten(MarkersWritten) -> ();
    /// A producer id is there that a shard wanted.
    ProducerIdAllocated(ProducerIdAllocated) -> ();
    /// The cluster's `transaction.version` changed.
    VersionChanged(VersionChanged) -> ();
}

/// A producer takes up a transactional id (kafka-semantics 136 to 139).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitProducerId {
    /// The transactional id.
    pub transactional_id: Str,
    /// How long its transactions may take.
    pub timeout_ms: i32,
    /// The client is the coordinator's part of a two-phase commit (KIP-939).
    pub enable_two_phase_commit: bool,
    /// An open transaction shall stay (KIP-939).
    pub keep_prepared: bool,
    /// The producer that goes on after an error (KIP-360).
    pub expected: Option<ProducerIdAndEpoch>,
    /// A producer id that nobody had yet. Without one the answer may be
    /// [`Error::ProducerIdNeeded`].
    pub new_producer_id: Option<i64>,
}

/// Partitions are added to a transaction (kafka-semantics 140).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddPartitions {
    /// The transactional id.
    pub transactional_id: Str,
    /// Who adds.
    pub producer: ProducerIdAndEpoch,
    /// What to add.
    pub partitions: BTreeSet<TopicPartition>,
    /// How the client does transactions.
    pub client_version: TransactionVersion,
}

/// Asks which partitions are part of a transaction (kafka-semantics 142).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyPartitions {
    /// The transactional id.
    pub transactional_id: Str,
    /// Whose transaction.
    pub producer: ProducerIdAndEpoch,
    /// What is asked about.
    pub partitions: BTreeSet<TopicPartition>,
}

/// A transaction is to be committed or aborted (kafka-semantics 145 to 147).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndTxn {
    /// The transactional id.
    pub transactional_id: Str,
    /// Whose transaction.
    pub producer: ProducerIdAndEpoch,
    /// Committed, or else aborted.
    pub commits: bool,
    /// How the client does transactions.
    pub client_version: TransactionVersion,
    /// A producer id that nobody had yet. Without one the answer may be
    /// [`Error::ProducerIdNeeded`].
    pub new_producer_id: Option<i64>,
}

/// A transactional id is described (kafka-semantics 155).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeTransaction {
    /// The transactional id.
    pub transactional_id: Str,
}

/// What is told of a transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedTransaction {
    /// Its producer.
    pub producer: ProducerIdAndEpoch,
    /// What its newest transaction is at.
    pub status: Status,
    /// How long a transaction may take.
    pub timeout_ms: i32,
    /// When it began, -1 if it did not.
    pub start_ms: i64,
    /// Partitions it writes to; while it ends, those without marker.
    pub partitions: BTreeSet<TopicPartition>,
}

/// Transactional ids are listed (kafka-semantics 155).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListTransactions {
    /// Names of states to list; none lists all.
    pub states: Vec<Str>,
    /// Producer ids to list; none lists all.
    pub producer_ids: Vec<i64>,
    /// Lists those that have taken longer; negative lists all.
    pub duration_ms: i64,
}

/// A transactional id in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTransaction {
    /// The transactional id.
    pub transactional_id: Str,
    /// Its producer id.
    pub producer_id: i64,
    /// What its newest transaction is at.
    pub status: Status,
}

/// Waits until no change of a transactional id is under way. Answered with whether that is so; not
/// all wait that want to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitSettled {
    /// The transactional id.
    pub transactional_id: Str,
}

/// What became of the markers that an effect asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkersWritten {
    /// The transactional id.
    pub transactional_id: Str,
    /// The producer of the markers.
    pub producer: ProducerIdAndEpoch,
    /// By partition.
    pub results: Vec<(TopicPartition, MarkerResult)>,
}

/// What became of one marker (kafka-semantics 148).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerResult {
    /// It is on all in-sync replicas.
    Written,
    /// There is no such partition; it is likely deleted.
    Gone,
    /// It could not be written now; trying again helps.
    Retry,
    /// The producer or this coordinator was fenced: somebody else ends the transaction.
    Fenced,
}

/// A producer id for a transaction that timed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerIdAllocated {
    /// The transactional id.
    pub transactional_id: Str,
    /// An id that nobody had yet.
    pub producer_id: i64,
}

/// The cluster's `transaction.version` changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionChanged(pub TransactionVersion);

impl Request {
    /// The answer to a request that is wrong whatever the state of the transaction
    /// (kafka-semantics 136, 156). A coordinator gives it wherever the transactional id lives.
    pub fn refusal(&self, settings: &Settings) -> Option<Response> {
        let no_id = |id: &Str| id.is_empty().then_some(Error::InvalidRequest);
        match self {
            Self::InitProducerId(request) => {
                request.refusal(settings).map(|error| Response::InitProducerId(Err(error)))
            }
            Self::AddPartitions(request) => {
                no_id(&request.transactional_id).map(|error| Response::AddPartitions(Err(error)))
            }
            Self::VerifyPartitions(request) => {
                no_id(&request.transactional_id).map(|error| Response::VerifyPartitions(Err(error)))
            }
            Self::EndTxn(request) => {
                no_id(&request.transactional_id).map(|error| Response::EndTxn(Err(error)))
            }
            Self::DescribeTransaction(request) => no_id(&request.transactional_id)
                .map(|error| Response::DescribeTransaction(Err(error))),
            Self::ListTransactions(_)
            | Self::AwaitSettled(_)
            | Self::MarkersWritten(_)
            | Self::ProducerIdAllocated(_)
            | Self::VersionChanged(_) => None,
        }
    }
}

impl InitProducerId {
    fn refusal(&self, settings: &Settings) -> Option<Error> {
        let is_valid_timeout = self.enable_two_phase_commit
            || (1..=settings.max_timeout_ms).contains(&self.timeout_ms);
        if self.transactional_id.is_empty() {
            Some(Error::InvalidRequest)
        } else if self.enable_two_phase_commit && !settings.two_phase_commit {
            Some(Error::TwoPhaseCommitDisabled)
        } else if self.keep_prepared {
            Some(Error::KeepPreparedUnsupported)
        } else if !is_valid_timeout {
            Some(Error::InvalidTransactionTimeout)
        } else {
            None
        }
    }

    /// The timeout that counts.
    pub(crate) fn resolved_timeout_ms(&self) -> i32 {
        if self.enable_two_phase_commit { NO_TIMEOUT } else { self.timeout_ms }
    }
}
