//! BrokerHeartbeat: a broker that lives.

use metadata::controller::BrokerHeartbeat;
use wire::messages::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};

use crate::error_map;
use crate::handle::Handle;
use crate::operation::Operation;

impl Handle {
    /// Takes a heartbeat (kafka-semantics 208 to 212).
    pub async fn broker_heartbeat(
        &self,
        request: BrokerHeartbeatRequest,
    ) -> BrokerHeartbeatResponse {
        let request = BrokerHeartbeat {
            broker_id: request.broker_id,
            broker_epoch: request.broker_epoch,
            current_metadata_offset: request.current_metadata_offset,
            want_fence: request.want_fence,
            want_shut_down: request.want_shut_down,
            offline_log_dirs: request.offline_log_dirs,
            cordoned_log_dirs: request.cordoned_log_dirs,
        };
        match self.ask(None, |reply| Operation::BrokerHeartbeat(request, reply)).await {
            Ok(reply) => BrokerHeartbeatResponse {
                is_caught_up: reply.is_caught_up,
                is_fenced: reply.is_fenced,
                should_shut_down: reply.should_shut_down,
                ..BrokerHeartbeatResponse::default()
            },
            Err(error) => BrokerHeartbeatResponse {
                error_code: error_map::code(error.reason).code(),
                ..BrokerHeartbeatResponse::default()
            },
        }
    }
}
