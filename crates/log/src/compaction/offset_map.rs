//! The last offset of each key, in bounded memory.
//!
//! Keys are not stored: 16 bytes hold 96 bits of a key's hash and its offset relative to the first
//! one. The hash is SipHash-2-4 with 128 bits under a key drawn for each cleaning, so nobody who
//! writes records can make two of their keys meet. Of *n* different keys any two are taken for one
//! with a probability below *n*²/2⁹⁷: for the 7.5 million keys of the default buffer 2⁻⁵¹, which is
//! below the rate at which memory and disks themselves err. (Apache Kafka takes 24 bytes, with an
//! MD5 that is not keyed.)
//!
//! The table is open-addressing, four slots to a cache line; the line is chosen by the 32 bits of
//! the hash that are not stored, and a full line leads to the next. A look-up reads 1.2 lines on
//! average for keys that are there and 2 for those that are not when two thirds of the slots are
//! taken, which is where a log that fits leaves it; in a table that a log fills to 0.9, 2 and 13,
//! one after the other.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

/// Bytes of a slot.
const SLOT: usize = 16;
/// Slots for each key, where there is room for them all.
const SLOTS_PER_ENTRY: f64 = 1.5;
const SLOTS_PER_LINE: usize = 4;

/// Two words per slot: the low 64 bits of the hash; then 32 more bits of it above the offset plus
/// one, relative to the first. Zero in the low half of the second word marks a free slot.
type Line = [u64; 2 * SLOTS_PER_LINE];

/// A key's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyHash {
    low: u64,
    high: u64,
}

/// A table from keys to offsets.
#[derive(Debug)]
pub(crate) struct OffsetMap {
    lines: Vec<Line>,
    hasher: SipHasher24,
    len: usize,
    len_max: usize,
    /// What stored offsets are relative to: the first one.
    base_offset: Option<i64>,
    /// The last offset that was looked at.
    latest_offset: i64,
}

impl OffsetMap {
    /// A table that takes up at most `bytes` and is filled to at most `load_factor`; smaller if it
    /// cannot get more than `entries_max` entries. Memory is touched as keys come.
    pub(crate) fn new(
        bytes: usize,
        load_factor: f64,
        entries_max: u64,
        hash_key: &[u8; 16],
    ) -> Self {
        // A line more than full would have nowhere to go; an empty table would never fill.
        let load_factor = if load_factor > 0.0 { load_factor.min(0.99) } else { 0.9 };
        let room = SLOTS_PER_ENTRY.max(1.0 / load_factor);
        let slots_wanted = ((entries_max as f64 * room).ceil() as u64).saturating_add(1);
        let slots = (bytes / SLOT).min(usize::try_from(slots_wanted).unwrap_or(usize::MAX));
        let lines = slots.div_ceil(SLOTS_PER_LINE).clamp(1, u32::MAX as usize);
        let slots = lines * SLOTS_PER_LINE;
        let len_max = ((slots as f64 * load_factor) as usize).clamp(1, slots - 1);
        Self {
            lines: vec![[0; 2 * SLOTS_PER_LINE]; lines],
            hasher: SipHasher24::new_with_key(hash_key),
            len: 0,
            len_max,
            base_offset: None,
            latest_offset: -1,
        }
    }

    pub(crate) fn hash(&self, key: &[u8]) -> KeyHash {
        let mut hasher = self.hasher;
        hasher.write(key);
        let hash = hasher.finish128();
        KeyHash { low: hash.h1, high: hash.h2 }
    }

    /// Notes that `key` has its last record at `offset`, which is above those noted before; whether
    /// there was room for that.
    pub(crate) fn put(&mut self, key: &[u8], offset: i64) -> bool {
        let base_offset = *self.base_offset.get_or_insert(offset);
        let relative = offset.checked_sub(base_offset).and_then(|delta| u32::try_from(delta).ok());
        let Some(stored) = relative.and_then(|delta| delta.checked_add(1)) else { return false };
        let hash = self.hash(key);
        let (line, slot, is_new) = self.find(hash);
        if is_new && self.len >= self.len_max {
            return false;
        }
        self.len += usize::from(is_new);
        let words = &mut self.lines[line][2 * slot..2 * slot + 2];
        words[0] = hash.low;
        words[1] = hash.high & !u64::from(u32::MAX) | u64::from(stored);
        self.latest_offset = offset;
        true
    }

    /// The last offset of a key, if it was noted.
    pub(crate) fn get(&self, key: &[u8]) -> Option<i64> {
        let base_offset = self.base_offset?;
        let (line, slot, is_new) = self.find(self.hash(key));
        let stored = self.lines[line][2 * slot + 1] as u32;
        (!is_new).then(|| base_offset + i64::from(stored) - 1)
    }

    /// Where a key is, or would go.
    fn find(&self, hash: KeyHash) -> (usize, usize, bool) {
        let place = hash.high & u64::from(u32::MAX);
        let mut line = ((place * self.lines.len() as u64) >> 32) as usize;
        let tag = hash.high >> 32;
        loop {
            let words = &self.lines[line];
            for slot in 0..SLOTS_PER_LINE {
                let (low, rest) = (words[2 * slot], words[2 * slot + 1]);
                if rest as u32 == 0 {
                    return (line, slot, true);
                }
                if low == hash.low && rest >> 32 == tag {
                    return (line, slot, false);
                }
            }
            line = if line + 1 == self.lines.len() { 0 } else { line + 1 };
        }
    }

    /// Up to here, inclusive, all records were looked at.
    pub(crate) fn latest_offset(&self) -> i64 {
        self.latest_offset
    }

    /// Notes that all records up to `offset` were looked at.
    pub(crate) fn advance(&mut self, offset: i64) {
        self.latest_offset = self.latest_offset.max(offset);
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Share of the slots in use.
    pub(crate) fn utilization(&self) -> f64 {
        self.len as f64 / (self.lines.len() * SLOTS_PER_LINE) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use env::Random;

    use super::*;

    #[test]
    fn kafka_storage_6_3_the_last_offset_of_each_key_is_found() {
        let random = Random::seeded(1);
        let mut map = OffsetMap::new(1 << 20, 0.9, u64::MAX, &[7; 16]);
        let mut model = HashMap::new();
        for offset in 1_000_000_000_000..1_000_000_060_000_i64 {
            let key = random.below(40_000).to_be_bytes();
            assert!(map.put(&key, offset));
            model.insert(key, offset);
        }
        assert_eq!(map.len(), model.len());
        for key in 0..40_000_u64 {
            assert_eq!(map.get(&key.to_be_bytes()), model.get(&key.to_be_bytes()).copied());
        }
        assert_eq!(map.get(b""), None);
        assert_eq!(map.latest_offset(), 1_000_000_059_999);
    }

    #[test]
    fn kafka_storage_6_3_a_full_table_takes_no_more_keys_but_later_offsets() {
        let mut map = OffsetMap::new(160, 0.9, u64::MAX, &[7; 16]);
        let taken = (0..20_i64).take_while(|offset| map.put(&offset.to_be_bytes(), *offset));
        let taken = taken.count();
        assert_eq!(taken, 10, "nine tenths of three lines");
        assert_eq!(map.latest_offset(), 9);
        assert!(map.put(&3_i64.to_be_bytes(), 50));
        assert_eq!(map.get(&3_i64.to_be_bytes()), Some(50));
        assert_eq!(map.get(&15_i64.to_be_bytes()), None);
    }

    #[test]
    fn offsets_too_far_from_the_first_one_have_no_room() {
        let mut map = OffsetMap::new(1024, 0.9, u64::MAX, &[7; 16]);
        assert!(map.put(b"a", 5));
        assert!(map.put(b"b", 4 + i64::from(u32::MAX)));
        assert!(!map.put(b"c", 5 + i64::from(u32::MAX)));
        assert_eq!(map.get(b"b"), Some(4 + i64::from(u32::MAX)));
        assert_eq!(map.get(b"c"), None);
    }

    #[test]
    fn memory_is_bounded_and_no_more_than_the_entries_need() {
        let bytes = |map: &OffsetMap| map.lines.len() * size_of::<Line>();
        assert_eq!(bytes(&OffsetMap::new(1 << 20, 0.9, u64::MAX, &[0; 16])), 1 << 20);
        assert!(bytes(&OffsetMap::new(1 << 20, 0.9, 100, &[0; 16])) < 2500);
        let full = OffsetMap::new(128 << 20, 0.9, u64::MAX, &[0; 16]);
        assert_eq!(full.len_max, 7_549_747, "16 bytes a slot");
        let mut tiny = OffsetMap::new(0, 1.0, 0, &[0; 16]);
        assert!(tiny.put(b"a", 0) && tiny.get(b"b").is_none());
    }

    #[test]
    fn hashes_depend_on_all_of_the_key_and_of_the_hash_key() {
        let map = OffsetMap::new(64, 0.9, 10, &[1; 16]);
        let other = OffsetMap::new(64, 0.9, 10, &[2; 16]);
        assert_ne!(map.hash(b"key"), other.hash(b"key"));
        assert_ne!(map.hash(b"key"), map.hash(b"kez"));
        assert_ne!(map.hash(b""), map.hash(b"\0"));
    }
}
