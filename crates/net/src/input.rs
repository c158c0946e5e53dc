//! Cuts requests from the bytes of a connection.
//!
//! A connection has a buffer only while it has bytes. A request that does not fit into the buffer
//! gets one of its size and is read into it directly. A small request is copied out, so
//! that one that waits long (a parked fetch) keeps its own bytes only and not the whole buffer; a
//! larger one shares the buffer.

use std::io;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use env::SocketReader;

/// What a connection with bytes has at least.
const BUFFER: usize = 16 * 1024;
/// What it has at most without a permit: a buffer that fits the requests seen lately.
const BUFFER_MAX: usize = 64 * 1024;
/// A read that leaves room has emptied the socket, which saves the read that would say so. More
/// would take in, and copy, more of the request that follows.
const SLACK: usize = 1;
/// With less room than this, a read is not worth its system call.
const SPARE_MIN: usize = 512;
/// Requests below this are copied.
const COPY_BELOW: usize = 1024;
/// Requests below this part of the buffer are copied.
const COPY_BELOW_PART: usize = 16;
/// The length before each request.
pub(crate) const PREFIX: usize = 4;
/// API key and version, first in each header.
const KEY_AND_VERSION: usize = 4;

/// The start of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The length without the prefix.
    pub(crate) length: usize,
    pub(crate) api_key: i16,
    pub(crate) api_version: i16,
}

/// What there is at the front of the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// Less than the head of a request.
    Incomplete,
    /// The head of a request, which may be complete or not.
    Head(Head),
    /// A length that is negative or above the bound.
    BadLength(i32),
}

#[derive(Debug, Default)]
pub(crate) struct Input {
    buffer: BytesMut,
    /// The capacity the buffer was made with.
    capacity: usize,
    /// The longest request seen lately, with its prefix; fades.
    usual: usize,
}

impl Input {
    /// The first four bytes, if there are as many.
    pub(crate) fn prefix(&self) -> Option<[u8; PREFIX]> {
        self.buffer.first_chunk().copied()
    }

    pub(crate) fn front(&self, length_max: u32) -> Front {
        let Some(prefix) = self.prefix() else {
            return Front::Incomplete;
        };
        let length = i32::from_be_bytes(prefix);
        match u32::try_from(length) {
            Ok(length) if length <= length_max => self.head(length as usize),
            _ => Front::BadLength(length),
        }
    }

    fn head(&self, length: usize) -> Front {
        let mut head = Head { length, api_key: 0, api_version: 0 };
        if length >= KEY_AND_VERSION {
            let Some(mut bytes) = self.buffer.get(PREFIX..PREFIX + KEY_AND_VERSION) else {
                return Front::Incomplete;
            };
            head.api_key = bytes.get_i16();
            head.api_version = bytes.get_i16();
        }
        Front::Head(head)
    }

    /// Cuts a request of `length` bytes from the front if it is complete.
    pub(crate) fn cut(&mut self, length: usize) -> Option<Bytes> {
        let total = PREFIX + length;
        if self.buffer.len() < total {
            return None;
        }
        self.usual = total.max(self.usual - self.usual / 8);
        let mut frame = if length < COPY_BELOW.max(self.capacity / COPY_BELOW_PART) {
            let frame = Bytes::copy_from_slice(&self.buffer[..total]);
            self.buffer.advance(total);
            frame
        } else if self.buffer.len() == total {
            std::mem::take(&mut self.buffer).freeze()
        } else {
            self.buffer.split_to(total).freeze()
        };
        frame.advance(PREFIX);
        if self.buffer.is_empty() {
            self.release();
        }
        Some(frame)
    }

    /// Reads once, into what is missing of a request of `length` bytes whose head is at the front,
    /// or else into the buffer; 0 at the end of the stream.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut SocketReader,
        length: Option<usize>,
    ) -> Poll<io::Result<usize>> {
        if self.buffer.is_empty() {
            ready!(reader.poll_readable(cx))?;
        }
        self.make_room(length.map_or(0, |length| PREFIX + length));
        let read = reader.poll_read(cx, &mut self.buffer);
        if self.buffer.is_empty() {
            self.release();
        }
        read
    }

    /// Makes room for a request of `total` bytes with its prefix, or, if it is 0, for what comes.
    fn make_room(&mut self, total: usize) {
        let spare = self.buffer.capacity() - self.buffer.len();
        let enough = match total {
            0 => spare >= SPARE_MIN,
            _ => self.buffer.capacity() >= total,
        };
        if enough {
            return;
        }
        self.capacity = if total > BUFFER {
            total + SLACK
        } else if self.usual <= BUFFER_MAX {
            (self.usual + SLACK).max(BUFFER)
        } else {
            BUFFER
        };
        let mut buffer = BytesMut::with_capacity(self.capacity);
        buffer.extend_from_slice(&self.buffer);
        self.buffer = buffer;
    }

    fn release(&mut self) {
        self.buffer = BytesMut::new();
        self.capacity = 0;
    }
}
