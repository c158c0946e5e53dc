//! What the records of the perf test carry.

use bytes::Bytes;

use super::arguments::Payload;

/// Makes payloads.
pub(super) struct Payloads<'a> {
    payload: &'a Payload,
    random: u64,
}

impl<'a> Payloads<'a> {
    pub(super) fn new(payload: &'a Payload, seed: u64) -> Self {
        Self { payload, random: seed | 1 }
    }

    /// The payload of a record.
    pub(super) fn next(&mut self, number: u64) -> Bytes {
        match self.payload {
            Payload::Letters(size) => self.letters(*size),
            Payload::OneOf(payloads) => {
                let at = self.random() as usize % payloads.len().max(1);
                payloads.get(at).cloned().unwrap_or_default()
            }
            Payload::Number => number.to_string().into(),
        }
    }

    /// Capital letters. A record must not cost more than sending it: eight letters come of each
    /// step of a small generator.
    fn letters(&mut self, size: usize) -> Bytes {
        let mut letters = vec![0_u8; size];
        let (words, rest) = letters.as_chunks_mut::<8>();
        for word in words {
            *word = self.random().to_le_bytes();
        }
        let last = self.random().to_le_bytes();
        rest.copy_from_slice(&last[..rest.len()]);
        for letter in &mut letters {
            *letter = b'A' + ((u16::from(*letter) * 26) >> 8) as u8;
        }
        letters.into()
    }

    /// xorshift64*.
    fn random(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_capitals_and_differ() {
        let payload = Payload::Letters(1_003);
        let mut payloads = Payloads::new(&payload, 7);
        let (one, other) = (payloads.next(0), payloads.next(1));
        assert_eq!(one.len(), 1_003);
        assert!(one.iter().all(u8::is_ascii_uppercase));
        assert_ne!(one, other);
        for letter in b'A'..=b'Z' {
            assert!(one.contains(&letter));
        }
        assert_eq!(Payloads::new(&Payload::Number, 1).next(42), "42");
    }
}
