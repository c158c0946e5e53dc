//! The project's chores, run as `cargo xtask <chore>`. One module per chore; this file only finds
//! the one that was asked for.

#![expect(clippy::print_stdout, reason = "chores report to the terminal")]

mod ci;
mod codegen;
mod docs;
mod fuzz;
mod interop;
mod layers;
mod sim;
mod tidy;
mod workspace;

use std::error::Error;
use std::process::ExitCode;

/// What a chore returns: nothing, or why it failed.
type Outcome = Result<(), Box<dyn Error>>;

/// Something the project does for itself.
struct Chore {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

const CHORES: &[Chore] = &[
    Chore { name: "codegen", about: "generate wire's messages [--check]", run: run_codegen },
    Chore {
        name: "check-layers",
        about: "check dependencies against layers.txt",
        run: layers::run,
    },
    Chore { name: "docs", about: "generate docs/reference [--check]", run: run_docs },
    Chore { name: "tidy", about: "check what a reader can rely on", run: tidy::run },
    Chore { name: "fuzz", about: "run fuzz targets [TARGET].. [--seconds N]", run: fuzz::run },
    Chore {
        name: "interop",
        about: "foreign clients against both brokers [--quick] [--only NAME]",
        run: interop::run,
    },
    Chore { name: "bench", about: "both brokers side by side [--quick]", run: interop::bench },
    Chore {
        name: "sim",
        about: "a node under faults [--seeds N] [--from S] [--seed S] [--canaries]",
        run: sim::run,
    },
    Chore { name: "ci", about: "everything a change must pass [--quick]", run: ci::run },
];

fn run_codegen(arguments: &[String]) -> Outcome {
    Ok(if wants_check(arguments)? { codegen::check() } else { codegen::write() }?)
}

fn run_docs(arguments: &[String]) -> Outcome {
    if wants_check(arguments)? { docs::check() } else { docs::write() }
}

/// Whether a generator is to compare with what is checked in rather than write it.
fn wants_check(arguments: &[String]) -> Result<bool, String> {
    match arguments {
        [] => Ok(false),
        [only] if only == "--check" => Ok(true),
        other => Err(format!("unexpected {}", other.join(" "))),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = arguments.first().map(String::as_str);
    let Some(chore) = CHORES.iter().find(|chore| Some(chore.name) == asked) else {
        println!("cargo xtask <chore>\n");
        for chore in CHORES {
            println!("  {:<14} {}", chore.name, chore.about);
        }
        return if asked.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    };
    match (chore.run)(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("xtask {}: {error}", chore.name);
            ExitCode::FAILURE
        }
    }
}
