//! Zig-zag variable-length integers, the number format inside records.

use std::ops::Range;

use crate::Error;

const TRUNCATED: Misshapen = Misshapen("premature end of records");

/// What is wrong with the bytes of a record. Small, so that reading fields stays cheap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misshapen(pub(crate) &'static str);

impl From<Misshapen> for Error {
    fn from(Misshapen(reason): Misshapen) -> Self {
        Self::Record(reason)
    }
}

/// A reader over the bytes of records: a slice and a place in it.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Bytes already passed.
    pub(crate) fn behind(&self, range: Range<usize>) -> &'a [u8] {
        &self.bytes[range]
    }

    #[inline(always)]
    pub(crate) fn u8(&mut self) -> Result<u8, Misshapen> {
        let byte = *self.bytes.get(self.position).ok_or(TRUNCATED)?;
        self.position += 1;
        Ok(byte)
    }

    /// Skips `count` bytes.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), Misshapen> {
        if count > self.remaining() {
            return Err(TRUNCATED);
        }
        self.position += count;
        Ok(())
    }

    /// The next `count` bytes.
    #[inline(always)]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Misshapen> {
        let start = self.position;
        self.skip(count)?;
        Ok(&self.bytes[start..self.position])
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Misshapen> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    #[inline(always)]
    pub(crate) fn varint(&mut self) -> Result<i32, Misshapen> {
        // Most numbers in a record are one byte long.
        let first = self.u8()?;
        if first < 0x80 {
            return Ok(i32::from(first >> 1) ^ -i32::from(first & 1));
        }
        self.long_varint(first)
    }

    fn long_varint(&mut self, first: u8) -> Result<i32, Misshapen> {
        let mut value = u32::from(first & 0x7f);
        for shift in [7, 14, 21, 28] {
            let byte = self.u8()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((value >> 1) as i32 ^ -((value & 1) as i32));
            }
        }
        Err(Misshapen("variable-length integer is too long"))
    }

    #[inline(always)]
    pub(crate) fn varlong(&mut self) -> Result<i64, Misshapen> {
        let first = self.u8()?;
        if first < 0x80 {
            return Ok(i64::from(first >> 1) ^ -i64::from(first & 1));
        }
        self.long_varlong(first)
    }

    fn long_varlong(&mut self, first: u8) -> Result<i64, Misshapen> {
        let mut value = u64::from(first & 0x7f);
        for shift in (7..70).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(Misshapen("variable-length integer is too long"))
    }

    /// A length and that many bytes; a negative length is null.
    #[inline(always)]
    pub(crate) fn nullable(&mut self) -> Result<Option<&'a [u8]>, Misshapen> {
        match self.varint()? {
            length if length < 0 => Ok(None),
            length => self.take(length as usize).map(Some),
        }
    }
}

/// Appends `value` as a varint, up to 5 bytes.
pub(crate) fn put_varint(out: &mut Vec<u8>, value: i32) {
    put_varlong(out, i64::from(value));
}

/// Appends `value` as a varlong, up to 10 bytes.
pub(crate) fn put_varlong(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Bytes that [`put_varlong`] appends, and [`put_varint`] for values in its range.
pub(crate) fn varlong_size(value: i64) -> usize {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    (70 - (zigzag | 1).leading_zeros() as usize) / 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip_in_as_few_bytes_as_announced() {
        let edges =
            [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 1 << 20, -(1 << 27), i64::from(i32::MAX)];
        for value in edges.into_iter().chain([i64::from(i32::MIN), i64::MAX, i64::MIN]) {
            let mut out = Vec::new();
            put_varlong(&mut out, value);
            assert_eq!(out.len(), varlong_size(value), "{value}");
            assert_eq!(Cursor::new(&out).varlong(), Ok(value));
            if let Ok(small) = i32::try_from(value) {
                assert_eq!(Cursor::new(&out).varint(), Ok(small));
            }
        }
    }

    #[test]
    fn endless_and_cut_numbers_are_refused() {
        assert!(Cursor::new(&[0xff; 5]).varint().is_err());
        assert!(Cursor::new(&[0xff; 10]).varlong().is_err());
        assert!(Cursor::new(&[0x80]).varint().is_err());
    }
}
