//! Heartbeat (kafka-semantics 104).

use coordination::Error;
use group::Heartbeat;
use wire::ErrorCode;
use wire::messages::{HeartbeatRequest, HeartbeatResponse};

use crate::error_map;
use crate::request::Request;

/// A member says that it is alive.
pub(crate) async fn handle(request: Request, message: HeartbeatRequest) -> HeartbeatResponse {
    let group_id = message.group_id.clone();
    let heartbeat = Heartbeat {
        group_id: message.group_id,
        member_id: message.member_id,
        group_instance_id: message.group_instance_id,
        generation_id: message.generation_id,
    };
    let error = match request.broker.groups.call(&group_id, heartbeat).await {
        Ok(Ok(())) => ErrorCode::None,
        Ok(Err(error)) => error_map::group(&error),
        // Sessions begin anew when the group is loaded.
        Err(Error::CoordinatorLoadInProgress) => ErrorCode::None,
        Err(error) => error_map::coordination(error),
    };
    HeartbeatResponse { error_code: error.code(), ..HeartbeatResponse::default() }
}
