//! The one binary: `ottla start` runs a node, `ottla kafka-topics …` and its kin are the tools.
//! A link to it named like a tool is that tool.

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ottla::start::{self, StartArguments};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Apache Kafka's whole platform as one program.
#[derive(Debug, Parser)]
#[command(name = "ottla", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = tools())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Start(StartArguments),
    #[command(flatten)]
    People(cli::people::People),
    /// One of Kafka's command line tools.
    #[command(external_subcommand)]
    Tool(Vec<String>),
}

/// The end of `ottla --help`.
fn tools() -> String {
    let names = cli::tools().map(|name| format!("  {name}\n"));
    format!("Tools of Apache Kafka (ottla TOOL --help):\n{}", names.collect::<String>())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let called = arguments.first().map(|path| tool_name(path)).unwrap_or_default();
    if cli::is_tool(&called) {
        return cli::run(&called, &arguments[1..]);
    }
    match Arguments::parse().command {
        Command::Start(arguments) => match start::run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("ottla: {error}");
                ExitCode::FAILURE
            }
        },
        Command::People(command) => cli::people::run(command),
        Command::Tool(words) => {
            let name = words.first().map(|name| tool_name(name)).unwrap_or_default();
            if cli::is_tool(&name) {
                return cli::run(&name, &words[1..]);
            }
            eprintln!("ottla: there is no command '{name}'; ottla --help lists them");
            ExitCode::FAILURE
        }
    }
}

/// The name of a tool from what the program was called: without folder and `.sh`.
fn tool_name(path: &str) -> String {
    let name = Path::new(path).file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.strip_suffix(".sh").unwrap_or(&name).to_owned()
}
