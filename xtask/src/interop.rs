//! `interop [--quick] [--only NAME] [--crash N] [--suite NAME]`: foreign clients against Apache
//! Kafka and Ottla, what they saw compared, or Ottla killed under load, or a client's own tests
//! against Ottla. `interop --tools`: command line tools of Apache Kafka and Ottla compared.
//! `bench [--quick] ...`: both brokers measured in one run.
//!
//! Clients come by package name. `--quick` compares with what Apache Kafka showed when that was
//! recorded, and uses the dev build.

use std::path::PathBuf;
use std::process::Command;

use crate::{Outcome, workspace};

/// Runs the scenarios of `interop/`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let quick = arguments.iter().any(|argument| argument == "--quick");
    if let Some((_, rest)) = arguments.split_first().filter(|(first, _)| *first == "--tools") {
        return python("python3".into(), "interop/tools.py", rest, &build(false)?);
    }
    let binary = build(!quick)?;
    python("python3".into(), "interop/run.py", arguments, &binary)
}

/// Runs `bench/bench.py` with the clients that interop installs.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let binary = build(true)?;
    python("python3".into(), "interop/run.py", &["--prepare".to_owned()], &binary)?;
    let interpreter = workspace::root().join("target/interop/venv/bin/python");
    python(interpreter, "bench/bench.py", arguments, &binary)
}

/// Builds the binary and says where it is.
fn build(release: bool) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "ottla"]);
    if release {
        command.arg("--release");
    }
    if !command.current_dir(workspace::root()).status()?.success() {
        return Err("ottla does not build".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| workspace::root().join("target"));
    Ok(target.join(if release { "release" } else { "debug" }).join("ottla"))
}

fn python(interpreter: PathBuf, script: &str, arguments: &[String], binary: &PathBuf) -> Outcome {
    let status = Command::new(interpreter)
        .arg(workspace::root().join(script))
        .args(arguments)
        .env("OTTLA", binary)
        .current_dir(workspace::root())
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("{script} failed").into()) }
}
