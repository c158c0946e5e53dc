//! Messages under way, and how they get lost.

use std::collections::{BTreeMap, BTreeSet};

use quorum::NodeId;
use quorum::message::{Request, RequestId, Response};

use crate::random::Rng;

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    Request { from: NodeId, life: u32, request_id: RequestId, to: NodeId, request: Request },
    Response { to: NodeId, life: u32, request_id: RequestId, response: Option<Response> },
    Flush { node: NodeId, life: u32 },
    Tick { node: NodeId, life: u32 },
    Restart { node: NodeId },
    Fault,
    Load,
    Change,
    Snapshot,
}

/// The order of what is to come.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    queue: BTreeMap<(u64, u64), Happening>,
    count: u64,
}

impl Schedule {
    pub(crate) fn at(&mut self, time: u64, happening: Happening) {
        self.count += 1;
        self.queue.insert((time, self.count), happening);
    }

    pub(crate) fn next(&mut self) -> Option<(u64, Happening)> {
        self.queue.pop_first().map(|((time, _), happening)| (time, happening))
    }
}

/// Who can talk to whom, and how badly.
#[derive(Debug, Default)]
pub(crate) struct Network {
    /// Nodes cut off from all that are not in here with them; empty when whole.
    pub(crate) island: BTreeSet<NodeId>,
    /// Messages lost, of a hundred.
    pub(crate) loss: u64,
}

impl Network {
    /// When a message sent now arrives, if it does.
    pub(crate) fn delivery(
        &self,
        from: NodeId,
        to: NodeId,
        now: u64,
        rng: &mut Rng,
    ) -> Option<u64> {
        let is_cut = self.island.contains(&from) != self.island.contains(&to);
        if is_cut || rng.chance(self.loss) {
            return None;
        }
        let slow = if rng.chance(5) { 150 } else { 10 };
        Some(now + 1 + rng.below(slow))
    }
}
