//! Values for fields, the same for every run and the same as `Golden.java` makes.

use bytes::Bytes;
use wire::{
    DecodeError, Element, Frame, Message, Reader, Records, Str, TaggedFields, Uuid, Writer,
};

/// How a message is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nearly everything is set.
    Full = 0,
    /// Much is null, empty or zero.
    Sparse = 1,
}

pub(crate) const MODES: [Mode; 2] = [Mode::Full, Mode::Sparse];

/// Draws values: each follows from the ones before and from the field's name.
pub(crate) struct Fill {
    state: u64,
    mode: Mode,
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The hash in `golden.txt`.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    fnv(bytes)
}

impl Fill {
    pub(crate) fn new(message: &str, version: i16, mode: Mode) -> Self {
        Self { state: fnv(format!("{message}/{version}/{}", mode as u8).as_bytes()), mode }
    }

    fn next(&mut self, name: &str) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(fnv(name.as_bytes()));
        let mixed = (self.state ^ (self.state >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 33)
    }

    fn sparse(&self) -> bool {
        self.mode == Mode::Sparse
    }

    fn number(&mut self, name: &str) -> u64 {
        let drawn = self.next(name);
        if self.sparse() && drawn & 0x100 != 0 { 0 } else { drawn >> 9 }
    }

    pub(crate) fn null(&mut self, name: &str) -> bool {
        let drawn = self.next(name);
        if self.sparse() { drawn & 3 != 0 } else { drawn & 7 == 0 }
    }

    pub(crate) fn present(&mut self, name: &str) -> bool {
        let drawn = self.next(name);
        !self.sparse() || drawn & 1 != 0
    }

    pub(crate) fn bool(&mut self, name: &str) -> bool {
        self.number(name) & 1 != 0
    }

    pub(crate) fn i8(&mut self, name: &str) -> i8 {
        self.number(name) as i8
    }

    pub(crate) fn i16(&mut self, name: &str) -> i16 {
        self.number(name) as i16
    }

    pub(crate) fn u16(&mut self, name: &str) -> u16 {
        self.number(name) as u16
    }

    pub(crate) fn i32(&mut self, name: &str) -> i32 {
        self.number(name) as i32
    }

    pub(crate) fn u32(&mut self, name: &str) -> u32 {
        self.number(name) as u32
    }

    pub(crate) fn i64(&mut self, name: &str) -> i64 {
        self.number(name) as i64
    }

    pub(crate) fn f64(&mut self, name: &str) -> f64 {
        (self.number(name) % 100_000) as f64 / 8.0
    }

    pub(crate) fn uuid(&mut self, name: &str) -> Uuid {
        let most_significant = self.number(name);
        Uuid::from_halves(most_significant, self.number(name))
    }

    /// Some are longer than one byte of a compact length can say.
    pub(crate) fn str(&mut self, name: &str) -> Str {
        let drawn = self.next(name);
        let length = match (self.sparse(), drawn & 15) {
            (true, _) => drawn & 1,
            (false, 0) => 140,
            (false, _) => (drawn >> 8) % 12,
        };
        let mut text: String = (0..length)
            .map(|index| char::from(b'a' + ((drawn >> 16) + index) as u8 % 26))
            .collect();
        if drawn & 16 != 0 && length > 0 {
            text.push('é');
        }
        Str::from(text)
    }

    /// Some are long enough to be shared instead of copied.
    pub(crate) fn bytes(&mut self, name: &str) -> Bytes {
        let drawn = self.next(name);
        let length = match (self.sparse(), drawn & 15) {
            (true, _) => drawn & 1,
            (false, 0) => 140,
            (false, 1) => 1500,
            (false, _) => (drawn >> 8) % 12,
        };
        (0..length).map(|index| ((drawn >> 16) + index) as u8).collect()
    }

    pub(crate) fn records(&mut self, name: &str) -> Records {
        Records::Bytes(self.bytes(name))
    }

    pub(crate) fn array<T: Plain>(&mut self, name: &str) -> Vec<T> {
        let drawn = self.next(name);
        let count = match (self.sparse(), drawn & 31) {
            (true, _) => drawn & 1,
            (false, 0) => 130,
            (false, _) => 1 + (drawn >> 8) % 3,
        };
        (0..count).map(|_| T::draw(self, name)).collect()
    }

    pub(crate) fn structs<T: Filled>(&mut self, name: &str, version: i16) -> Vec<T> {
        let drawn = self.next(name);
        let count = if self.sparse() { drawn & 1 } else { 1 + (drawn >> 8) % 3 };
        (0..count).map(|_| T::fill(self, version)).collect()
    }

    pub(crate) fn tags(&mut self) -> TaggedFields {
        let mut tags = TaggedFields::new();
        let drawn = self.next("_tagged_fields");
        if !self.sparse() && drawn & 3 == 0 {
            let value = (0..(drawn >> 4) % 5).map(|index| ((drawn >> 16) + index) as u8).collect();
            tags.push(100 + (drawn >> 8) as u32 % 3000, value);
        }
        tags
    }
}

/// An element of a plain array.
pub(crate) trait Plain: Element {
    fn draw(f: &mut Fill, name: &str) -> Self;
}

macro_rules! plain {
    ($($type:ty, $method:ident;)*) => {$(
        impl Plain for $type {
            fn draw(f: &mut Fill, name: &str) -> Self {
                f.$method(name)
            }
        }
    )*};
}

plain! {
    i8, i8;
    i16, i16;
    i32, i32;
    i64, i64;
    Uuid, uuid;
    Str, str;
}

/// A struct that can be filled for a version.
pub(crate) trait Filled: Sized {
    fn fill(f: &mut Fill, version: i16) -> Self;
}

/// A message, its type erased.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) min_version: i16,
    pub(crate) max_version: i16,
    /// The bytes of a filled message.
    pub(crate) encode: fn(i16, Mode) -> Frame,
    /// Reads bytes and drops what they say; whether all were read.
    pub(crate) decode: fn(Bytes, i16) -> Result<(), DecodeError>,
    /// Whether bytes say the same as the message they come from.
    pub(crate) reads_back: fn(Bytes, i16, Mode),
    /// Reads bytes and writes them again.
    pub(crate) again: fn(Bytes, i16) -> Result<Bytes, DecodeError>,
    /// Whether the default message can be written, and what is read then is the default.
    pub(crate) default_reads_back: fn(i16),
}

impl Case {
    pub(crate) const fn of<M: Message + Filled>() -> Self {
        Self {
            name: M::NAME,
            min_version: M::MIN_VERSION,
            max_version: M::MAX_VERSION,
            encode: |version, mode| {
                let mut w = Writer::new();
                let message = M::fill(&mut Fill::new(M::NAME, version, mode), version);
                message.encode(&mut w, version).unwrap_or_else(|error| panic!("{error}"));
                w.finish().unwrap()
            },
            decode: |bytes, version| {
                let mut r = Reader::new(bytes);
                M::decode(&mut r, version)?;
                r.finish()
            },
            reads_back: |bytes, version, mode| {
                let mut r = Reader::new(bytes);
                let message = M::decode(&mut r, version).unwrap();
                r.finish().unwrap();
                assert_eq!(message, M::fill(&mut Fill::new(M::NAME, version, mode), version));
            },
            again: |bytes, version| {
                let mut r = Reader::new(bytes);
                let message = M::decode(&mut r, version)?;
                r.finish()?;
                let mut w = Writer::contiguous();
                message.encode(&mut w, version).unwrap();
                Ok(w.into_bytes())
            },
            default_reads_back: |version| {
                let mut w = Writer::contiguous();
                if M::default().encode(&mut w, version).is_ok() {
                    let read = M::decode(&mut Reader::new(w.into_bytes()), version).unwrap();
                    assert_eq!(read, M::default(), "{} {version}", M::NAME);
                }
            },
        }
    }

    /// All versions.
    pub(crate) fn versions(&self) -> std::ops::RangeInclusive<i16> {
        self.min_version..=self.max_version
    }
}
