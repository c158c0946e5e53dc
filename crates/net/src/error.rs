//! Why a server does not start.

use env::ListenError;

use crate::SecurityProtocol;

/// A server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener asks for what this version does not speak.
    #[error(
        "listener {listener} asks for {protocol}, which this version does not speak yet, only \
         PLAINTEXT: map the listener to PLAINTEXT in listener.security.protocol.map, or take it \
         out of listeners"
    )]
    Unsupported {
        /// The listener's name.
        listener: String,
        /// What it asks for.
        protocol: SecurityProtocol,
    },
    /// An address cannot be listened on.
    #[error("listener {listener}: {source}")]
    Listen {
        /// The listener's name.
        listener: String,
        /// Address, cause and what to do.
        #[source]
        source: ListenError,
    },
    /// A data thread ended while the server started on it.
    #[error("the data thread of listener {listener} is gone")]
    ThreadGone {
        /// The listener's name.
        listener: String,
    },
}
