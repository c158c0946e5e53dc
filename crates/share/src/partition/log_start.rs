//! Records that are not in the log any more.

use super::batch::Run;
use super::record::RecordState;
use super::window::SharePartition;

impl SharePartition {
    /// The log starts later now: what is below is archived (kafka-semantics 161). Stored with the
    /// next write.
    pub fn log_start_moved(&mut self, log_start_offset: i64) {
        if log_start_offset <= self.start_offset {
            return;
        }
        if self.batches.is_empty() {
            self.start_offset = log_start_offset;
            self.end_offset = log_start_offset;
            self.complete = 0;
            return;
        }
        let gone = self.complete_below(log_start_offset);
        let from = self.batches.first_key_value().map_or(0, |(first, _)| *first);
        let available = RecordState::Available;
        self.archive(from, self.start_offset, log_start_offset, available, false);
        self.start_offset = log_start_offset;
        self.complete -= gone;
        self.end_offset = self.end_offset.max(log_start_offset);
    }

    /// Records in flight below an offset whose delivery is complete.
    fn complete_below(&self, offset: i64) -> i64 {
        let runs = self.batches.range(..offset).flat_map(|(_, batch)| batch.runs());
        runs.filter(|run| run.held.state.is_terminal())
            .map(|run| self.count_in_flight(run.first, run.last.min(offset - 1)))
            .sum()
    }

    /// A read from `fetch_offset` began at `base_offset` only: compaction took what was between.
    pub(super) fn archive_stale(&mut self, fetch_offset: i64, base_offset: i64) {
        if self.batches.is_empty() || fetch_offset >= base_offset {
            return;
        }
        let floor = self.batches.range(..=fetch_offset).next_back();
        let holds = floor.filter(|(_, batch)| batch.last >= fetch_offset);
        let from = holds.map_or(fetch_offset, |(first, _)| *first);
        self.archive(from, fetch_offset, base_offset, RecordState::Available, true);
    }

    /// Archives the records in a state between two offsets, the second left out, in batches from
    /// `from` on.
    pub(super) fn archive(
        &mut self,
        from: i64,
        first_offset: i64,
        end_offset: i64,
        state: RecordState,
        counts: bool,
    ) {
        if from >= end_offset {
            return;
        }
        let mut archived = 0;
        for (first, batch) in self.batches.range_mut(from..end_offset) {
            if let Some(whole) = batch.whole() {
                if whole.state != state {
                    continue;
                }
                batch.tracked = *first < first_offset || batch.last >= end_offset;
            }
            batch.change(first_offset, end_offset - 1, |run: &mut Run| {
                if run.held.state == state {
                    run.held.archive();
                    archived += run.len();
                }
            });
        }
        self.looks_back |= archived > 0;
        if counts {
            self.complete += archived;
        }
    }
}
