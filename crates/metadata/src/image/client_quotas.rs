//! Client quotas.

use std::collections::BTreeMap;

use wire::Str;
use wire::stored::metadata::{ClientQuotaRecord, client_quota_record::EntityData};

/// Whom a quota binds: an entity type (`user`, `client-id`, `ip`) and its name each; `None` names
/// the default.
pub type QuotaEntity = BTreeMap<Str, Option<Str>>;

/// All client quotas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientQuotasImage {
    /// The quotas by entity; no entity without quotas.
    pub entities: BTreeMap<QuotaEntity, BTreeMap<Str, f64>>,
}

impl ClientQuotasImage {
    /// Applies a record and says whom it concerns.
    pub(crate) fn replay(&mut self, record: &ClientQuotaRecord) -> QuotaEntity {
        let entity: QuotaEntity = record
            .entity
            .iter()
            .map(|part| (part.entity_type.detach(), part.entity_name.as_ref().map(Str::detach)))
            .collect();
        if record.remove {
            if let Some(quotas) = self.entities.get_mut(&entity) {
                quotas.remove(record.key.as_str());
                if quotas.is_empty() {
                    self.entities.remove(&entity);
                }
            }
        } else {
            let quotas = self.entities.entry(entity.clone()).or_default();
            quotas.insert(record.key.detach(), record.value);
        }
        entity
    }

    pub(crate) fn to_records(&self) -> impl Iterator<Item = ClientQuotaRecord> {
        self.entities.iter().flat_map(|(entity, quotas)| {
            quotas.iter().map(|(key, value)| ClientQuotaRecord {
                entity: entity
                    .iter()
                    .map(|(entity_type, entity_name)| EntityData {
                        entity_type: entity_type.clone(),
                        entity_name: entity_name.clone(),
                        ..EntityData::default()
                    })
                    .collect(),
                key: key.clone(),
                value: *value,
                remove: false,
                ..ClientQuotaRecord::default()
            })
        })
    }
}
