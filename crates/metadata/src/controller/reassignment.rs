//! Moving replicas between brokers (kafka-semantics 203, 204).

use crate::ids::BrokerIds;

/// A running reassignment: `replicas` are target and current ones together, target first.
pub(super) struct Reassignment<'a> {
    pub(super) removing: &'a [i32],
    pub(super) adding: &'a [i32],
    pub(super) replicas: &'a [i32],
}

impl Reassignment<'_> {
    /// Replicas and ISR once it is complete, if `isr` allows that.
    ///
    /// All added replicas must be in sync; when replicas become fewer, all that stay must be, so
    /// that completing never costs more of the ISR than it has to.
    pub(super) fn completed(&self, isr: &[i32]) -> Option<(BrokerIds, BrokerIds)> {
        if self.removing.is_empty() && self.adding.is_empty() {
            return None;
        }
        let stays = |id: &i32| !self.removing.contains(id);
        let replicas: BrokerIds = self.replicas.iter().copied().filter(stays).collect();
        let isr: BrokerIds = isr.iter().copied().filter(stays).collect();
        let nobody_left = !self.removing.is_empty() && (isr.is_empty() || replicas.is_empty());
        let shrinks = self.adding.len() < self.removing.len();
        if nobody_left
            || !isr.contains_all(self.adding)
            || (shrinks && !isr.contains_all(&replicas))
        {
            return None;
        }
        Some((replicas, isr))
    }
}
