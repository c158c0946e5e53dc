//! Record data as a field.

use bytes::Bytes;

use super::frame::{FileRange, Piece};

/// The record batches of a Produce, Fetch, FetchSnapshot or ShareFetch field, never copied and
/// never looked into by this crate.
#[derive(Clone, Debug, PartialEq)]
pub enum Records {
    /// In memory. What is decoded is always this: a slice of the frame.
    Bytes(Bytes),
    /// Memory and file ranges, one after the other.
    Pieces(Vec<Piece>),
}

impl Records {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Pieces(pieces) => pieces.iter().map(Piece::len).sum(),
        }
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, if they are in memory in one piece.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Pieces(pieces) => match pieces.as_slice() {
                [Piece::Bytes(bytes)] => Some(bytes),
                _ => None,
            },
        }
    }
}

impl Default for Records {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<FileRange> for Records {
    fn from(range: FileRange) -> Self {
        Self::Pieces(vec![Piece::File(range)])
    }
}
