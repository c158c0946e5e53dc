//! One record.

use bytes::Bytes;

use crate::varint::{Cursor, Misshapen, put_varint, put_varlong, varlong_size};

/// A record with bytes of its own, to build batches from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Place in the partition's log; when building, relative to nothing: the real offset.
    pub offset: i64,
    /// Milliseconds since the epoch, -1 for none.
    pub timestamp: i64,
    /// The key; null and empty are different.
    pub key: Option<Bytes>,
    /// The value; null deletes the key in a compacted topic.
    pub value: Option<Bytes>,
    /// Headers in order; keys may repeat and need not be UTF-8 (kafka-semantics 245).
    pub headers: Vec<Header>,
}

/// A header of a [`Record`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The key's bytes, as the producer sent them.
    pub key: Bytes,
    /// The value.
    pub value: Option<Bytes>,
}

/// A record looked at in the bytes of its (decompressed) batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordView<'a> {
    /// Place in the partition's log.
    pub offset: i64,
    /// Milliseconds since the epoch, -1 for none. The append time when the batch has that.
    pub timestamp: i64,
    /// Bytes the record takes in its uncompressed batch.
    pub size: usize,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
    headers: &'a [u8],
    header_count: usize,
}

impl<'a> RecordView<'a> {
    /// The headers, in order, as (key, value).
    pub fn headers(&self) -> Headers<'a> {
        Headers { cursor: Cursor::new(self.headers), left: self.header_count }
    }

    /// A copy with bytes of its own.
    pub fn to_record(&self) -> Record {
        self.made_with(Bytes::copy_from_slice)
    }

    /// A record that shares the bytes of the batch it was looked at in.
    ///
    /// # Panics
    /// When that is not where it lies.
    pub fn to_record_of(&self, batch: &Bytes) -> Record {
        self.made_with(|part| batch.slice_ref(part))
    }

    fn made_with(&self, copy: impl Fn(&[u8]) -> Bytes) -> Record {
        Record {
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key.map(&copy),
            value: self.value.map(&copy),
            headers: self
                .headers()
                .map(|(key, value)| Header { key: copy(key), value: value.map(&copy) })
                .collect(),
        }
    }

    /// A record of an old message set: without headers.
    pub(crate) fn without_headers(
        offset: i64,
        timestamp: i64,
        size: usize,
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
    ) -> Self {
        Self { offset, timestamp, size, key, value, headers: &[], header_count: 0 }
    }
}

/// Iterator over the headers of a [`RecordView`].
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    cursor: Cursor<'a>,
    left: usize,
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        // The record was parsed before it was handed out, so these do not fail.
        let key = self.cursor.nullable().ok()??;
        Some((key, self.cursor.nullable().ok()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

/// What the records of one batch have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    /// Replaces every record's own timestamp.
    pub(crate) log_append_time: Option<i64>,
}

/// The sizes and numbers of a record: all that validating needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordShape {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    /// Negative for null.
    pub(crate) key_size: i32,
    /// Negative for null.
    pub(crate) value_size: i32,
}

/// Where the parts of a record are, as it is read.
struct Layout {
    shape: RecordShape,
    key_at: usize,
    value_at: usize,
    headers_at: usize,
    header_count: i32,
}

/// Reads the record of a magic 2 batch at `cursor`, but for its bytes.
#[inline(always)]
pub(crate) fn read_shape(cursor: &mut Cursor<'_>, base: &Base) -> Result<RecordShape, Misshapen> {
    read_layout(cursor, base).map(|layout| layout.shape)
}

/// Reads the record of a magic 2 batch at `cursor`.
pub(crate) fn read_record<'a>(
    cursor: &mut Cursor<'a>,
    base: &Base,
) -> Result<RecordView<'a>, Misshapen> {
    let start = cursor.position();
    let Layout { shape, key_at, value_at, headers_at, header_count } = read_layout(cursor, base)?;
    let part = |at: usize, size: i32| (size >= 0).then(|| cursor.behind(at..at + size as usize));
    Ok(RecordView {
        offset: shape.offset,
        timestamp: shape.timestamp,
        size: cursor.position() - start,
        key: part(key_at, shape.key_size),
        value: part(value_at, shape.value_size),
        headers: cursor.behind(headers_at..cursor.position()),
        header_count: header_count as usize,
    })
}

#[inline(always)]
fn read_layout(cursor: &mut Cursor<'_>, base: &Base) -> Result<Layout, Misshapen> {
    let body_size = cursor.varint()?;
    let body_at = cursor.position();
    if body_size < 0 || body_size as usize > cursor.remaining() {
        return Err(Misshapen("record is larger than what is left of its batch"));
    }
    cursor.u8()?;
    let timestamp = base.timestamp.wrapping_add(cursor.varlong()?);
    let offset = base.offset.wrapping_add(i64::from(cursor.varint()?));
    let key_size = cursor.varint()?;
    let key_at = cursor.position();
    cursor.skip(key_size.max(0) as usize)?;
    let value_size = cursor.varint()?;
    let value_at = cursor.position();
    cursor.skip(value_size.max(0) as usize)?;
    let header_count = cursor.varint()?;
    let headers_at = cursor.position();
    if header_count != 0 {
        skip_headers(cursor, header_count)?;
    }
    if cursor.position() - body_at != body_size as usize {
        return Err(Misshapen("record size differs from what its fields take"));
    }
    let timestamp = base.log_append_time.unwrap_or(timestamp);
    let shape = RecordShape { offset, timestamp, key_size, value_size };
    Ok(Layout { shape, key_at, value_at, headers_at, header_count })
}

fn skip_headers(cursor: &mut Cursor<'_>, count: i32) -> Result<(), Misshapen> {
    if count < 0 || count as usize > cursor.remaining() {
        return Err(Misshapen("invalid number of record headers"));
    }
    for _ in 0..count {
        let key_size = cursor.varint()?;
        if key_size < 0 {
            return Err(Misshapen("invalid negative header key size"));
        }
        cursor.skip(key_size as usize)?;
        let value_size = cursor.varint()?;
        cursor.skip(value_size.max(0) as usize)?;
    }
    Ok(())
}

/// Appends a record in the form of a magic 2 batch. `offset_delta` and `timestamp_delta` are
/// against the base of the batch.
pub(crate) fn write_record(
    out: &mut Vec<u8>,
    offset_delta: i32,
    timestamp_delta: i64,
    record: &RecordParts<'_>,
) {
    let size = 1
        + varlong_size(timestamp_delta)
        + varlong_size(i64::from(offset_delta))
        + nullable_size(record.key)
        + nullable_size(record.value)
        + record.headers_size();
    put_varint(out, size as i32);
    out.push(0);
    put_varlong(out, timestamp_delta);
    put_varint(out, offset_delta);
    put_nullable(out, record.key);
    put_nullable(out, record.value);
    record.put_headers(out);
}

/// The parts of a record to write, wherever they come from.
pub(crate) struct RecordParts<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: HeaderSource<'a>,
}

/// Headers to write: built ones, or those of a record that was read.
pub(crate) enum HeaderSource<'a> {
    Built(&'a [Header]),
    Encoded { bytes: &'a [u8], count: usize },
}

impl<'a> RecordParts<'a> {
    pub(crate) fn of(record: &'a Record) -> Self {
        Self {
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: HeaderSource::Built(&record.headers),
        }
    }

    pub(crate) fn of_view(record: &RecordView<'a>) -> Self {
        Self {
            key: record.key,
            value: record.value,
            headers: HeaderSource::Encoded { bytes: record.headers, count: record.header_count },
        }
    }

    pub(crate) fn without_headers(key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Self {
        Self { key, value, headers: HeaderSource::Built(&[]) }
    }

    fn headers_size(&self) -> usize {
        match &self.headers {
            HeaderSource::Encoded { bytes, count } => varlong_size(*count as i64) + bytes.len(),
            HeaderSource::Built(headers) => {
                let each = |header: &Header| {
                    nullable_size(Some(&header.key)) + nullable_size(header.value.as_deref())
                };
                varlong_size(headers.len() as i64) + headers.iter().map(each).sum::<usize>()
            }
        }
    }

    fn put_headers(&self, out: &mut Vec<u8>) {
        match &self.headers {
            HeaderSource::Encoded { bytes, count } => {
                put_varint(out, *count as i32);
                out.extend_from_slice(bytes);
            }
            HeaderSource::Built(headers) => {
                put_varint(out, headers.len() as i32);
                for header in *headers {
                    put_nullable(out, Some(&header.key));
                    put_nullable(out, header.value.as_deref());
                }
            }
        }
    }
}

fn nullable_size(bytes: Option<&[u8]>) -> usize {
    match bytes {
        None => 1,
        Some(bytes) => varlong_size(bytes.len() as i64) + bytes.len(),
    }
}

fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_varint(out, bytes.len() as i32);
            out.extend_from_slice(bytes);
        }
    }
}
