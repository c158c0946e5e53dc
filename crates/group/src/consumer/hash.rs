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
    pub(crate) fn of<'a>(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Topic;

    /// The topics of an Apache Kafka 4.3.1 that wrote the hashes below.
    #[derive(Debug)]
    struct Kafka;

    impl Cluster for Kafka {
        fn topic(&self, name: &str) -> Option<Topic> {
            let (id, partitions) = match name {
                "t" => ("UwCTtgYUT1qdlTvFLa7UcQ", 3),
                "u" => ("bHQFja8dSXS5uvuwUypWMw", 1),
                _ => return None,
            };
            Some(Topic { id: id.parse().expect("an id"), partitions })
        }

        fn topic_name(&self, _id: wire::Uuid) -> Option<Str> {
            None
        }

        fn topic_names(&self) -> Vec<Str> {
            Vec::new()
        }

        fn racks(&self, _topic_id: wire::Uuid, _partition: i32) -> Vec<Str> {
            Vec::new()
        }

        fn version(&self) -> i64 {
            0
        }

        fn group_setting(&self, _group_id: &str, _name: &str) -> Option<Str> {
            None
        }
    }

    #[test]
    fn hashes_are_those_of_kafka() {
        let mut hashes = TopicHashes::default();
        let mut of = |names: &[&str]| {
            let names: Vec<Str> = names.iter().map(|name| Str::copy_from(name)).collect();
            hashes.of(names.iter(), &Kafka)
        };
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&["unknown"]), 0);
        assert_eq!(of(&["t"]), 8_876_982_651_759_844_925);
        assert_eq!(of(&["t", "u"]), -2_176_528_751_023_102_012);
    }
}
