//! Listeners, connections and data threads.

use std::time::Duration;

use env::Executor;
use metrics::table::network as table;
use metrics::{Metric, Text};
use net::{Counts, ThreadCounts};

use super::sources::Sources;

type Figure = fn(&Counts) -> u64;

/// What is told of each listener on each thread.
const FIGURES: [(&Metric<2>, Figure); 7] = [
    (&table::CONNECTION_COUNT, |c| c.connections_opened.saturating_sub(c.connections_closed)),
    (&table::CONNECTION_CREATIONS, |c| c.connections_opened),
    (&table::CONNECTION_CLOSES, |c| c.connections_closed),
    (&table::INCOMING_BYTES, |c| c.bytes_in),
    (&table::OUTGOING_BYTES, |c| c.bytes_out),
    (&table::REQUEST_TOTAL, |c| c.requests),
    (&table::RESPONSE_TOTAL, |c| c.replies),
];

/// Why the server closes connections.
const REASONS: [(&str, Figure); 7] = [
    ("limit", |c| c.connections_refused),
    ("idle", |c| c.connections_idle_closed),
    ("stalled", |c| c.connections_stalled_closed),
    ("length", |c| c.bad_lengths),
    ("protocol", |c| c.foreign_protocols),
    ("request", |c| c.handler_closes),
    ("panic", |c| c.handler_panics),
];

pub(crate) fn write(sources: &Sources, text: &mut Text) {
    let meters = &sources.parts.meters;
    let counts: Vec<ThreadCounts> = meters.iter().flat_map(|meter| meter.counts()).collect();
    for (metric, figure) in FIGURES {
        let mut family = text.family(metric);
        for of_thread in &counts {
            let thread = of_thread.thread.to_string();
            family.sample([&of_thread.listener, &thread], figure(&of_thread.counts));
        }
    }
    write_listeners(&counts, text);
    let (used, stuck) = meters
        .iter()
        .map(|meter| meter.memory_in_use())
        .fold((0, 0), |sum, memory| (sum.0 + memory.0, sum.1 + memory.1));
    text.one(&table::MEMORY_USED, [], used);
    text.one(&table::REPLIES_STUCK, [], stuck);
    write_threads(sources, text);
}

fn write_listeners(counts: &[ThreadCounts], text: &mut Text) {
    let mut listeners: Vec<(&str, Counts)> = Vec::new();
    for of_thread in counts {
        match listeners.last_mut() {
            Some((name, sum)) if *name == &*of_thread.listener => *sum += of_thread.counts,
            _ => listeners.push((&of_thread.listener, of_thread.counts)),
        }
    }
    let mut refusals = text.family(&table::REFUSALS);
    for (name, counts) in &listeners {
        for (reason, figure) in REASONS {
            refusals.sample([name, reason], figure(counts));
        }
    }
    let mut waits = text.family(&table::MEMORY_WAITS);
    for (name, counts) in &listeners {
        waits.sample([name], counts.memory_waits);
    }
}

/// The data threads serve all listeners, those of controllers too.
fn write_threads(sources: &Sources, text: &mut Text) {
    let busy: Vec<Duration> = sources.parts.executors.iter().map(Executor::busy).collect();
    let mut family = text.family(&table::THREAD_BUSY);
    for (thread, busy) in busy.iter().enumerate() {
        family.sample([&thread.to_string()], busy.as_secs_f64());
    }
    let sum = busy.iter().sum();
    let (before, elapsed) = sources.earlier().busy.compare(sources.env.now(), &sum);
    let all = elapsed.as_secs_f64() * busy.len() as f64;
    let share = match all > 0.0 {
        true => sum.saturating_sub(before).as_secs_f64() / all,
        false => 0.0,
    };
    let idle = (1.0 - share).clamp(0.0, 1.0);
    text.one(&table::NETWORK_IDLE, [], idle);
    text.one(&table::HANDLER_IDLE, [], idle);
}
