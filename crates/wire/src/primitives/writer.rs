//! Writes fields into a frame without copying what is long.

use bytes::Bytes;

use super::{Element, Frame, Piece, Records, Str, TaggedFields, Uuid, varint};
use crate::error::EncodeError;

/// Collects a message: small fields go into one buffer; record data, file ranges and long byte
/// fields stay where they are and are cut in at [`Writer::finish`].
#[derive(Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    /// Pieces and the buffer position each goes before.
    cuts: Vec<(usize, Piece)>,
    /// Bytes in `cuts`.
    cut_len: u64,
    /// Above zero, everything goes into the buffer: inside tagged fields, whose size comes first,
    /// and when one piece of memory is wanted.
    inline: u32,
    /// The first four bytes are the length of the rest.
    framed: bool,
}

/// From this length on a byte field is not copied. Below it, a copy is cheaper than one more
/// element in a vectored write.
const SHARE_FROM: usize = 1024;

impl Writer {
    /// An empty message.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty message with room for `capacity` bytes of small fields.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { buffer: Vec::with_capacity(capacity), ..Self::default() }
    }

    /// An empty message that becomes one piece of memory: what is long is copied. For stored
    /// records.
    pub fn contiguous() -> Self {
        Self { inline: 1, ..Self::default() }
    }

    /// A message that starts with the length of what follows, as it goes over a connection
    /// (kafka-apis 1).
    pub fn framed() -> Self {
        let mut writer = Self::with_capacity(128);
        writer.i32(0);
        writer.framed = true;
        writer
    }

    /// Bytes written so far, those of file ranges included.
    pub fn len(&self) -> u64 {
        self.buffer.len() as u64 + self.cut_len
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message. Fails if it is longer than its length prefix can say.
    pub fn finish(mut self) -> Result<Frame, EncodeError> {
        if self.framed {
            let length = self.len() - 4;
            let prefix =
                i32::try_from(length).map_err(|_| EncodeError::TooLong(length as usize))?;
            self.buffer[..4].copy_from_slice(&prefix.to_be_bytes());
        }
        let small = Bytes::from(self.buffer);
        if self.cuts.is_empty() {
            return Ok(Frame::from(small));
        }
        let mut pieces = Vec::with_capacity(2 * self.cuts.len() + 1);
        let mut done = 0;
        for (position, piece) in self.cuts {
            if position > done {
                pieces.push(Piece::Bytes(small.slice(done..position)));
                done = position;
            }
            pieces.push(piece);
        }
        if small.len() > done {
            pieces.push(Piece::Bytes(small.slice(done..)));
        }
        Ok(Frame { pieces })
    }

    /// The message in one piece of memory, for writers made by [`Writer::contiguous`].
    pub fn into_bytes(self) -> Bytes {
        debug_assert!(self.cuts.is_empty(), "only a contiguous writer is one piece of memory");
        Bytes::from(self.buffer)
    }

    /// One byte.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.buffer.push(u8::from(value));
    }

    /// One byte.
    #[inline]
    pub fn i8(&mut self, value: i8) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Two bytes.
    #[inline]
    pub fn i16(&mut self, value: i16) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Two bytes.
    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Four bytes.
    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Four bytes.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Eight bytes.
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Eight bytes.
    #[inline]
    pub fn f64(&mut self, value: f64) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Sixteen bytes.
    #[inline]
    pub fn uuid(&mut self, value: Uuid) {
        self.buffer.extend_from_slice(&value.0);
    }

    /// A variable-length number.
    #[inline]
    pub fn uvarint(&mut self, value: u32) {
        varint::write_unsigned(value, &mut self.buffer);
    }

    /// Bytes without a length, copied.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    fn short_length(&mut self, length: usize, flexible: bool) -> Result<(), EncodeError> {
        let Ok(short) = i16::try_from(length) else { return Err(EncodeError::TooLong(length)) };
        if flexible {
            self.uvarint(length as u32 + 1);
        } else {
            self.i16(short);
        }
        Ok(())
    }

    fn long_length(&mut self, length: u64, flexible: bool) -> Result<(), EncodeError> {
        let Ok(long) = i32::try_from(length) else {
            return Err(EncodeError::TooLong(length as usize));
        };
        if flexible {
            self.uvarint(long as u32 + 1);
        } else {
            self.i32(long);
        }
        Ok(())
    }

    fn long_null(&mut self, flexible: bool) {
        if flexible {
            self.uvarint(0);
        } else {
            self.i32(-1);
        }
    }

    fn share(&mut self, piece: Piece) {
        let length = piece.len();
        if length > 0 {
            self.cut_len += length;
            self.cuts.push((self.buffer.len(), piece));
        }
    }

    /// A string.
    pub fn str(&mut self, text: &Str, flexible: bool) -> Result<(), EncodeError> {
        self.short_length(text.len(), flexible)?;
        self.buffer.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// A string or null.
    pub fn nullable_str(&mut self, text: Option<&Str>, flexible: bool) -> Result<(), EncodeError> {
        match text {
            Some(text) => return self.str(text, flexible),
            None if flexible => self.uvarint(0),
            None => self.i16(-1),
        }
        Ok(())
    }

    /// Bytes.
    pub fn bytes(&mut self, bytes: &Bytes, flexible: bool) -> Result<(), EncodeError> {
        self.long_length(bytes.len() as u64, flexible)?;
        if bytes.len() < SHARE_FROM || self.inline > 0 {
            self.buffer.extend_from_slice(bytes);
        } else {
            self.share(Piece::Bytes(bytes.clone()));
        }
        Ok(())
    }

    /// Bytes or null.
    pub fn nullable_bytes(
        &mut self,
        bytes: Option<&Bytes>,
        flexible: bool,
    ) -> Result<(), EncodeError> {
        match bytes {
            Some(bytes) => return self.bytes(bytes, flexible),
            None => self.long_null(flexible),
        }
        Ok(())
    }

    /// Record data, never copied.
    pub fn records(&mut self, records: &Records, flexible: bool) -> Result<(), EncodeError> {
        self.long_length(records.len(), flexible)?;
        match records {
            Records::Bytes(bytes) if self.inline > 0 => self.buffer.extend_from_slice(bytes),
            Records::Bytes(bytes) => self.share(Piece::Bytes(bytes.clone())),
            Records::Pieces(pieces) => {
                for piece in pieces {
                    self.share(piece.clone());
                }
            }
        }
        Ok(())
    }

    /// Record data, never copied, or null.
    pub fn nullable_records(
        &mut self,
        records: Option<&Records>,
        flexible: bool,
    ) -> Result<(), EncodeError> {
        match records {
            Some(records) => return self.records(records, flexible),
            None => self.long_null(flexible),
        }
        Ok(())
    }

    /// The number of elements of an array.
    pub fn array_length(&mut self, count: usize, flexible: bool) -> Result<(), EncodeError> {
        self.long_length(count as u64, flexible)
    }

    /// The number of elements of an array or null.
    pub fn nullable_array_length(
        &mut self,
        count: Option<usize>,
        flexible: bool,
    ) -> Result<(), EncodeError> {
        match count {
            Some(count) => return self.array_length(count, flexible),
            None => self.long_null(flexible),
        }
        Ok(())
    }

    /// An array of plain elements.
    pub fn array<T: Element>(&mut self, elements: &[T], flexible: bool) -> Result<(), EncodeError> {
        self.array_length(elements.len(), flexible)?;
        for element in elements {
            element.write(self, flexible)?;
        }
        Ok(())
    }

    /// An array of plain elements or null.
    pub fn nullable_array<T: Element>(
        &mut self,
        elements: Option<&[T]>,
        flexible: bool,
    ) -> Result<(), EncodeError> {
        match elements {
            Some(elements) => return self.array(elements, flexible),
            None => self.long_null(flexible),
        }
        Ok(())
    }

    /// Starts the tagged fields of a struct.
    pub(crate) fn begin_tags(&mut self) -> Tags {
        self.inline += 1;
        // One byte for their number, which is nearly always enough.
        self.buffer.push(0);
        Tags { start: self.buffer.len(), value: 0, count: 0, unknown: 0 }
    }

    /// Starts a tagged field, after the unknown ones that come before it.
    pub(crate) fn tag(
        &mut self,
        tags: &mut Tags,
        tag: u32,
        fields: &TaggedFields,
    ) -> Result<(), EncodeError> {
        self.unknown_tags(tags, fields, |unknown| unknown < tag);
        if let Some((unknown, _)) = fields.as_slice().get(tags.unknown)
            && *unknown == tag
        {
            return Err(EncodeError::TagTaken(tag));
        }
        self.uvarint(tag);
        self.buffer.push(0);
        tags.count += 1;
        tags.value = self.buffer.len();
        Ok(())
    }

    /// Ends a tagged field and fills in its size.
    pub(crate) fn end_tag(&mut self, tags: &Tags) {
        self.fill_in(tags.value, (self.buffer.len() - tags.value) as u32);
    }

    /// Ends the tagged fields of a struct with the unknown ones that are left.
    pub(crate) fn end_tags(&mut self, mut tags: Tags, fields: &TaggedFields) {
        self.unknown_tags(&mut tags, fields, |_| true);
        self.fill_in(tags.start, tags.count);
        self.inline -= 1;
    }

    /// The tagged fields of a struct that knows none.
    pub(crate) fn tagged_fields(&mut self, fields: &TaggedFields) {
        if fields.is_empty() {
            self.buffer.push(0);
        } else {
            let tags = self.begin_tags();
            self.end_tags(tags, fields);
        }
    }

    fn unknown_tags(
        &mut self,
        tags: &mut Tags,
        fields: &TaggedFields,
        wanted: impl Fn(u32) -> bool,
    ) {
        for (tag, value) in &fields.as_slice()[tags.unknown..] {
            if !wanted(*tag) {
                break;
            }
            self.uvarint(*tag);
            self.uvarint(value.len() as u32);
            self.buffer.extend_from_slice(value);
            tags.unknown += 1;
            tags.count += 1;
        }
    }

    /// Puts `number` into the byte left free before `start`, moving what follows if one byte is
    /// not enough.
    fn fill_in(&mut self, start: usize, number: u32) {
        let end = self.buffer.len();
        let extra = varint::unsigned_size(number) - 1;
        if extra > 0 {
            self.buffer.resize(end + extra, 0);
            self.buffer.copy_within(start..end, start + extra);
        }
        let mut prefix = &mut self.buffer[start - 1..start + extra];
        varint::write_unsigned(number, &mut prefix);
    }
}

/// Fails if unknown tagged fields are set where the version cannot carry them.
pub(crate) fn no_tags(fields: &TaggedFields) -> Result<(), EncodeError> {
    if fields.is_empty() { Ok(()) } else { Err(EncodeError::TagsNotSupported) }
}

/// The tagged fields of a struct while they are written.
#[derive(Debug)]
pub(crate) struct Tags {
    /// Buffer position after their number.
    start: usize,
    /// Buffer position of the value of the field being written.
    value: usize,
    /// Fields written.
    count: u32,
    /// Unknown fields written.
    unknown: usize,
}
