//! Which partition a record goes to: as the Java client decides, so that both put a key in the
//! same partition.

use std::collections::HashMap;

use env::Random;
use wire::Str;

use super::topics::Topic;

/// The hash Kafka's clients take of a key (murmur2).
fn murmur2(data: &[u8]) -> u32 {
    const MIX: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c_u32 ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut word = u32::from_le_bytes(*word).wrapping_mul(MIX);
        word ^= word >> 24;
        hash = hash.wrapping_mul(MIX) ^ word.wrapping_mul(MIX);
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| (tail << 8) | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(MIX);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MIX);
    hash ^ (hash >> 15)
}

/// The partition of a key, of `count` (at least 1).
pub(crate) fn partition_of_key(key: &[u8], count: usize) -> i32 {
    ((murmur2(key) & 0x7fff_ffff) % count.max(1) as u32) as i32
}

/// Records without a key stay on one partition until a batch of them is full, then go to another
/// (KIP-480, KIP-794): few full batches instead of many small ones.
#[derive(Debug, Default)]
pub(crate) struct Sticky {
    current: HashMap<Str, (i32, usize)>,
}

impl Sticky {
    /// The partition of `topic` for a record of `size` bytes.
    pub(crate) fn choose(
        &mut self,
        topic: &Topic,
        (size, batch_size): (usize, usize),
        random: &Random,
    ) -> i32 {
        if let Some((partition, bytes)) = self.current.get_mut(&topic.name)
            && *bytes < batch_size
            && topic.is_available(*partition)
        {
            *bytes += size;
            return *partition;
        }
        let before = self.current.get(&topic.name).map(|(partition, _)| *partition);
        let available = topic.available();
        let others: Vec<i32> =
            available.iter().copied().filter(|index| Some(*index) != before).collect();
        let among = if others.is_empty() { &available } else { &others };
        let at = random.below(among.len().max(1) as u64) as usize;
        let partition = among.get(at).copied().unwrap_or(0);
        self.current.insert(topic.name.clone(), (partition, size));
        partition
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hash_as_in_the_java_client() {
        // What `Utils.murmur2` of kafka-clients 4.3.1 gives.
        let known: [(&str, i32); 6] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in known {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn records_without_key_change_partition_when_a_batch_is_full() {
        let random = Random::seeded(1);
        let now = env::Env::sim(1).now();
        let topic = Topic::new(Str::from("t"), wire::Uuid::ZERO, vec![1, 1, 1], now);
        let mut sticky = Sticky::default();
        let mut choose = || sticky.choose(&topic, (50, 100), &random);
        let (first, second, third) = (choose(), choose(), choose());
        assert_eq!(first, second);
        assert_ne!(second, third);
    }
}
