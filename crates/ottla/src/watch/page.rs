//! A page of metrics on its way to who asked for it.

use bytes::Bytes;
use metrics::{Metric, Text};
use tokio::sync::mpsc;

/// Bytes that are sent together. Writing as much takes well below a millisecond, after which others
/// of the thread have their turn.
const PIECE: usize = 64 * 1024;

pub(crate) struct Page {
    pub(crate) text: Text,
    sender: mpsc::Sender<Bytes>,
}

impl Page {
    pub(crate) fn new(sender: mpsc::Sender<Bytes>) -> Self {
        Self { text: Text::default(), sender }
    }

    /// Sends what is written once it is worth it.
    pub(crate) async fn breathe(&mut self) {
        if self.text.len() >= PIECE {
            self.send().await;
        }
    }

    /// Sends what is left.
    pub(crate) async fn finish(mut self) {
        self.send().await;
    }

    async fn send(&mut self) {
        let piece = Bytes::from(self.text.take());
        // Without a receiver the connection is gone, and with it soon this page.
        let _ = self.sender.send(piece).await;
    }

    /// Writes a metric of many things, whose labels and value `sample` tells; none if the thing has
    /// no such value.
    pub(crate) async fn each<T, const N: usize>(
        &mut self,
        metric: &'static Metric<N>,
        things: &[T],
        sample: impl for<'a> Fn(&'a T) -> Option<([&'a str; N], metrics::Value)>,
    ) {
        let mut begun = false;
        for some in things.chunks(256) {
            let mut family = match begun {
                true => self.text.more(metric),
                false => self.text.family(metric),
            };
            for thing in some {
                if let Some((labels, value)) = sample(thing) {
                    family.sample(labels, value);
                    begun = true;
                }
            }
            self.breathe().await;
        }
    }
}
