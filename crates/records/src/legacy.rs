//! Message sets of magic 0 and 1, which old segments may still hold: read, never written.
//!
//! An uncompressed message is an entry of its own. A compressed set is one entry, the wrapper,
//! whose value holds the compressed inner messages and whose offset is that of the last of them.

use crate::record::RecordView;
use crate::varint::{Cursor, Misshapen};
use crate::{BatchView, Compression, Error, NO_TIMESTAMP, TimestampType};

const OVERSIZED: Misshapen = Misshapen("message is larger than what is left of its set");

/// What is needed to read the messages of one entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base {
    magic: i8,
    /// Added to the offsets of inner messages: with magic 1 those are relative.
    offset: i64,
    /// Replaces every inner message's own timestamp.
    log_append_time: Option<i64>,
    is_inner: bool,
}

impl Base {
    /// The base of the entry `batch`, whose messages are `bytes` once decompressed.
    pub(crate) fn of(batch: &BatchView<'_>, bytes: &[u8]) -> Result<Self, Error> {
        let is_inner = batch.compression()? != Compression::None;
        let offset = match batch.magic() {
            1 if is_inner => batch.last_offset().wrapping_sub(last_offset(bytes)?),
            _ => 0,
        };
        let log_append_time =
            (batch.timestamp_type() == TimestampType::LogAppendTime).then(|| batch.max_timestamp());
        Ok(Self { magic: batch.magic(), offset, log_append_time, is_inner })
    }
}

/// The bytes of the messages of an entry: the entry itself, or the wrapper's value.
pub(crate) fn stored_records(entry: &[u8], compression: Compression) -> Result<&[u8], Error> {
    if compression == Compression::None {
        return Ok(entry);
    }
    let message = Message::read(&mut Cursor::new(entry))?;
    Ok(message.value.ok_or(Misshapen("compressed message set without a value"))?)
}

/// Reads the message at `cursor`.
pub(crate) fn read_message<'a>(
    cursor: &mut Cursor<'a>,
    base: &Base,
) -> Result<RecordView<'a>, Misshapen> {
    let start = cursor.position();
    let message = Message::read(cursor)?;
    if message.magic != base.magic {
        return Err(Misshapen("magic of an inner message differs from its wrapper's"));
    }
    if base.is_inner && message.attributes & crate::header::COMPRESSION_MASK != 0 {
        return Err(Misshapen("inner message of a compressed set is itself compressed"));
    }
    let timestamp = base.log_append_time.unwrap_or(message.timestamp);
    let size = cursor.position() - start;
    let offset = base.offset.wrapping_add(message.offset);
    Ok(RecordView::without_headers(offset, timestamp, size, message.key, message.value))
}

/// Offset of the last message in `bytes`, as stored.
fn last_offset(bytes: &[u8]) -> Result<i64, Misshapen> {
    let mut cursor = Cursor::new(bytes);
    let mut last = None;
    while cursor.remaining() > 0 {
        last = Some(i64::from_be_bytes(cursor.array()?));
        let size = i32::from_be_bytes(cursor.array()?);
        cursor.skip(usize::try_from(size).map_err(|_| OVERSIZED)?)?;
    }
    last.ok_or(Misshapen("compressed message set is empty"))
}

struct Message<'a> {
    offset: i64,
    magic: i8,
    attributes: u8,
    timestamp: i64,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Misshapen> {
        let offset = i64::from_be_bytes(cursor.array()?);
        let size = usize::try_from(i32::from_be_bytes(cursor.array()?)).map_err(|_| OVERSIZED)?;
        let mut fields = Cursor::new(cursor.take(size)?);
        fields.skip(4)?;
        let magic = fields.u8()? as i8;
        let attributes = fields.u8()?;
        let timestamp = match magic {
            0 => NO_TIMESTAMP,
            _ => i64::from_be_bytes(fields.array()?),
        };
        let key = nullable(&mut fields)?;
        let value = nullable(&mut fields)?;
        Ok(Self { offset, magic, attributes, timestamp, key, value })
    }
}

fn nullable<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, Misshapen> {
    match i32::from_be_bytes(cursor.array()?) {
        length if length < 0 => Ok(None),
        length => cursor.take(length as usize).map(Some),
    }
}
