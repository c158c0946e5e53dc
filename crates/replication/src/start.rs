//! What is found in the log directories when the broker starts: replicas as the image places them,
//! strays, moves that were cut off.

use std::cmp::Reverse;

use log::{Loaded, LoadedLog, TopicPartition};
use metadata::{Image, Topic};
use wire::{Str, Uuid};

use crate::replicas::{Replicas, Slot};

impl Replicas {
    /// Takes the logs that were loaded into use. What the image does not place here is set aside
    /// (kafka-storage §4.9); moves between directories go on.
    pub(crate) fn take_in(&self, image: &Image, loaded: Loaded) {
        for failed in loaded.failed {
            let TopicPartition { topic, partition } = failed.topic_partition;
            self.set(&Str::copy_from(&topic), partition, Slot::Offline);
        }
        let placed = |logs: Vec<LoadedLog>| -> Vec<LoadedLog> {
            logs.into_iter().filter_map(|loaded| self.check_placed(image, loaded)).collect()
        };
        let (current, mut future) = (placed(loaded.logs), placed(loaded.future));
        for (topic, loaded) in self.of_each_partition(image, current) {
            let index = loaded.log.topic_partition().partition;
            self.admit(image, topic, index, loaded.log, loaded.high_watermark);
        }
        future.sort_by_cached_key(|loaded| self.rank(image, loaded));
        for loaded in future {
            self.take_in_future(image, loaded);
        }
    }

    /// Sets a log aside that the image does not place here, or that is of an earlier topic of that
    /// name.
    fn check_placed(&self, image: &Image, loaded: LoadedLog) -> Option<LoadedLog> {
        let name = loaded.log.topic_partition();
        let topic = image.topics.by_name(&name.topic);
        let placed = topic.filter(|topic| {
            topic.partition(name.partition).is_some_and(|p| p.replicas.contains(&self.node_id))
        });
        let Some(topic) = placed else {
            tracing::warn!("{name} is not placed on this broker; its log is set aside");
            self.retire(|| self.dirs().set_aside(&loaded.log));
            return None;
        };
        match loaded.log.topic_id() {
            Some(id) if id != topic.id => {
                tracing::warn!(
                    "the log of {name} is of an earlier topic of that name (id {id}, now {}); it \
                     is set aside",
                    topic.id
                );
                self.retire(|| self.dirs().set_aside(&loaded.log));
                None
            }
            _ => Some(loaded),
        }
    }

    /// One log of each partition. Of two, as a move leaves them that was cut off right before its
    /// end, the one counts that is where the metadata has the replica, or else the longer one.
    fn of_each_partition<'a>(
        &self,
        image: &'a Image,
        mut logs: Vec<LoadedLog>,
    ) -> Vec<(&'a Topic, LoadedLog)> {
        logs.sort_by_cached_key(|loaded| self.rank(image, loaded));
        let mut kept: Vec<(&Topic, LoadedLog)> = Vec::with_capacity(logs.len());
        for loaded in logs {
            let name = loaded.log.topic_partition();
            match kept.last() {
                Some((_, first)) if first.log.topic_partition() == name => {
                    self.remove_duplicate(first, &loaded);
                }
                _ => {
                    if let Some(topic) = image.topics.by_name(&name.topic) {
                        kept.push((topic, loaded));
                    }
                }
            }
        }
        kept
    }

    fn rank(&self, image: &Image, loaded: &LoadedLog) -> (TopicPartition, bool, Reverse<i64>) {
        let name = loaded.log.topic_partition();
        let assigned = self.assigned_directory(image, &name.topic, name.partition);
        let is_elsewhere = assigned != Some(loaded.log.dir().id());
        (name.clone(), is_elsewhere, Reverse(loaded.log.log_end_offset()))
    }

    /// A log whose records the other one has as well is removed; if it has others, somebody may
    /// want to look at it.
    fn remove_duplicate(&self, kept: &LoadedLog, other: &LoadedLog) {
        let (path, dirs) = (other.log.path(), self.dirs());
        let others_end = other.log.log_end_offset();
        let common = other.log.leader_epochs().common_end(
            others_end,
            kept.log.leader_epochs(),
            kept.log.log_end_offset(),
        );
        if common == others_end {
            tracing::info!(
                "{} is a second copy of {} and is removed",
                path.display(),
                kept.log.path().display()
            );
            return self.retire(|| dirs.delete(&other.log));
        }
        tracing::warn!(
            "{} is a second replica with records that {} does not have; it is set aside",
            path.display(),
            kept.log.path().display()
        );
        self.retire(|| dirs.set_aside(&other.log));
    }

    /// A copy on its way to another directory: the move goes on, unless the copy is what counts
    /// already. That it is when the log it copies is gone, or has lost in a power loss what the
    /// copy has.
    fn take_in_future(&self, image: &Image, loaded: LoadedLog) {
        let name = loaded.log.topic_partition().clone();
        let Some(topic) = image.topics.by_name(&name.topic) else { return };
        let dir = loaded.log.dir().clone();
        let is_assigned =
            self.assigned_directory(image, &topic.name, name.partition) == Some(dir.id());
        match self.slot(&topic.name, name.partition) {
            Slot::Elsewhere => self.take_in_alone(image, topic, loaded),
            Slot::Offline if is_assigned => self.take_in_alone(image, topic, loaded),
            Slot::Offline => {
                tracing::warn!(
                    path = %loaded.log.path().display(),
                    "the log that this is a copy of is offline; the copy stays as it is"
                );
            }
            Slot::Online(partition) => {
                let current = partition.place().0;
                if partition.future.view().is_some() || current.id() == dir.id() {
                    return self.retire(|| self.dirs().delete(&loaded.log));
                }
                if partition.is_prefix_of(&loaded.log) {
                    return self.take_in_instead(&partition, loaded);
                }
                tracing::info!(
                    "{name} goes on moving from {} to {}",
                    current.path().display(),
                    dir.path().display()
                );
                self.start_move(&partition, loaded.log, is_assigned);
            }
        }
    }

    fn take_in_alone(&self, image: &Image, topic: &Topic, loaded: LoadedLog) {
        let LoadedLog { mut log, high_watermark } = loaded;
        let (path, index) = (log.path(), log.topic_partition().partition);
        match self.dirs().promote_alone(&mut log) {
            Ok(()) => {
                tracing::warn!(
                    path = %path.display(),
                    "the log that this is a copy of is gone; the copy takes its place"
                );
                self.admit(image, topic, index, log, high_watermark);
            }
            Err(error) => tracing::error!("a copy cannot take the place of its log: {error}"),
        }
    }

    fn take_in_instead(&self, partition: &crate::partition::Partition, loaded: LoadedLog) {
        let LoadedLog { mut log, high_watermark } = loaded;
        let from = log.path();
        let mut state = partition.lock();
        if let Err(error) = self.dirs().promote_alone(&mut log) {
            tracing::error!("a copy cannot take the place of its log: {error}");
            return;
        }
        tracing::warn!(
            path = %from.display(),
            "the copy has {} records that its log has lost; it takes its place",
            log.log_end_offset() - state.log.log_end_offset()
        );
        partition.set_reader(log.reader());
        let old = std::mem::replace(&mut state.log, log);
        self.retire(|| self.dirs().delete(&old));
        let offsets = state.offsets();
        state.replica.on_log_bounds(offsets);
        state.replica.on_leader_high_watermark(high_watermark, offsets);
        partition.publish(&mut state);
    }

    /// Where the metadata has this broker's replica of a partition; that may be no directory
    /// ([`metadata::directory`]).
    pub(crate) fn assigned_directory(
        &self,
        image: &Image,
        topic: &str,
        index: i32,
    ) -> Option<Uuid> {
        image.topics.partition(topic, index)?.directory(self.node_id)
    }
}
