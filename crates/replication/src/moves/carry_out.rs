//! The driver of moves: does what the phase says, off the request path.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::copy::{Copied, Done, MoveError, Swapped};
use super::phase::{Event, Phase, Step};
use super::throttle::Window;
use super::{DirectorySettings, Move};
use crate::replicas::Replicas;
use crate::waiters::{Parked, Visibility};

/// A move into a full directory looks this often whether there is room.
const ROOM_PAUSE: Duration = Duration::from_secs(1);

impl Replicas {
    /// Carries out moves one after the other until the task is dropped. As many of this run as
    /// replicas are to move at a time (`num.replica.alter.log.dirs.threads`).
    pub async fn carry_out_moves(self: Arc<Self>) {
        loop {
            let next = self.moves.next().await;
            match self.carry_out(&next).await {
                Ok(()) => {}
                Err(MoveError::Ended) => {}
                Err(error) => self.give_up(&next, &error),
            }
        }
    }

    async fn carry_out(self: &Arc<Self>, a: &Move) -> Result<(), MoveError> {
        let mut phase = Phase::default();
        let mut answer: Option<oneshot::Receiver<()>> = None;
        let mut has_room = true;
        loop {
            let copied = match self.copy_some(a).await {
                Err(error) if error.is_for_want_of_space() => {
                    if std::mem::replace(&mut has_room, false) {
                        tracing::warn!(
                            "{:?} waits for room in its new directory: {error}",
                            a.partition
                        );
                    }
                    self.env().sleep(ROOM_PAUSE).await;
                    continue;
                }
                copied => copied?,
            };
            has_room = true;
            let event = match copied.caught_up {
                true => Event::CaughtUp,
                false => Event::Behind,
            };
            match phase.on(event) {
                Step::Copy => {}
                Step::Assign => answer = Some(a.assign()?),
                Step::Wait => {
                    if let Some(event) = self.wait(a, &mut answer).await {
                        phase.on(event);
                    }
                }
                Step::Swap => match self.swap(a).await {
                    Ok(Some(done)) => {
                        self.clean_up(a, done).await;
                        return Ok(());
                    }
                    Ok(None) => {}
                    Err(error) if error.is_for_want_of_space() => {
                        self.env().sleep(ROOM_PAUSE).await;
                    }
                    Err(error) => return Err(error),
                },
            }
            self.slow_down(copied.bytes).await;
        }
    }

    async fn copy_some(self: &Arc<Self>, a: &Move) -> Result<Copied, MoveError> {
        let settings = self.directory_settings();
        // What one second allows, so that a low limit does not come in bursts.
        let limit = u32::try_from(settings.move_bytes_per_second_max).unwrap_or(u32::MAX);
        let bytes_max = settings.copy_bytes_max.min(limit).max(1);
        let (partition, number) = (Arc::clone(&a.partition), a.number);
        let now_ms = self.env().clock().wall_ms();
        self.env().blocking(move || partition.copy_some(number, bytes_max, now_ms)).await
    }

    /// Waits until records come, the controller answers, or the move is ended.
    async fn wait(&self, a: &Move, answer: &mut Option<oneshot::Receiver<()>>) -> Option<Event> {
        let parked = Parked::new(1);
        a.partition.await_data(Visibility::LogEnd, &parked);
        let is_behind = a.partition.future().is_none_or(|future| future.offset_lag != 0);
        let event = if is_behind {
            None
        } else {
            tokio::select! {
                biased;
                accepted = accepted(answer) => Some(match accepted {
                    true => Event::Accepted,
                    false => Event::Superseded,
                }),
                () = parked.woken() => None,
            }
        };
        a.partition.forget(&parked);
        event
    }

    async fn swap(self: &Arc<Self>, a: &Move) -> Result<Option<Done>, MoveError> {
        let replicas = Arc::clone(self);
        let (partition, number) = (Arc::clone(&a.partition), a.number);
        let now_ms = self.env().clock().wall_ms();
        let swapped =
            self.env().blocking(move || partition.swap(number, replicas.dirs(), now_ms)).await?;
        Ok(match swapped {
            Swapped::Done(done) => Some(done),
            Swapped::Behind => None,
        })
    }

    /// After the swap: names that are there to stay, checkpoints that are true again.
    async fn clean_up(self: &Arc<Self>, a: &Move, Done { old, pause }: Done) {
        let (replicas, partition) = (Arc::clone(self), &a.partition);
        let (from, to) = (old.dir().clone(), a.target.clone());
        tracing::info!(
            ?pause,
            "{partition:?} has moved from {} to {}",
            from.path().display(),
            to.path().display()
        );
        let clean_up = move || {
            drop(old);
            if let Err(error) = to.sync().and_then(|()| from.sync()) {
                tracing::error!("after a move: {error}");
            }
            let of_both = |path: &Path| path == from.path() || path == to.path();
            replicas.write_checkpoints(of_both);
        };
        self.env().blocking(clean_up).await;
    }

    /// Counts what was moved and waits as long as the limit asks for. A limit that changes is seen
    /// within a sample.
    async fn slow_down(&self, bytes: u64) {
        let mut bytes = bytes;
        loop {
            let settings = self.directory_settings();
            let now_ms = self.moves.elapsed_ms(self.env().now());
            let pause_ms = {
                let mut throttle = self.moves.throttle();
                if bytes > 0 {
                    throttle.record(bytes, now_ms, settings.window());
                }
                throttle.pause_ms(settings.move_bytes_per_second_max, now_ms, settings.window())
            };
            bytes = 0;
            if pause_ms == 0 {
                return;
            }
            self.env().sleep(Duration::from_millis(pause_ms)).await;
        }
    }

    /// A move that cannot go on: a copy in a failed directory is left behind, any other waits to
    /// be asked for again.
    fn give_up(&self, a: &Move, error: &MoveError) {
        tracing::error!("{:?} cannot move to {}: {error}", a.partition, a.target.path().display());
        let mut guard = a.partition.future.lock();
        let Some(copy) = guard.as_mut().filter(|copy| copy.number == a.number) else { return };
        copy.is_carried_out = false;
        if !a.target.is_offline() {
            return;
        }
        let is_assigned = copy.is_assigned;
        a.partition.future.detach(guard);
        if is_assigned {
            let (dir, _) = a.partition.place();
            a.partition.assign_directory(dir.id(), None);
        }
    }
}

impl Move {
    /// Tells the controller the new directory.
    fn assign(&self) -> Result<oneshot::Receiver<()>, MoveError> {
        let (accept, accepted) = oneshot::channel();
        // Under the lock: who ends the move takes the assignment back, later than it is made.
        let mut guard = self.partition.future.lock();
        match guard.as_mut() {
            Some(copy) if copy.number == self.number => copy.is_assigned = true,
            _ => return Err(MoveError::Ended),
        }
        self.partition.assign_directory(self.target.id(), Some(accept));
        Ok(accepted)
    }
}

impl DirectorySettings {
    fn window(&self) -> Window {
        Window { samples: self.rate_samples, sample_ms: self.rate_sample_ms }
    }
}

/// Whether the controller has accepted the assignment; taken only once it has answered.
async fn accepted(answer: &mut Option<oneshot::Receiver<()>>) -> bool {
    let accepted = match answer.as_mut() {
        Some(receiver) => receiver.await.is_ok(),
        None => return std::future::pending().await,
    };
    *answer = None;
    accepted
}
