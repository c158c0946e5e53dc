//! Why a request of a client is refused.

/// Why a client gets no subscription, or a push is not taken (kafka-semantics 236, 237).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No client can have this id.
    #[error("no client can have this instance id")]
    InvalidInstanceId,
    /// The client said before that it was its last request.
    #[error("the client said before that it was its last request")]
    Terminated,
    /// Less than the push interval has passed.
    #[error("the push interval has not passed yet")]
    TooEarly,
    /// The subscriptions have changed, or it is another client's id.
    #[error("the client's subscription id is another one")]
    UnknownSubscriptionId,
    /// Nothing compresses that way.
    #[error("unknown compression type {0}")]
    UnsupportedCompressionType(i8),
    /// More than `telemetry.max.bytes`.
    #[error("{length} bytes are more than {max}")]
    TooLarge {
        /// Bytes pushed.
        length: usize,
        /// Bytes allowed.
        max: usize,
    },
}

impl Refusal {
    /// Whether the client may ask for its subscription again before its interval has passed.
    pub(crate) fn lets_ask_again(self) -> bool {
        matches!(self, Self::UnknownSubscriptionId | Self::UnsupportedCompressionType(_))
    }
}
