//! AlterClientQuotas: what users, clients and addresses may use (kafka-semantics 174 to 183).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use wire::Str;
use wire::stored::metadata::client_quota_record::EntityData;
use wire::stored::metadata::{ClientQuotaRecord, MetadataRecord};

use super::error::{Error, Reason, Result};
use super::{Controller, Decision, check_record_count};
use crate::image::QuotaEntity;

/// The types of entities.
const USER: &str = "user";
const CLIENT_ID: &str = "client-id";
const IP: &str = "ip";

/// How far a whole number may be from one.
const FRACTION_MAX: f64 = 1e-6;

/// Quotas to change.
#[derive(Clone, Debug, Default)]
pub struct AlterClientQuotas {
    /// The changes by entity.
    pub alterations: Vec<AlterQuota>,
    /// Names of `ip` entities that are neither addresses nor known to name any. The machine cannot
    /// ask for addresses, so its driver does.
    pub unresolved: BTreeSet<Str>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// The quotas of one entity to change.
#[derive(Clone, Debug)]
pub struct AlterQuota {
    /// Whom they bind.
    pub entity: QuotaEntity,
    /// Names and new values; `None` forgets the quota.
    pub ops: Vec<(Str, Option<f64>)>,
}

/// What became of each entity.
pub type AlterClientQuotasResult = Vec<(QuotaEntity, Result<()>)>;

/// What kind of number a quota is.
#[derive(Clone, Copy, Debug)]
enum Number {
    Int,
    Long,
    Double,
}

impl Controller {
    /// Changes quotas. An entity's change as a whole or not at all.
    ///
    /// # Errors
    /// `PolicyViolation` for the whole request when it is too large.
    pub fn alter_client_quotas(
        &self,
        request: &AlterClientQuotas,
    ) -> Result<Decision<AlterClientQuotasResult>> {
        let mut records = Vec::new();
        let mut results: BTreeMap<&QuotaEntity, Result<()>> = BTreeMap::new();
        for alteration in &request.alterations {
            let entity = &alteration.entity;
            // As in Kafka an entity named again fails, though what it named first may stand.
            let altered = match results.contains_key(entity) {
                true => Err(duplicate(entity)),
                false => self.alter_quota(alteration, &request.unresolved),
            };
            results.insert(entity, altered.map(|mut new| records.append(&mut new)));
        }
        check_record_count(&records)?;
        if request.validate_only {
            records.clear();
        }
        let results = results.into_iter().map(|(entity, result)| (entity.clone(), result));
        Ok(Decision::atomic(records, results.collect()))
    }

    fn alter_quota(
        &self,
        AlterQuota { entity, ops }: &AlterQuota,
        unresolved: &BTreeSet<Str>,
    ) -> Result<Vec<MetadataRecord>> {
        let mut wanted = BTreeMap::new();
        for (key, value) in ops {
            if wanted.insert(key, *value).is_some() {
                return Err(duplicate(entity));
            }
        }
        check_entity(entity)?;
        let number_of = quotas_of(entity, unresolved)?;
        let current = self.image.client_quotas.entities.get(entity);
        let mut records = Vec::new();
        for (key, value) in wanted {
            let current = current.and_then(|quotas| quotas.get(key));
            let is_change = match value {
                None => current.is_some(),
                Some(value) => {
                    let number = number_of(key)
                        .ok_or_else(|| invalid(format!("Invalid configuration key {key}")))?;
                    check_value(key, value, number)?;
                    current.is_none_or(|current| current.to_bits() != value.to_bits())
                }
            };
            if is_change {
                records.push(record(entity, key, value));
            }
        }
        Ok(records)
    }
}

fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Reason::InvalidRequest, text)
}

fn duplicate(entity: &QuotaEntity) -> Error {
    let mut text = String::from("Ignoring duplicate entity ClientQuotaEntity(entries={");
    for (index, (kind, name)) in entity.iter().enumerate() {
        let separator = if index > 0 { ", " } else { "" };
        let name = name.as_ref().map_or("null", Str::as_str);
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}{kind}={name}");
    }
    invalid(text + "})")
}

/// Known types, and names that are not empty.
fn check_entity(entity: &QuotaEntity) -> Result<()> {
    if entity.is_empty() {
        return Err(invalid("Invalid empty client quota entity"));
    }
    for (kind, name) in entity {
        if ![USER, CLIENT_ID, IP].contains(&kind.as_str()) {
            return Err(invalid(format!("Unhandled client quota entity type: {kind}")));
        }
        if name.as_ref().is_some_and(|name| name.is_empty()) {
            return Err(invalid(format!("Empty {kind} not supported")));
        }
    }
    Ok(())
}

/// The quotas an entity can have, as the number that each is.
fn quotas_of(
    entity: &QuotaEntity,
    unresolved: &BTreeSet<Str>,
) -> Result<fn(&str) -> Option<Number>> {
    match entity.get(IP) {
        None => Ok(|key| match key {
            "producer_byte_rate" | "consumer_byte_rate" => Some(Number::Long),
            "request_percentage" | "controller_mutation_rate" => Some(Number::Double),
            _ => None,
        }),
        Some(_) if entity.len() > 1 => Err(invalid(
            "Invalid quota entity combination, IP entity shouldnot be combined with User or \
             ClientId",
        )),
        Some(Some(name)) if unresolved.contains(name) => {
            Err(invalid(format!("{name} is not a valid IP or resolvable host.")))
        }
        Some(_) => Ok(|key| match key {
            "connection_creation_rate" => Some(Number::Int),
            _ => None,
        }),
    }
}

fn check_value(key: &str, value: f64, number: Number) -> Result<()> {
    if value <= 0.0 {
        return Err(invalid(format!("Quota {key} must be greater than 0")));
    }
    let (max, kind) = match number {
        Number::Double => return Ok(()),
        Number::Int => (f64::from(i32::MAX), "an INT"),
        Number::Long => (i64::MAX as f64, "a LONG"),
    };
    if value > max {
        return Err(invalid(format!("Proposed value for {key} is too large for {kind}.")));
    }
    if value % 1.0 > FRACTION_MAX {
        return Err(invalid(format!("{key} cannot be a fractional value.")));
    }
    Ok(())
}

fn record(entity: &QuotaEntity, key: &Str, value: Option<f64>) -> MetadataRecord {
    let entity = entity.iter().map(|(kind, name)| EntityData {
        entity_type: kind.clone(),
        entity_name: name.clone(),
        ..EntityData::default()
    });
    MetadataRecord::ClientQuota(ClientQuotaRecord {
        entity: entity.collect(),
        key: key.clone(),
        value: value.unwrap_or_default(),
        remove: value.is_none(),
        ..ClientQuotaRecord::default()
    })
}
