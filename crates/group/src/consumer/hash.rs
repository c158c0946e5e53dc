//! The hash of the topics that a group is subscribed to, by which a coordinator sees that they have
//! changed. It is Kafka's, so that a group goes on undisturbed when it moves between brokers.

use std::collections::HashMap;

use twox_hash::XxHash3_64;
use wire::Str;

use crate::cluster::Cluster;

/// The first byte of what is hashed of a topic.
const MAGIC: u8 = 0;

/// Hashes of topics that were asked for, until topics change.
#[derive(Debug, Default)]
pub(crate) struct TopicHashes(HashMap<Str, i64>);

impl TopicHashes {
    /// Topics have changed.
    pub(crate) fn forget(&mut self, topics: &[Str]) {
        self.0.retain(|name, _| !topics.contains(name));
    }

    /// The hash of topics, given in the order of their names. Topics that do not exist do not
    /// count; without any the hash is 0.
    pub(super) fn of<'a>(
        &mut self,
        names: impl Iterator<Item = &'a Str>,
        cluster: &dyn Cluster,
    ) -> i64 {
        let mut bytes = Vec::new();
        for name in names {
            if let Some(hash) = self.of_topic(name, cluster) {
                bytes.extend(hash.to_le_bytes());
            }
        }
        if bytes.is_empty() { 0 } else { hashed(&bytes) }
    }

    fn of_topic(&mut self, name: &Str, cluster: &dyn Cluster) -> Option<i64> {
        let topic = cluster.topic(name)?;
        if let Some(hash) = self.0.get(name) {
            return Some(*hash);
        }
        let mut bytes = vec![MAGIC];
        let (high, low) = topic.id.0.split_at(8);
        // The hash takes numbers as little endian, the id has them as big endian.
        bytes.extend(high.iter().rev().chain(low.iter().rev()));
        put_string(&mut bytes, name);
        bytes.extend(topic.partitions.to_le_bytes());
        for partition in 0..topic.partitions {
            bytes.extend(partition.to_le_bytes());
            let mut racks = cluster.racks(topic.id, partition);
            racks.sort_unstable();
            for rack in racks {
                bytes.extend(utf16_length(&rack).to_le_bytes());
                put_string(&mut bytes, &rack);
            }
        }
        let hash = hashed(&bytes);
        self.0.insert(name.detach(), hash);
        Some(hash)
    }
}

/// A string as the hash takes one: its UTF-16 units, then their number.
fn put_string(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes.extend(utf16_length(text).to_le_bytes());
}

fn hashed(bytes: &[u8]) -> i64 {
    XxHash3_64::oneshot(bytes).cast_signed()
}

fn utf16_length(text: &str) -> i32 {
    i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX)
}
