//! Why a transaction coordinator refuses a request.

/// What went wrong with a request. The broker's door maps every variant to one of Kafka's error
/// codes, with the codes older versions of a request understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The transactional id is empty (kafka-semantics 136).
    #[error("the transactional id is empty")]
    InvalidRequest,
    /// `transaction.two.phase.commit.enable` is off (kafka-semantics 156).
    #[error("two-phase commit is not enabled")]
    TwoPhaseCommitDisabled,
    /// A prepared transaction cannot be kept (kafka-semantics 156).
    #[error("prepared transactions cannot be kept")]
    KeepPreparedUnsupported,
    /// The timeout is not positive or above `transaction.max.timeout.ms` (kafka-semantics 136).
    #[error("the transaction timeout is not positive or larger than the broker allows")]
    InvalidTransactionTimeout,
    /// Another change of the same transaction is under way; asking again helps.
    #[error("another operation on the transaction is in progress")]
    ConcurrentTransactions,
    /// Another producer has the transactional id now (kafka-semantics 138, 140).
    #[error("a newer producer uses the transactional id")]
    ProducerFenced,
    /// The transactional id is not known, or has another producer id (kafka-semantics 140).
    #[error("the producer id is not the one of the transactional id")]
    InvalidProducerIdMapping,
    /// The transaction's state does not allow it (kafka-semantics 145).
    #[error("the transaction is not in a state that allows this")]
    InvalidTxnState,
    /// No such transactional id (kafka-semantics 155).
    #[error("the transactional id is not known")]
    TransactionalIdNotFound,
    /// The request has to be made again with a producer id that nobody had yet.
    #[error("a new producer id is needed")]
    ProducerIdNeeded,
    /// The epochs of the producer id are used up, and the request names another epoch than the last
    /// one. Apache Kafka fails here.
    #[error("the epochs of the producer id are used up")]
    EpochExhausted,
}

/// Bytes in a `__transaction_state` log that are no record of a transaction coordinator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The bytes end early or hold impossible values.
    #[error("not a transaction coordinator's record: {0}")]
    Malformed(#[from] wire::DecodeError),
    /// A record without key.
    #[error("a transaction coordinator's record has no key")]
    NoKey,
    /// A state that no coordinator stores.
    #[error("{0} is not the state of a transaction")]
    UnknownStatus(i8),
    /// A client's transaction version that is newer than this program.
    #[error("{0} is not a known transaction version")]
    UnknownTransactionVersion(i16),
    /// A record of ours does not fit its own format.
    #[error("the record cannot be encoded: {0}")]
    Unencodable(#[from] wire::EncodeError),
}
