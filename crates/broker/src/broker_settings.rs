//! Changes of settings: what the broker refuses by itself, and the order of the answers.

use std::collections::HashMap;

use config::RequestError;
use wire::{ErrorCode, Str};

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

/// Puts answers in the order in which the request named their resources.
pub(crate) fn sort_as_asked<A>(
    answers: &mut [A],
    asked: &[(i8, Str)],
    resource: impl Fn(&A) -> (i8, &Str),
) {
    let mut places = HashMap::with_capacity(asked.len());
    for (place, (kind, name)) in asked.iter().enumerate() {
        places.entry((*kind, name)).or_insert(place);
    }
    answers.sort_by_cached_key(|answer| places.get(&resource(answer)).copied());
}
