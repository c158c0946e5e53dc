//! Kafka's command line tools: the names, options, output and exit codes of Apache Kafka's.
//!
//! One file or folder per tool. A tool gets an [`Env`], what is on its command line, and a
//! terminal to write to.

mod arguments;
mod broker_api_versions;
mod client_metrics;
mod clients;
mod cluster;
mod configs;
mod connect;
mod console_consumer;
mod console_producer;
mod consumer_groups;
mod consumer_perf;
mod date_format;
mod delete_records;
mod dump_log;
mod e2e_latency;
mod error;
mod events;
mod exception;
mod features;
mod get_offsets;
mod groups;
mod java;
mod json;
mod leader_election;
mod log_dirs;
mod metadata_quorum;
mod metrics;
mod options;
mod pattern;
pub mod people;
mod producer_perf;
mod properties;
mod reassign_partitions;
mod storage;
mod table;
mod terminal;
mod throughput;
mod topics;
mod transactions;
mod verifiable_consumer;
mod verifiable_producer;

use std::process::ExitCode;
use std::time::Duration;

use env::{Env, OsOptions};

use arguments::{Arguments, Stopped};
use error::Error;
use options::{Given, Options, Refusal};
use terminal::Terminal;

/// How a tool reads its command line.
enum Syntax {
    /// Options alone, as most do.
    Options(&'static Options),
    /// Subcommands with flags.
    Arguments(&'static Arguments),
}

/// Names every tool, how it reads its command line, and the module it is in.
macro_rules! tools {
    ($($variant:ident, $name:literal, $syntax:ident, $module:ident;)*) => {
        /// The tools there are.
        #[derive(Debug, Clone, Copy)]
        enum Tool {
            $($variant,)*
        }

        impl Tool {
            const NAMES: &[&str] = &[$($name,)*];

            fn of(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }

            fn syntax(self) -> Syntax {
                match self {
                    $(Self::$variant => Syntax::$syntax(&$module::OPTIONS),)*
                }
            }

            async fn run(
                self,
                env: &Env,
                given: &Given,
                terminal: &mut Terminal,
            ) -> Result<(), Error> {
                match self {
                    $(Self::$variant => Box::pin($module::run(env, given, terminal)).await,)*
                }
            }
        }
    };
}

tools! {
    BrokerApiVersions, "kafka-broker-api-versions", Options, broker_api_versions;
    ClientMetrics, "kafka-client-metrics", Options, client_metrics;
    Cluster, "kafka-cluster", Arguments, cluster;
    Configs, "kafka-configs", Options, configs;
    ConsoleConsumer, "kafka-console-consumer", Options, console_consumer;
    ConsoleProducer, "kafka-console-producer", Options, console_producer;
    ConsumerGroups, "kafka-consumer-groups", Options, consumer_groups;
    ConsumerPerfTest, "kafka-consumer-perf-test", Options, consumer_perf;
    DeleteRecords, "kafka-delete-records", Options, delete_records;
    DumpLog, "kafka-dump-log", Options, dump_log;
    EndToEndLatency, "kafka-e2e-latency", Options, e2e_latency;
    Features, "kafka-features", Arguments, features;
    GetOffsets, "kafka-get-offsets", Options, get_offsets;
    Groups, "kafka-groups", Options, groups;
    LeaderElection, "kafka-leader-election", Options, leader_election;
    LogDirs, "kafka-log-dirs", Options, log_dirs;
    MetadataQuorum, "kafka-metadata-quorum", Arguments, metadata_quorum;
    ProducerPerfTest, "kafka-producer-perf-test", Arguments, producer_perf;
    ReassignPartitions, "kafka-reassign-partitions", Options, reassign_partitions;
    Storage, "kafka-storage", Arguments, storage;
    Topics, "kafka-topics", Options, topics;
    Transactions, "kafka-transactions", Arguments, transactions;
    VerifiableConsumer, "kafka-verifiable-consumer", Arguments, verifiable_consumer;
    VerifiableProducer, "kafka-verifiable-producer", Arguments, verifiable_producer;
}

/// The names of all tools.
pub fn tools() -> impl Iterator<Item = &'static str> {
    Tool::NAMES.iter().copied()
}

/// Whether there is a tool of this name (without `.sh`).
pub fn is_tool(name: &str) -> bool {
    Tool::of(name).is_some()
}

/// Runs a tool with its arguments. As with Apache Kafka's, everything that goes wrong ends with
/// exit code 1, and so does `--help` of most.
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
        Err(Error::Usage(refused)) => match tool.syntax() {
            Syntax::Options(options) => {
                terminal.complain(format!("{refused}\n{}", options.help()));
            }
            Syntax::Arguments(_) => terminal.complain(refused.to_string()),
        },
        Err(error) => terminal.complain(error.to_string()),
    }
    // Otherwise lost when the terminal is dropped: a tool says things before it fails.
    let _ = terminal.flush();
    ExitCode::FAILURE
}

fn start(tool: Tool, arguments: &[String], terminal: &mut Terminal) -> Result<(), Error> {
    let modern;
    let arguments = match tool {
        Tool::EndToEndLatency => {
            modern = e2e_latency::modern(arguments, terminal)?;
            &modern
        }
        _ => arguments,
    };
    let given = match tool.syntax() {
        Syntax::Options(options) => by_options(options, arguments, terminal)?,
        Syntax::Arguments(known) => by_arguments(known, arguments, terminal)?,
    };
    let Some(given) = given else { return Ok(()) };
    let env = Env::os(&OsOptions::default())?;
    let result = env.block_on(tool.run(&env, &given, terminal));
    // A thread may still wait for standard input.
    env.shutdown(Duration::ZERO);
    result
}

/// What is on the command line; `None` if nothing is left to do.
fn by_options(
    options: &'static Options,
    arguments: &[String],
    terminal: &mut Terminal,
) -> Result<Option<Given>, Error> {
    let given = options.parse(arguments).map_err(|refused| match options.refusal {
        Refusal::WithHelp => Error::Usage(refused),
        Refusal::Alone => Error::Refused(refused.0),
        Refusal::After(words) => Error::Refused(format!("{words}{refused}")),
    })?;
    if arguments.is_empty() || given.has("help") {
        terminal.complain(format!("{}\n{}", options.about, options.help()));
        return Err(Error::Told);
    }
    if given.has("version") {
        terminal.say(env!("CARGO_PKG_VERSION"))?;
        return Ok(None);
    }
    Ok(Some(given))
}

fn by_arguments(
    known: &'static Arguments,
    arguments: &[String],
    terminal: &mut Terminal,
) -> Result<Option<Given>, Error> {
    if arguments.is_empty() && known.empty_asks_for_help {
        write!(terminal.out(), "{}", known.help_of_all())?;
        return Ok(None);
    }
    match known.parse(arguments) {
        Ok(given) => Ok(Some(given)),
        Err(Stopped::Help(text)) => {
            write!(terminal.out(), "{text}")?;
            if known.help_fails { Err(Error::Told) } else { Ok(None) }
        }
        Err(Stopped::Version) => {
            terminal.say(env!("CARGO_PKG_VERSION"))?;
            Ok(None)
        }
        Err(Stopped::Refused { usage, reason }) => Err(Error::Refused(match known.refusal {
            Refusal::After(words) => format!("{words}{reason}. Type --help for help."),
            Refusal::Alone => reason,
            Refusal::WithHelp => format!("{usage}{}: error: {reason}", known.name),
        })),
    }
}
