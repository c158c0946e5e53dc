//! The timers of one shard.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;

use env::Instant;

/// Timers by name. Starting one again, which sessions do with every heartbeat, costs a look-up: the
/// heap keeps the earlier time and is put right when that comes.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    due: HashMap<K, Instant>,
    heap: BinaryHeap<Reverse<(Instant, K)>>,
}

impl<K: Clone + Hash + Ord> Timers<K> {
    pub(crate) fn new() -> Self {
        Self { due: HashMap::new(), heap: BinaryHeap::new() }
    }

    pub(crate) fn schedule(&mut self, key: K, at: Instant) {
        let before = self.due.insert(key.clone(), at);
        // An entry that fires at or before the new time is in the heap already.
        if before.is_none_or(|before| at < before) {
            self.heap.push(Reverse((at, key)));
        }
        self.drop_stale_if_many();
    }

    pub(crate) fn cancel(&mut self, key: &K) {
        self.due.remove(key);
    }

    /// No timer fires before this; a stopped or restarted one may not fire even then.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// A timer that is due, which then no longer runs.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<K> {
        while self.next().is_some_and(|at| at <= now) {
            let Reverse((_, key)) = self.heap.pop()?;
            match self.due.get(&key) {
                Some(due) if *due <= now => {
                    self.due.remove(&key);
                    return Some(key);
                }
                Some(due) => self.heap.push(Reverse((*due, key))),
                None => {}
            }
        }
        None
    }

    /// Entries of stopped timers stay in the heap until their time comes; no more of them than
    /// there are timers.
    fn drop_stale_if_many(&mut self) {
        if self.heap.len() > 2 * self.due.len() + 64 {
            self.heap = self.due.iter().map(|(key, at)| Reverse((*at, key.clone()))).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn fired(timers: &mut Timers<&'static str>, now: Instant) -> Vec<&'static str> {
        std::iter::from_fn(|| timers.pop_due(now)).collect()
    }

    #[test]
    fn fire_once_in_order_at_the_time_they_were_last_given() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::new();
        timers.schedule("b", at(20));
        timers.schedule("a", at(10));
        timers.schedule("later", at(10));
        timers.schedule("later", at(30));
        timers.schedule("sooner", at(30));
        timers.schedule("sooner", at(5));
        timers.schedule("stopped", at(10));
        timers.cancel(&"stopped");
        assert_eq!(timers.next(), Some(at(5)));
        assert_eq!(fired(&mut timers, at(4)), [""; 0]);
        assert_eq!(fired(&mut timers, at(20)), ["sooner", "a", "b"]);
        assert_eq!(fired(&mut timers, at(100)), ["later"]);
        timers.schedule("a", at(40));
        assert_eq!(fired(&mut timers, at(100)), ["a"]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn stopped_timers_take_bounded_room() {
        let start = Instant::now();
        let mut timers = Timers::new();
        for number in 0..100_000_u64 {
            timers.schedule(number, start + Duration::from_secs(number));
            timers.cancel(&number);
        }
        assert!(timers.heap.len() <= 128 && timers.due.is_empty());
        for round in 0..1_000 {
            timers.schedule(1, start + Duration::from_secs(2_000 - round));
        }
        assert!(timers.heap.len() <= 128);
        assert_eq!(timers.pop_due(start + Duration::from_secs(1_001)), Some(1));
        assert_eq!(timers.pop_due(start + Duration::from_secs(5_000)), None);
    }
}
