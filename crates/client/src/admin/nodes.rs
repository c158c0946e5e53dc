//! The nodes of a cluster.

use wire::messages::{DescribeClusterRequest, DescribeClusterResponse, UnregisterBrokerRequest};

use super::Admin;
use crate::error::{Error, check};

/// Brokers and controllers, in DescribeCluster.
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

impl Admin {
    /// The cluster's id and its brokers, or its controllers when those are what is reached.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn describe_cluster(
        &self,
        include_fenced_brokers: bool,
    ) -> Result<DescribeClusterResponse, Error> {
        let controllers = self.cluster.config().controllers;
        let request = DescribeClusterRequest {
            endpoint_type: if controllers { CONTROLLERS } else { BROKERS },
            include_fenced_brokers,
            ..DescribeClusterRequest::default()
        };
        let response = self.cluster.call(&request).await?;
        check(response.error_code, response.error_message.as_deref())?;
        Ok(response)
    }

    /// Removes the registration of a broker that is gone for good.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn unregister_broker(&self, broker_id: i32) -> Result<(), Error> {
        let request = UnregisterBrokerRequest { broker_id, ..UnregisterBrokerRequest::default() };
        let response = self.cluster.call_control(&request).await?;
        check(response.error_code, response.error_message.as_deref())
    }
}
