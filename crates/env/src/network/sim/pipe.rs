//! One direction of a simulated connection: a bounded buffer with latency.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::time::{Instant, Sleep};

use super::Conditions;
use crate::Random;

/// Bytes under way at most, as between two socket buffers.
const CAPACITY: usize = 256 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Pipe(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    under_way: VecDeque<Segment>,
    buffered: usize,
    /// The writer has said that nothing more comes.
    finished: bool,
    /// The reader is gone.
    abandoned: bool,
    reset: bool,
    /// The hosts cannot reach each other: what is under way stays there.
    cut: bool,
    conditions: Conditions,
    random: Random,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Debug)]
struct Segment {
    arrives: Instant,
    bytes: Bytes,
}

impl Pipe {
    pub(super) fn new(conditions: Conditions, random: Random) -> Self {
        Self(Arc::new(Mutex::new(State {
            under_way: VecDeque::new(),
            buffered: 0,
            finished: false,
            abandoned: false,
            reset: false,
            cut: false,
            conditions,
            random,
            reader: None,
            writer: None,
        })))
    }

    pub(super) fn downgrade(&self) -> WeakPipe {
        WeakPipe(Arc::downgrade(&self.0))
    }

    pub(super) fn reset(&self) {
        self.change(|state| {
            state.reset = true;
            state.under_way.clear();
        });
    }

    pub(super) fn set_cut(&self, cut: bool) {
        self.change(|state| state.cut = cut);
    }

    pub(super) fn set_conditions(&self, conditions: Conditions) {
        self.change(|state| state.conditions = conditions);
    }

    /// Changes the state and lets both ends see it.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        for end in [state.reader.take(), state.writer.take()].into_iter().flatten() {
            end.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pipe that both ends may have dropped.
#[derive(Debug)]
pub(super) struct WeakPipe(Weak<Mutex<State>>);

impl WeakPipe {
    pub(super) fn upgrade(&self) -> Option<Pipe> {
        self.0.upgrade().map(Pipe)
    }
}

#[derive(Debug)]
pub(in crate::network) struct SimReader {
    pipe: Pipe,
    /// Armed while the next segment is under way.
    arrival: Option<Pin<Box<Sleep>>>,
}

impl SimReader {
    pub(super) fn new(pipe: Pipe) -> Self {
        Self { pipe, arrival: None }
    }

    /// Waits for bytes that have arrived, or for the end.
    pub(in crate::network) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.pipe.state();
        if state.reset {
            return Poll::Ready(());
        }
        if !state.cut {
            match state.under_way.front() {
                Some(segment) if segment.arrives <= Instant::now() => return Poll::Ready(()),
                None if state.finished => return Poll::Ready(()),
                Some(segment) => {
                    let timer = Box::pin(tokio::time::sleep_until(segment.arrives));
                    // The first poll arms it; one that is due by now wakes this task again.
                    if self.arrival.insert(timer).as_mut().poll(cx).is_ready() {
                        cx.waker().wake_by_ref();
                    }
                }
                None => {}
            }
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    pub(in crate::network) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_readable(cx));
        let mut guard = self.pipe.state();
        let state = &mut *guard;
        if state.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let Some(segment) = state.under_way.front_mut() else {
            return Poll::Ready(Ok(0));
        };
        let mut count = segment.bytes.len().min(buf.capacity() - buf.len());
        if count > 1 && state.conditions.fragmentation && state.random.chance(1, 4) {
            count = 1 + state.random.below(count as u64) as usize;
        }
        buf.extend_from_slice(&segment.bytes[..count]);
        segment.bytes.advance(count);
        if segment.bytes.is_empty() {
            state.under_way.pop_front();
        }
        state.buffered -= count;
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
        Poll::Ready(Ok(count))
    }
}

impl Drop for SimReader {
    fn drop(&mut self) {
        self.pipe.change(|state| {
            state.abandoned = true;
            state.under_way.clear();
        });
    }
}

#[derive(Debug)]
pub(in crate::network) struct SimWriter {
    pipe: Pipe,
}

impl SimWriter {
    pub(super) fn new(pipe: Pipe) -> Self {
        Self { pipe }
    }

    pub(in crate::network) fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut guard = self.pipe.state();
        let state = &mut *guard;
        if state.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if state.abandoned || state.finished {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = CAPACITY - state.buffered;
        if room == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut bytes = BytesMut::new();
        for piece in pieces {
            bytes.extend_from_slice(&piece[..piece.len().min(room - bytes.len())]);
        }
        let count = bytes.len();
        if count > 0 {
            let last = state.under_way.back().map(|segment| segment.arrives);
            let arrives = Instant::now() + state.conditions.latency(&state.random);
            let arrives = last.map_or(arrives, |last| last.max(arrives));
            state.under_way.push_back(Segment { arrives, bytes: bytes.freeze() });
            state.buffered += count;
            if let Some(reader) = state.reader.take() {
                reader.wake();
            }
        }
        Poll::Ready(Ok(count))
    }

    pub(in crate::network) fn shutdown(&mut self) {
        self.pipe.change(|state| state.finished = true);
    }
}

impl Drop for SimWriter {
    fn drop(&mut self) {
        self.shutdown();
    }
}
