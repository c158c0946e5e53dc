//! ControllerRegistration: a controller that starts (KIP-919).

use metadata::controller::{Error, RegisterController};
use wire::messages::{ControllerRegistrationRequest, ControllerRegistrationResponse};

use super::endpoints;
use crate::error_map;
use crate::handle::Handle;
use crate::operation::Operation;

impl Handle {
    /// Registers a controller.
    pub async fn controller_registration(
        &self,
        request: ControllerRegistrationRequest,
    ) -> ControllerRegistrationResponse {
        let registered = match from_wire(&request) {
            Ok(request) => {
                self.ask(None, |reply| Operation::RegisterController(request, reply)).await
            }
            Err(error) => Err(error),
        };
        let (error_code, error_message) = error_map::result_to_wire(&registered);
        ControllerRegistrationResponse {
            error_code,
            error_message,
            ..ControllerRegistrationResponse::default()
        }
    }
}

fn from_wire(request: &ControllerRegistrationRequest) -> Result<RegisterController, Error> {
    let features = request.features.iter();
    Ok(RegisterController {
        controller_id: request.controller_id,
        incarnation_id: request.incarnation_id,
        endpoints: endpoints::of_controller(&request.listeners)?,
        features: features
            .map(|f| (f.name.detach(), f.min_supported_version, f.max_supported_version))
            .collect(),
    })
}
