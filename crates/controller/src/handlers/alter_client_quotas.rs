//! AlterClientQuotas.

use std::collections::BTreeSet;
use std::net::IpAddr;

use metadata::QuotaEntity;
use metadata::controller::{AlterClientQuotas, AlterClientQuotasResult, AlterQuota};
use wire::Str;
use wire::messages::alter_client_quotas_request::EntryData as AskedEntry;
use wire::messages::alter_client_quotas_response::{EntityData, EntryData};
use wire::messages::{AlterClientQuotasRequest, AlterClientQuotasResponse};

use crate::error_map;
use crate::handle::Handle;
use crate::operation::Operation;

impl Handle {
    /// Changes what users, clients and addresses may use.
    pub async fn alter_client_quotas(
        &self,
        request: AlterClientQuotasRequest,
    ) -> AlterClientQuotasResponse {
        let alterations: Vec<AlterQuota> = request.entries.iter().map(from_wire).collect();
        let entities: Vec<QuotaEntity> = alterations.iter().map(|a| a.entity.clone()).collect();
        let unresolved = self.unresolved(&entities).await;
        let validate_only = request.validate_only;
        let wanted = AlterClientQuotas { alterations, unresolved, validate_only };
        let altered = self.ask(None, |reply| Operation::AlterClientQuotas(wanted, reply)).await;
        let altered: AlterClientQuotasResult = altered.unwrap_or_else(|error| {
            entities.into_iter().map(|entity| (entity, Err(error.clone()))).collect()
        });
        let entries = altered.into_iter().map(|(entity, result)| {
            let (error_code, error_message) = error_map::result_to_wire(&result);
            let entity = entity.into_iter().map(|(entity_type, entity_name)| EntityData {
                entity_type,
                entity_name,
                ..EntityData::default()
            });
            let entity = entity.collect();
            EntryData { error_code, error_message, entity, ..EntryData::default() }
        });
        AlterClientQuotasResponse {
            entries: entries.collect(),
            ..AlterClientQuotasResponse::default()
        }
    }

    /// The names of `ip` entities that are no addresses, and that no address is found for.
    async fn unresolved(&self, entities: &[QuotaEntity]) -> BTreeSet<Str> {
        let names = entities.iter().filter_map(|entity| entity.get("ip")?.as_ref());
        let names: BTreeSet<&Str> =
            names.filter(|name| !name.is_empty() && name.parse::<IpAddr>().is_err()).collect();
        let mut unresolved = BTreeSet::new();
        for name in names {
            if self.network().resolve(name, 0).await.is_err() {
                unresolved.insert(name.clone());
            }
        }
        unresolved
    }
}

/// Of several values for one type of entity the last counts.
fn from_wire(entry: &AskedEntry) -> AlterQuota {
    let entity = entry.entity.iter();
    let entity =
        entity.map(|part| (part.entity_type.detach(), part.entity_name.as_ref().map(Str::detach)));
    let ops = entry.ops.iter();
    let ops = ops.map(|op| (op.key.detach(), (!op.remove).then_some(op.value)));
    AlterQuota { entity: entity.collect(), ops: ops.collect() }
}
