//! Groups of which only records are there that nobody needs: they are kept, so that offsets, lists and
//! deletion work, and nothing that Apache Kafka wrote is lost.

use std::collections::BTreeSet;

use wire::{Bytes, Str};

use crate::groups::GroupType;
use crate::journal::Record;

/// The keys of the records a group consists of.
#[derive(Clone, Debug)]
pub(crate) struct OtherGroup {
    pub(crate) id: Str,
    pub(crate) group_type: GroupType,
    keys: BTreeSet<Bytes>,
}

impl OtherGroup {
    pub(crate) fn new(id: Str, group_type: GroupType) -> Self {
        Self { id, group_type, keys: BTreeSet::new() }
    }

    /// A record was written or, without value, removed. False if no record is left.
    pub(crate) fn apply(&mut self, key: &Bytes, is_tombstone: bool) -> bool {
        if is_tombstone {
            self.keys.remove(key);
        } else {
            self.keys.insert(Bytes::copy_from_slice(key));
        }
        !self.keys.is_empty()
    }

    /// None of its records stands for a member.
    pub(crate) fn is_empty(&self) -> bool {
        true
    }

    pub(crate) fn state_name(&self) -> &'static str {
        if self.is_empty() { "Empty" } else { "Stable" }
    }

    pub(crate) fn protocol_type(&self) -> Str {
        match self.group_type {
            GroupType::Share => Str::from_static("share"),
            GroupType::Streams => Str::from_static("streams"),
            GroupType::Consumer | GroupType::Classic => Str::from_static("consumer"),
        }
    }

    /// What removes the group.
    pub(crate) fn tombstones(&self) -> impl Iterator<Item = Record> {
        self.keys.iter().map(|key| Record::Other {
            group_id: self.id.clone(),
            group_type: self.group_type,
            key: key.clone(),
            value: None,
        })
    }
}
