//! What a controller writes when it becomes the active one.

use wire::Str;
use wire::stored::metadata::{
    AbortTransactionRecord, BeginTransactionRecord, ConfigRecord, EndTransactionRecord,
    FeatureLevelRecord, MetadataRecord,
};

use super::error::{Error, Reason, Result};
use super::{Controller, Decision};
use crate::features::{ELIGIBLE_LEADER_REPLICAS_VERSION, bootstrap_levels};
use crate::image::ResourceType;
use crate::{MetadataVersion, ReplayError};

/// The records a new cluster starts with: from `bootstrap.checkpoint`, or made up.
#[derive(Clone, Debug, PartialEq)]
pub struct Bootstrap {
    records: Vec<MetadataRecord>,
    metadata_version: MetadataVersion,
}

impl Bootstrap {
    /// What formatting a directory with the newest version writes (kafka-semantics 224).
    pub fn latest() -> Self {
        Self::at(MetadataVersion::LATEST)
    }

    /// What formatting a directory with `metadata_version` writes.
    pub fn at(metadata_version: MetadataVersion) -> Self {
        let own = (MetadataVersion::FEATURE_NAME, metadata_version.level());
        let levels = std::iter::once(own).chain(bootstrap_levels(metadata_version));
        let records = levels.map(|(name, feature_level)| {
            MetadataRecord::FeatureLevel(FeatureLevelRecord {
                name: Str::from(name),
                feature_level,
                ..FeatureLevelRecord::default()
            })
        });
        Self { records: records.collect(), metadata_version }
    }

    /// The records of a `bootstrap.checkpoint`.
    ///
    /// # Errors
    /// If they do not set a known `metadata.version`.
    pub fn from_records(records: Vec<MetadataRecord>) -> Result<Self, ReplayError> {
        let level = feature_level(&records, MetadataVersion::FEATURE_NAME).unwrap_or(0);
        let metadata_version = MetadataVersion::from_level(level)
            .ok_or_else(|| ReplayError::unknown("metadata.version", level))?;
        Ok(Self { records, metadata_version })
    }

    /// The records.
    pub fn records(&self) -> &[MetadataRecord] {
        &self.records
    }

    /// The `metadata.version` the records set.
    pub fn metadata_version(&self) -> MetadataVersion {
        self.metadata_version
    }
}

/// The level the last record for a feature sets.
fn feature_level(records: &[MetadataRecord], feature: &str) -> Option<i16> {
    let levels = records.iter().filter_map(|record| match record {
        MetadataRecord::FeatureLevel(record) if record.name == *feature => {
            Some(record.feature_level)
        }
        _ => None,
    });
    levels.last()
}

impl Controller {
    /// The records with which this controller begins its term.
    ///
    /// An empty log gets the bootstrap records, in a metadata transaction where there are such;
    /// a transaction that a controller before left open is aborted.
    ///
    /// # Errors
    /// `UnknownServerError` if a transaction is open although `metadata.version` knows none.
    pub fn activate(&self, bootstrap: &Bootstrap, is_in_transaction: bool) -> Result<Decision<()>> {
        let current = self.image.features.metadata_version;
        let version = current.unwrap_or(bootstrap.metadata_version);
        let has_transactions = version.is_metadata_transaction_supported();
        let mut records = Vec::new();
        if is_in_transaction {
            if !has_transactions {
                let text = format!(
                    "Detected in-progress metadata transaction, but the metadata.version {version} \
                     does not support transactions. Cannot continue."
                );
                return Err(Error::new(Reason::UnknownServerError, text));
            }
            records.push(MetadataRecord::AbortTransaction(AbortTransactionRecord {
                reason: Some(Str::from("Controller failover")),
                ..AbortTransactionRecord::default()
            }));
        }
        if current.is_some() {
            return Ok(Decision::atomic(records, ()));
        }
        if has_transactions {
            records.push(MetadataRecord::BeginTransaction(BeginTransactionRecord {
                name: Some(Str::from("Bootstrap records")),
                ..BeginTransactionRecord::default()
            }));
        }
        records.extend(bootstrap.records.iter().cloned());
        if feature_level(&bootstrap.records, ELIGIBLE_LEADER_REPLICAS_VERSION) > Some(0) {
            records.push(MetadataRecord::Config(ConfigRecord {
                resource_type: ResourceType::Broker.code(),
                resource_name: Str::new(),
                name: Str::from("min.insync.replicas"),
                value: Some(self.static_min_isr()),
                ..ConfigRecord::default()
            }));
        }
        if has_transactions {
            records.push(MetadataRecord::EndTransaction(EndTransactionRecord::default()));
            return Ok(Decision::of(records, ()));
        }
        Ok(Decision::atomic(records, ()))
    }
}
