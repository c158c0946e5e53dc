//! Protobuf's encoding: fields of a message one after the other.

use super::Error;

/// What stands in a field, by its wire type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    /// Text, bytes, a message, or many numbers.
    Delimited(&'a [u8]),
    Fixed32,
}

/// The fields of a message, as they come.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    /// Number and value.
    type Item = Result<(u32, Value<'a>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Result<(u32, Value<'a>), Error> {
        let tag = varint(&mut self.0)?;
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        if number == 0 {
            return Err(Error::Malformed("a field without a number"));
        }
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut self.0)?),
            1 => Value::Fixed64(fixed64(&mut self.0)?),
            2 => {
                let length = varint(&mut self.0)?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Value::Delimited(take(&mut self.0, length)?)
            }
            5 => {
                take(&mut self.0, 4)?;
                Value::Fixed32
            }
            _ => return Err(Error::Malformed("a field of an unknown type")),
        };
        Ok((number, value))
    }
}

/// Reads a number of seven bits a byte, lowest first.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64, Error> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Error::Malformed("a number that does not end"))
}

/// Reads eight bytes, lowest first.
pub(super) fn fixed64(bytes: &mut &[u8]) -> Result<u64, Error> {
    let eight = take(bytes, 8)?;
    Ok(eight.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Error> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Error::Malformed("it is cut off"))?;
    *bytes = rest;
    Ok(taken)
}
