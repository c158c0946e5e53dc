//! The target assignment: who shall have what (kafka-semantics 127).
//!
//! An assignor sees the members with the topics each is subscribed to and what each shall have
//! now, and gives every partition of those topics to one member that is subscribed to it. It is a
//! function of what it sees, in the order of the members.

mod range;
mod uniform;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::{Str, Uuid};

use super::member::Partitions;

/// A member as an assignor sees it.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) member_id: Str,
    pub(super) instance_id: Option<Str>,
    /// The topics it is subscribed to that exist; members with the same ones share the set.
    pub(super) topics: Arc<BTreeSet<Uuid>>,
    /// What it shall have so far.
    pub(super) target: Arc<Partitions>,
}

/// The assignors of the broker (`group.consumer.assignors`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// As even as can be over all topics, and as few moves as can be.
    Uniform,
    /// Neighbouring partitions, the same ones of every topic.
    Range,
}

impl Assignor {
    /// The name by which clients ask for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// The assignor of a name, or of the Java class that Kafka has for it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "uniform" | "org.apache.kafka.coordinator.group.assignor.UniformAssignor" => {
                Some(Self::Uniform)
            }
            "range" | "org.apache.kafka.coordinator.group.assignor.RangeAssignor" => {
                Some(Self::Range)
            }
            _ => None,
        }
    }

    /// What each candidate shall have. `partitions` has the topics that a candidate is subscribed
    /// to, with the number of their partitions.
    pub(super) fn assign(
        self,
        candidates: &[Candidate],
        partitions: &BTreeMap<Uuid, i32>,
    ) -> Vec<Partitions> {
        let mut sets = candidates.iter().map(|candidate| &candidate.topics);
        let first = sets.next();
        let is_homogeneous =
            first.is_none_or(|first| sets.all(|set| Arc::ptr_eq(first, set) || first == set));
        match self {
            Self::Range => range::assign(candidates, partitions),
            Self::Uniform if is_homogeneous => uniform::homogeneous(candidates, partitions),
            Self::Uniform => uniform::heterogeneous(candidates, partitions),
        }
    }
}
