//! Short ways to write records in tests.

use wire::stored::metadata::{
    BrokerRegistrationChangeRecord, ConfigRecord, FeatureLevelRecord, MetadataRecord,
    PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord, RemoveTopicRecord, TopicRecord,
    register_broker_record,
};
use wire::{Str, Uuid};

use crate::MetadataVersion;

pub(crate) fn id(number: u8) -> Uuid {
    Uuid([number; 16])
}

pub(crate) fn topic(name: &str, number: u8) -> MetadataRecord {
    MetadataRecord::Topic(TopicRecord {
        name: Str::copy_from(name),
        topic_id: id(number),
        ..TopicRecord::default()
    })
}

pub(crate) fn remove_topic(number: u8) -> MetadataRecord {
    MetadataRecord::RemoveTopic(RemoveTopicRecord {
        topic_id: id(number),
        ..RemoveTopicRecord::default()
    })
}

/// A partition led by its first replica, all replicas in sync.
pub(crate) fn partition(number: u8, index: i32, replicas: &[i32]) -> MetadataRecord {
    MetadataRecord::Partition(PartitionRecord {
        partition_id: index,
        topic_id: id(number),
        replicas: replicas.to_vec(),
        isr: replicas.to_vec(),
        leader: replicas[0],
        leader_epoch: 0,
        partition_epoch: 0,
        directories: replicas.iter().map(|broker| dir(*broker)).collect(),
        ..PartitionRecord::default()
    })
}

pub(crate) fn change(number: u8, index: i32) -> PartitionChangeRecord {
    PartitionChangeRecord {
        partition_id: index,
        topic_id: id(number),
        ..PartitionChangeRecord::default()
    }
}

pub(crate) fn config(resource_type: i8, name: &str, key: &str, value: &str) -> MetadataRecord {
    MetadataRecord::Config(ConfigRecord {
        resource_type,
        resource_name: Str::copy_from(name),
        name: Str::copy_from(key),
        value: Some(Str::copy_from(value)),
        ..ConfigRecord::default()
    })
}

/// The one log directory of a broker.
pub(crate) fn dir(broker: i32) -> Uuid {
    id(200 + broker as u8)
}

/// An unfenced broker whose epoch is 100 more than its id.
pub(crate) fn broker(broker_id: i32) -> MetadataRecord {
    MetadataRecord::RegisterBroker(RegisterBrokerRecord {
        broker_id,
        broker_epoch: epoch(broker_id),
        incarnation_id: id(100 + broker_id as u8),
        end_points: vec![register_broker_record::BrokerEndpoint {
            name: Str::from("PLAINTEXT"),
            host: Str::from("localhost"),
            port: 9092,
            ..Default::default()
        }],
        fenced: false,
        log_dirs: vec![dir(broker_id)],
        ..RegisterBrokerRecord::default()
    })
}

pub(crate) fn epoch(broker_id: i32) -> i64 {
    100 + i64::from(broker_id)
}

pub(crate) fn fence(broker_id: i32) -> MetadataRecord {
    MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
        broker_id,
        broker_epoch: epoch(broker_id),
        fenced: 1,
        ..BrokerRegistrationChangeRecord::default()
    })
}

pub(crate) fn feature(name: &str, feature_level: i16) -> MetadataRecord {
    MetadataRecord::FeatureLevel(FeatureLevelRecord {
        name: Str::copy_from(name),
        feature_level,
        ..FeatureLevelRecord::default()
    })
}

pub(crate) fn metadata_version() -> MetadataRecord {
    feature(MetadataVersion::FEATURE_NAME, MetadataVersion::LATEST.level())
}

/// Random numbers that are always the same.
#[derive(Default)]
pub(crate) struct Dice {
    state: u64,
}

impl crate::controller::Random for Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.state >> 33) % bound.max(1)
    }

    fn uuid(&mut self) -> Uuid {
        self.state += 1;
        id(self.state as u8)
    }
}
