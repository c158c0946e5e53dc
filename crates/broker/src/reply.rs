//! What a handler wants sent back.

/// The outcome of a request. Most handlers return their response as it is.
#[derive(Debug)]
pub(crate) enum Reply<T> {
    /// Send this response.
    Send(T),
    /// Send nothing and keep the connection (Produce with acks=0).
    Silence,
    /// Send nothing and close the connection; the reason goes to the log.
    Close(&'static str),
}

impl<T> From<T> for Reply<T> {
    fn from(response: T) -> Self {
        Self::Send(response)
    }
}
