//! An image as the records that make it: what a snapshot holds.

use wire::Str;
use wire::stored::metadata::{
    ConfigRecord, FeatureLevelRecord, MetadataRecord, ProducerIdsRecord, TopicRecord,
};

use super::Image;
use crate::MetadataVersion;

impl Image {
    /// The records of a snapshot of this image, in Kafka's order of kinds; topics and resources
    /// sorted by name, so that equal images give equal snapshots.
    ///
    /// What the finalized `metadata.version` cannot say is left out, as Kafka does when it goes
    /// back to an older one.
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let version = self.features.metadata_version_or_minimum();
        let mut records = self.feature_records();
        self.cluster_records(&mut records);
        self.topic_records(&mut records);
        self.config_records(&mut records);
        records.extend(self.client_quotas.to_records().map(MetadataRecord::ClientQuota));
        if let Some(next_producer_id) = self.next_producer_id {
            records.push(MetadataRecord::ProducerIds(ProducerIdsRecord {
                broker_id: -1,
                broker_epoch: -1,
                next_producer_id,
                ..ProducerIdsRecord::default()
            }));
        }
        records.extend(self.acls.to_records().map(MetadataRecord::AccessControlEntry));
        if version.is_scram_supported() {
            records.extend(self.scram.to_records().map(MetadataRecord::UserScramCredential));
        }
        if version.is_delegation_token_supported() {
            let tokens = self.delegation_tokens.to_records();
            records.extend(tokens.map(MetadataRecord::DelegationToken));
        }
        records
    }

    fn feature_records(&self) -> Vec<MetadataRecord> {
        let record = |(name, feature_level): (&str, i16)| {
            MetadataRecord::FeatureLevel(FeatureLevelRecord {
                name: match name {
                    MetadataVersion::FEATURE_NAME => Str::from(MetadataVersion::FEATURE_NAME),
                    name => Str::copy_from(name),
                },
                feature_level,
                ..FeatureLevelRecord::default()
            })
        };
        self.features.levels().map(record).collect()
    }

    fn cluster_records(&self, records: &mut Vec<MetadataRecord>) {
        let options = self.features.record_options();
        for broker in self.cluster.brokers.values() {
            records.push(MetadataRecord::RegisterBroker(broker.to_record(options)));
        }
        if options.metadata_version.is_controller_registration_supported() {
            for controller in self.cluster.controllers.values() {
                records.push(MetadataRecord::RegisterController(controller.to_record()));
            }
        }
    }

    fn topic_records(&self, records: &mut Vec<MetadataRecord>) {
        let options = self.features.record_options();
        for topic in self.topics.sorted_by_name() {
            records.push(MetadataRecord::Topic(TopicRecord {
                name: topic.name.clone(),
                topic_id: topic.id,
                ..TopicRecord::default()
            }));
            let partitions = topic.partitions().map(|(index, partition)| {
                MetadataRecord::Partition(partition.to_record(topic.id, index, options))
            });
            records.extend(partitions);
        }
    }

    fn config_records(&self, records: &mut Vec<MetadataRecord>) {
        let mut resources: Vec<_> = self.configs.iter().collect();
        resources.sort_unstable_by(|a, b| a.0.cmp(b.0));
        for (resource, configs) in resources {
            let configs = configs.iter().map(|(name, value)| {
                MetadataRecord::Config(ConfigRecord {
                    resource_type: resource.resource_type.code(),
                    resource_name: resource.name.clone(),
                    name: name.clone(),
                    value: Some(value.clone()),
                    ..ConfigRecord::default()
                })
            });
            records.extend(configs);
        }
    }
}
