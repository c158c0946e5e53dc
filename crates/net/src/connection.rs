//! The loop of one connection.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use env::{Instant, Socket, SocketReader, SocketWriter, panic_message};
use tokio::sync::futures::OwnedNotified;
use tokio::time::Sleep;

use crate::counters::Counters;
use crate::foreign::{Foreign, recognize};
use crate::handler::{Call, Connection, Outcome, Reply, Waiting};
use crate::input::{Front, Head, Input, PREFIX};
use crate::memory::Held;
use crate::output::Output;
use crate::roster::Seat;
use crate::server::Shared;
use crate::times::{Leaving, Timeline};

/// Requests taken in one turn before the thread's other connections have theirs.
const REQUESTS_PER_TURN: usize = 64;
/// Room for requests with replies on their way that an idle connection keeps.
const KEPT_LEAVING: usize = 4;
/// Replies in memory that are sent before more requests are taken.
const OUTPUT_BATCH: usize = 64 * 1024;

/// A connection and all that belongs to it; dropping it ends it.
pub(crate) struct Served {
    pub(crate) reader: SocketReader,
    pub(crate) writer: SocketWriter,
    pub(crate) context: Arc<Connection>,
    shared: Arc<Shared>,
    seat: Seat,
    input: Input,
    output: Output,
    requests: VecDeque<Request>,
    /// Requests whose replies are in the output, or had none.
    leaving: Vec<Leaving>,
    /// When bytes last came.
    arrived: Instant,
    /// Bytes of memory in replies that wait for their turn.
    parked: usize,
    /// The last of the requests holds back the next.
    exclusive: bool,
    held: Held,
    /// The request at the front of the input and what it was charged.
    reading: Option<(Head, u32)>,
    seen_first: bool,
    /// No request is taken before this is over.
    muted: Option<Pin<Box<Sleep>>>,
    /// No request is taken before the memory for replies is relieved.
    relief: Option<Pin<Box<OwnedNotified>>>,
    /// The replies in memory as they are counted in the shared budget.
    counted: usize,
    /// No request is taken any more: there is a verdict that closes the connection, or bytes that
    /// are no request.
    sealed: bool,
    /// The end that comes when no request before it is left.
    last: Option<End>,
    /// The end that comes when the output is sent.
    closing: Option<End>,
}

/// A request whose reply has not had its turn.
struct Request {
    state: State,
    charge: u32,
    line: Timeline,
}

enum State {
    Waiting(Waiting),
    Done(Reply),
}

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum End {
    ByPeer,
    Io(io::Error),
    BadLength(i32),
    /// A request longer than those of its API may be.
    TooLong {
        api_key: i16,
        length: usize,
        max: usize,
    },
    Foreign(Foreign),
    ByHandler(String),
    Panic(String),
}

/// What stops the taking of requests.
enum Stop {
    /// The input has no complete one.
    Starved,
    /// Something that wakes the task when it is over.
    Blocked,
    /// Replies are to be sent first.
    OutputFull,
    /// Others have their turn.
    TurnOver,
}

impl Served {
    pub(crate) fn new(
        socket: Socket,
        context: Arc<Connection>,
        shared: Arc<Shared>,
        seat: Seat,
    ) -> Self {
        let (reader, writer) = socket.split();
        let held = Held::new(shared.requests.clone());
        seat.counters().connections_opened.add(1);
        let arrived = shared.env.now();
        Self {
            reader,
            writer,
            context,
            shared,
            seat,
            input: Input::default(),
            output: Output::default(),
            requests: VecDeque::new(),
            leaving: Vec::new(),
            arrived,
            parked: 0,
            exclusive: false,
            held,
            reading: None,
            seen_first: false,
            muted: None,
            relief: None,
            counted: 0,
            sealed: false,
            last: None,
            closing: None,
        }
    }

    /// Serves until the end, and says why it came.
    pub(crate) async fn serve(&mut self) -> End {
        poll_fn(|cx| {
            // The connection is not used again after a panic.
            catch_unwind(AssertUnwindSafe(|| self.poll(cx)))
                .unwrap_or_else(|panic| Poll::Ready(End::Panic(panic_message(&*panic))))
        })
        .await
    }

    pub(crate) fn counters(&self) -> &Counters {
        self.seat.counters()
    }

    /// One turn. Everything that can be done is done; then the task sleeps until the socket, a
    /// waiting request or a budget wakes it.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut turn = REQUESTS_PER_TURN;
        let mut waiting_polled = false;
        loop {
            if self.output.is_empty() && !waiting_polled {
                self.poll_waiting(cx);
                waiting_polled = true;
            }
            let stop = self.take_requests(cx, &mut turn);
            match self.poll_send(cx) {
                Poll::Ready(Ok(())) => self.note_sent(),
                Poll::Ready(Err(error)) => return Poll::Ready(End::Io(error)),
                Poll::Pending => return self.sleep(),
            }
            if self.requests.is_empty() && self.closing.is_none() {
                self.closing = self.last.take();
            }
            if let Some(end) = self.closing.take() {
                return Poll::Ready(end);
            }
            if !waiting_polled {
                continue;
            }
            match stop {
                Stop::OutputFull => {}
                Stop::Blocked => return self.sleep(),
                Stop::TurnOver => {
                    cx.waker().wake_by_ref();
                    return self.sleep();
                }
                Stop::Starved => match self.poll_read(cx) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(End::ByPeer),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(End::Io(error)),
                    Poll::Pending => return self.sleep(),
                },
            }
        }
    }

    fn sleep(&mut self) -> Poll<End> {
        let waits = !self.requests.is_empty() || self.muted.is_some() || self.held.is_waiting();
        let member = &self.seat.member;
        member.waiting.store(waits, Ordering::Relaxed);
        member.stuck.store(!self.output.is_empty(), Ordering::Relaxed);
        self.count(self.output.memory() + self.parked);
        Poll::Pending
    }

    /// Counts replies that stay in memory; nothing happens while they leave at once.
    fn count(&mut self, memory: usize) {
        if memory != self.counted {
            self.shared.replies.change(self.counted, memory);
            self.counted = memory;
        }
    }

    /// Gives complete requests to the handler until something stops it.
    fn take_requests(&mut self, cx: &mut Context<'_>, turn: &mut usize) -> Stop {
        loop {
            if self.output.memory() >= OUTPUT_BATCH || self.output.has_file() {
                return Stop::OutputFull;
            }
            if *turn == 0 {
                return Stop::TurnOver;
            }
            if self.sealed || self.is_full() || self.is_muted(cx) || self.lacks_reply_memory(cx) {
                return Stop::Blocked;
            }
            match self.next_request(cx) {
                Ok(Some((head, frame, charge))) => {
                    *turn -= 1;
                    self.call(cx, head, frame, charge);
                }
                Ok(None) if self.held.is_waiting() => return Stop::Blocked,
                Ok(None) => return Stop::Starved,
                Err(end) => {
                    self.sealed = true;
                    self.last = Some(end);
                }
            }
        }
    }

    /// Whether requests that wait hold back the next.
    fn is_full(&mut self) -> bool {
        self.exclusive &= !self.requests.is_empty();
        let pending_max = self.shared.limits.pending_requests_max.max(1);
        self.exclusive || self.requests.len() >= pending_max || self.parked >= OUTPUT_BATCH
    }

    /// The request at the front of the input, if it is complete and has its permit.
    fn next_request(&mut self, cx: &mut Context<'_>) -> Result<Option<(Head, Bytes, u32)>, End> {
        let (head, charge) = match self.reading {
            Some(reading) => reading,
            None => {
                let Some(head) = self.next_head()? else {
                    return Ok(None);
                };
                let handler = &self.shared.handler;
                let max = handler.request_bytes_max(head.api_key);
                if head.length > max {
                    return Err(End::TooLong { api_key: head.api_key, length: head.length, max });
                }
                let estimate = handler.estimate(head.api_key, head.api_version, head.length);
                let was_waiting = self.held.is_waiting();
                match self.held.poll_take(cx, (PREFIX + head.length).saturating_add(estimate)) {
                    Poll::Ready(charge) => (head, charge),
                    Poll::Pending => {
                        if !was_waiting {
                            self.counters().memory_waits.add(1);
                        }
                        return Ok(None);
                    }
                }
            }
        };
        match self.input.cut(head.length) {
            Some(frame) => {
                self.reading = None;
                Ok(Some((head, frame, charge)))
            }
            None => {
                self.reading = Some((head, charge));
                Ok(None)
            }
        }
    }

    fn next_head(&mut self) -> Result<Option<Head>, End> {
        if !self.seen_first
            && let Some(prefix) = self.input.prefix()
        {
            if let Some(foreign) = recognize(prefix) {
                return Err(End::Foreign(foreign));
            }
            self.seen_first = true;
        }
        match self.input.front(self.shared.limits.request_bytes_max) {
            Front::Incomplete => Ok(None),
            Front::Head(head) => Ok(Some(head)),
            Front::BadLength(length) => Err(End::BadLength(length)),
        }
    }

    fn call(&mut self, cx: &mut Context<'_>, head: Head, frame: Bytes, charge: u32) {
        self.counters().requests.add(1);
        let called = self.shared.env.now();
        let state = match self.shared.handler.call(&self.context, frame) {
            Call::Ready(reply) => State::Done(reply),
            Call::Pending(waiting) => first_poll(cx, waiting),
            Call::Exclusive(waiting) => {
                self.exclusive = true;
                first_poll(cx, waiting)
            }
        };
        let now = self.shared.env.now();
        let Head { api_key, api_version, .. } = head;
        let arrived = self.arrived;
        let line = Timeline { api_key, api_version, arrived, called, parked: now, answered: now };
        match state {
            State::Done(reply) if self.requests.is_empty() => {
                self.sealed |= reply.is_close();
                self.finish(reply, charge, line, now);
            }
            State::Done(reply) => {
                self.park(&reply);
                self.requests.push_back(Request { state: State::Done(reply), charge, line });
            }
            waiting @ State::Waiting(_) => {
                self.requests.push_back(Request { state: waiting, charge, line });
            }
        }
    }

    /// A reply is there before its turn.
    fn park(&mut self, reply: &Reply) {
        self.sealed |= reply.is_close();
        self.parked += reply.memory();
    }

    /// Polls what waits, and lets replies go whose turn has come.
    fn poll_waiting(&mut self, cx: &mut Context<'_>) {
        if self.requests.is_empty() {
            return;
        }
        let now = self.shared.env.now();
        for index in 0..self.requests.len() {
            if let State::Waiting(waiting) = &mut self.requests[index].state
                && let Poll::Ready(reply) = waiting.as_mut().poll(cx)
            {
                self.park(&reply);
                self.requests[index].state = State::Done(reply);
                self.requests[index].line.answered = now;
            }
        }
        while self.closing.is_none()
            && let Some(Request { state: State::Done(_), .. }) = self.requests.front()
        {
            if let Some(Request { state: State::Done(reply), charge, line }) =
                self.requests.pop_front()
            {
                self.parked -= reply.memory();
                self.finish(reply, charge, line, now);
            }
        }
    }

    /// A reply has its turn.
    fn finish(&mut self, reply: Reply, charge: u32, line: Timeline, turn: Instant) {
        self.held.give(charge);
        self.leaving.push(Leaving { line, turn, mute: reply.mute });
        match reply.outcome {
            Outcome::Frame(frame) => {
                self.counters().replies.add(1);
                self.output.push(frame);
            }
            Outcome::Nothing => {}
            Outcome::Close(reason) => self.closing = Some(End::ByHandler(reason)),
        }
        if reply.mute > Duration::ZERO {
            self.muted = Some(Box::pin(tokio::time::sleep(reply.mute)));
        }
    }

    /// The socket has taken all that was in the output.
    fn note_sent(&mut self) {
        if self.leaving.is_empty() {
            return;
        }
        let now = self.shared.env.now();
        let times = &self.seat.shard.times;
        self.leaving.iter().for_each(|leaving| times.record(leaving, now));
        match self.leaving.capacity() > KEPT_LEAVING {
            true => self.leaving = Vec::new(),
            false => self.leaving.clear(),
        }
    }

    fn is_muted(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(sleep) = &mut self.muted {
            if sleep.as_mut().poll(cx).is_pending() {
                return true;
            }
            self.muted = None;
        }
        false
    }

    fn lacks_reply_memory(&mut self, cx: &mut Context<'_>) -> bool {
        let replies = &self.shared.replies;
        while replies.is_exceeded() {
            match &mut self.relief {
                Some(relief) => {
                    if relief.as_mut().poll(cx).is_pending() {
                        return true;
                    }
                    self.relief = None;
                }
                None => {
                    let mut relief = Box::pin(Arc::clone(replies.relieved()).notified_owned());
                    // Armed before the budget is looked at again, so that no notice is missed.
                    relief.as_mut().enable();
                    self.relief = Some(relief);
                }
            }
        }
        self.relief = None;
        false
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.output.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let (member, counters) = (&self.seat.member, self.seat.counters());
        self.output.poll_send(cx, &mut self.writer, |count| {
            member.active.store(true, Ordering::Relaxed);
            counters.bytes_out.add(count as u64);
        })
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let length = self.reading.map(|(head, _)| head.length);
        let read = self.input.poll_read(cx, &mut self.reader, length);
        if let Poll::Ready(Ok(count)) = read {
            self.seat.member.active.store(true, Ordering::Relaxed);
            self.counters().bytes_in.add(count as u64);
            self.arrived = self.shared.env.now();
        }
        read
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.count(0);
        self.requests.clear();
        self.counters().connections_closed.add(1);
        self.shared.handler.disconnected(&self.context);
    }
}

fn first_poll(cx: &mut Context<'_>, mut waiting: Waiting) -> State {
    match waiting.as_mut().poll(cx) {
        Poll::Ready(reply) => State::Done(reply),
        Poll::Pending => State::Waiting(waiting),
    }
}
