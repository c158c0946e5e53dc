//! Refusals of changes to a broker's own settings.

use config::RequestError;
use wire::ErrorCode;

/// Code and text of a refusal.
pub(crate) type Refused = (ErrorCode, String);

/// As the protocol says it.
pub(crate) fn refused(error: RequestError) -> Refused {
    match error {
        RequestError::InvalidRequest(text) => (ErrorCode::InvalidRequest, text),
        RequestError::InvalidConfig(text) => (ErrorCode::InvalidConfig, text),
    }
}

/// Log levels are set when the node is started (`--log`, `RUST_LOG`), not while it runs.
pub(crate) fn no_loggers() -> Refused {
    let text = "log levels cannot be changed while the broker runs; start it with --log FILTER";
    (ErrorCode::InvalidRequest, text.to_owned())
}
