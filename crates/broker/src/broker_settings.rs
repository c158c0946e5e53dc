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

/// The older API does not know log levels.
pub(crate) fn no_loggers(resource_type: i8) -> Refused {
    (ErrorCode::InvalidRequest, format!("Unknown resource type {resource_type}"))
}
