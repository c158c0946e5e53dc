//! What an encoded message is made of: memory and file ranges.

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// Something that can be read at an offset, in practice an open file. A socket that knows the
/// concrete type sends its ranges without reading them.
pub trait RangeSource: Any + Send + Sync + Debug {
    /// Fills `buffer` from `offset` on. Fewer bytes than that is an error.
    fn read_range(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A range of a file, standing for the bytes in it.
#[derive(Clone, Debug)]
pub struct FileRange {
    /// The file.
    pub source: Arc<dyn RangeSource>,
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub len: u64,
}

impl PartialEq for FileRange {
    /// The same range of the same open file.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
            && self.offset == other.offset
            && self.len == other.len
    }
}

/// One part of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes still in a file.
    File(FileRange),
}

impl Piece {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(range) => range.len,
        }
    }

    /// Whether it has no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An encoded message: its parts in order, ready for vectored writes and `sendfile`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// The parts; none is empty.
    pub pieces: Vec<Piece>,
}

impl Frame {
    /// Length in bytes of all parts.
    pub fn len(&self) -> u64 {
        self.pieces.iter().map(Piece::len).sum()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// All bytes in one piece of memory, file ranges read. Copies unless it is one piece of memory
    /// already: for tests, small messages and stored records, not for the way to a socket.
    pub fn flatten(&self) -> io::Result<Bytes> {
        if let [Piece::Bytes(bytes)] = self.pieces.as_slice() {
            return Ok(bytes.clone());
        }
        let mut flat = BytesMut::with_capacity(self.len() as usize);
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => flat.extend_from_slice(bytes),
                Piece::File(range) => {
                    let start = flat.len();
                    flat.resize(start + range.len as usize, 0);
                    range.source.read_range(range.offset, &mut flat[start..])?;
                }
            }
        }
        Ok(flat.freeze())
    }
}

impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Self {
        Self { pieces: if bytes.is_empty() { Vec::new() } else { vec![Piece::Bytes(bytes)] } }
    }
}
