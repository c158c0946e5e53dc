//! What can be wrong with a configuration. The texts are Apache Kafka's wherever it has one for
//! the case, since operators search for them and tools match on them.

use std::fmt;

/// A configuration, or a change of one, that cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A value has the wrong type or lies outside its bounds.
    #[error("Invalid value {value} for configuration {name}{}", Reason(reason))]
    Invalid {
        /// The setting.
        name: String,
        /// The value as it was understood; `null` if there is none.
        value: String,
        /// What is allowed; may be empty.
        reason: String,
    },
    /// A setting without default was not set.
    #[error("Missing required configuration \"{name}\" which has no default value.")]
    Missing {
        /// The setting.
        name: String,
    },
    /// Settings that contradict each other, or a value whose message has a form of its own.
    #[error("{0}")]
    Rejected(String),
    /// A properties file or a `key=value` argument that cannot be read.
    #[error("{origin}: {reason}")]
    Syntax {
        /// Where: file and line, or the argument.
        origin: String,
        /// What is wrong there.
        reason: String,
    },
}

struct Reason<'a>(&'a str);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

impl Error {
    pub(crate) fn invalid(name: &str, value: impl fmt::Display, reason: impl Into<String>) -> Self {
        Error::Invalid { name: name.to_owned(), value: value.to_string(), reason: reason.into() }
    }

    pub(crate) fn rejected(message: impl Into<String>) -> Self {
        Error::Rejected(message.into())
    }
}
