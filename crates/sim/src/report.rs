//! What is shown of a run that failed: seed, plan, what is broken, and what happened around it.

use std::fmt;

use crate::history::{Entry, Event, Partition};
use crate::invariants::Violation;
use crate::run::Outcome;

/// Violations shown of a run.
const VIOLATIONS_MAX: usize = 5;
/// Events shown before and after the first violation.
const EVENTS_BEFORE: usize = 30;
const EVENTS_AFTER: usize = 6;

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.plan)?;
        for Violation { invariant, what, partition, at } in
            self.violations.iter().take(VIOLATIONS_MAX)
        {
            let partition = partition.as_ref().map(|(topic, index)| format!(" in {topic}-{index}"));
            let partition = partition.unwrap_or_default();
            writeln!(f, "BROKEN at {} ms{partition}: {invariant}: {what}", at.as_millis())?;
        }
        let more = self.violations.len().saturating_sub(VIOLATIONS_MAX);
        if more > 0 {
            writeln!(f, "and {more} more")?;
        }
        let Some(first) = self.violations.first() else { return Ok(()) };
        writeln!(f, "what happened around the first:")?;
        let about = |entry: &&Entry| self.is_about(entry, first.partition.as_ref());
        let entries: Vec<&Entry> = self.history.entries.iter().filter(about).collect();
        let middle = entries.partition_point(|entry| entry.at <= first.at);
        let from = middle.saturating_sub(EVENTS_BEFORE);
        for entry in entries[from..].iter().take(middle - from + EVENTS_AFTER) {
            self.line(f, entry)?;
        }
        Ok(())
    }
}

impl Outcome {
    /// Whether an event matters to a partition; those of the whole node always do.
    fn is_about(&self, entry: &Entry, partition: Option<&Partition>) -> bool {
        let Some(partition) = partition else {
            return !matches!(entry.event, Event::Send(_) | Event::Settled(_) | Event::Progress(_));
        };
        match &entry.event {
            Event::Send(id) | Event::Settled(id) => {
                self.history.sent[*id as usize].partition == *partition
            }
            Event::Read { partition: of, .. }
            | Event::ReadFailed { partition: of, .. }
            | Event::Ends { partition: of, .. }
            | Event::Delete { partition: of, .. }
            | Event::Commit { partition: of, .. }
            | Event::Committed { partition: of, .. } => of == partition,
            Event::Progress(_) => false,
            _ => true,
        }
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, entry: &Entry) -> fmt::Result {
        let who = match entry.client {
            Some(client) => format!("client {client}"),
            None => "-".to_owned(),
        };
        write!(f, "{:>8} ms {who:>9}: ", entry.at.as_millis())?;
        match &entry.event {
            Event::Send(id) => writeln!(f, "sends {id}"),
            Event::Settled(id) => {
                let sent = &self.history.sent[*id as usize];
                writeln!(f, "{id} is {:?} at offset {:?}", sent.fate, sent.offset)
            }
            Event::Read { seen, since, .. } => {
                let records: Vec<String> = seen
                    .iter()
                    .map(|seen| match &seen.record {
                        Ok(id) => format!("{}:{id}", seen.offset),
                        Err(what) => format!("{}:{what}", seen.offset),
                    })
                    .collect();
                writeln!(f, "reads (from {} ms) {}", since.as_millis(), records.join(" "))
            }
            event => writeln!(f, "{event:?}"),
        }
    }
}
