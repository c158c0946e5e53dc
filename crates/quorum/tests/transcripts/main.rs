//! Transcripts: what happens to one machine and what it says, as text in `transcripts/`.
//!
//! Lines that begin with `>` are events, `@` sets the time, `machine` starts one at time 0; the `<` lines
//! after an event are the commands. `UPDATE_TRANSCRIPTS=1 cargo test -p quorum --test transcripts`
//! writes the commands anew, for review.

#![allow(
    clippy::unwrap_used,
    clippy::or_fun_call,
    reason = "clippy does not see that all of this is a test"
)]

mod read;
mod show;

use std::fs;
use std::path::Path;

use quorum::{Command, Event, Machine, Now, Random};

/// The middle of every range.
struct Middle;

impl Random for Middle {
    fn below(&mut self, bound: u64) -> u64 {
        bound / 2
    }
}

/// Plays a transcript and gives it back with the commands as they really are.
fn play(text: &str) -> String {
    let mut machine: Option<Machine> = None;
    let mut now = Now { ms: 0, wall_ms: 1_000 };
    let mut played = String::new();
    for line in text.lines().filter(|line| !line.starts_with('<')) {
        played.push_str(line);
        played.push('\n');
        if let Some(time) = line.strip_prefix("@ ") {
            now.ms = time.trim().parse().expect("a time in ms");
            now.wall_ms = 1_000 + now.ms as i64;
        } else if let Some(setup) = line.strip_prefix("machine ") {
            now = Now { ms: 0, wall_ms: 1_000 };
            let (config, stored) = read::setup(setup);
            machine = Some(Machine::new(config, stored, now, &mut Middle));
        } else if let Some(event) = line.strip_prefix("> ") {
            let machine = machine.as_mut().expect("a machine first");
            let event = read::event(event, machine);
            for command in handle(machine, event, now) {
                played.push_str(&format!("< {}\n", show::command(&command)));
            }
        }
    }
    played
}

fn handle(machine: &mut Machine, event: Event, now: Now) -> Vec<Command> {
    machine.handle(event, now, &mut Middle)
}

#[test]
fn transcripts() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some();
    let mut names: Vec<_> =
        fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(!names.is_empty());
    for path in names {
        let expected = fs::read_to_string(&path).unwrap();
        let played = play(&expected);
        if update {
            fs::write(&path, &played).unwrap();
        } else {
            assert_eq!(played, expected, "{} differs", path.display());
        }
    }
}
