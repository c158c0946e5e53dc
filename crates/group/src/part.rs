//! Groups that are kept as many small records, one for each thing that changes by itself: the
//! groups of KIP-848, KIP-932 and KIP-1071.
//!
//! A [`Part`] is one such record without the group's id. A group is what its parts say, so taking a
//! part back is applying the part that was there before, and nothing of a large group is copied for
//! a small change. A kind of group has a variant here, a directory of its own with the group
//! (`apply` gives the part that it replaced) and the part's stored form, and a variant of
//! [`Group`](crate::groups::Group).

use wire::{Bytes, Reader, Writer};

use crate::error::JournalError;
use crate::{consumer, share, streams};

/// A part of a group of any of these kinds. A part without value is a tombstone.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Of a consumer group (KIP-848).
    Consumer(consumer::Part),
    /// Of a streams group (KIP-1071).
    Streams(streams::Part),
    /// Of a share group (KIP-932).
    Share(share::Part),
}

impl Part {
    /// Reads the rest of a key, after the group id, and the value; none if the type is of no part.
    pub(crate) fn decode(
        record_type: i16,
        key: &mut Reader,
        value: Option<&Bytes>,
    ) -> Result<Option<Self>, JournalError> {
        if let Some(part) = consumer::Part::decode(record_type, key, value)? {
            return Ok(Some(Self::Consumer(part)));
        }
        if let Some(part) = streams::Part::decode(record_type, key, value)? {
            return Ok(Some(Self::Streams(part)));
        }
        Ok(share::Part::decode(record_type, key, value)?.map(Self::Share))
    }

    /// The record's type, which begins its key.
    pub(crate) fn record_type(&self) -> i16 {
        match self {
            Self::Consumer(part) => part.record_type(),
            Self::Streams(part) => part.record_type(),
            Self::Share(part) => part.record_type(),
        }
    }

    /// Writes the rest of the key, after the group id, and gives the value.
    pub(crate) fn encode(&self, key: &mut Writer) -> Result<Option<Bytes>, JournalError> {
        match self {
            Self::Consumer(part) => part.encode(key),
            Self::Streams(part) => part.encode(key),
            Self::Share(part) => part.encode(key),
        }
    }

    /// Whether the part removes something.
    pub(crate) fn is_tombstone(&self) -> bool {
        match self {
            Self::Consumer(part) => part.is_tombstone(),
            Self::Streams(part) => part.is_tombstone(),
            Self::Share(part) => part.is_tombstone(),
        }
    }

    /// Whether the group ends with this part.
    pub(crate) fn ends_group(&self) -> bool {
        match self {
            Self::Consumer(part) => matches!(part, consumer::Part::Epoch(None)),
            Self::Streams(part) => matches!(part, streams::Part::Group(None)),
            Self::Share(part) => matches!(part, share::Part::Epoch(None)),
        }
    }
}
