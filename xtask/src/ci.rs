//! `ci [--quick]`: everything a change must pass, in the order in which it is found out fastest.
//! `--quick` leaves out fuzzing and foreign clients.
//!
//! The last line is `N passed, N failed`: each test counts, and each other step.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::workspace;
use crate::{CHORES, Outcome};

/// Seconds for each fuzz target: enough to replay the seeds and go a little beyond.
const FUZZ_SECONDS: &str = "10";

/// What passed and what failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
}

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let quick = match arguments {
        [] => false,
        [only] if only == "--quick" => true,
        other => return Err(format!("unexpected {}", other.join(" ")).into()),
    };
    let started = Instant::now();
    let mut total = Count::default();
    for (name, step) in steps(quick) {
        println!("\n== {name}");
        let begun = Instant::now();
        let count = run_step(&step)?;
        let outcome = if count.failed == 0 { "ok" } else { "FAILED" };
        println!("== {name}: {outcome} ({} s)", begun.elapsed().as_secs());
        total.passed += count.passed;
        total.failed += count.failed;
    }
    println!("\n== all of it: {} s", started.elapsed().as_secs());
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed > 0 {
        // the count is the last line: nothing is printed after it
        std::process::exit(1);
    }
    Ok(())
}

/// The steps by name, each the arguments of cargo.
fn steps(quick: bool) -> Vec<(&'static str, Vec<&'static str>)> {
    let xtask =
        |chore: &[&'static str]| [&["run", "--quiet", "--package", "xtask", "--"], chore].concat();
    let mut steps = vec![
        ("format", vec!["fmt", "--all", "--check"]),
        ("format of fuzz", vec!["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]),
        ("layers", xtask(&["check-layers"])),
        ("tidy", xtask(&["tidy"])),
        ("generated code", xtask(&["codegen", "--check"])),
        ("generated documents", xtask(&["docs", "--check"])),
        (
            "lints",
            vec!["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"],
        ),
        ("tests", vec!["test", "--workspace", "--no-fail-fast"]),
    ];
    if !quick {
        steps.push(("fuzzing", xtask(&["fuzz", "--seconds", FUZZ_SECONDS])));
        if CHORES.iter().any(|chore| chore.name == "interop") {
            steps.push(("foreign clients", xtask(&["interop", "--quick"])));
        }
    }
    steps
}

/// Runs one step and shows what it prints. One that runs no tests counts as one.
fn run_step(arguments: &[&str]) -> Result<Count, Box<dyn std::error::Error>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut child = Command::new(cargo)
        .args(arguments)
        .current_dir(workspace::root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut tests = Count::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            let count = test_result(&line).unwrap_or_default();
            tests.passed += count.passed;
            tests.failed += count.failed;
            if !is_noise(&line) {
                println!("{line}");
            }
        }
    }
    let succeeded = child.wait()?.success();
    Ok(match (tests == Count::default(), succeeded) {
        (true, true) => Count { passed: 1, failed: 0 },
        (true, false) => Count { passed: 0, failed: 1 },
        // tests that did not compile, or a process that died in the middle
        (false, false) => Count { failed: tests.failed.max(1), ..tests },
        (false, true) => tests,
    })
}

/// What thousands of tests say when nothing is wrong.
fn is_noise(line: &str) -> bool {
    line.is_empty()
        || line.starts_with("test ") && line.ends_with("... ok")
        || line.starts_with("running ")
        || line.trim_start().starts_with("Doc-tests ")
        || line.starts_with("test result: ok. 0 passed")
}

/// Reads `test result: ok. 3 passed; 0 failed; ...`.
fn test_result(line: &str) -> Option<Count> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| {
        let part = counts.split("; ").find(|part| part.ends_with(word))?;
        part.split(' ').next()?.parse().ok()
    };
    Some(Count { passed: number(" passed")?, failed: number(" failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_tests_are_counted() {
        let line = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out";
        assert_eq!(test_result(line), Some(Count { passed: 3, failed: 1 }));
        assert_eq!(test_result("test a ... ok"), None);
    }
}
