//! Tagged fields that this release does not know.

use std::fmt;

use bytes::Bytes;

/// Tagged fields of a newer release, kept as they came so that they survive being passed on
/// (KIP-482). Empty, it is one null pointer.
#[derive(Clone, Default, PartialEq)]
pub struct TaggedFields(Option<Box<Unknown>>);

#[derive(Clone, PartialEq)]
struct Unknown {
    fields: Vec<(u32, Bytes)>,
}

impl TaggedFields {
    /// No unknown field.
    pub const fn new() -> Self {
        Self(None)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The fields, in the order of their tags.
    pub fn as_slice(&self) -> &[(u32, Bytes)] {
        self.0.as_ref().map_or(&[], |unknown| &unknown.fields)
    }

    /// Adds a field after the others. Tags go up in every message.
    pub fn push(&mut self, tag: u32, value: Bytes) {
        let unknown = self.0.get_or_insert_with(|| Box::new(Unknown { fields: Vec::new() }));
        unknown.fields.push((tag, value));
    }
}

impl fmt::Debug for TaggedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.as_slice().iter().map(|(tag, value)| (tag, value))).finish()
    }
}
