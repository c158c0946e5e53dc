//! A group's committed offset is a register: what is told was committed, and no later commit was
//! acknowledged before it was asked for. A power loss may take commits, since `__consumer_offsets`
//! is not flushed.

use std::time::Duration;

use super::{Case, Violation};
use crate::history::{Event, Fate, Partition};

const NAME: &str = "a committed offset is the last one that was committed";

struct Commit<'a> {
    group: &'a str,
    partition: &'a Partition,
    offset: i64,
    asked_at: Duration,
    /// When it was done; never known for one without an answer.
    done_at: Option<Duration>,
}

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let commits: Vec<Commit<'_>> = case
        .events()
        .filter_map(|(at, event)| match event {
            Event::Commit { group, partition, offset, asked_at, fate } => Some(Commit {
                group,
                partition,
                offset: *offset,
                asked_at: *asked_at,
                done_at: (*fate == Fate::Done).then_some(at),
            }),
            _ => None,
        })
        .collect();
    for (at, event) in case.events() {
        let Event::Committed { group, partition, offset, asked_at } = event else { continue };
        let of_it = |commit: &&Commit<'_>| commit.group == group && commit.partition == partition;
        let of_it: Vec<&Commit<'_>> = commits.iter().filter(of_it).collect();
        // Done before it was asked, and not to be lost since.
        let firm = |commit: &&&Commit<'_>| {
            commit.done_at.is_some_and(|done| done <= *asked_at && case.era(done) == case.era(at))
        };
        let replaced = |by: &Commit<'_>, when: Option<Duration>| {
            by.offset != *offset && when.is_some_and(|when| when < by.asked_at)
        };
        let mut firm = of_it.iter().filter(firm);
        let broken = if *offset < 0 {
            firm.next().map(|commit| format!("nothing is committed, {} was", commit.offset))
        } else {
            let mut candidates =
                of_it.iter().filter(|commit| commit.offset == *offset && commit.asked_at <= at);
            let firm: Vec<_> = firm.collect();
            let stands =
                |commit: &&&Commit<'_>| !firm.iter().any(|by| replaced(by, commit.done_at));
            let last = firm.last().map(|commit| (commit.offset, commit.done_at));
            candidates
                .find(stands)
                .is_none()
                .then(|| format!("{offset} is told, the last one acknowledged is {last:?}"))
        };
        if let Some(what) = broken {
            let (what, partition) = (format!("{group}: {what}"), Some(partition.clone()));
            found.push(Violation { invariant: NAME, what, partition, at });
        }
    }
}
