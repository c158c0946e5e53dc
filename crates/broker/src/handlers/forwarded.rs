//! Requests that the active controller answers (kafka-apis §1, column f).

use wire::{Request as Message, Response};

use crate::request::Request;
use crate::to_controller::NoController;

/// Asks the controller.
///
/// # Errors
/// There is none. The connection is closed then, and the client asks again.
pub(crate) async fn handle(request: Request, message: Message) -> Result<Response, NoController> {
    request.broker.controller.send(message, request.version).await
}
