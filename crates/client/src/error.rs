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
