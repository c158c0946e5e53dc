//! Lines of standard input, as bytes: what is not UTF-8 arrives as it is.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

/// Bytes asked for at a time.
const CHUNK: usize = 64 << 10;
/// A line above this is a mistake: no broker takes such a record.
const LINE_MAX: usize = 1 << 30;

/// A source of lines.
pub(super) struct Input {
    source: Box<dyn Read + Send>,
    buffer: BytesMut,
    ended: bool,
}

impl Input {
    /// Standard input.
    pub(super) fn stdin() -> Self {
        Self::new(io::stdin())
    }

    fn new(source: impl Read + Send + 'static) -> Self {
        Self { source: Box::new(source), buffer: BytesMut::new(), ended: false }
    }

    /// Waits for at least one line and gives all that are there; none at the end.
    ///
    /// # Errors
    /// The source cannot be read, or a line has no end.
    pub(super) fn lines(&mut self) -> io::Result<Vec<Bytes>> {
        loop {
            let lines = self.take_lines();
            if !lines.is_empty() || self.ended {
                return Ok(lines);
            }
            if self.buffer.len() > LINE_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line has no end"));
            }
            let before = self.buffer.len();
            self.buffer.resize(before + CHUNK, 0);
            let read = loop {
                match self.source.read(&mut self.buffer[before..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => break result,
                }
            };
            let read = read.inspect_err(|_| self.buffer.truncate(before))?;
            self.buffer.truncate(before + read);
            self.ended = read == 0;
        }
    }

    fn take_lines(&mut self) -> Vec<Bytes> {
        let mut lines = Vec::new();
        while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
            let line = self.buffer.split_to(end + 1).freeze();
            let line = line.slice(..end);
            lines.push(match line.last() {
                Some(b'\r') => line.slice(..end - 1),
                _ => line,
            });
        }
        if self.ended && !self.buffer.is_empty() {
            lines.push(self.buffer.split().freeze());
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_newline_with_or_without_return_or_with_the_input() {
        let mut input = Input::new(&b"one\r\n\ntwo\xff\nlast"[..]);
        assert_eq!(input.lines().unwrap(), [&b"one"[..], b"", b"two\xff"]);
        assert_eq!(input.lines().unwrap(), [&b"last"[..]]);
        assert!(input.lines().unwrap().is_empty());
    }
}
