//! Folds what the quorum commits into images and shows them to everybody on the node.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
use env::{Env, Task};
use metadata::{Image, LoadError, Loader, Provenance, RecordBatch, Update};
use quorum_node::{CommittedBatch, LoadedSnapshot, QuorumEvent, Subscription};
use tokio::sync::{mpsc, watch};
use wire::DecodeError;
use wire::stored::metadata::MetadataRecord;

/// Updates that may wait for a slow subscriber; beyond that everybody waits for it.
const QUEUED_EVENTS_MAX: usize = 64;

/// Batches folded into one update while more are there already.
const BATCHES_PER_UPDATE_MAX: usize = 1_024;

/// What a subscriber learns, in order.
#[derive(Clone, Debug)]
pub enum MetadataEvent {
    /// There is a new image. The first one leads from nothing to what is known by then.
    Update(Update),
    /// Somebody else is the active controller, or nobody, or this node.
    LeaderChange(LeaderChange),
}

/// Who is the active controller. If it is this node, every record before its epoch was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderChange {
    /// The epoch of the quorum.
    pub epoch: i32,
    /// The active controller, if known.
    pub leader: Option<i32>,
    /// Whether a metadata transaction is open, which the new controller has to abort.
    pub is_in_transaction: bool,
}

/// Why the metadata cannot be followed any further. The node has to end then.
#[derive(Debug, thiserror::Error)]
pub enum PublisherError {
    /// The quorum node stopped, or could not read its log.
    #[error(transparent)]
    Quorum(#[from] quorum_node::Error),
    /// A record that does not fit the ones before.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A record of a type or version that is not known here.
    #[error("metadata record at offset {offset}: {source}")]
    Decode {
        /// The offset of the record.
        offset: i64,
        /// What is wrong with it.
        source: DecodeError,
    },
}

/// The cluster's metadata as this node knows it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metadata {
    image: Arc<ArcSwap<Image>>,
    reached: watch::Receiver<i64>,
    newcomers: mpsc::Sender<mpsc::Sender<MetadataEvent>>,
}

impl Metadata {
    /// The image now, for as long as a request takes.
    pub fn load(&self) -> Guard<Arc<Image>> {
        self.image.load()
    }

    /// The image now, to keep.
    pub fn image(&self) -> Arc<Image> {
        self.image.load_full()
    }

    /// The place where the newest image always is, for those who read it often.
    pub fn cell(&self) -> Arc<ArcSwap<Image>> {
        Arc::clone(&self.image)
    }

    /// Waits until the image holds everything up to and with `offset`; false if the node stops
    /// before.
    pub async fn reach(&self, offset: i64) -> bool {
        self.reached.clone().wait_for(|reached| *reached >= offset).await.is_ok()
    }

    /// The offset of the last record in the image, and how it moves on.
    pub fn reached(&self) -> watch::Receiver<i64> {
        self.reached.clone()
    }

    /// Every image from now on with what changed, and every change of the active controller.
    ///
    /// The channel closes when the node stops. A subscriber must keep up: the metadata of the
    /// whole node waits for the slowest.
    pub async fn subscribe(&self) -> mpsc::Receiver<MetadataEvent> {
        let (sender, events) = mpsc::channel(QUEUED_EVENTS_MAX);
        // If the publisher is gone the sender is dropped, and the channel is closed.
        let _ = self.newcomers.send(sender).await;
        events
    }
}

/// Starts to follow the quorum.
///
/// The task ends with the error for which the metadata cannot be followed any further.
pub fn follow(env: &Env, subscription: Subscription) -> (Metadata, Task<PublisherError>) {
    let image = Arc::new(ArcSwap::from_pointee(Image::default()));
    let (reached, watching) = watch::channel(-1);
    let (newcomers, joining) = mpsc::channel(QUEUED_EVENTS_MAX);
    let metadata = Metadata { image: Arc::clone(&image), reached: watching, newcomers };
    let publisher = Publisher {
        subscription,
        loader: Loader::default(),
        image,
        reached,
        joining,
        subscribers: Vec::new(),
        leader: None,
    };
    (metadata, env.spawn("metadata-publisher", publisher.run()))
}

struct Publisher {
    subscription: Subscription,
    loader: Loader,
    image: Arc<ArcSwap<Image>>,
    reached: watch::Sender<i64>,
    joining: mpsc::Receiver<mpsc::Sender<MetadataEvent>>,
    subscribers: Vec<mpsc::Sender<MetadataEvent>>,
    leader: Option<LeaderChange>,
}

impl Publisher {
    async fn run(mut self) -> PublisherError {
        loop {
            let step = tokio::select! {
                biased;
                Some(newcomer) = self.joining.recv() => {
                    self.welcome(newcomer).await;
                    Ok(())
                }
                event = self.subscription.next() => match event {
                    Ok(event) => self.take(event).await,
                    Err(error) => Err(error.into()),
                },
            };
            if let Err(error) = step {
                return error;
            }
        }
    }

    /// Brings a newcomer to where everybody is.
    async fn welcome(&mut self, newcomer: mpsc::Sender<MetadataEvent>) {
        let image = Image::clone(self.loader.image());
        let update = Update::from_snapshot(Arc::new(Image::default()), image);
        let leader = self.leader.map(MetadataEvent::LeaderChange);
        for event in std::iter::once(MetadataEvent::Update(update)).chain(leader) {
            // One that has gone is forgotten with the next event.
            let _ = newcomer.send(event).await;
        }
        self.subscribers.push(newcomer);
    }

    async fn take(&mut self, event: QuorumEvent) -> Result<(), PublisherError> {
        match event {
            QuorumEvent::Commit(batch) => self.take_batches(batch).await,
            QuorumEvent::LoadSnapshot(snapshot) => self.take_snapshot(snapshot).await,
            QuorumEvent::LeaderChange { epoch, leader } => {
                self.announce(epoch, leader).await;
                Ok(())
            }
        }
    }

    /// Folds a batch and those that are there already into one update.
    async fn take_batches(&mut self, first: CommittedBatch) -> Result<(), PublisherError> {
        let mut batches = vec![decode_batch(first)?];
        let mut other = None;
        while batches.len() < BATCHES_PER_UPDATE_MAX && other.is_none() {
            let next = tokio::select! {
                biased;
                event = self.subscription.next() => event?,
                () = std::future::ready(()) => break,
            };
            match next {
                QuorumEvent::Commit(batch) => batches.push(decode_batch(batch)?),
                event => other = Some(event),
            }
        }
        for update in self.loader.load_batches(batches)? {
            self.publish(update).await;
        }
        match other {
            Some(QuorumEvent::LoadSnapshot(snapshot)) => self.take_snapshot(snapshot).await,
            Some(QuorumEvent::LeaderChange { epoch, leader }) => {
                self.announce(epoch, leader).await;
                Ok(())
            }
            Some(QuorumEvent::Commit(_)) | None => Ok(()),
        }
    }

    async fn take_snapshot(&mut self, snapshot: LoadedSnapshot) -> Result<(), PublisherError> {
        let provenance = Provenance {
            last_contained_offset: snapshot.id.offset - 1,
            last_contained_epoch: snapshot.id.epoch,
            last_contained_log_time_ms: snapshot.last_contained_log_timestamp,
        };
        let mut records = Vec::with_capacity(snapshot.records.len());
        for record in snapshot.records {
            records.push(decode(provenance.last_contained_offset, record)?);
        }
        let update = self.loader.load_snapshot(provenance, records)?;
        self.publish(update).await;
        Ok(())
    }

    async fn publish(&mut self, update: Update) {
        self.image.store(Arc::clone(&update.after));
        self.reached.send_replace(update.after.provenance.last_contained_offset);
        self.tell(&MetadataEvent::Update(update)).await;
    }

    async fn announce(&mut self, epoch: i32, leader: Option<i32>) {
        let is_in_transaction = self.loader.is_in_transaction();
        let change = LeaderChange { epoch, leader, is_in_transaction };
        self.leader = Some(change);
        self.tell(&MetadataEvent::LeaderChange(change)).await;
    }

    async fn tell(&mut self, event: &MetadataEvent) {
        let mut staying = Vec::with_capacity(self.subscribers.len());
        for subscriber in self.subscribers.drain(..) {
            if subscriber.send(event.clone()).await.is_ok() {
                staying.push(subscriber);
            }
        }
        self.subscribers = staying;
    }
}

fn decode_batch(batch: CommittedBatch) -> Result<RecordBatch, PublisherError> {
    let mut records = Vec::with_capacity(batch.records.len());
    for (offset, record) in (batch.base_offset..).zip(batch.records) {
        records.push(decode(offset, record)?);
    }
    Ok(RecordBatch {
        base_offset: batch.base_offset,
        last_offset: batch.last_offset,
        epoch: batch.epoch,
        append_time_ms: batch.append_time_ms,
        records,
    })
}

fn decode(offset: i64, record: Bytes) -> Result<MetadataRecord, PublisherError> {
    let decoded = MetadataRecord::decode(record);
    decoded.map(|(record, _)| record).map_err(|source| PublisherError::Decode { offset, source })
}
