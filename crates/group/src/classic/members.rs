//! The members of a classic group, and what they have in common.

use std::collections::{BTreeMap, HashMap};

use wire::Str;

use super::member::Member;
use super::request::Protocol;
use crate::outcome::Token;

/// Members in the order they joined, found by member id and by instance id, with running counts of
/// protocols and of waiting joins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    by_join: BTreeMap<u64, Member>,
    next_join: u64,
    join_of_id: HashMap<Str, u64>,
    id_of_instance: HashMap<Str, Str>,
    /// How many members support a protocol.
    support: HashMap<Str, usize>,
    awaiting_join: usize,
}

impl Members {
    pub(crate) fn len(&self) -> usize {
        self.by_join.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_join.is_empty()
    }

    /// Members whose JoinGroup waits.
    pub(crate) fn awaiting_join(&self) -> usize {
        self.awaiting_join
    }

    pub(crate) fn contains(&self, member_id: &str) -> bool {
        self.join_of_id.contains_key(member_id)
    }

    pub(crate) fn get(&self, member_id: &str) -> Option<&Member> {
        self.by_join.get(self.join_of_id.get(member_id)?)
    }

    pub(crate) fn get_mut(&mut self, member_id: &str) -> Option<&mut Member> {
        self.by_join.get_mut(self.join_of_id.get(member_id)?)
    }

    /// In the order they joined.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.by_join.values()
    }

    /// In the order they joined.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.by_join.values_mut()
    }

    /// The member that has an instance id.
    pub(crate) fn static_member_id(&self, group_instance_id: &str) -> Option<&Str> {
        self.id_of_instance.get(group_instance_id)
    }

    /// Adds a member whose id and instance id are not taken.
    pub(crate) fn add(&mut self, member: Member) {
        let join = self.next_join;
        self.next_join += 1;
        self.insert(join, member);
    }

    fn insert(&mut self, join: u64, member: Member) {
        if let Some(instance_id) = &member.group_instance_id {
            self.id_of_instance.insert(instance_id.clone(), member.id.clone());
        }
        self.count(&member.protocols);
        self.awaiting_join += usize::from(member.awaiting_join.is_some());
        self.join_of_id.insert(member.id.clone(), join);
        self.by_join.insert(join, member);
    }

    /// Removes a member. Its waiting requests are in what is returned.
    pub(crate) fn remove(&mut self, member_id: &str) -> Option<Member> {
        let join = self.join_of_id.remove(member_id)?;
        let member = self.by_join.remove(&join)?;
        self.uncount(&member.protocols);
        self.awaiting_join -= usize::from(member.awaiting_join.is_some());
        if let Some(instance_id) = &member.group_instance_id {
            self.id_of_instance.remove(instance_id);
        }
        Some(member)
    }

    /// Gives a static member another member id, at the same place in the order. Waiting requests
    /// of the old id are in what is returned: (join, sync).
    pub(crate) fn replace_id(
        &mut self,
        old_member_id: &str,
        new_member_id: Str,
    ) -> (Option<Token>, Option<Token>) {
        let Some(&join) = self.join_of_id.get(old_member_id) else { return (None, None) };
        let Some(mut member) = self.remove(old_member_id) else { return (None, None) };
        let waiting = (member.awaiting_join.take(), member.awaiting_sync.take());
        member.id = new_member_id;
        member.is_new = false;
        self.insert(join, member);
        waiting
    }

    pub(crate) fn set_protocols(&mut self, member_id: &str, protocols: Vec<Protocol>) {
        self.count(&protocols);
        let old = match self.get_mut(member_id) {
            Some(member) => std::mem::replace(&mut member.protocols, protocols),
            None => protocols,
        };
        self.uncount(&old);
    }

    /// A member's JoinGroup waits from now on. The one that waited before is returned.
    pub(crate) fn await_join(&mut self, member_id: &str, token: Token) -> Option<Token> {
        let member = self.get_mut(member_id)?;
        let before = member.awaiting_join.replace(token);
        self.awaiting_join += usize::from(before.is_none());
        before
    }

    /// A member's JoinGroup waits no longer.
    pub(crate) fn take_join(&mut self, member_id: &str) -> Option<Token> {
        let token = self.get_mut(member_id)?.awaiting_join.take();
        self.awaiting_join -= usize::from(token.is_some());
        token
    }

    /// Whether all members support one of `protocols`.
    pub(crate) fn support_any(&self, protocols: &[Protocol]) -> bool {
        protocols.iter().any(|protocol| {
            self.support.get(&protocol.name).copied().unwrap_or(0) == self.by_join.len()
        })
    }

    /// The protocol with the most votes: every member votes for its first among those that all
    /// support. Between equals, the one that was voted for first wins (kafka-semantics 96).
    pub(crate) fn vote(&self) -> Option<Str> {
        let mut votes: Vec<(&Str, usize)> = Vec::new();
        for member in self.by_join.values() {
            let choice = member
                .protocols
                .iter()
                .find(|protocol| self.support.get(&protocol.name) == Some(&self.by_join.len()));
            let Some(Protocol { name, .. }) = choice else { continue };
            match votes.iter_mut().find(|(candidate, _)| *candidate == name) {
                Some((_, count)) => *count += 1,
                None => votes.push((name, 1)),
            }
        }
        let most = votes.iter().map(|(_, count)| *count).max()?;
        votes.iter().find(|(_, count)| *count == most).map(|(name, _)| (*name).clone())
    }

    fn count(&mut self, protocols: &[Protocol]) {
        for protocol in protocols {
            *self.support.entry(protocol.name.clone()).or_insert(0) += 1;
        }
    }

    fn uncount(&mut self, protocols: &[Protocol]) {
        for protocol in protocols {
            if let Some(count) = self.support.get_mut(&protocol.name) {
                *count -= 1;
                if *count == 0 {
                    self.support.remove(&protocol.name);
                }
            }
        }
    }
}
