//! What a request leads to.

use wire::stored::metadata::MetadataRecord;

/// Records to append, and the response to give when they are committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<T> {
    /// The records, in the order in which they are to be appended.
    pub records: Vec<MetadataRecord>,
    /// What to answer.
    pub response: T,
    /// Whether the records must become visible together: one batch, or none.
    pub is_atomic: bool,
}

impl<T> Decision<T> {
    /// Records that belong together (kafka-semantics 222).
    pub fn atomic(records: Vec<MetadataRecord>, response: T) -> Self {
        Self { records, response, is_atomic: true }
    }

    /// Records that each make sense alone, in their order.
    pub fn of(records: Vec<MetadataRecord>, response: T) -> Self {
        Self { records, response, is_atomic: false }
    }

    /// A response that needs no record.
    pub fn read_only(response: T) -> Self {
        Self::of(Vec::new(), response)
    }

    /// The same records with another response.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Decision<U> {
        Decision { records: self.records, response: f(self.response), is_atomic: self.is_atomic }
    }
}
