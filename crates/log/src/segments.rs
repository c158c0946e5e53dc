//! The segments of a log as a reader holds them.

use std::sync::Arc;

use crate::segment::Segment;

/// Segments by base offset, never none. Immutable: the writer replaces it when a segment comes or
/// goes. The last one is the active one, which still grows.
#[derive(Debug, Clone)]
pub(crate) struct Segments(Box<[Arc<Segment>]>);

impl Segments {
    pub(crate) fn new(segments: Vec<Arc<Segment>>) -> Self {
        assert!(!segments.is_empty(), "a log has at least one segment");
        assert!(
            segments.is_sorted_by(|a, b| a.base_offset < b.base_offset),
            "segments follow each other"
        );
        Self(segments.into())
    }

    /// Of a slice, if it is not empty.
    pub(crate) fn of(segments: &[Arc<Segment>]) -> Option<Self> {
        (!segments.is_empty()).then(|| Self::new(segments.to_vec()))
    }

    pub(crate) fn all(&self) -> &[Arc<Segment>] {
        &self.0
    }

    pub(crate) fn first(&self) -> &Arc<Segment> {
        &self.0[0]
    }

    pub(crate) fn active(&self) -> &Arc<Segment> {
        &self.0[self.0.len() - 1]
    }

    /// The segments from the one that may hold `offset` on: all of them if it lies before the
    /// first.
    pub(crate) fn starting_at(&self, offset: i64) -> &[Arc<Segment>] {
        let after = self.0.partition_point(|segment| segment.base_offset <= offset);
        &self.0[after.saturating_sub(1)..]
    }

    /// With one more segment at the end.
    pub(crate) fn with(&self, segment: Arc<Segment>) -> Self {
        let mut segments = Vec::with_capacity(self.0.len() + 1);
        segments.extend_from_slice(&self.0);
        segments.push(segment);
        Self::new(segments)
    }
}
