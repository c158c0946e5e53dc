//! `kafka-cluster`: the id of a cluster, its nodes, and forgetting a broker that is gone.

use client::{Admin, Error as ClientError};
use env::Env;

use crate::arguments::{Argument, Arguments, Presence, Subcommand, Takes, optional, required};
use crate::connect::admin_with;
use crate::error::Error;
use crate::options::{Given, Refusal};
use crate::properties::Properties;
use crate::table::padded;
use crate::terminal::Terminal;

const CONFIG: Argument = optional(
    &["--config"],
    Takes::Text,
    "(DEPRECATED) A file with properties of the admin client. Use --command-config.",
);
const COMMAND_CONFIG: Argument = optional(
    &["--command-config", "-c"],
    Takes::Text,
    "A file with properties of the admin client.",
);
const BOOTSTRAP_SERVER: Argument = Argument {
    flags: &["--bootstrap-server", "-b"],
    takes: Takes::Text,
    presence: Presence::RequiredOneOf(1),
    doc: "Brokers to begin with, as host:port pairs.",
};
const BOOTSTRAP_CONTROLLER: Argument = Argument {
    flags: &["--bootstrap-controller", "-C"],
    takes: Takes::Text,
    presence: Presence::RequiredOneOf(1),
    doc: "Controllers to begin with, as host:port pairs.",
};

/// The arguments.
pub(crate) const OPTIONS: Arguments = Arguments {
    name: "kafka-cluster",
    about: "The Kafka cluster tool.",
    arguments: &[],
    commands: &[
        Subcommand {
            name: "cluster-id",
            about: "Show the id of the cluster.",
            arguments: &[CONFIG, COMMAND_CONFIG, BOOTSTRAP_SERVER, BOOTSTRAP_CONTROLLER],
        },
        Subcommand {
            name: "unregister",
            about: "Forget a broker.",
            arguments: &[
                CONFIG,
                COMMAND_CONFIG,
                required(&["--id", "-i"], Takes::Integer, "The id of the broker to forget."),
                BOOTSTRAP_SERVER,
                BOOTSTRAP_CONTROLLER,
            ],
        },
        Subcommand {
            name: "list-endpoints",
            about: "List the nodes and where they listen.",
            arguments: &[
                CONFIG,
                COMMAND_CONFIG,
                optional(&["--include-fenced-brokers"], Takes::Nothing, "Show fenced brokers too."),
                BOOTSTRAP_SERVER,
                BOOTSTRAP_CONTROLLER,
            ],
        },
    ],
    empty_asks_for_help: false,
    help_fails: true,
    refusal: Refusal::WithHelp,
};

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    if given.has("config") {
        if given.has("command-config") {
            let problem = "--config and --command-config cannot be specified together.";
            return Err(Error::Refused(problem.to_owned()));
        }
        terminal.say(
            "Option --config has been deprecated and will be removed in a future version. Use \
             --command-config instead.",
        )?;
    }
    let path = given.one("config")?.or(given.one("command-config")?);
    let properties = Properties::of(env.files(), path, &[])?;
    let admin = admin_with(env, given, terminal, &properties).await?;
    match given.command {
        Some("cluster-id") => {
            let cluster_id = admin.describe_cluster(false).await?.cluster_id;
            terminal.say(format!("Cluster ID: {cluster_id}"))?;
        }
        Some("unregister") => {
            let id = given.parsed::<i32>("id")?.unwrap_or_default();
            match admin.unregister_broker(id).await {
                Ok(()) => terminal.say(format!("Broker {id} is no longer registered."))?,
                Err(ClientError::Unsupported(_)) => terminal
                    .say("The target cluster does not support the broker unregistration API.")?,
                Err(error) => return Err(error.into()),
            }
        }
        _ => endpoints(&admin, given, terminal).await?,
    }
    Ok(())
}

async fn endpoints(admin: &Admin, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    const ID: usize = 10;
    const PORT: usize = 10;
    const STATE: usize = 10;
    const TYPE: usize = 15;
    /// How wide the column of racks is when there is none.
    const RACK: usize = 10;
    let include_fenced = given.has("include-fenced-brokers");
    let controllers = admin.cluster().config().controllers;
    if controllers && include_fenced {
        return Err(Error::Refused(
            "The option --include-fenced-brokers is only supported with --bootstrap-server option"
                .to_owned(),
        ));
    }
    let nodes = admin.describe_cluster(include_fenced).await?.brokers;
    let host = nodes.iter().map(|node| node.host.len()).max().unwrap_or(100);
    let rack = nodes.iter().filter_map(|node| Some(node.rack.as_ref()?.len())).max();
    let rack = rack.unwrap_or(RACK);
    let kind = if controllers { "controller" } else { "broker" };
    let line = |id: &str, at: (&str, &str), rack_name: &str, state: &str, kind: &str| {
        let mut cells = vec![(id, ID), (at.0, host), (at.1, PORT), (rack_name, rack)];
        if !controllers {
            cells.push((state, STATE));
        }
        cells.push((kind, TYPE));
        padded(cells)
    };
    terminal.say(line("ID", ("HOST", "PORT"), "RACK", "STATE", "ENDPOINT_TYPE"))?;
    for node in &nodes {
        let state = if node.is_fenced { "fenced" } else { "unfenced" };
        let (id, port) = (node.broker_id.to_string(), node.port.to_string());
        let rack = node.rack.as_deref().unwrap_or("null");
        terminal.say(line(&id, (&node.host, &port), rack, state, kind))?;
    }
    Ok(())
}
