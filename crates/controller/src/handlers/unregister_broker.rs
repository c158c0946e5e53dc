//! UnregisterBroker: forget a broker that will not come back.

use wire::messages::{UnregisterBrokerRequest, UnregisterBrokerResponse};

use crate::error_map;
use crate::handle::Handle;
use crate::operation::Operation;

impl Handle {
    /// Removes a broker's registration (kafka-semantics 213).
    pub async fn unregister_broker(
        &self,
        request: UnregisterBrokerRequest,
    ) -> UnregisterBrokerResponse {
        let ask = |reply| Operation::UnregisterBroker(request.broker_id, reply);
        match self.ask(None, ask).await {
            // As in Kafka, success has an empty text rather than none.
            Ok(()) => UnregisterBrokerResponse::default(),
            Err(error) => {
                let (error_code, error_message) = error_map::to_wire(&error);
                UnregisterBrokerResponse {
                    error_code,
                    error_message,
                    ..UnregisterBrokerResponse::default()
                }
            }
        }
    }
}
