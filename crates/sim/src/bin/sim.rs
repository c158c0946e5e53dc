//! Runs seeds: `sim [--from S] [--seeds N] [--step K] [--twice] [--until-failed] [--log FILTER]`, or
//! one with `--seed S`. `cargo xtask sim` builds it and runs it on all cores.
//!
//! A line on stderr for every hundred seeds, what a failed run shows on stdout, and one result line
//! at the end. With `--twice` each seed is run again, and the histories have to be the same.

#![expect(clippy::print_stdout, reason = "a program that reports to the terminal")]

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// Panics of the node and of clients, since those of tasks are not seen otherwise.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A failed run after which no further ones are shown in full.
const SHOWN_MAX: usize = 5;

#[derive(Debug, Default)]
struct Arguments {
    from: u64,
    seeds: u64,
    step: u64,
    twice: bool,
    until_failed: bool,
    log: Option<String>,
}

fn parse() -> Result<Arguments, String> {
    let mut parsed = Arguments { seeds: 100, step: 1, ..Arguments::default() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("{text} is no number"));
        match argument.as_str() {
            "--from" => parsed.from = number(value()?)?,
            "--seeds" => parsed.seeds = number(value()?)?,
            "--step" => parsed.step = number(value()?)?,
            "--seed" => (parsed.from, parsed.seeds) = (number(value()?)?, 1),
            "--twice" => parsed.twice = true,
            "--until-failed" => parsed.until_failed = true,
            "--log" => parsed.log = Some(value()?),
            other => return Err(format!("unexpected {other}")),
        }
    }
    Ok(parsed)
}

fn panics() -> Vec<String> {
    std::mem::take(&mut PANICS.lock().unwrap_or_else(PoisonError::into_inner))
}

fn main() -> ExitCode {
    let arguments = match parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            println!("sim: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(filter) = &arguments.log {
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
            .with_writer(std::io::stderr)
            .without_time()
            .init();
    }
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::capture();
        let text = format!("{panic}\n{backtrace}");
        PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }));
    run_all(&arguments)
}

fn run_all(arguments: &Arguments) -> ExitCode {
    let mut failed = Vec::new();
    let (mut seeds, mut records, mut events) = (0, 0, 0);
    for nth in 0..arguments.seeds {
        let seed = arguments.from + nth * arguments.step;
        seeds += 1;
        if let Some(outcome) = run(seed, &mut failed) {
            records += outcome.history.sent.len();
            events += outcome.history.entries.len();
            if arguments.twice {
                compare(seed, outcome.digest, &mut failed);
            }
            if arguments.seeds == 1 {
                println!("{}\ndigest {:016x}", outcome.plan, outcome.digest);
            }
        }
        if seeds % 100 == 0 {
            eprintln!("sim: {seeds} of {} seeds, {} failed", arguments.seeds, failed.len());
        }
        if arguments.until_failed && !failed.is_empty() {
            break;
        }
    }
    let text: String = failed.iter().map(|seed| format!(" {seed}")).collect();
    println!("sim: {seeds} seeds, {records} records, {events} events, failed:{text}");
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(seed: u64, failed: &mut Vec<u64>) -> Option<sim::Outcome> {
    let outcome = std::panic::catch_unwind(|| sim::run(seed)).ok();
    let panics = panics();
    let broken = outcome.as_ref().is_none_or(|outcome| !outcome.violations.is_empty());
    if broken || !panics.is_empty() {
        if failed.len() < SHOWN_MAX {
            println!("==== seed {seed} failed; again: cargo xtask sim --seed {seed}");
            panics.iter().for_each(|panic| println!("PANIC {panic}"));
            if let Some(outcome) = &outcome {
                println!("{outcome}");
            }
        }
        failed.push(seed);
    }
    outcome
}

fn compare(seed: u64, digest: u64, failed: &mut Vec<u64>) {
    let again = sim::run(seed).digest;
    panics();
    if again != digest {
        println!("seed {seed}: a history of digest {digest:016x}, then one of {again:016x}");
        failed.push(seed);
    }
}
