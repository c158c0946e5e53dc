//! A hash map whose clones share everything that did not change.
//!
//! The image of a cluster is published after every commit while readers still hold the image before
//! it, so a new topic must not copy the other ten thousand. The map is two levels of `Arc`: a
//! vector of shards, each a small hash table. Changing an entry of a shared map copies the vector
//! of pointers and one shard (about [`ENTRIES_PER_SHARD`] entries); changing it again before it is
//! published copies nothing.
//!
//! Hashes are fixed, not seeded per process, so that a simulation is reproduced by its seed alone.

use std::borrow::Borrow;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use wire::{Str, Uuid};

/// The mean fill at which the number of shards doubles.
const ENTRIES_PER_SHARD: usize = 64;

/// Two to this power is the largest number of shards.
const SHARD_BITS_MAX: u32 = 16;

/// A key of a [`SharedMap`]: equality and a hash that is the same in every process.
pub(crate) trait SharedKey: Eq {
    /// All 64 bits count: the upper seven tag a slot, the middle ones choose the shard, the lower
    /// ones the slot.
    fn shared_hash(&self) -> u64;
}

impl SharedKey for Uuid {
    fn shared_hash(&self) -> u64 {
        let (high, low) = self.0.split_at(8);
        mix(as_u64(high) ^ as_u64(low).rotate_left(32))
    }
}

impl SharedKey for str {
    fn shared_hash(&self) -> u64 {
        hash_bytes(self.bytes())
    }
}

impl SharedKey for Str {
    fn shared_hash(&self) -> u64 {
        self.as_ref().shared_hash()
    }
}

/// FNV-1a with a final mix, since FNV alone leaves the upper bits of short keys alike.
pub(crate) fn hash_bytes(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mix(hash)
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value ^ (value >> 29)
}

fn as_u64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

type Shard<K, V> = HashTable<(K, V)>;

/// A persistent hash map: `clone` costs one reference count.
#[derive(Clone, Debug)]
pub(crate) struct SharedMap<K, V> {
    shards: Arc<Vec<Arc<Shard<K, V>>>>,
    len: usize,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self { shards: Arc::new(vec![Arc::new(HashTable::new())]), len: 0 }
    }
}

impl<K: SharedKey + Clone, V: Clone> SharedMap<K, V> {
    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of `key`.
    pub(crate) fn get<Q: SharedKey + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key.shared_hash(), |k| k.borrow() == key).map(|(_, value)| value)
    }

    /// The entry with this hash that `is_key` accepts: a look-up by something else than the key
    /// itself.
    pub(crate) fn find(&self, hash: u64, is_key: impl Fn(&K) -> bool) -> Option<(&K, &V)> {
        let shard = &self.shards[self.shard_of(hash)];
        shard.find(hash, |(key, _)| is_key(key)).map(|(key, value)| (key, value))
    }

    /// The value of `key`, to be changed in place; what other clones of the map see stays as it is.
    pub(crate) fn get_mut<Q: SharedKey + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.get(key)?;
        let hash = key.shared_hash();
        self.shard_mut(hash).find_mut(hash, |(k, _)| k.borrow() == key).map(|(_, value)| value)
    }

    /// Sets the value of `key` and returns the one before.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = key.shared_hash();
        let shard = self.shard_mut(hash);
        match shard.entry(hash, |(k, _)| *k == key, |(k, _)| k.shared_hash()) {
            Entry::Occupied(mut entry) => Some(std::mem::replace(&mut entry.get_mut().1, value)),
            Entry::Vacant(entry) => {
                entry.insert((key, value));
                self.len += 1;
                self.grow();
                None
            }
        }
    }

    /// Removes `key` and returns its value.
    pub(crate) fn remove<Q: SharedKey + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.get(key)?;
        let hash = key.shared_hash();
        let entry = self.shard_mut(hash).find_entry(hash, |(k, _)| k.borrow() == key).ok()?;
        let ((_, value), _) = entry.remove();
        self.len -= 1;
        Some(value)
    }

    /// All entries, in an order that depends on the keys and on the history of the map, but never
    /// on the process.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter()).map(|(key, value)| (key, value))
    }

    /// All values, in the order of [`Self::iter`].
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    fn shard_of(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.shards.len() - 1)
    }

    fn shard_mut(&mut self, hash: u64) -> &mut Shard<K, V> {
        let index = self.shard_of(hash);
        Arc::make_mut(&mut Arc::make_mut(&mut self.shards)[index])
    }

    fn grow(&mut self) {
        let shard_count = self.shards.len();
        if self.len <= shard_count * ENTRIES_PER_SHARD || shard_count >= 1 << SHARD_BITS_MAX {
            return;
        }
        let mut shards: Vec<Shard<K, V>> = (0..shard_count * 2).map(|_| HashTable::new()).collect();
        for (key, value) in self.iter() {
            let hash = key.shared_hash();
            let index = (hash >> 32) as usize & (shards.len() - 1);
            shards[index]
                .insert_unique(hash, (key.clone(), value.clone()), |(k, _)| k.shared_hash());
        }
        self.shards = Arc::new(shards.into_iter().map(Arc::new).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(index: usize) -> Str {
        Str::from(format!("topic-{index}"))
    }

    #[test]
    fn behaves_as_a_map() {
        let mut map = SharedMap::<Str, usize>::default();
        for index in 0..5_000 {
            assert_eq!(map.insert(name(index), index), None);
        }
        assert_eq!(map.len(), 5_000);
        assert_eq!(map.insert(name(7), 70), Some(7));
        assert_eq!(map.get("topic-7"), Some(&70));
        assert_eq!(map.remove("topic-8"), Some(8));
        assert_eq!(map.remove("topic-8"), None);
        assert_eq!(map.get_mut("topic-8"), None);
        *map.get_mut("topic-9").unwrap() = 90;
        assert_eq!(map.len(), 4_999);
        assert_eq!(map.iter().count(), 4_999);
        assert!((10..5_000).all(|index| map.get(&name(index)) == Some(&index)));
    }

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut map = SharedMap::<Str, usize>::default();
        for index in 0..1_000 {
            map.insert(name(index), index);
        }
        let before = map.clone();
        map.insert(name(1), 10);
        map.remove("topic-2");
        map.insert(name(5_000), 5_000);
        assert_eq!(before.get("topic-1"), Some(&1));
        assert_eq!(before.get("topic-2"), Some(&2));
        assert_eq!(before.get("topic-5000"), None);
        assert_eq!(before.len(), 1_000);
    }

    #[test]
    fn a_change_copies_one_shard_only() {
        let mut map = SharedMap::<Str, usize>::default();
        for index in 0..10_000 {
            map.insert(name(index), index);
        }
        let before = map.clone();
        map.insert(name(20_000), 20_000);
        let shared = map
            .shards
            .iter()
            .zip(before.shards.iter())
            .filter(|(after, before)| Arc::ptr_eq(after, before))
            .count();
        assert_eq!(shared, map.shards.len() - 1);
        assert!(map.shards.iter().all(|shard| shard.len() < 3 * ENTRIES_PER_SHARD));
    }
}
