//! Why a request got no good answer.

use std::io;

use wire::{ApiKey, DecodeError, EncodeError, ErrorCode};

/// What a client's call fails with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// None of the bootstrap servers answers.
    #[error("no bootstrap server answers: {0}")]
    NoBootstrapServer(String),
    /// The address of a server cannot be understood.
    #[error("invalid address '{0}': expected host:port")]
    Address(String),
    /// The connection to a server failed, or was closed by it.
    #[error("connection to {address}: {source}")]
    Connection {
        /// The server.
        address: String,
        /// What happened.
        source: io::Error,
    },
    /// The server did not answer in time.
    #[error("no answer from {address} within {timeout_ms} ms")]
    TimedOut {
        /// The server.
        address: String,
        /// How long it had.
        timeout_ms: u64,
    },
    /// Client and server have no version of an API in common.
    #[error("the server has no version of {0} that this client speaks")]
    Unsupported(ApiKey),
    /// A request cannot be said in the version in common.
    #[error("request: {0}")]
    Encode(#[from] EncodeError),
    /// The server's answer cannot be read.
    #[error("response: {0}")]
    Decode(#[from] DecodeError),
    /// Records that were fetched cannot be read.
    #[error("{topic}-{partition} at offset {offset}: {source}")]
    Corrupt {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset where reading stopped.
        offset: i64,
        /// What is wrong.
        source: records::Error,
    },
    /// A record that no request, or not all the memory, has room for.
    #[error(
        "The message is {size} bytes when serialized which is larger than {allowed}, which is the value of the {setting} configuration."
    )]
    RecordTooLarge {
        /// Its size in bytes.
        size: usize,
        /// The most there may be.
        allowed: usize,
        /// The setting that says so.
        setting: &'static str,
    },
    /// Records wait for delivery and take all memory they may (`buffer.memory`).
    #[error("no room for a record of {size} bytes within {timeout_ms} ms (buffer.memory)")]
    NoRoom {
        /// Bytes asked for.
        size: usize,
        /// How long was waited.
        timeout_ms: u64,
    },
    /// A topic did not appear in time (`max.block.ms`).
    #[error("Topic {topic} not present in metadata after {timeout_ms} ms.")]
    NotInMetadata {
        /// The topic.
        topic: String,
        /// How long was waited.
        timeout_ms: u64,
    },
    /// The topic has no such partition.
    #[error("topic {topic} has no partition {partition}")]
    NoSuchPartition {
        /// The topic.
        topic: String,
        /// The partition asked for.
        partition: i32,
    },
    /// A batch was not delivered in time (`delivery.timeout.ms`).
    #[error("not delivered within {timeout_ms} ms; the last try failed: {last}")]
    Expired {
        /// How long it was tried.
        timeout_ms: u64,
        /// Why the last try failed.
        last: String,
    },
    /// There is no offset to start from, and none is to be chosen (`auto.offset.reset=none`).
    #[error("Undefined offset with no reset policy for partitions: [{0}]")]
    NoOffset(String),
    /// Something that only members of a group do was asked of a consumer without one.
    #[error(
        "To use the group management or offset commit APIs, you must provide a valid group.id in the consumer configuration."
    )]
    NoGroup,
    /// A transaction cannot go on.
    #[error("{0}")]
    Transaction(String),
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
    /// The server refuses.
    #[error("{message}")]
    Refused {
        /// Its code.
        code: ErrorCode,
        /// What it says, or what the code stands for.
        message: String,
    },
}

impl Error {
    /// A refusal with the server's own words, if it has any.
    pub fn refused(code: i16, message: Option<&str>) -> Self {
        let code = ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError);
        let message = message.map_or_else(|| code.text().to_owned(), str::to_owned);
        Self::Refused { code, message }
    }

    /// Whether something that goes on for long should go on trying: brokers that cannot be reached
    /// may come back.
    pub(crate) fn may_pass(&self) -> bool {
        self.is_retriable() || matches!(self, Self::NoBootstrapServer(_))
    }

    /// Whether the same call may succeed later.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Connection { .. } | Self::TimedOut { .. } => true,
            Self::Refused { code, .. } => code.is_retriable(),
            _ => false,
        }
    }
}

/// Turns a response's error code into a result.
///
/// # Errors
/// [`Error::Refused`] unless the code is 0.
pub fn check(code: i16, message: Option<&str>) -> Result<(), Error> {
    if code == ErrorCode::None.code() { Ok(()) } else { Err(Error::refused(code, message)) }
}
