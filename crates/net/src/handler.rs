//! What the server asks of those who answer requests.

use std::any::Any;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wire::{Frame, Piece};

/// Answers requests. One handler serves all connections of a server.
pub trait Handler: Send + Sync + 'static {
    /// Takes one request: header and body, without the length before them.
    ///
    /// Calls on one connection come in the order of its requests, each after the one before has
    /// returned and, if it may have to wait, has been polled once. So all that a request does
    /// up to its first wait happens before the next request is looked at; replies leave in the
    /// order of the requests whatever the waits.
    ///
    /// The future of a pending call is polled on the connection's thread, also without having asked
    /// for it, and dropped when the connection ends.
    ///
    /// A panic, here or in the future, closes this connection and is counted.
    ///
    /// `frame` may share a buffer with its neighbours: what is kept beyond the reply is better
    /// copied.
    fn call(&self, connection: &Arc<Connection>, frame: Bytes) -> Call;

    /// The handler's own state for a new connection, found again by [`Connection::state`].
    fn connected(&self, _peer: SocketAddr, _listener: &str) -> Box<dyn Any + Send + Sync> {
        Box::new(())
    }

    /// The connection has ended; its futures are dropped.
    fn disconnected(&self, _connection: &Connection) {}

    /// The longest request of an API, without its length; a longer one closes its connection.
    /// [`Limits::request_bytes_max`](crate::Limits::request_bytes_max) holds besides.
    fn request_bytes_max(&self, _api_key: i16) -> usize {
        usize::MAX
    }

    /// Bytes of memory that a request will take beyond its own length, from what its header says.
    /// They are part of its memory permit until its reply is taken over.
    fn estimate(&self, _api_key: i16, _api_version: i16, _length: usize) -> usize {
        0
    }
}

/// A connection as its handler sees it.
#[derive(Debug)]
pub struct Connection {
    pub(crate) id: u64,
    pub(crate) listener: Arc<str>,
    pub(crate) peer: SocketAddr,
    pub(crate) state: Box<dyn Any + Send + Sync>,
}

impl Connection {
    /// A number no other connection of this server has or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The name of the listener it came in through.
    #[must_use]
    pub fn listener(&self) -> &str {
        &self.listener
    }

    /// The address of the other side.
    #[must_use]
    pub fn peer_address(&self) -> SocketAddr {
        self.peer
    }

    /// What [`Handler::connected`] made, if it is a `T`.
    #[must_use]
    pub fn state<T: 'static>(&self) -> Option<&T> {
        self.state.downcast_ref()
    }
}

/// What has become of a request when [`Handler::call`] returns.
pub enum Call {
    /// It is answered. Costs no allocation.
    Ready(Reply),
    /// It may have to wait. Polled once before the next request, which does not wait for it.
    Pending(Waiting),
    /// It may have to wait, and so does the next request until this one's reply has its turn.
    /// Apache Kafka does so with every request: for those whose effects come with the reply and
    /// are visible to what follows (an offset commit, a new topic).
    Exclusive(Waiting),
}

/// The rest of a request that has to wait.
pub type Waiting = Pin<Box<dyn Future<Output = Reply> + Send>>;

impl Call {
    /// A request that may have to wait; the next does not wait for it.
    pub fn pending(future: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self::Pending(Box::pin(future))
    }

    /// A request that may have to wait, and the next with it.
    pub fn exclusive(future: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self::Exclusive(Box::pin(future))
    }
}

/// The end of a request.
#[derive(Debug)]
pub struct Reply {
    /// What goes over the connection.
    pub outcome: Outcome,
    /// How long no further request of the connection is looked at, from the moment this reply has
    /// its turn (throttling, KIP-219).
    pub mute: Duration,
}

/// What goes over the connection.
#[derive(Debug)]
pub enum Outcome {
    /// A response, with the length before it ([`wire::Writer::framed`]).
    Frame(Frame),
    /// Nothing: the request has no response (Produce with acks=0).
    Nothing,
    /// The connection is closed once the replies before are sent; later requests are not looked
    /// at. The reason is for the log.
    Close(String),
}

impl Reply {
    /// A response.
    #[must_use]
    pub fn frame(frame: Frame) -> Self {
        Outcome::Frame(frame).into()
    }

    /// No response.
    #[must_use]
    pub fn nothing() -> Self {
        Outcome::Nothing.into()
    }

    /// The end of the connection, and why.
    #[must_use]
    pub fn close(reason: impl Into<String>) -> Self {
        Outcome::Close(reason.into()).into()
    }

    /// The same, and then silence for a while.
    #[must_use]
    pub fn then_mute(self, mute: Duration) -> Self {
        Self { mute, ..self }
    }

    /// Bytes of memory in the response.
    pub(crate) fn memory(&self) -> usize {
        let Outcome::Frame(frame) = &self.outcome else {
            return 0;
        };
        let memory = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => bytes.len(),
            Piece::File(_) => 0,
        };
        frame.pieces.iter().map(memory).sum()
    }

    pub(crate) fn is_close(&self) -> bool {
        matches!(self.outcome, Outcome::Close(_))
    }
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, mute: Duration::ZERO }
    }
}

impl From<Reply> for Call {
    fn from(reply: Reply) -> Self {
        Self::Ready(reply)
    }
}
