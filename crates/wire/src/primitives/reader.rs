//! Reads fields from a frame without copying what is long.

use bytes::Bytes;

use super::{Records, Str, TaggedFields, Uuid, varint};
use crate::error::DecodeError;

/// A position in a frame. Strings, bytes and records it returns share the frame's memory.
///
/// What it returns is bounded: an array may claim no more elements than the rest of the frame can
/// hold, and all arrays and unknown tagged fields of a frame together get a budget of memory that
/// goes with its length.
#[derive(Debug)]
pub struct Reader {
    frame: Bytes,
    position: usize,
    /// Bytes of memory that arrays may still take.
    budget: usize,
}

/// A string's length is a signed 16-bit number, also where its encoding could say more.
const MAX_STRING: usize = i16::MAX as usize;

/// Memory that an unknown tagged field may take: room for four when it is the first one, or its
/// share of a list that doubles.
const UNKNOWN_TAG_COST: usize = 192;

impl Reader {
    /// Memory that arrays may take per byte of the frame. The densest that honest peers send,
    /// an OffsetFetch of many groups with names of two characters, takes 21.
    pub const MEMORY_PER_BYTE: usize = 24;
    /// Memory that arrays may take in any frame.
    pub const MEMORY_AT_LEAST: usize = 64 << 10;

    /// Reads `frame` from its first byte, with the usual budget.
    pub fn new(frame: Bytes) -> Self {
        let by_length = frame.len().saturating_mul(Self::MEMORY_PER_BYTE);
        Self::with_budget(frame, by_length.saturating_add(Self::MEMORY_AT_LEAST))
    }

    /// Reads `frame` from its first byte; arrays and unknown tagged fields together may take
    /// `budget` bytes of memory.
    pub fn with_budget(frame: Bytes, budget: usize) -> Self {
        Self { frame, position: 0, budget }
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes not read yet.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.frame.len() - self.position
    }

    /// All bytes not read yet, to look at.
    pub fn unread(&self) -> &[u8] {
        &self.frame[self.position..]
    }

    /// All bytes not read yet, shared.
    pub fn rest(&mut self) -> Bytes {
        let rest = self.frame.slice(self.position..);
        self.position = self.frame.len();
        rest
    }

    /// To be called after the last field: bytes left over are an error.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }

    /// The next bytes without reading them, fewer at the end of the frame.
    pub fn peek(&self, count: usize) -> &[u8] {
        let rest = &self.frame[self.position..];
        &rest[..count.min(rest.len())]
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.frame[self.position..].first_chunk::<N>() {
            Some(chunk) => {
                self.position += N;
                Ok(*chunk)
            }
            None => Err(self.truncated(N)),
        }
    }

    #[cold]
    fn truncated(&self, wanted: usize) -> DecodeError {
        DecodeError::Truncated { wanted, remaining: self.remaining(), position: self.position }
    }

    #[cold]
    fn invalid_length(&self, length: i64) -> DecodeError {
        DecodeError::InvalidLength { length, position: self.position }
    }

    #[cold]
    fn unexpected_null(&self) -> DecodeError {
        DecodeError::UnexpectedNull { position: self.position }
    }

    /// Fails if a field is null in a version that does not allow it.
    pub(crate) fn not_null(&self, is_null: bool) -> Result<(), DecodeError> {
        if is_null { Err(self.unexpected_null()) } else { Ok(()) }
    }

    /// One byte; anything but zero is true.
    #[inline]
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        self.fixed::<1>().map(|[byte]| byte != 0)
    }

    /// One byte.
    #[inline]
    pub fn i8(&mut self) -> Result<i8, DecodeError> {
        self.fixed().map(i8::from_be_bytes)
    }

    /// Two bytes.
    #[inline]
    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        self.fixed().map(i16::from_be_bytes)
    }

    /// Two bytes.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.fixed().map(u16::from_be_bytes)
    }

    /// Four bytes.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.fixed().map(i32::from_be_bytes)
    }

    /// Four bytes.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.fixed().map(u32::from_be_bytes)
    }

    /// Eight bytes.
    #[inline]
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.fixed().map(i64::from_be_bytes)
    }

    /// Eight bytes.
    #[inline]
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        self.fixed().map(f64::from_be_bytes)
    }

    /// Sixteen bytes.
    #[inline]
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        self.fixed().map(Uuid)
    }

    /// A variable-length number of at most 32 bits.
    #[inline]
    pub fn uvarint(&mut self) -> Result<u32, DecodeError> {
        let bytes = &self.frame[self.position..];
        match varint::read_unsigned(bytes) {
            Some((value, size)) => {
                self.position += size;
                Ok(value)
            }
            None if bytes.len() < 5 && bytes.iter().all(|byte| *byte >= 0x80) => {
                Err(self.truncated(bytes.len() + 1))
            }
            None => Err(DecodeError::InvalidVarint { position: self.position }),
        }
    }

    /// A compact length: one more than it means, so that zero is null.
    #[inline]
    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        Ok((self.uvarint()? as usize).checked_sub(1))
    }

    #[inline]
    fn string_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        let length = if flexible {
            self.compact_length()?
        } else {
            match self.i16()? {
                -1 => None,
                length => Some(
                    usize::try_from(length).map_err(|_| self.invalid_length(i64::from(length)))?,
                ),
            }
        };
        match length {
            Some(length) if length > MAX_STRING => Err(self.invalid_length(length as i64)),
            length => Ok(length),
        }
    }

    #[inline]
    fn long_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            return self.compact_length();
        }
        match self.i32()? {
            -1 => Ok(None),
            length => match usize::try_from(length) {
                Ok(length) => Ok(Some(length)),
                Err(_) => Err(self.invalid_length(i64::from(length))),
            },
        }
    }

    #[inline]
    fn slice(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        if length > self.remaining() {
            return Err(self.truncated(length));
        }
        let bytes = self.frame.slice(self.position..self.position + length);
        self.position += length;
        Ok(bytes)
    }

    /// A string.
    pub fn str(&mut self, flexible: bool) -> Result<Str, DecodeError> {
        match self.nullable_str(flexible)? {
            Some(text) => Ok(text),
            None => Err(self.unexpected_null()),
        }
    }

    /// A string or null.
    pub fn nullable_str(&mut self, flexible: bool) -> Result<Option<Str>, DecodeError> {
        let Some(length) = self.string_length(flexible)? else { return Ok(None) };
        let bytes = self.slice(length)?;
        match Str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(DecodeError::InvalidUtf8 { position: self.position }),
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, flexible: bool) -> Result<Bytes, DecodeError> {
        match self.nullable_bytes(flexible)? {
            Some(bytes) => Ok(bytes),
            None => Err(self.unexpected_null()),
        }
    }

    /// Bytes or null.
    pub fn nullable_bytes(&mut self, flexible: bool) -> Result<Option<Bytes>, DecodeError> {
        match self.long_length(flexible)? {
            Some(length) => self.slice(length).map(Some),
            None => Ok(None),
        }
    }

    /// Record data.
    pub fn records(&mut self, flexible: bool) -> Result<Records, DecodeError> {
        self.bytes(flexible).map(Records::Bytes)
    }

    /// Record data or null.
    pub fn nullable_records(&mut self, flexible: bool) -> Result<Option<Records>, DecodeError> {
        Ok(self.nullable_bytes(flexible)?.map(Records::Bytes))
    }

    /// Whether a struct that may be null is there.
    pub fn present(&mut self) -> Result<bool, DecodeError> {
        self.i8().map(|marker| marker >= 0)
    }

    /// The number of elements of an array or null. `smallest` is the least number of bytes an
    /// element takes in the frame, `size` the number it takes in memory.
    fn array_length(
        &mut self,
        flexible: bool,
        smallest: usize,
        size: usize,
    ) -> Result<Option<usize>, DecodeError> {
        let Some(count) = self.long_length(flexible)? else { return Ok(None) };
        let (position, remaining) = (self.position, self.remaining());
        if count > remaining / smallest {
            return Err(DecodeError::ArrayTooLong { count, remaining, position });
        }
        self.charge(count.saturating_mul(size))?;
        Ok(Some(count))
    }

    fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        match self.budget.checked_sub(bytes) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(DecodeError::OverBudget { frame: self.frame.len() }),
        }
    }

    /// An array of plain elements.
    pub fn array<T: Element>(&mut self, flexible: bool) -> Result<Vec<T>, DecodeError> {
        match self.nullable_array(flexible)? {
            Some(elements) => Ok(elements),
            None => Err(self.unexpected_null()),
        }
    }

    /// An array of plain elements or null.
    pub fn nullable_array<T: Element>(
        &mut self,
        flexible: bool,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let smallest = T::SMALLEST;
        let Some(count) = self.array_length(flexible, smallest, size_of::<T>())? else {
            return Ok(None);
        };
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(T::read(self, flexible)?);
        }
        Ok(Some(elements))
    }

    /// An array of structs, each of which takes at least `smallest` bytes.
    pub(crate) fn structs<T>(
        &mut self,
        flexible: bool,
        smallest: usize,
        version: i16,
        decode: impl Fn(&mut Self, i16) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        match self.nullable_structs(flexible, smallest, version, decode)? {
            Some(elements) => Ok(elements),
            None => Err(self.unexpected_null()),
        }
    }

    /// An array of structs, each of which takes at least `smallest` bytes, or null.
    pub(crate) fn nullable_structs<T>(
        &mut self,
        flexible: bool,
        smallest: usize,
        version: i16,
        decode: impl Fn(&mut Self, i16) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.array_length(flexible, smallest, size_of::<T>())? else {
            return Ok(None);
        };
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(decode(self, version)?);
        }
        Ok(Some(elements))
    }

    /// The number of tagged fields that follow.
    pub(crate) fn tag_count(&mut self) -> Result<u32, DecodeError> {
        let count = self.uvarint()?;
        // A tag and a size: two bytes at least.
        if count as usize > self.remaining() / 2 {
            let (position, remaining) = (self.position, self.remaining());
            return Err(DecodeError::ArrayTooLong { count: count as usize, remaining, position });
        }
        Ok(count)
    }

    /// A tag and the position where its field ends.
    pub(crate) fn tag(&mut self) -> Result<(u32, usize), DecodeError> {
        let tag = self.uvarint()?;
        let size = self.uvarint()? as usize;
        if size > self.remaining() {
            return Err(self.truncated(size));
        }
        Ok((tag, self.position + size))
    }

    /// The bytes of an unknown tagged field.
    pub(crate) fn tag_value(&mut self, end: usize) -> Result<Bytes, DecodeError> {
        self.charge(UNKNOWN_TAG_COST)?;
        self.slice(end.saturating_sub(self.position))
    }

    /// Fails unless a tagged field ended where it should.
    pub(crate) fn end_tag(&mut self, tag: u32, end: usize) -> Result<(), DecodeError> {
        if self.position == end { Ok(()) } else { Err(DecodeError::TagSize { tag }) }
    }

    /// The tagged fields of a struct that knows none.
    pub(crate) fn tagged_fields(&mut self) -> Result<TaggedFields, DecodeError> {
        let mut fields = TaggedFields::new();
        for _ in 0..self.tag_count()? {
            let (tag, end) = self.tag()?;
            fields.push(tag, self.tag_value(end)?);
        }
        Ok(fields)
    }
}

/// A plain type that arrays are made of.
pub trait Element: Sized {
    /// The fewest bytes it takes.
    const SMALLEST: usize;

    /// Reads one.
    fn read(reader: &mut Reader, flexible: bool) -> Result<Self, DecodeError>;

    /// Writes one.
    fn write(
        &self,
        writer: &mut super::Writer,
        flexible: bool,
    ) -> Result<(), crate::error::EncodeError>;
}

macro_rules! elements {
    ($($type:ty, $method:ident;)*) => {$(
        impl Element for $type {
            const SMALLEST: usize = size_of::<$type>();

            #[inline]
            fn read(reader: &mut Reader, _flexible: bool) -> Result<Self, DecodeError> {
                reader.$method()
            }

            #[inline]
            fn write(
                &self,
                writer: &mut super::Writer,
                _flexible: bool,
            ) -> Result<(), crate::error::EncodeError> {
                writer.$method(*self);
                Ok(())
            }
        }
    )*};
}

elements! {
    i8, i8;
    i16, i16;
    i32, i32;
    i64, i64;
    Uuid, uuid;
}

impl Element for Str {
    // An empty string in a flexible version.
    const SMALLEST: usize = 1;

    #[inline]
    fn read(reader: &mut Reader, flexible: bool) -> Result<Self, DecodeError> {
        reader.str(flexible)
    }

    #[inline]
    fn write(
        &self,
        writer: &mut super::Writer,
        flexible: bool,
    ) -> Result<(), crate::error::EncodeError> {
        writer.str(self, flexible)
    }
}
