//! DescribeConfigs, as this broker sees configurations (kafka-configs §1 item 5).

use wire::messages::{DescribeConfigsRequest, DescribeConfigsResponse};

use crate::request::Request;

/// Answers from the settings in force and the image.
pub(crate) async fn handle(
    request: Request,
    message: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    controller::describe_configs(&request.broker.config(), &request.image, &message)
}
