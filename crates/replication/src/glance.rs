//! A look at replicas for those who watch, which holds nobody up.

use std::sync::Arc;

use metrics::Distribution;
use wire::Str;

use crate::partition::Partition;
use crate::replicas::{Replicas, Slot};

/// A replica as it is now.
#[derive(Clone, Debug)]
pub struct Glance {
    /// First offset that may be read.
    pub log_start_offset: i64,
    /// Offset of the next record.
    pub log_end_offset: i64,
    /// Everything below is on all in-sync replicas.
    pub high_watermark: i64,
    /// Everything below is decided.
    pub last_stable_offset: i64,
    /// Bytes in all segments.
    pub size: u64,
    /// Segments.
    pub segments: usize,
    /// Producers the log knows.
    pub producers: usize,
    /// `min.insync.replicas`.
    pub min_insync_replicas: usize,
}

impl Partition {
    /// A look at this replica. Holds its lock for a few instructions.
    pub fn glance(&self) -> Glance {
        let (size, segments, log_start_offset, log_end_offset) = self.log_figures();
        Glance {
            log_start_offset,
            log_end_offset,
            high_watermark: self.high_watermark(),
            last_stable_offset: self.last_stable_offset(),
            size,
            segments,
            producers: self.lock().log.producers().len(),
            min_insync_replicas: self.settings().min_insync_replicas,
        }
    }
}

impl Replicas {
    /// All replicas that are served, by topic and index, and how many are offline.
    pub fn sorted(&self) -> (Vec<Arc<Partition>>, usize) {
        let topics = self.read();
        let mut names: Vec<&Str> = topics.keys().collect();
        names.sort_unstable();
        let (mut online, mut offline) = (Vec::new(), 0);
        for slot in names.into_iter().flat_map(|name| &topics[name]) {
            match slot {
                Slot::Online(replica) => online.push(Arc::clone(replica)),
                Slot::Offline => offline += 1,
                Slot::Elsewhere => {}
            }
        }
        (online, offline)
    }

    /// How long flushes took since the start, in microseconds.
    pub fn flush_times(&self) -> Distribution {
        self.surroundings.flush_times()
    }
}
