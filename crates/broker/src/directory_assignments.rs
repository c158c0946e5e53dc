//! Telling the controller in which log directories the replicas of this broker are
//! (AssignReplicasToDirs, KIP-858).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metadata::Image;
use replication::DirectoryAssignment;
use tokio::sync::{mpsc, oneshot};
use wire::messages::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse,
    assign_replicas_to_dirs_request::{DirectoryData, PartitionData, TopicData},
};
use wire::{ErrorCode, Response, Uuid};

use crate::state::Broker;

/// The version of the API as this broker speaks it.
const VERSION: i16 = 0;
/// As many as one request may hold.
const PER_REQUEST_MAX: usize = 2250;
/// After a failure the next request waits this long, twice as long after each further one.
const BACKOFF: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Topic and partition.
type Replica = (Uuid, i32);

/// Where a replica is, and who waits for the controller to know it.
#[derive(Debug)]
struct Assignment {
    directory: Uuid,
    accepted: Option<oneshot::Sender<()>>,
}

/// What the controller is to know; of each replica the latest.
#[derive(Debug, Default)]
struct Assignments {
    waiting: BTreeMap<Replica, Assignment>,
    failures: u32,
}

/// Tells the controller until `incoming` ends. One request is under way at a time.
pub async fn keep_directories_assigned(
    broker: Arc<Broker>,
    mut incoming: mpsc::UnboundedReceiver<DirectoryAssignment>,
) {
    let mut assignments = Assignments::default();
    loop {
        if assignments.waiting.is_empty() {
            match incoming.recv().await {
                Some(assignment) => assignments.add(assignment),
                None => return,
            }
        }
        while let Ok(assignment) = incoming.try_recv() {
            assignments.add(assignment);
        }
        let image = broker.image();
        let sent = assignments.take(broker.node_id, &image);
        if sent.is_empty() {
            continue;
        }
        let request = AssignReplicasToDirsRequest {
            broker_id: broker.node_id,
            broker_epoch: image.cluster.broker(broker.node_id).map_or(-1, |known| known.epoch),
            directories: to_wire(&sent),
            ..AssignReplicasToDirsRequest::default()
        };
        match broker.controller.send(request.into(), VERSION).await {
            Ok(Response::AssignReplicasToDirs(response)) => assignments.answered(sent, &response),
            _ => assignments.failed(sent),
        }
        if let Some(pause) = assignments.pause() {
            broker.env.sleep(pause).await;
        }
    }
}

impl Assignments {
    fn add(&mut self, assignment: DirectoryAssignment) {
        let DirectoryAssignment { topic_id, index, directory, accepted } = assignment;
        self.waiting.insert((topic_id, index), Assignment { directory, accepted });
    }

    /// What to send next. What concerns no replica of this broker any more is dropped. A cluster
    /// whose metadata.version does not know of directories (below 3.7) need not be told.
    fn take(&mut self, node_id: i32, image: &Image) -> BTreeMap<Replica, Assignment> {
        let version = image.features.metadata_version_or_minimum();
        if !version.is_directory_assignment_supported() {
            let accepted = std::mem::take(&mut self.waiting).into_values();
            for accepted in accepted.filter_map(|assignment| assignment.accepted) {
                // The one who asked may have given up.
                let _ = accepted.send(());
            }
            return BTreeMap::new();
        }
        let mut taken = BTreeMap::new();
        while taken.len() < PER_REQUEST_MAX
            && let Some(((topic_id, index), assignment)) = self.waiting.pop_first()
        {
            let topic = image.topics.by_id(topic_id);
            let partition = topic.and_then(|topic| topic.partition(index));
            if partition.is_some_and(|partition| partition.replicas.contains(&node_id)) {
                taken.insert((topic_id, index), assignment);
            }
        }
        taken
    }

    /// The request failed as a whole; what was sent waits again, unless something newer does.
    fn failed(&mut self, sent: BTreeMap<Replica, Assignment>) {
        self.failures += 1;
        for (replica, assignment) in sent {
            self.waiting.entry(replica).or_insert(assignment);
        }
    }

    fn answered(
        &mut self,
        mut sent: BTreeMap<Replica, Assignment>,
        response: &AssignReplicasToDirsResponse,
    ) {
        if response.error_code != ErrorCode::None.code() {
            let error = ErrorCode::from_code(response.error_code);
            tracing::warn!(?error, "the controller takes no directories of replicas");
            return self.failed(sent);
        }
        let results = response.directories.iter().flat_map(|directory| &directory.topics);
        let results = results.flat_map(|topic| {
            topic.partitions.iter().map(|p| ((topic.topic_id, p.partition_index), p.error_code))
        });
        for (replica, error) in results.filter(|(_, error)| *error == ErrorCode::None.code()) {
            debug_assert_eq!(error, ErrorCode::None.code());
            if let Some(accepted) = sent.remove(&replica).and_then(|sent| sent.accepted) {
                // The one who asked may have given up.
                let _ = accepted.send(());
            }
        }
        match sent.is_empty() {
            true => self.failures = 0,
            false => self.failed(sent),
        }
    }

    fn pause(&self) -> Option<Duration> {
        let doublings = self.failures.checked_sub(1)?.min(16);
        Some((BACKOFF * (1 << doublings)).min(BACKOFF_MAX))
    }
}

fn to_wire(sent: &BTreeMap<Replica, Assignment>) -> Vec<DirectoryData> {
    let mut directories: BTreeMap<Uuid, BTreeMap<Uuid, Vec<PartitionData>>> = BTreeMap::new();
    for ((topic_id, index), assignment) in sent {
        let partition = PartitionData { partition_index: *index, ..PartitionData::default() };
        let topics = directories.entry(assignment.directory).or_default();
        topics.entry(*topic_id).or_default().push(partition);
    }
    let directories = directories.into_iter().map(|(id, topics)| DirectoryData {
        id,
        topics: topics
            .into_iter()
            .map(|(topic_id, partitions)| TopicData {
                topic_id,
                partitions,
                ..TopicData::default()
            })
            .collect(),
        ..DirectoryData::default()
    });
    directories.collect()
}

#[cfg(test)]
mod tests;
