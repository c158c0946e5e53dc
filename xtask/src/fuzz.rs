//! `fuzz [TARGET]... [--seconds N]`: runs fuzz targets, each for N seconds (10 unless told).
//!
//! Builds them with coverage instrumentation the way `cargo fuzz` does, on the stable toolchain
//! and without having to install it, and starts from the valid inputs the seed programs write.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Outcome;
use crate::workspace;

/// What makes LLVM count the branches a run takes, so that libFuzzer finds new ones.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1";

/// Most memory a target may take, in MiB: a decoder that allocates what its input claims dies.
const MEMORY_MIB: u32 = 2048;

/// The targets and seed programs of the fuzz workspace.
struct Programs {
    targets: Vec<String>,
    seeds: Vec<String>,
}

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (wanted, seconds) = parse(arguments)?;
    let folder = workspace::root().join("fuzz");
    let programs = programs(&folder)?;
    if let Some(unknown) = wanted.iter().find(|name| !programs.targets.contains(name)) {
        let known = programs.targets.join(", ");
        return Err(format!("no target {unknown}; there are {known}").into());
    }
    for seeds in &programs.seeds {
        run_quietly(cargo(&folder).args(["run", "--quiet", "--example", seeds]))?;
    }
    let chosen: Vec<&String> =
        programs.targets.iter().filter(|t| wanted.is_empty() || wanted.contains(t)).collect();
    let release = folder.join("target").join("instrumented");
    run_quietly(
        cargo(&folder)
            .args(["build", "--quiet", "--release", "--target", &host()?])
            .args(chosen.iter().flat_map(|target| ["--bin", target.as_str()]))
            .arg("--target-dir")
            .arg(&release)
            .env("RUSTFLAGS", INSTRUMENTATION),
    )?;
    let binaries = release.join(host()?).join("release");
    for target in chosen {
        println!("fuzz: {target} for {seconds} s");
        run_target(&folder, &binaries, target, seconds)?;
    }
    Ok(())
}

fn parse(arguments: &[String]) -> Result<(Vec<String>, u32), String> {
    let (mut wanted, mut seconds) = (Vec::new(), 10);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let number = arguments.next().and_then(|number| number.parse().ok());
            seconds = number.ok_or("--seconds needs a number")?;
        } else {
            wanted.push(argument.clone());
        }
    }
    Ok((wanted, seconds))
}

fn programs(folder: &Path) -> Result<Programs, Box<dyn std::error::Error>> {
    let output = cargo(folder).args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let targets = metadata["packages"][0]["targets"].as_array().cloned().unwrap_or_default();
    let of_kind = |kind: &str| {
        let is_kind = |target: &&Value| target["kind"][0] == kind;
        let names = targets.iter().filter(is_kind).filter_map(|target| target["name"].as_str());
        names.map(str::to_owned).collect()
    };
    Ok(Programs { targets: of_kind("bin"), seeds: of_kind("example") })
}

fn run_target(folder: &Path, binaries: &Path, target: &str, seconds: u32) -> Outcome {
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&artifacts)?;
    run_quietly(
        Command::new(binaries.join(target))
            .arg(&corpus)
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
            .args(["-timeout=10", "-print_final_stats=0", "-verbosity=0"]),
    )
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.current_dir(folder);
    command
}

/// The target triple of this machine; naming it keeps the instrumentation out of build scripts.
fn host() -> Result<String, Box<dyn std::error::Error>> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not say what it runs on")?.to_owned())
}

/// Runs a command and shows what it printed only if it fails.
fn run_quietly(command: &mut Command) -> Outcome {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    print!("{}", String::from_utf8_lossy(&output.stdout));
    print!("{}", String::from_utf8_lossy(&output.stderr));
    let program = PathBuf::from(command.get_program());
    Err(format!("{} failed with {}", program.display(), output.status).into())
}
