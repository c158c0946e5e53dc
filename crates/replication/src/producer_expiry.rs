//! Forgetting producers that have been silent for too long (kafka-semantics 36).

use std::sync::Arc;
use std::time::Duration;

use crate::partition::Partition;
use crate::replicas::Replicas;

impl Replicas {
    /// Looks for such producers at intervals (`producer.id.expiration.check.interval.ms`), until
    /// the task is dropped.
    pub async fn expire_producers(self: Arc<Self>, every: Duration) {
        loop {
            self.env().sleep(every).await;
            let replicas = Arc::clone(&self);
            let pass = move || {
                let now_ms = replicas.env().clock().wall_ms();
                replicas.online().iter().for_each(|partition| partition.expire_producers(now_ms));
            };
            self.env().blocking(pass).await;
        }
    }
}

impl Partition {
    fn expire_producers(&self, now_ms: i64) {
        let mut state = self.lock();
        let expiration_ms = state.log.settings().producer_id_expiration_ms;
        state.log.producers_mut().remove_expired(now_ms, expiration_ms);
        state.verifications.remove_expired(now_ms, expiration_ms);
    }
}
