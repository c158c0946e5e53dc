//! Requests and answers.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// A request without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`. For `HEAD` an answer is made as for `GET`; its body is not sent.
    pub method: String,
    /// The path, with its leading slash and not decoded.
    pub path: String,
    /// What follows the question mark; empty without one.
    pub query: String,
}

impl Request {
    /// The value of a parameter in the query, not decoded.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// What is sent.
    pub body: Body,
}

impl Response {
    /// A line of text.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        let mut text: String = text.into();
        text.push('\n');
        Self { status, content_type: "text/plain; charset=utf-8", body: Body::Whole(text.into()) }
    }
}

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// It is there.
    Whole(Bytes),
    /// It is made while it is sent.
    Pieces(Pieces),
}

/// A body in pieces: made by a future on the connection's own task, so that it is dropped with the
/// connection and waits when the socket takes no more.
pub struct Pieces {
    making: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    pieces: mpsc::Receiver<Bytes>,
}

impl Pieces {
    /// A body that `make` sends in pieces.
    pub fn made_by<F>(make: impl FnOnce(mpsc::Sender<Bytes>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, pieces) = mpsc::channel(1);
        Self { making: Some(Box::pin(make(sender))), pieces }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Poll::Ready(next) = self.pieces.poll_recv(cx) {
                return Poll::Ready(next);
            }
            match &mut self.making {
                None => return Poll::Pending,
                Some(making) => match making.as_mut().poll(cx) {
                    // The sender is gone with it: what is left is what there is.
                    Poll::Ready(()) => self.making = None,
                    Poll::Pending => return self.pieces.poll_recv(cx),
                },
            }
        }
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").finish_non_exhaustive()
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(std::mem::take(bytes))),
            Self::Pieces(pieces) => pieces.poll_next(cx),
        };
        next.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}

/// An answer in the making.
pub type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. A panic closes its connection.
    fn answer(&self, request: Request) -> Answering;
}
