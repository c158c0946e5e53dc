//! What goes through partitions, in numbers (Kafka's `BrokerTopicMetrics`).
//!
//! Each partition counts for itself: appends under its lock, where there is one writer, so that an
//! append pays a few plain additions. Sums by topic are made when somebody looks.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;

use metrics::{Counter, Tally};
use wire::Str;

use crate::partition::Partition;
use crate::replicas::{Replicas, Slot};

/// The counts of one partition.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Written under the partition's lock only, like the next two.
    records_in: Counter,
    bytes_in: Counter,
    produced: Counter,
    bytes_out: Tally,
    replication_bytes_out: Tally,
    fetched: Tally,
    failed_produces: Tally,
    failed_fetches: Tally,
    bytes_rejected: Tally,
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What went through partitions since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct TrafficCounts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Traffic {
            fn counts(&self) -> TrafficCounts {
                TrafficCounts { $($name: self.$name.get(),)* }
            }
        }

        impl AddAssign for TrafficCounts {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counts! {
    /// Records appended.
    records_in,
    /// Bytes appended.
    bytes_in,
    /// Appends, or attempts.
    produced,
    /// Bytes given to consumers.
    bytes_out,
    /// Bytes given to followers.
    replication_bytes_out,
    /// Reads, or attempts.
    fetched,
    /// Appends that failed for a reason that is not the client's.
    failed_produces,
    /// Reads that failed for a reason that is not the client's.
    failed_fetches,
    /// Bytes refused because they are too large.
    bytes_rejected,
}

impl Traffic {
    /// An append is tried. Under the partition's lock.
    pub(crate) fn count_attempt(&self) {
        self.produced.add(1);
    }

    /// A batch was appended. Under the partition's lock.
    pub(crate) fn count_append(&self, records: u64, bytes: u64) {
        self.records_in.add(records);
        self.bytes_in.add(bytes);
    }
}

impl Partition {
    /// A fetch has read this partition and is given so many bytes.
    pub fn count_fetch(&self, bytes: u64, is_follower: bool) {
        self.traffic.fetched.add(1);
        match is_follower {
            _ if bytes == 0 => {}
            true => self.traffic.replication_bytes_out.add(bytes),
            false => self.traffic.bytes_out.add(bytes),
        }
    }

    /// A fetch of this partition has failed for a reason that is not the client's.
    pub fn count_failed_fetch(&self) {
        self.traffic.fetched.add(1);
        self.traffic.failed_fetches.add(1);
    }

    /// A batch for this partition was refused, or not appended, for a reason that is not the
    /// client's.
    pub fn count_failed_produce(&self) {
        self.traffic.failed_produces.add(1);
    }

    /// A batch for this partition was refused because it is too large.
    pub fn count_rejected(&self, bytes: u64) {
        self.traffic.bytes_rejected.add(bytes);
    }
}

/// The counts of replicas that are gone, which sums must not lose.
#[derive(Debug, Default)]
pub(crate) struct Retired {
    by_topic: HashMap<Str, TrafficCounts>,
    /// Those of topics that are gone.
    others: TrafficCounts,
}

impl Retired {
    /// A replica is gone; `is_last` if it was the last of its topic here.
    pub(crate) fn add(&mut self, replica: &Partition, is_last: bool) {
        let counts = replica.traffic.counts();
        if !is_last {
            *self.by_topic.entry(replica.topic().detach()).or_default() += counts;
            return;
        }
        self.others += self.by_topic.remove(replica.topic()).unwrap_or_default();
        self.others += counts;
    }
}

/// What went through all partitions.
#[derive(Debug, Default)]
pub struct TrafficSums {
    /// By topic, of topics with replicas here.
    pub by_topic: BTreeMap<Str, TrafficCounts>,
    /// Of all, those that are gone too.
    pub all: TrafficCounts,
}

impl Replicas {
    /// What went through the partitions here since the start.
    pub fn traffic(&self) -> TrafficSums {
        let topics = self.read();
        let retired = self.retired();
        let mut sums = TrafficSums { by_topic: BTreeMap::new(), all: retired.others };
        for (name, slots) in topics.iter() {
            let mut sum = retired.by_topic.get(name).copied().unwrap_or_default();
            for slot in slots {
                if let Slot::Online(replica) = slot {
                    sum += replica.traffic.counts();
                }
            }
            sums.all += sum;
            sums.by_topic.insert(name.clone(), sum);
        }
        sums
    }
}
