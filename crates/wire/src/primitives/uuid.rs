//! Kafka's UUIDs: topic ids, directory ids, incarnations, member ids.

use std::fmt;
use std::str::FromStr;

/// 16 bytes, most significant first; its text is 22 characters of URL-safe base64 without padding.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Uuid {
    /// All bits zero: "no id".
    pub const ZERO: Self = Self([0; 16]);

    /// From the two 64-bit halves.
    pub const fn from_halves(most_significant: u64, least_significant: u64) -> Self {
        Self((((most_significant as u128) << 64) | least_significant as u128).to_be_bytes())
    }

    /// Whether this is "no id".
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// As one 128-bit number.
    pub const fn as_u128(&self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 128 bits are 21 characters of 6 bits and one of 2 bits.
        let bits = self.as_u128();
        let mut text = String::with_capacity(22);
        for index in 0..21 {
            text.push(char::from(ALPHABET[(bits >> (122 - 6 * index)) as usize & 63]));
        }
        text.push(char::from(ALPHABET[((bits & 3) << 4) as usize]));
        f.pad(&text)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 22 characters of URL-safe base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID: 22 characters of URL-safe base64 are wanted")]
pub struct ParseUuidError;

impl FromStr for Uuid {
    type Err = ParseUuidError;

    /// Takes the text with or without the padding `==`, as Kafka does.
    fn from_str(text: &str) -> Result<Self, ParseUuidError> {
        let text = text.strip_suffix("==").unwrap_or(text).as_bytes();
        let [head @ .., last] = text else { return Err(ParseUuidError) };
        if head.len() != 21 {
            return Err(ParseUuidError);
        }
        let mut bits = 0_u128;
        for &character in head {
            bits = (bits << 6) | digit(character)?;
        }
        Ok(Self(((bits << 2) | (digit(*last)? >> 4)).to_be_bytes()))
    }
}

fn digit(character: u8) -> Result<u128, ParseUuidError> {
    Ok(u128::from(match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return Err(ParseUuidError),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_kafkas() {
        // kafka-apis 7
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid::from_halves(0, 1).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(Uuid([0xff; 16]).to_string(), "_____________________w");
    }

    #[test]
    fn text_reads_back() {
        for id in [Uuid::ZERO, Uuid([0xff; 16]), Uuid::from_halves(0x0123_4567_89ab_cdef, 42)] {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(format!("{id}==").parse(), Ok(id));
        }
        for text in
            ["", "A", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAA+AAAAAAAAAAA"]
        {
            assert_eq!(text.parse::<Uuid>(), Err(ParseUuidError), "{text}");
        }
    }
}
