//! BrokerRegistration: a broker that starts.

use metadata::controller::{Error, RegisterBroker};
use wire::Str;
use wire::messages::{BrokerRegistrationRequest, BrokerRegistrationResponse};

use super::endpoints;
use crate::error_map;
use crate::handle::{Handle, RequestContext};
use crate::operation::Operation;

/// From this version on a broker says which epoch it stopped cleanly in (KIP-966).
const PREVIOUS_EPOCH: i16 = 3;

impl Handle {
    /// Registers a broker (kafka-semantics 207).
    pub async fn broker_registration(
        &self,
        context: &RequestContext,
        request: BrokerRegistrationRequest,
    ) -> BrokerRegistrationResponse {
        let own_id = self.settings().node_id();
        let registered = match from_wire(context, &request, own_id) {
            Ok(request) => self.ask(None, |reply| Operation::RegisterBroker(request, reply)).await,
            Err(error) => Err(error),
        };
        match registered {
            Ok(broker_epoch) => {
                BrokerRegistrationResponse { broker_epoch, ..BrokerRegistrationResponse::default() }
            }
            Err(error) => BrokerRegistrationResponse {
                error_code: error_map::code(error.reason).code(),
                ..BrokerRegistrationResponse::default()
            },
        }
    }
}

fn from_wire(
    context: &RequestContext,
    request: &BrokerRegistrationRequest,
    own_id: i32,
) -> Result<RegisterBroker, Error> {
    let features = request.features.iter();
    Ok(RegisterBroker {
        broker_id: request.broker_id,
        cluster_id: request.cluster_id.detach(),
        incarnation_id: request.incarnation_id,
        endpoints: endpoints::of_broker(&request.listeners)?,
        features: features
            .map(|f| (f.name.detach(), f.min_supported_version, f.max_supported_version))
            .collect(),
        rack: request.rack.as_ref().map(Str::detach),
        is_migrating_zk_broker: request.is_migrating_zk_broker,
        log_dirs: request.log_dirs.clone(),
        previous_broker_epoch: request.previous_broker_epoch,
        can_report_clean_shutdown: context.api_version >= PREVIOUS_EPOCH,
        is_of_this_process: context.is_of_this_process && request.broker_id == own_id,
    })
}
