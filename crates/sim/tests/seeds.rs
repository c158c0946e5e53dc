//! A few hundred seeds in two processes, and one seed twice.

use std::process::{Child, Command, Stdio};

/// Seeds that run with the tests.
const SEEDS: u64 = 200;

fn sim(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sim"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

fn succeeds(child: Child) {
    let output = child.wait_with_output().expect("the program ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn no_seed_breaks_an_invariant() {
    let half = (SEEDS / 2).to_string();
    let run = |from| sim(&["--from", from, "--seeds", &half, "--step", "2"]);
    let (even, odd) = (run("0"), run("1"));
    succeeds(even);
    succeeds(odd);
}

#[test]
fn a_seed_gives_the_same_history_in_every_process() {
    let digest = |seed: &str| {
        let output = sim(&["--seed", seed]).wait_with_output().expect("the program ends");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().find(|line| line.starts_with("digest ")).map(str::to_owned)
    };
    for seed in ["1000", "1001", "1002"] {
        let first = digest(seed);
        assert!(first.is_some());
        assert_eq!(first, digest(seed), "seed {seed}");
    }
}
