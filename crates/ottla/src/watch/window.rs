//! Rates and shares over the time since an earlier look.

use std::time::Duration;

use env::Instant;

/// The last two samples that are far enough apart: whoever looks is compared with the older one, so
/// that two who look in turn do not take each other's time away.
#[derive(Debug)]
pub(crate) struct Window<T> {
    span: Duration,
    older: (Instant, T),
    newer: (Instant, T),
}

impl<T: Clone> Window<T> {
    pub(crate) fn new(span: Duration, now: Instant, sample: T) -> Self {
        let first = (now, sample);
        Self { span, older: first.clone(), newer: first }
    }

    /// Takes in what is seen now; what it is to be compared with, and how long ago that was.
    pub(crate) fn compare(&mut self, now: Instant, sample: &T) -> (T, Duration) {
        if now.saturating_duration_since(self.newer.0) >= self.span {
            self.older = std::mem::replace(&mut self.newer, (now, sample.clone()));
        }
        let (then, before) = &self.older;
        (before.clone(), now.saturating_duration_since(*then))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_compared_with_one_that_is_a_span_old() {
        let start = env::Env::sim(1).now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut window = Window::new(Duration::from_secs(10), at(0), 0);
        let mut compare = |seconds, sample: i32| {
            let (before, ago) = window.compare(at(seconds), &sample);
            (before, ago.as_secs())
        };
        assert_eq!(compare(3, 3), (0, 3));
        assert_eq!(compare(12, 12), (0, 12));
        assert_eq!(compare(13, 13), (0, 13));
        assert_eq!(compare(25, 25), (12, 13));
    }
}
