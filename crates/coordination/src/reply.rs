//! The way of an answer from the shard's task to the one who asked.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use crate::error::Error;

/// Where an answer goes. Dropped without one, it says that the shard is gone.
pub(crate) type ReplyTo<R> = oneshot::Sender<Result<R, Error>>;

/// An answer to come.
///
/// The request takes its place in the shard's queue before this is returned, so requests are
/// handled in the order they were made, whenever their answers are awaited.
#[derive(Debug)]
#[must_use = "the request is made, but nobody looks at its answer"]
pub struct Reply<R>(State<R>);

#[derive(Debug)]
enum State<R> {
    Ready(Option<Result<R, Error>>),
    Waiting(oneshot::Receiver<Result<R, Error>>),
}

impl<R> Reply<R> {
    pub(crate) fn refused(error: Error) -> Self {
        Self(State::Ready(Some(Err(error))))
    }

    pub(crate) fn ready(response: R) -> Self {
        Self(State::Ready(Some(Ok(response))))
    }

    pub(crate) fn waiting(receiver: oneshot::Receiver<Result<R, Error>>) -> Self {
        Self(State::Waiting(receiver))
    }
}

// Nothing in it is pinned.
impl<R> Unpin for Reply<R> {}

impl<R> Future for Reply<R> {
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(answer) => {
                Poll::Ready(answer.take().unwrap_or(Err(Error::NotCoordinator)))
            }
            State::Waiting(receiver) => {
                let answer = ready!(Pin::new(receiver).poll(cx));
                Poll::Ready(answer.unwrap_or(Err(Error::NotCoordinator)))
            }
        }
    }
}
