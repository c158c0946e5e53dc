//! `sim [--seeds N] [--from S] [--seed S] [--twice] [--log FILTER] [--dev]`: runs seeds of the
//! simulation on all cores, N of them (1,000 unless told) from S on.
//!
//! `sim --canaries`: proves that the simulation can fail. Each patch in `crates/sim/canaries`
//! plants a bug into a copy of the tree; seeds run until one finds it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Outcome, workspace};

/// Seeds that have to find a planted bug.
const CANARY_SEEDS: u64 = 400;
const SEEDS: u64 = 1_000;

/// Folders of the tree that a copy does without.
const LEFT_OUT: &[&str] = &["target", ".git", "node_modules", "corpus", "artifacts"];

#[derive(Debug, Default, PartialEq, Eq)]
struct Arguments {
    from: u64,
    seeds: u64,
    canaries: bool,
    dev: bool,
    /// Handed on to the program.
    rest: Vec<String>,
}

impl Arguments {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut parsed = Self { seeds: SEEDS, ..Self::default() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            let number = |text: &String| text.parse().map_err(|_| format!("{text} is no number"));
            match argument.as_str() {
                "--seeds" => parsed.seeds = number(value()?)?,
                "--from" => parsed.from = number(value()?)?,
                "--seed" => (parsed.from, parsed.seeds) = (number(value()?)?, 1),
                "--canaries" => parsed.canaries = true,
                "--dev" => parsed.dev = true,
                "--twice" => parsed.rest.push(argument.clone()),
                "--log" => parsed.rest.extend([argument.clone(), value()?.clone()]),
                other => return Err(format!("unexpected {other}")),
            }
        }
        Ok(parsed)
    }
}

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let arguments = Arguments::parse(arguments)?;
    let root = workspace::root();
    if arguments.canaries {
        return canaries(&root, arguments.dev);
    }
    let program = build(&root, &target_dir(&root), arguments.dev)?;
    let total = run_seeds(&program, &arguments)?;
    println!(
        "sim: {} seeds from {}, {} records, {} events, {} failed{}",
        total.seeds,
        arguments.from,
        total.records,
        total.events,
        total.failed.len(),
        total.failed.iter().map(|seed| format!(" {seed}")).collect::<String>(),
    );
    match total.failed.first() {
        None => Ok(()),
        Some(seed) => Err(format!("{} seeds failed, such as {seed}", total.failed.len()).into()),
    }
}

/// What processes say at their end, taken together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Total {
    seeds: u64,
    records: u64,
    events: u64,
    failed: Vec<u64>,
}

impl Total {
    /// Adds a line like `sim: 3 seeds, 4 records, 5 events, failed: 6 7`, if it is one.
    fn add(&mut self, line: &str) -> bool {
        let Some((counts, failed)) =
            line.strip_prefix("sim: ").and_then(|line| line.split_once(", failed:"))
        else {
            return false;
        };
        let mut numbers = counts.split(", ").map(|part| part.split(' ').next()?.parse().ok());
        let mut next = || numbers.next().flatten().unwrap_or(0);
        self.seeds += next();
        self.records += next();
        self.events += next();
        self.failed.extend(failed.split_whitespace().filter_map(|seed| seed.parse::<u64>().ok()));
        self.failed.sort_unstable();
        true
    }
}

/// Runs seeds in a process for each core, every process its own share of them.
fn run_seeds(program: &Path, arguments: &Arguments) -> Result<Total, Box<dyn std::error::Error>> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let processes = cores.min(arguments.seeds.max(1));
    let mut children: Vec<Child> = Vec::new();
    for nth in 0..processes {
        let share = (arguments.seeds + processes - 1 - nth) / processes;
        let numbers = [("--from", arguments.from + nth), ("--seeds", share), ("--step", processes)];
        let mut command = Command::new(program);
        for (name, number) in numbers {
            command.args([name, &number.to_string()]);
        }
        children.push(command.args(&arguments.rest).stdout(Stdio::piped()).spawn()?);
    }
    let mut total = Total::default();
    let mut ended = 0;
    for mut child in children {
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line?;
                if total.add(&line) {
                    ended += 1;
                } else {
                    println!("{line}");
                }
            }
        }
        child.wait()?;
    }
    if ended < processes {
        return Err("a process ended without telling its result".into());
    }
    Ok(total)
}

fn target_dir(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| root.join("target"))
}

/// Builds the program and says where it is.
fn build(root: &Path, target: &Path, dev: bool) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let profile = if dev { "dev" } else { "sim" };
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "sim", "--profile", profile])
        .env("CARGO_TARGET_DIR", target)
        .current_dir(root)
        .status()?;
    if !status.success() {
        return Err("the simulation does not build".into());
    }
    Ok(target.join(if dev { "debug" } else { "sim" }).join("sim"))
}

fn canaries(root: &Path, dev: bool) -> Outcome {
    // One target directory: what comes from registries is not built again.
    let target = target_dir(root);
    let tree = target.join("canaries").join("tree");
    let mut patches: Vec<PathBuf> = fs::read_dir(root.join("crates/sim/canaries"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    patches.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    patches.sort();
    let mut missed = Vec::new();
    for patch in &patches {
        let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        copy(root, &tree)?;
        let applied = Command::new("patch")
            .args(["--strip=1", "--silent", "--no-backup-if-mismatch", "--input"])
            .arg(patch)
            .current_dir(&tree)
            .status()?;
        if !applied.success() {
            return Err(format!("{name} does not fit the tree; make it anew").into());
        }
        let program = build(&tree, &target, dev)?;
        let found = find(&program)?;
        let said = match found {
            Some(seed) => format!("found by seed {seed}"),
            None => "not found".to_owned(),
        };
        println!("canary {name}: {said}");
        if found.is_none() {
            missed.push(name);
        }
    }
    if patches.is_empty() || !missed.is_empty() {
        let missed = missed.join(", ");
        return Err(format!("of {} planted bugs not found: {missed}", patches.len()).into());
    }
    println!("canaries: {} of {} found", patches.len(), patches.len());
    Ok(())
}

/// The first seed that fails, if one of the first ones does.
fn find(program: &Path) -> Result<Option<u64>, Box<dyn std::error::Error>> {
    let seeds = CANARY_SEEDS.to_string();
    let output = Command::new(program)
        .args(["--seeds", &seeds, "--until-failed"])
        .stderr(Stdio::inherit())
        .output()?;
    let mut total = Total::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        total.add(line);
    }
    Ok(total.failed.first().copied())
}

/// Makes `to` hold what `from` holds, without touching files that are the same already, so that
/// only what changed is built again.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !from.join(entry.file_name()).exists() {
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let (source, target) = (entry.path(), to.join(&name));
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&source, &target)?;
        } else if fs::read(&target).ok() != Some(fs::read(&source)?) {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_processes_are_added_up() {
        let mut total = Total::default();
        assert!(total.add("sim: 3 seeds, 40 records, 500 events, failed: 7 2"));
        assert!(total.add("sim: 2 seeds, 1 records, 1 events, failed:"));
        assert!(!total.add("sim: 100 of 200 seeds"));
        let failed = vec![2, 7];
        assert_eq!(total, Total { seeds: 5, records: 41, events: 501, failed });
    }

    #[test]
    fn a_seed_alone_is_one_seed() {
        let parsed = Arguments::parse(&["--seed".to_owned(), "9".to_owned()]).unwrap();
        assert_eq!(parsed, Arguments { from: 9, seeds: 1, ..Arguments::default() });
        assert!(Arguments::parse(&["--seeds".to_owned()]).is_err());
    }
}
