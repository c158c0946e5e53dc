//! Short commands for people: `ottla topic`, `ottla group`, `ottla cluster`. They say what one
//! mostly wants to know in a table, and as JSON to programs.

mod cluster;
mod group;
mod show;
mod topic;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use client::{Admin, ClientConfig};
use env::{Env, OsOptions};

use crate::connect::connect;
use crate::error::Error;
use crate::terminal::Terminal;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum People {
    /// Topics: see them, create and delete them.
    ///
    /// Example: ottla topic create orders --partitions 6
    Topic {
        /// What to do.
        #[command(subcommand)]
        command: Option<topic::TopicCommand>,
        /// Which cluster.
        #[command(flatten)]
        to: To,
    },
    /// Groups of all kinds: see them and how far behind they are.
    ///
    /// Example: ottla group show billing
    Group {
        /// What to do.
        #[command(subcommand)]
        command: Option<group::GroupCommand>,
        /// Which cluster.
        #[command(flatten)]
        to: To,
    },
    /// The cluster: its brokers.
    ///
    /// Example: ottla cluster --format json
    Cluster {
        /// Which cluster.
        #[command(flatten)]
        to: To,
    },
}

/// Which cluster, and how to answer.
#[derive(Debug, Args)]
pub struct To {
    /// A broker to begin with: HOST:PORT (or OTTLA_SERVER).
    #[arg(
        long,
        global = true,
        env = "OTTLA_SERVER",
        hide_env = true,
        default_value = "localhost:9092",
        value_name = "ADDRESS"
    )]
    server: String,
    /// How to answer.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs: a list of objects.
    Json,
}

/// What a command works with.
struct At<'a> {
    admin: Admin,
    terminal: &'a mut Terminal,
    format: Format,
}

/// How long a server that is just being started is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs a command.
pub fn run(command: People) -> ExitCode {
    let mut terminal = Terminal::process();
    let result = start(command, &mut terminal).and_then(|()| Ok(terminal.flush()?));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // What reads our output has read enough.
        Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            terminal.complain(format!("ottla: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn start(command: People, terminal: &mut Terminal) -> Result<(), Error> {
    let env = Env::os(&OsOptions::default())?;
    let result = env.block_on(serve(&env, command, terminal));
    env.shutdown(Duration::ZERO);
    result
}

async fn serve(env: &Env, command: People, terminal: &mut Terminal) -> Result<(), Error> {
    let (People::Topic { to, .. } | People::Group { to, .. } | People::Cluster { to }) = &command;
    let mut config = ClientConfig::new(&to.server, "ottla")?;
    config.api_timeout = PATIENCE;
    let format = to.format;
    let admin = Admin::new(&connect(env, config, terminal).await?);
    let mut at = At { admin, terminal, format };
    match command {
        People::Topic { command, .. } => {
            topic::run(command.unwrap_or(topic::TopicCommand::List), &mut at).await
        }
        People::Group { command, .. } => {
            group::run(command.unwrap_or(group::GroupCommand::List), &mut at).await
        }
        People::Cluster { .. } => cluster::run(&mut at).await,
    }
}
