//! Kafka's command line tools: the names, options, output and exit codes of Apache Kafka's.
//!
//! One file or folder per tool. A tool gets an [`Env`], what is on its command line, and a
//! terminal to write to.

mod connect;
mod console_consumer;
mod console_producer;
mod error;
mod options;
mod pattern;
mod properties;
mod terminal;
mod topics;

use std::process::ExitCode;
use std::time::Duration;

use env::{Env, OsOptions};

use error::Error;
use options::{Given, Options};
use terminal::Terminal;

/// The tools there are.
#[derive(Debug, Clone, Copy)]
enum Tool {
    ConsoleConsumer,
    ConsoleProducer,
    Topics,
}

impl Tool {
    fn of(name: &str) -> Option<Self> {
        match name {
            "kafka-console-consumer" => Some(Self::ConsoleConsumer),
            "kafka-console-producer" => Some(Self::ConsoleProducer),
            "kafka-topics" => Some(Self::Topics),
            _ => None,
        }
    }

    fn options(self) -> &'static Options {
        match self {
            Self::ConsoleConsumer => &console_consumer::OPTIONS,
            Self::ConsoleProducer => &console_producer::OPTIONS,
            Self::Topics => &topics::OPTIONS,
        }
    }

    async fn run(self, env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
        match self {
            Self::ConsoleConsumer => Box::pin(console_consumer::run(env, given, terminal)).await,
            Self::ConsoleProducer => Box::pin(console_producer::run(env, given, terminal)).await,
            Self::Topics => Box::pin(topics::run(env, given, terminal)).await,
        }
    }
}

/// Whether there is a tool of this name (without `.sh`).
pub fn is_tool(name: &str) -> bool {
    Tool::of(name).is_some()
}

/// Runs a tool with its arguments. As with Apache Kafka's, everything that goes wrong ends with
/// exit code 1, and so does `--help`.
pub fn run(name: &str, arguments: &[String]) -> ExitCode {
    let mut terminal = Terminal::process();
    let Some(tool) = Tool::of(name) else {
        terminal.complain(format!("there is no tool '{name}'"));
        return ExitCode::FAILURE;
    };
    let result = start(tool, arguments, &mut terminal);
    let result = result.and_then(|()| Ok(terminal.flush()?));
    match result {
        Ok(()) => return ExitCode::SUCCESS,
        // What reads our output has read enough.
        Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        Err(Error::Told) => {}
        Err(Error::Ended(code)) => {
            let _ = terminal.flush();
            return ExitCode::from(code);
        }
        Err(Error::Usage(refused)) => {
            terminal.complain(format!("{refused}\n{}", tool.options().help()));
        }
        Err(error) => terminal.complain(error.to_string()),
    }
    // Otherwise lost when the terminal is dropped: a tool says things before it fails.
    let _ = terminal.flush();
    ExitCode::FAILURE
}

fn start(tool: Tool, arguments: &[String], terminal: &mut Terminal) -> Result<(), Error> {
    let options = tool.options();
    let given = options.parse(arguments)?;
    if arguments.is_empty() || given.has("help") {
        terminal.complain(format!("{}\n{}", options.about, options.help()));
        return Err(Error::Told);
    }
    if given.has("version") {
        terminal.say(env!("CARGO_PKG_VERSION"))?;
        return Ok(());
    }
    let env = Env::os(&OsOptions::default())?;
    let result = env.block_on(tool.run(&env, &given, terminal));
    // A thread may still wait for standard input.
    env.shutdown(Duration::ZERO);
    result
}
