//! When a snapshot is due, and which old ones may go.

use std::sync::Arc;

use quorum::{Event, SnapshotId};

use crate::error::Error;
use crate::mail::Mail;
use crate::node::Node;
use crate::settings::SnapshotSettings;
use crate::snapshot::Head;
use crate::snapshot_source::{SnapshotImage, SnapshotSource};

/// How often old snapshots are looked at, in milliseconds; as Apache Kafka.
const RETENTION_INTERVAL_MS: u64 = 60_000;
/// When to try again if there was nothing to write a snapshot of, in milliseconds.
const RETRY_MS: u64 = 1_000;

/// What has happened since the last snapshot.
pub(crate) struct SnapshotCycle {
    settings: SnapshotSettings,
    source: Option<Arc<dyn SnapshotSource>>,
    /// Bytes appended since.
    new_bytes: u64,
    /// When it was taken (or the node started), in the machine's time.
    taken_ms: u64,
    /// A snapshot is being written.
    is_writing: bool,
    /// Not to try before.
    retry_ms: u64,
    next_retention_ms: u64,
}

impl SnapshotCycle {
    pub(crate) fn new(settings: SnapshotSettings, new_bytes: u64) -> Self {
        Self {
            settings,
            source: None,
            new_bytes,
            taken_ms: 0,
            is_writing: false,
            retry_ms: 0,
            next_retention_ms: RETENTION_INTERVAL_MS,
        }
    }

    pub(crate) fn set_source(&mut self, source: Arc<dyn SnapshotSource>) {
        self.source = Some(source);
    }

    pub(crate) fn appended(&mut self, bytes: usize) {
        self.new_bytes += bytes as u64;
    }

    /// A snapshot covers everything so far, or nearly.
    pub(crate) fn snapshot_taken(&mut self, now_ms: u64) {
        self.new_bytes = 0;
        self.taken_ms = now_ms;
    }

    /// When the next snapshot is due, as things are; `None` if no time by itself makes it so.
    fn due_ms(&self) -> Option<u64> {
        if self.is_writing || self.source.is_none() {
            return None;
        }
        let SnapshotSettings { new_record_bytes_max, interval_ms_max, .. } = self.settings;
        let has_enough = (self.new_bytes >= new_record_bytes_max).then_some(0);
        let interval = (interval_ms_max > 0 && self.new_bytes > 0)
            .then(|| self.taken_ms.saturating_add(interval_ms_max));
        has_enough.or(interval).map(|due| due.max(self.retry_ms))
    }

    /// When to look again, in the machine's time.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.due_ms().into_iter().chain([self.next_retention_ms]).min()
    }

    /// Takes note of a snapshot's end; its size if it was written.
    pub(crate) fn written(
        &mut self,
        id: SnapshotId,
        result: Result<u64, Error>,
        now_ms: u64,
    ) -> Option<u64> {
        self.is_writing = false;
        match result {
            Ok(size) => {
                tracing::info!(snapshot = %id, size, "wrote a snapshot of the metadata");
                self.next_retention_ms = now_ms;
                Some(size)
            }
            Err(error) => {
                // The log is still there: nothing is lost, and the next one may succeed.
                tracing::error!(snapshot = %id, "cannot write a snapshot of the metadata: {error}");
                None
            }
        }
    }
}

/// The oldest snapshot to keep: of those too old, or too many bytes with the log, all go but the
/// newest. `snapshots` ascend: name, size, time written.
fn oldest_to_keep(
    snapshots: &[(SnapshotId, u64, i64)],
    log_size: u64,
    now_ms: i64,
    settings: &SnapshotSettings,
) -> Option<SnapshotId> {
    let mut total = log_size + snapshots.iter().map(|(_, size, _)| size).sum::<u64>();
    let (newest, older) = snapshots.split_last()?;
    for (id, size, written_ms) in older {
        let is_old = settings.retention_ms >= 0
            && now_ms.saturating_sub(*written_ms) > settings.retention_ms;
        let is_too_much = u64::try_from(settings.retention_bytes).is_ok_and(|max| total > max);
        if !is_old && !is_too_much {
            return Some(*id);
        }
        total -= size;
    }
    Some(newest.0)
}

impl Node {
    /// Writes a snapshot if one is due, and removes what is no longer to be kept.
    pub(crate) async fn drive_snapshots(&mut self) -> Result<(), Error> {
        let now_ms = self.now().ms;
        if self.cycle.due_ms().is_some_and(|due| due <= now_ms) {
            self.start_snapshot(now_ms);
        }
        if self.cycle.next_retention_ms <= now_ms {
            self.cycle.next_retention_ms = now_ms + RETENTION_INTERVAL_MS;
            self.remove_old_snapshots().await?;
        }
        Ok(())
    }

    fn start_snapshot(&mut self, now_ms: u64) {
        self.cycle.retry_ms = now_ms + RETRY_MS;
        let image = self.cycle.source.as_ref().and_then(|source| source.image());
        let Some(image) = image else { return };
        let SnapshotImage { end_offset, last_contained_log_timestamp, records } = image;
        let Some((id, kraft_version, voters)) = self.machine.snapshot_at(end_offset) else {
            return;
        };
        let head = Head {
            epoch: id.epoch,
            last_contained_log_timestamp,
            kraft_version,
            voters,
            now_ms: self.env.clock().wall_ms(),
        };
        // Whether it succeeds or not: the next try is a whole cycle away.
        self.cycle.snapshot_taken(now_ms);
        self.cycle.is_writing = true;
        let (store, mailbox, env) = (self.store.clone(), self.mailbox.clone(), self.env.clone());
        self.env.spawn("quorum-snapshot", async move {
            let result = env.blocking(move || store.write(id, &head, records)).await;
            // The node may have stopped meanwhile.
            let _ = mailbox.send(Mail::SnapshotWritten { id, result }).await;
        });
    }

    async fn remove_old_snapshots(&mut self) -> Result<(), Error> {
        let (store, log_size) = (self.store.clone(), self.log.size());
        let (settings, now_ms) = (self.cycle.settings, self.env.clock().wall_ms());
        let known: Vec<(SnapshotId, u64)> = self.machine.log().snapshots().collect();
        let is_known = known.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        let keep = self
            .env
            .blocking(move || {
                let with_time = known
                    .iter()
                    .map(|(id, size)| Ok((*id, *size, store.modified_ms(*id)?)))
                    .collect::<Result<Vec<_>, Error>>()?;
                let keep = oldest_to_keep(&with_time, log_size, now_ms, &settings);
                for (id, ..) in with_time.iter().take_while(|(id, ..)| Some(*id) < keep) {
                    tracing::info!(snapshot = %id, "removing a snapshot of the metadata");
                    store.remove(*id)?;
                }
                Ok::<_, Error>(keep)
            })
            .await?;
        if let Some(oldest_snapshot) = keep.filter(|keep| is_known.first() != Some(keep)) {
            let start_offset = oldest_snapshot.offset;
            self.log.advance_start(start_offset)?;
            self.step(Event::LogStartMoved { start_offset, oldest_snapshot }).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_go_by_age_and_size_but_never_the_last() {
        let settings = SnapshotSettings {
            retention_bytes: 1_000,
            retention_ms: 100,
            ..SnapshotSettings::default()
        };
        let id = |offset| SnapshotId::new(offset, 1);
        let check = |snapshots: &[(SnapshotId, u64, i64)], log_size, expected| {
            assert_eq!(oldest_to_keep(snapshots, log_size, 1_000, &settings), expected);
        };
        check(&[], 5_000, None);
        check(&[(id(10), 1, 0)], 5_000, Some(id(10)));
        check(&[(id(10), 1, 990), (id(20), 1, 995)], 100, Some(id(10)));
        check(&[(id(10), 1, 800), (id(20), 1, 995)], 100, Some(id(20)));
        check(&[(id(10), 600, 990), (id(20), 300, 995), (id(30), 300, 999)], 100, Some(id(20)));
        check(&[(id(10), 600, 990), (id(20), 300, 995)], 5_000, Some(id(20)));
    }
}
