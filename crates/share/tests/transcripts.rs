//! Runs the transcripts: commands in, effects out, as text (see `transcript/mod.rs`).

mod transcript;

use std::fs;
use std::path::Path;

use transcript::{Subject, run};

/// Every file in `transcripts/coordinator` says what it says. `UPDATE_TRANSCRIPTS=1` writes what it
/// would say.
#[test]
fn coordinator_transcripts_say_what_the_machine_does() {
    check("coordinator", transcript::coordinator::World::new);
}

/// Every file in `transcripts/partition`, likewise.
#[test]
fn partition_transcripts_say_what_the_machine_does() {
    check("partition", transcript::partition::World::new);
}

fn check<S: Subject>(folder: &str, make: impl Fn() -> S) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts").join(folder);
    let mut differing = Vec::new();
    for entry in fs::read_dir(folder).expect("transcripts") {
        let path = entry.expect("entry").path();
        let expected = fs::read_to_string(&path).expect("transcript");
        let actual = run(&mut make(), &expected);
        if actual == expected {
            continue;
        }
        if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
            fs::write(&path, actual).expect("written");
        } else {
            differing.push(first_difference(&path, &expected, &actual));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

fn first_difference(path: &Path, expected: &str, actual: &str) -> String {
    let lines = expected.lines().chain(["(end)"]).zip(actual.lines().chain(["(end)"]));
    let (number, (expected, actual)) = lines
        .enumerate()
        .find(|(_, (expected, actual))| expected != actual)
        .unwrap_or((0, ("(same lines)", "(same lines)")));
    format!("{}:{}\n  says:  {expected}\n  is:    {actual}", path.display(), number + 1)
}
