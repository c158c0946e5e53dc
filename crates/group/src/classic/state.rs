//! The state of a classic group.

use std::collections::BTreeSet;

use wire::Str;

use super::members::Members;
use crate::error::Error;

/// The protocol type of consumers, whose subscriptions a coordinator can read.
pub(crate) const CONSUMER_PROTOCOL_TYPE: &str = "consumer";

/// A group of the classic protocol (kafka-semantics H).
///
/// Members, states and waiting requests are soft: they change at once, ahead of the log. What must
/// survive is written as a whole when a generation is complete, and read back on load.
#[derive(Clone, Debug)]
pub(crate) struct ClassicGroup {
    pub(crate) id: Str,
    pub(super) state: State,
    /// When the state was entered; unknown after loading a record that old brokers wrote.
    pub(crate) state_timestamp_ms: Option<i64>,
    pub(crate) protocol_type: Option<Str>,
    pub(super) protocol_name: Option<Str>,
    pub(super) generation_id: i32,
    pub(super) leader: Option<Str>,
    pub(super) members: Members,
    /// Ids given out to members that did not come back with them yet (kafka-semantics 91).
    pub(super) pending_joins: BTreeSet<Str>,
    /// Members of the generation that did not ask for their assignment yet.
    pub(super) pending_syncs: BTreeSet<Str>,
    /// What consumers are subscribed to, if they all could be read.
    pub(crate) subscribed_topics: Option<BTreeSet<Str>>,
}

/// Where a group stands (kafka-semantics 88). A group that is gone is "Dead" to clients and not
/// kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No members.
    Empty,
    /// Members are joining.
    PreparingRebalance {
        /// Set in the first rebalance of an empty group.
        initial: Option<InitialDelay>,
    },
    /// The generation is known to its members, the leader's assignment is awaited.
    CompletingRebalance,
    /// Members have their assignments.
    Stable,
}

/// The wait for more members in the first rebalance of an empty group (kafka-semantics 94).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InitialDelay {
    /// The step that runs now.
    pub(crate) delay_ms: i32,
    /// What may be waited after it.
    pub(crate) remaining_ms: i32,
    /// A member was added in this step, so another one follows.
    pub(crate) member_added: bool,
}

impl State {
    /// The name that clients see.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance { .. } => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

impl ClassicGroup {
    /// An empty group without history.
    pub(crate) fn new(id: Str, now_ms: i64) -> Self {
        Self {
            id,
            state: State::Empty,
            state_timestamp_ms: Some(now_ms),
            protocol_type: None,
            protocol_name: None,
            generation_id: 0,
            leader: None,
            members: Members::default(),
            pending_joins: BTreeSet::new(),
            pending_syncs: BTreeSet::new(),
            subscribed_topics: None,
        }
    }

    pub(crate) fn state_name(&self) -> &'static str {
        self.state.name()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state == State::Empty
    }

    pub(crate) fn is_stable(&self) -> bool {
        self.state == State::Stable
    }

    /// The states in which a commit shows that the member is alive (kafka-semantics 107).
    pub(crate) fn commits_are_heartbeats(&self) -> bool {
        matches!(self.state, State::Stable | State::PreparingRebalance { .. })
    }

    pub(crate) fn is_completing(&self) -> bool {
        self.state == State::CompletingRebalance
    }

    pub(crate) fn is_preparing(&self) -> bool {
        matches!(self.state, State::PreparingRebalance { .. })
    }

    pub(crate) fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_ref().is_some_and(|protocol| *protocol == *CONSUMER_PROTOCOL_TYPE)
    }

    /// Whether a member may be subscribed to the topic. Consumers whose subscriptions cannot be
    /// read may be subscribed to anything.
    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed_topics {
            Some(topics) => topics.contains(topic),
            None => self.uses_consumer_protocol(),
        }
    }

    pub(super) fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_ref().is_some_and(|leader| *leader == *member_id)
    }

    pub(super) fn enter(&mut self, state: State, now_ms: i64) {
        self.state = state;
        self.state_timestamp_ms = Some(now_ms);
    }

    /// All members that were to join did (kafka-semantics 95).
    pub(super) fn has_all_members_joined(&self) -> bool {
        self.members.len() == self.members.awaiting_join() && self.pending_joins.is_empty()
    }

    /// The longest time a member may take to join again.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        self.members.iter().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0).max(0)
    }

    /// Whether the member exists and is not fenced by another one with its instance id.
    pub(super) fn validate_member(
        &self,
        member_id: &str,
        group_instance_id: Option<&Str>,
    ) -> Result<(), Error> {
        if let Some(instance_id) = group_instance_id {
            match self.members.static_member_id(instance_id) {
                None => return Err(Error::UnknownMemberId),
                Some(current) if *current != *member_id => return Err(Error::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains(member_id) { Ok(()) } else { Err(Error::UnknownMemberId) }
    }

    /// Whether offsets may be committed with these credentials (kafka-semantics 111, 112). In a
    /// transaction the state of the group does not matter, nor do versions without member ids.
    pub(crate) fn validate_commit(
        &self,
        member_id: &str,
        group_instance_id: Option<&Str>,
        generation_id: i32,
        transactional: bool,
    ) -> Result<(), Error> {
        if generation_id < 0 && self.is_empty() {
            return Ok(());
        }
        if generation_id >= 0 || !member_id.is_empty() || group_instance_id.is_some() {
            self.validate_member(member_id, group_instance_id)?;
            if generation_id != self.generation_id {
                return Err(Error::IllegalGeneration);
            }
        } else if !transactional && !self.is_empty() {
            return Err(Error::UnknownMemberId);
        }
        if !transactional && self.is_completing() {
            return Err(Error::RebalanceInProgress);
        }
        Ok(())
    }
}
