//! Moves of replicas between log directories.

use std::collections::BTreeMap;
use std::time::Duration;

use client::{Error as ClientError, Partitions};
use wire::{ErrorCode, Str};

use super::{Context, Error, Place, Replica, plural};
use crate::exception::shown;

/// How long the start of a move may take, where nothing is said.
const TIMEOUT_MS: u64 = 10_000;
/// A replica that is not there yet is asked for again after this time.
const PAUSE: Duration = Duration::from_millis(100);

/// How far the move of a replica is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// The replica is in no log directory.
    Missing,
    /// It is there only as the copy that is being made.
    NoCurrent,
    /// It is being moved.
    Active { current: Str, future: Str },
    /// It is elsewhere, and nothing moves it.
    Cancelled { current: Str },
    /// It is where it is to be.
    Done,
}

/// How far each move is.
pub(super) async fn states(
    context: &Context<'_>,
    targets: &BTreeMap<Replica, Str>,
) -> Result<BTreeMap<Replica, State>, Error> {
    let places = context.log_dirs(targets.keys()).await?;
    let state = |(replica, target): (&Replica, &Str)| {
        let state = match places.get(replica) {
            None => State::Missing,
            Some(Place { current: None, .. }) => State::NoCurrent,
            Some(Place { current: Some(current), future: None }) if current == target => {
                State::Done
            }
            Some(Place { current: Some(current), future: None }) => {
                State::Cancelled { current: current.clone() }
            }
            Some(Place { current: Some(current), future: Some(future) }) => {
                State::Active { current: current.clone(), future: future.clone() }
            }
        };
        (replica.clone(), state)
    };
    Ok(targets.iter().map(state).collect())
}

/// In words.
pub(super) fn told(replica: &Replica, target: &Str, state: &State) -> String {
    let (topic, partition, broker) = replica;
    match state {
        State::NoCurrent => format!(
            "Partition {topic}-{partition} is not found in any live log dir on broker {broker}. \
             There is likely an offline log directory on the broker."
        ),
        State::Missing => format!(
            "Partition {topic}-{partition} cannot be found in any live log directory on broker \
             {broker}."
        ),
        State::Active { future, .. } if future == target => {
            format!("Reassignment of replica {topic}-{partition}-{broker} is still in progress.")
        }
        State::Active { future, .. } => format!(
            "Partition {topic}-{partition} on broker {broker} is being moved to log dir {future} \
             instead of {target}."
        ),
        State::Cancelled { current } => format!(
            "Partition {topic}-{partition} on broker {broker} is not being moved from log dir \
             {current} to {target}."
        ),
        State::Done => {
            format!("Reassignment of replica {topic}-{partition}-{broker} completed successfully.")
        }
    }
}

/// Starts moves; a replica that is only being made is waited for.
pub(super) async fn start(
    context: &mut Context<'_>,
    targets: &BTreeMap<Replica, Str>,
) -> Result<(), Error> {
    let timeout = context.given.parsed::<u64>("timeout")?.unwrap_or(TIMEOUT_MS);
    let deadline = context.env.now() + Duration::from_millis(timeout);
    let mut pending = targets.clone();
    loop {
        let started = ask(context, &pending).await?;
        for replica in started {
            let (topic, partition, broker) = &replica;
            if let Some(target) = pending.remove(&replica) {
                context.terminal.say(format!(
                    "Successfully started moving log directory to {target} for replica \
                     {topic}-{partition} with broker {broker} "
                ))?;
            }
        }
        if pending.is_empty() {
            return Ok(());
        }
        if context.env.now() >= deadline {
            let names = pending.keys().map(|(topic, at, broker)| format!("{topic}-{at}-{broker}"));
            let names = names.collect::<Vec<_>>().join(",");
            let suffix = plural(pending.len());
            return context.end(format!(
                "Timed out before log directory move{suffix} could be started for: {names}"
            ));
        }
        context.env.sleep(PAUSE).await;
    }
}

async fn ask(
    context: &Context<'_>,
    pending: &BTreeMap<Replica, Str>,
) -> Result<Vec<Replica>, Error> {
    let mut by_broker: BTreeMap<i32, Partitions<Str>> = BTreeMap::new();
    for ((topic, partition, broker), target) in pending {
        let dirs = by_broker.entry(*broker).or_default();
        dirs.insert((topic.clone(), *partition), target.clone());
    }
    let mut started = Vec::new();
    for (broker, dirs) in by_broker {
        let failed = |replica: &str, error: &ClientError| {
            let error = shown(error);
            Error::Refused(format!("Failed to alter dir for {replica}: {error}"))
        };
        let results = context.admin.alter_replica_log_dirs(broker, dirs).await;
        for ((topic, partition), result) in
            results.map_err(|error| failed(&format!("broker {broker}"), &error))?
        {
            match result {
                Ok(()) => started.push((topic, partition, broker)),
                Err(ClientError::Refused { code: ErrorCode::ReplicaNotAvailable, .. }) => {}
                Err(error) => {
                    return Err(failed(&format!("{topic}-{partition}-{broker}"), &error));
                }
            }
        }
    }
    started.sort_by(|a, b| (a.2, &a.0, a.1).cmp(&(b.2, &b.0, b.1)));
    Ok(started)
}
