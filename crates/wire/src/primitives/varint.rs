//! Variable-length integers: seven bits per byte, least significant first; signed ones zigzag.

/// Bytes that `value` takes.
pub const fn unsigned_size(value: u32) -> usize {
    unsigned_long_size(value as u64)
}

/// Bytes that `value` takes.
pub const fn unsigned_long_size(value: u64) -> usize {
    // 1 byte for up to 7 bits, 2 for up to 14, ...; zero takes one byte as well.
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Bytes that `value` takes, zigzag.
pub const fn signed_size(value: i32) -> usize {
    unsigned_size(zigzag(value))
}

/// Bytes that `value` takes, zigzag.
pub const fn signed_long_size(value: i64) -> usize {
    unsigned_long_size(zigzag_long(value))
}

/// Small negative numbers become small positive ones.
pub const fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

/// Small negative numbers become small positive ones.
pub const fn zigzag_long(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The reverse of [`zigzag`].
pub const fn unzigzag(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

/// The reverse of [`zigzag_long`].
pub const fn unzigzag_long(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Reads a number of at most 32 bits from the start of `bytes`: it and the bytes it took. `None`
/// when the bytes end inside it or it does not fit.
#[inline]
pub fn read_unsigned(bytes: &[u8]) -> Option<(u32, usize)> {
    if let Some(&first) = bytes.first()
        && first < 0x80
    {
        return Some((u32::from(first), 1));
    }
    let (value, size) = read_unsigned_long(bytes)?;
    Some((u32::try_from(value).ok()?, size)).filter(|(_, size)| *size <= 5)
}

/// Reads a number of at most 64 bits from the start of `bytes`, as [`read_unsigned`].
#[inline]
pub fn read_unsigned_long(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        if index == 9 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some((value, index + 1));
        }
    }
    None
}

/// Reads a zigzag number from the start of `bytes`, as [`read_unsigned`].
#[inline]
pub fn read_signed(bytes: &[u8]) -> Option<(i32, usize)> {
    read_unsigned(bytes).map(|(value, size)| (unzigzag(value), size))
}

/// Reads a zigzag number from the start of `bytes`, as [`read_unsigned`].
#[inline]
pub fn read_signed_long(bytes: &[u8]) -> Option<(i64, usize)> {
    read_unsigned_long(bytes).map(|(value, size)| (unzigzag_long(value), size))
}

/// Appends `value`.
#[inline]
pub fn write_unsigned(value: u32, out: &mut impl bytes::BufMut) {
    write_unsigned_long(u64::from(value), out);
}

/// Appends `value`.
#[inline]
pub fn write_unsigned_long(mut value: u64, out: &mut impl bytes::BufMut) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Appends `value`, zigzag.
#[inline]
pub fn write_signed(value: i32, out: &mut impl bytes::BufMut) {
    write_unsigned(zigzag(value), out);
}

/// Appends `value`, zigzag.
#[inline]
pub fn write_signed_long(value: i64, out: &mut impl bytes::BufMut) {
    write_unsigned_long(zigzag_long(value), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_in_the_size_promised() {
        let mut values = vec![0_u64, u64::MAX];
        for bit in 0..64 {
            values.extend([1 << bit, (1 << bit) - 1]);
        }
        for value in values {
            let mut out = Vec::new();
            write_unsigned_long(value, &mut out);
            assert_eq!(out.len(), unsigned_long_size(value));
            assert_eq!(read_unsigned_long(&out), Some((value, out.len())));
            let narrow = u32::try_from(value).ok();
            assert_eq!(read_unsigned(&out), narrow.map(|value| (value, out.len())));
            assert_eq!(unzigzag_long(zigzag_long(value as i64)), value as i64);
            assert_eq!(unzigzag(zigzag(value as i32)), value as i32);
        }
    }

    #[test]
    fn endless_numbers_are_refused() {
        assert_eq!(read_unsigned(&[0x80; 12]), None);
        assert_eq!(read_unsigned_long(&[0xff; 12]), None);
        assert_eq!(read_unsigned(&[0xff, 0xff, 0xff, 0xff, 0x1f]), None);
        assert_eq!(read_unsigned(&[0x80]), None);
        assert_eq!(read_unsigned(&[]), None);
    }
}
