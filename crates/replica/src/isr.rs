//! The in-sync replicas and how they change.

/// A change of the ISR that a leader asks the controller for (kafka-semantics 49).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsrProposal {
    /// The leader's epoch.
    pub leader_epoch: i32,
    /// The partition epoch the proposal is based on.
    pub partition_epoch: i32,
    /// The whole ISR wished for, with the epochs its brokers fetch with (-1 when unknown).
    pub isr: Vec<IsrMember>,
}

/// A member of a proposed ISR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsrMember {
    /// The broker.
    pub broker_id: i32,
    /// Its epoch, which the controller compares with its registration.
    pub broker_epoch: i64,
}

/// What the controller answered to a proposal for this partition, or what came instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlterPartitionAnswer {
    /// The partition as it is now, changed or as it was already.
    Committed {
        /// Leader epoch of the partition.
        leader_epoch: i32,
        /// Partition epoch after the change.
        partition_epoch: i32,
        /// The ISR.
        isr: Vec<i32>,
    },
    /// Not done, and certainly so: `INELIGIBLE_REPLICA`, `OPERATION_NOT_ATTEMPTED`.
    NotDone,
    /// Refused, and newer metadata is on its way that tells why: `UNKNOWN_TOPIC_OR_PARTITION`,
    /// `UNKNOWN_TOPIC_ID`, `FENCED_LEADER_EPOCH`, `INVALID_UPDATE_VERSION`, `INVALID_REQUEST`,
    /// `NEW_LEADER_ELECTED`.
    AwaitMetadata,
    /// Anything else: ask again.
    Failed,
}

/// The ISR of a partition as its leader holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Isr {
    /// As the controller committed it.
    committed: Vec<i32>,
    pending: Option<Pending>,
}

/// A change under way; there is at most one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pending {
    /// Who joins; `None` when members leave.
    joining: Option<i32>,
    proposal: IsrProposal,
}

impl Isr {
    pub(crate) fn new(committed: Vec<i32>) -> Self {
        Self { committed, pending: None }
    }

    pub(crate) fn committed(&self) -> &[i32] {
        &self.committed
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether `broker_id` is in the maximal ISR: the committed one and who is about to join.
    /// Until a change is committed the larger set counts, which is the safe side both ways
    /// (kafka-semantics 43, 49).
    pub(crate) fn is_in_maximal(&self, broker_id: i32) -> bool {
        self.committed.contains(&broker_id) || self.joining() == Some(broker_id)
    }

    /// Members of the maximal ISR.
    pub(crate) fn maximal_len(&self) -> usize {
        self.committed.len() + usize::from(self.joining().is_some())
    }

    pub(crate) fn begin(&mut self, joining: Option<i32>, proposal: IsrProposal) -> IsrProposal {
        self.pending = Some(Pending { joining, proposal: proposal.clone() });
        proposal
    }

    pub(crate) fn commit(&mut self, isr: Vec<i32>) {
        *self = Self::new(isr);
    }

    pub(crate) fn give_up(&mut self) {
        self.pending = None;
    }

    /// The proposal under way.
    pub(crate) fn proposal(&self) -> Option<&IsrProposal> {
        self.pending.as_ref().map(|pending| &pending.proposal)
    }

    fn joining(&self) -> Option<i32> {
        self.pending.as_ref().and_then(|pending| pending.joining)
    }
}
