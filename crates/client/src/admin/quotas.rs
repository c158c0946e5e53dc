//! Quotas of users, clients and addresses.

use wire::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use wire::messages::describe_client_quotas_request::ComponentData;
use wire::messages::{AlterClientQuotasRequest, DescribeClientQuotasRequest};
use wire::{ErrorCode, Str};

use super::Admin;
use crate::error::{Error, check};

/// Whom a quota concerns: types (`user`, `client-id`, `ip`) with names, `None` for the default.
pub type QuotaEntity = Vec<(Str, Option<Str>)>;

/// The quotas of an entity.
#[derive(Debug, Clone, Default)]
pub struct QuotaEntry {
    /// Whom they concern.
    pub entity: QuotaEntity,
    /// Values by key.
    pub values: Vec<(Str, f64)>,
}

/// Which entities of one type are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuotaMatch {
    /// The one of this name.
    Exact(Str),
    /// The default.
    Default,
    /// Any.
    Any,
}

/// A change of one quota; `None` takes it away.
#[derive(Debug, Clone)]
pub struct QuotaOp {
    /// The quota, such as `producer_byte_rate`.
    pub key: Str,
    /// Its new value.
    pub value: Option<f64>,
}

impl Admin {
    /// The quotas of entities that match all of `components`; `strict` leaves out those with more
    /// types than asked for.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn describe_quotas(
        &self,
        components: &[(&str, QuotaMatch)],
        strict: bool,
    ) -> Result<Vec<QuotaEntry>, Error> {
        let component = |(entity_type, matched): &(&str, QuotaMatch)| ComponentData {
            entity_type: Str::copy_from(entity_type),
            match_type: match matched {
                QuotaMatch::Exact(_) => 0,
                QuotaMatch::Default => 1,
                QuotaMatch::Any => 2,
            },
            r#match: match matched {
                QuotaMatch::Exact(name) => Some(name.clone()),
                QuotaMatch::Default | QuotaMatch::Any => None,
            },
            ..ComponentData::default()
        };
        let request = DescribeClientQuotasRequest {
            components: components.iter().map(component).collect(),
            strict,
            ..DescribeClientQuotasRequest::default()
        };
        let response = self.cluster.call_control(&request).await?;
        check(response.error_code, response.error_message.as_deref())?;
        let entries = response.entries.unwrap_or_default().into_iter().map(|entry| QuotaEntry {
            entity: entry.entity.into_iter().map(|e| (e.entity_type, e.entity_name)).collect(),
            values: entry.values.into_iter().map(|value| (value.key, value.value)).collect(),
        });
        Ok(entries.collect())
    }

    /// Changes quotas of one entity.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn alter_quotas(&self, entity: QuotaEntity, ops: Vec<QuotaOp>) -> Result<(), Error> {
        let data = |(entity_type, entity_name)| EntityData {
            entity_type,
            entity_name,
            ..EntityData::default()
        };
        let op = |op: QuotaOp| OpData {
            key: op.key,
            value: op.value.unwrap_or_default(),
            remove: op.value.is_none(),
            ..OpData::default()
        };
        let request = AlterClientQuotasRequest {
            entries: vec![EntryData {
                entity: entity.into_iter().map(data).collect(),
                ops: ops.into_iter().map(op).collect(),
                ..EntryData::default()
            }],
            ..AlterClientQuotasRequest::default()
        };
        let response = self.cluster.call_control(&request).await?;
        let entry = response.entries.into_iter().next();
        let entry =
            entry.ok_or_else(|| Error::refused(ErrorCode::UnknownServerError.code(), None))?;
        check(entry.error_code, entry.error_message.as_deref())
    }
}
