//! A batch: records that were acquired at once, in runs of the same state.

use super::record::Held;

/// Offsets of which all is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) held: Held,
}

impl Run {
    pub(super) fn len(&self) -> i64 {
        self.last - self.first + 1
    }
}

/// Records that were acquired at once. Runs lie side by side from the first offset to the last;
/// without tracking there is one.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) last: i64,
    /// Parts of it are spoken of by themselves.
    pub(super) tracked: bool,
    runs: Vec<Run>,
}

impl Batch {
    pub(super) fn new(first: i64, last: i64, held: Held) -> Self {
        Self { last, tracked: false, runs: vec![Run { first, last, held }] }
    }

    /// A batch of which the first records differ from the rest.
    pub(super) fn in_two(first: i64, middle: i64, last: i64, head: Held, tail: Held) -> Self {
        let runs = vec![
            Run { first, last: middle, held: head },
            Run { first: middle + 1, last, held: tail },
        ];
        Self { last, tracked: true, runs }
    }

    pub(super) fn len(&self, first: i64) -> i64 {
        self.last - first + 1
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The state of the whole; none if it is tracked.
    pub(super) fn whole(&self) -> Option<&Held> {
        if self.tracked { None } else { self.runs.first().map(|run| &run.held) }
    }

    /// Like [`Batch::whole`], to be changed.
    pub(super) fn whole_mut(&mut self) -> Option<&mut Held> {
        if self.tracked { None } else { self.runs.first_mut().map(|run| &mut run.held) }
    }

    /// The runs that hold offsets between two, as they are.
    pub(super) fn between(&self, first: i64, last: i64) -> &[Run] {
        let from = self.runs.partition_point(|run| run.last < first);
        let to = self.runs.partition_point(|run| run.first <= last);
        &self.runs[from..to.max(from)]
    }

    /// The state of an offset.
    pub(super) fn at(&self, offset: i64) -> Option<&Held> {
        self.between(offset, offset).first().map(|run| &run.held)
    }

    /// Changes the offsets between two, run by run, and puts together what became the same.
    pub(super) fn change(&mut self, first: i64, last: i64, mut change: impl FnMut(&mut Run)) {
        let (first, last) = (first.max(self.runs[0].first), last.min(self.last));
        if first > last {
            return;
        }
        self.split_before(first);
        if last < self.last {
            self.split_before(last + 1);
        }
        let from = self.runs.partition_point(|run| run.last < first);
        let to = self.runs.partition_point(|run| run.first <= last);
        self.runs[from..to].iter_mut().for_each(&mut change);
        self.tidy(from, to);
    }

    /// Lets a run begin at an offset.
    fn split_before(&mut self, offset: i64) {
        let place = self.runs.partition_point(|run| run.last < offset);
        let Some(run) = self.runs.get_mut(place).filter(|run| run.first < offset) else { return };
        let tail = Run { first: offset, last: run.last, held: run.held.clone() };
        run.last = offset - 1;
        self.runs.insert(place + 1, tail);
    }

    /// Puts runs together that are the same, among those changed and their neighbours.
    fn tidy(&mut self, from: usize, to: usize) {
        let from = from.saturating_sub(1);
        let to = (to + 1).min(self.runs.len());
        let mut kept = from;
        for place in from + 1..to {
            if self.runs[kept].held == self.runs[place].held {
                self.runs[kept].last = self.runs[place].last;
            } else {
                kept += 1;
                self.runs.swap(kept, place);
            }
        }
        self.runs.drain(kept + 1..to);
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::RecordState;
    use super::*;

    fn shown(batch: &Batch) -> Vec<(i64, i64, i16)> {
        batch.runs.iter().map(|run| (run.first, run.last, run.held.delivery_count)).collect()
    }

    #[test]
    fn runs_are_split_and_put_together() {
        let mut batch = Batch::new(10, 19, Held::of(RecordState::Available, 0));
        let set = |count: i16| move |run: &mut Run| run.held.delivery_count = count;
        batch.change(12, 14, set(1));
        assert_eq!(shown(&batch), [(10, 11, 0), (12, 14, 1), (15, 19, 0)]);
        batch.change(15, 30, set(1));
        assert_eq!(shown(&batch), [(10, 11, 0), (12, 19, 1)]);
        batch.change(0, 11, set(1));
        assert_eq!(shown(&batch), [(10, 19, 1)]);
        for offset in (10..20).step_by(2) {
            batch.change(offset, offset, set(2));
        }
        assert_eq!(batch.runs.len(), 10);
        batch.change(10, 19, set(3));
        assert_eq!(shown(&batch), [(10, 19, 3)]);
        batch.change(20, 30, set(4));
        batch.change(5, 3, set(4));
        assert_eq!(shown(&batch), [(10, 19, 3)]);
    }

    #[test]
    fn runs_between_offsets_are_found() {
        let mut batch = Batch::new(10, 19, Held::of(RecordState::Available, 0));
        batch.change(12, 14, |run| run.held.delivery_count = 1);
        assert_eq!(batch.between(14, 15).len(), 2);
        assert_eq!(batch.between(0, 5).len(), 0);
        assert_eq!(batch.between(20, 25).len(), 0);
        assert_eq!(batch.at(13).map(|held| held.delivery_count), Some(1));
        assert_eq!(batch.at(20), None);
    }
}
