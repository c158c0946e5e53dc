//! The types fields have, and how they are read and written.

mod frame;
mod reader;
mod records;
mod str;
mod tagged;
mod uuid;
pub mod varint;
mod writer;

pub use frame::{FileRange, Frame, Piece, RangeSource};
pub use reader::{Element, Reader};
pub use records::Records;
pub use str::Str;
pub use tagged::TaggedFields;
pub use uuid::{ParseUuidError, Uuid};
pub use writer::Writer;
pub(crate) use writer::no_tags;
