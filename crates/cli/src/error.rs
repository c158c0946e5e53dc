//! Why a tool failed.

use env::Termination;

/// What a tool fails with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line is refused; the usage follows.
    #[error(transparent)]
    Usage(#[from] crate::options::Refused),
    /// Something given makes no sense; said as it is.
    #[error("{0}")]
    Refused(String),
    /// A file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A setting has a value it cannot have.
    #[error("Invalid value {value} for configuration {name}: {allowed}")]
    Invalid {
        /// The setting.
        name: String,
        /// What it was to be.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// The cluster did not do as asked; said with the name Java has for it.
    #[error("{}", crate::exception::shown(.0))]
    Client(#[from] client::Error),
    /// The user knows already.
    #[error("failed")]
    Told,
    /// A signal ended the tool; this is what its exit code is to be.
    #[error("ended by a signal")]
    Ended(u8),
    /// Input cannot be read, or output cannot be written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    pub(crate) fn invalid(name: &str, value: &str, allowed: &str) -> Self {
        let own = str::to_owned;
        Self::Invalid { name: own(name), value: own(value), allowed: own(allowed) }
    }
}

/// What a shell expects of a process that a signal ended.
pub(crate) fn exit_code_after(asked: Termination) -> u8 {
    match asked {
        Termination::Interrupt => 130,
        Termination::Terminate => 143,
    }
}
