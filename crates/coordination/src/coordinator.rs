//! The shards that live here, and the way to them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use env::{Env, Task};
use replica::TransactionEnd;
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::log::ShardLog;
use crate::place::{Standing, Status};
use crate::reply::{Reply, ReplyTo};
use crate::settings::Settings;
use crate::shard::{InTransaction, Origin, Shard};
use crate::task::{self, Envelope, Start};

/// Runs the shards of one internal topic whose partitions are led here. Cheap to clone; clones are
/// the same coordinator.
pub struct Coordinator<S: Shard>(Arc<Inner<S>>);

struct Inner<S: Shard> {
    env: Env,
    topic: &'static str,
    settings: Arc<Settings>,
    make_shard: Arc<dyn Fn() -> S + Send + Sync>,
    perform: Arc<dyn Fn(Origin, S::Effect) + Send + Sync>,
    places: RwLock<BTreeMap<i32, Place<S>>>,
}

/// A shard that lives here.
struct Place<S: Shard> {
    leader_epoch: i32,
    mailbox: mpsc::Sender<Envelope<S>>,
    standing: Arc<Standing>,
    task: Task<()>,
}

impl<S: Shard> Drop for Place<S> {
    /// The task ends, and with it everything that waits in it: whoever asked is told that the shard
    /// is gone.
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<S: Shard> Coordinator<S> {
    /// A coordinator without shards. `topic` is the internal topic, `make_shard` gives shards before
    /// they are loaded; `perform` does what they want done outside, and must not wait.
    pub fn new(
        env: Env,
        topic: &'static str,
        settings: Settings,
        make_shard: impl Fn() -> S + Send + Sync + 'static,
        perform: impl Fn(Origin, S::Effect) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            env,
            topic,
            settings: Arc::new(settings),
            make_shard: Arc::new(make_shard),
            perform: Arc::new(perform),
            places: RwLock::default(),
        }))
    }

    /// This broker leads a partition of the topic in `leader_epoch`: the shard is loaded and then
    /// serves. Repeated and older news change nothing. A shard that was here in an earlier epoch is
    /// loaded anew: in between it may have been led, and written, elsewhere.
    pub fn elected(&self, partition: i32, leader_epoch: i32, log: Arc<dyn ShardLog>) {
        let inner = &self.0;
        let mut places = inner.places.write().unwrap_or_else(PoisonError::into_inner);
        if places.get(&partition).is_some_and(|place| place.leader_epoch >= leader_epoch) {
            return;
        }
        places.remove(&partition);
        let (mailbox, receiver) = mpsc::channel(inner.settings.queue_max);
        let standing = Arc::new(Standing::default());
        let start = Start {
            env: inner.env.clone(),
            name: format!("{}-{partition}", inner.topic),
            settings: Arc::clone(&inner.settings),
            make_shard: Arc::clone(&inner.make_shard),
            perform: Arc::clone(&inner.perform),
            partition,
            log,
            leader_epoch,
            mailbox: receiver,
            standing: Arc::clone(&standing),
        };
        let task = inner.env.spawn("coordinator shard", task::run(start));
        places.insert(partition, Place { leader_epoch, mailbox, standing, task });
    }

    /// This broker no longer leads a partition since `leader_epoch`, or it is gone (none): the shard
    /// is dropped, and all that waits in it is answered with [`Error::NotCoordinator`]. Older news
    /// than the shard's own change nothing.
    pub fn resigned(&self, partition: i32, leader_epoch: Option<i32>) {
        let mut places = self.0.places.write().unwrap_or_else(PoisonError::into_inner);
        let is_old = |place: &Place<S>| leader_epoch.is_some_and(|now| now <= place.leader_epoch);
        if places.get(&partition).is_some_and(|place| !is_old(place)) {
            places.remove(&partition);
        }
    }

    /// Drops all shards.
    pub fn close(&self) {
        self.0.places.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Asks the shard of a partition. The request is in its queue when this returns.
    pub fn call(&self, partition: i32, request: S::Request) -> Reply<S::Response> {
        self.send(partition, |reply_to| Envelope::ask(request, None, reply_to))
    }

    /// Asks the shard of a partition; what it writes becomes part of a transaction.
    pub fn call_in(
        &self,
        transaction: InTransaction,
        partition: i32,
        request: S::Request,
    ) -> Reply<S::Response> {
        self.send(partition, |reply_to| Envelope::ask(request, Some(transaction), reply_to))
    }

    /// Ends a transaction in a partition. Answered when the marker is committed.
    pub fn end_transaction(&self, partition: i32, end: TransactionEnd) -> Reply<()> {
        self.send(partition, |reply_to| Envelope::End { end: Box::new(end), reply_to })
    }

    fn send<R>(
        &self,
        partition: i32,
        envelope: impl FnOnce(ReplyTo<R>) -> Envelope<S>,
    ) -> Reply<R> {
        let places = self.0.places.read().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = places.get(&partition) else {
            return Reply::refused(Error::NotCoordinator);
        };
        match place.standing.get() {
            Status::Active => {}
            Status::Loading { .. } => return Reply::refused(Error::CoordinatorLoadInProgress),
            Status::Failed => return Reply::refused(Error::NotCoordinator),
        }
        let (reply_to, receiver) = oneshot::channel();
        match place.mailbox.try_send(envelope(reply_to)) {
            Ok(()) => Reply::waiting(receiver),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Reply::refused(Error::CoordinatorNotAvailable)
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Reply::refused(Error::NotCoordinator),
        }
    }

    /// Tells every shard here something, those that are loading too, and waits for room in their
    /// queues but not for their answers.
    pub async fn tell_all(&self, make_request: impl Fn() -> S::Request) {
        let mailboxes: Vec<_> = {
            let places = self.0.places.read().unwrap_or_else(PoisonError::into_inner);
            places.values().map(|place| place.mailbox.clone()).collect()
        };
        for mailbox in mailboxes {
            let (reply_to, _) = oneshot::channel();
            // A shard that moves away meanwhile hears it where it is loaded next.
            let _ = mailbox.send(Envelope::ask(make_request(), None, reply_to)).await;
        }
    }

    /// The shards that live here and what they do, by partition.
    pub fn shards(&self) -> Vec<(i32, Status)> {
        let places = self.0.places.read().unwrap_or_else(PoisonError::into_inner);
        places.iter().map(|(partition, place)| (*partition, place.standing.get())).collect()
    }
}

impl<S: Shard> Clone for Coordinator<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Shard> fmt::Debug for Coordinator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator")
            .field("topic", &self.0.topic)
            .field("shards", &self.shards())
            .finish()
    }
}
