//! Sends replies: memory by vectored writes, file ranges by `sendfile`.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use env::SocketWriter;
use wire::{Frame, Piece};

/// Room for pieces that an idle connection keeps, so that small replies cost no allocation.
const KEPT_PIECES: usize = 4;
/// Pieces of memory in one system call.
const SLICES: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Output {
    pieces: VecDeque<Piece>,
    /// Bytes of the first piece that are sent.
    sent: usize,
    /// Bytes of memory in the pieces, the sent ones of the first included.
    memory: usize,
    has_file: bool,
}

impl Output {
    pub(crate) fn push(&mut self, frame: Frame) {
        for piece in frame.pieces {
            match &piece {
                Piece::Bytes(bytes) => self.memory += bytes.len(),
                Piece::File(_) => self.has_file = true,
            }
            if !piece.is_empty() {
                self.pieces.push_back(piece);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes of memory that wait to be sent.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Whether a part of what waits is in a file.
    pub(crate) fn has_file(&self) -> bool {
        self.has_file
    }

    /// Sends as much as the connection takes; ready when that is all. `sent` is told of bytes.
    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        writer: &mut SocketWriter,
        mut sent: impl FnMut(usize),
    ) -> Poll<io::Result<()>> {
        while let Some(front) = self.pieces.front() {
            let count = match front {
                Piece::File(range) => ready!(writer.poll_send_range(cx, range, self.sent as u64))?,
                Piece::Bytes(_) => ready!(self.poll_send_memory(cx, writer))?,
            };
            sent(count);
            self.advance(count);
        }
        self.sent = 0;
        self.has_file = false;
        if self.pieces.capacity() > KEPT_PIECES {
            self.pieces = VecDeque::new();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_send_memory(
        &self,
        cx: &mut Context<'_>,
        writer: &mut SocketWriter,
    ) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        let mut more = false;
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) if count < SLICES => {
                    let skip = if count == 0 { self.sent } else { 0 };
                    slices[count] = IoSlice::new(&bytes[skip..]);
                    count += 1;
                }
                _ => {
                    more = true;
                    break;
                }
            }
        }
        match ready!(writer.poll_write_vectored(cx, &slices[..count], more)) {
            Ok(0) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            sent => Poll::Ready(sent),
        }
    }

    fn advance(&mut self, count: usize) {
        self.sent += count;
        while let Some(front) = self.pieces.front() {
            let len = front.len();
            if (self.sent as u64) < len {
                break;
            }
            self.sent -= len as usize;
            if let Piece::Bytes(bytes) = front {
                self.memory -= bytes.len();
            }
            self.pieces.pop_front();
        }
    }
}
