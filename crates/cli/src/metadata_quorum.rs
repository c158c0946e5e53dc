//! `kafka-metadata-quorum`: the state of the quorum that keeps the metadata, and who votes in it.

use client::{Admin, Quorum};
use env::Env;
use wire::Uuid;
use wire::messages::describe_quorum_response::ReplicaState;

use crate::arguments::{Argument, Arguments, Presence, Subcommand, Takes, optional, required};
use crate::connect::admin_with;
use crate::error::Error;
use crate::options::{Given, Refusal};
use crate::properties::Properties;
use crate::table::tabbed;
use crate::terminal::Terminal;

const DRY_RUN: Argument =
    optional(&["--dry-run"], Takes::Nothing, "Say what would be done; change nothing.");

/// The arguments.
pub(crate) const OPTIONS: Arguments = Arguments {
    name: "kafka-metadata-quorum",
    about: "This tool describes kraft metadata quorum status.",
    arguments: &[
        optional(
            &["--command-config"],
            Takes::Text,
            "A file with properties of the admin client; for add-controller, the configuration \
             of the controller to add.",
        ),
        Argument {
            flags: &["--bootstrap-server"],
            takes: Takes::Text,
            presence: Presence::RequiredOneOf(1),
            doc: "Brokers to begin with, as host:port pairs.",
        },
        Argument {
            flags: &["--bootstrap-controller"],
            takes: Takes::Text,
            presence: Presence::RequiredOneOf(1),
            doc: "Controllers to begin with, as host:port pairs.",
        },
    ],
    commands: &[
        Subcommand {
            name: "describe",
            about: "Shows the state of the quorum.",
            arguments: &[
                optional(&["--status"], Takes::Nothing, "Leader, voters, observers, lag."),
                optional(&["--replication"], Takes::Nothing, "How far each node is."),
                optional(
                    &["--human-readable"],
                    Takes::Nothing,
                    "Shows times as what has passed since.",
                ),
            ],
        },
        Subcommand {
            name: "add-controller",
            about: "Makes a controller a voter.",
            arguments: &[DRY_RUN],
        },
        Subcommand {
            name: "remove-controller",
            about: "Takes a controller out of the voters.",
            arguments: &[
                required(&["--controller-id", "-i"], Takes::Integer, "The controller's id."),
                required(
                    &["--controller-directory-id", "-d"],
                    Takes::Text,
                    "The id of the controller's metadata directory.",
                ),
                DRY_RUN,
            ],
        },
    ],
    empty_asks_for_help: false,
    help_fails: false,
    refusal: Refusal::WithHelp,
};

fn refuse<T>(text: impl Into<String>) -> Result<T, Error> {
    Err(Error::Refused(text.into()))
}

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let path = given.one("command-config")?;
    if let Some(path) = path.filter(|path| !env.files().exists(path).unwrap_or(false)) {
        return refuse(format!("Properties file {path} does not exists!"));
    }
    let properties = Properties::of(env.files(), path, &[])?;
    let has = |name| given.has(name);
    match given.command {
        Some("describe") => match (has("status"), has("replication"), has("human-readable")) {
            (true, true, _) => refuse(
                "Only one of --status or --replication should be specified with describe \
                 sub-command",
            ),
            (_, true, human) => {
                let admin = admin_with(env, given, terminal, &properties).await?;
                replication(env, &admin, human, terminal).await
            }
            (true, _, true) => {
                refuse("The option --human-readable is only supported along with --replication")
            }
            (true, ..) => {
                let admin = admin_with(env, given, terminal, &properties).await?;
                status(&admin, terminal).await
            }
            _ => refuse(
                "One of --status or --replication must be specified with describe sub-command",
            ),
        },
        Some("add-controller") => {
            if path.is_none() {
                return refuse(
                    "You must supply the configuration file of the controller you are adding \
                     when using add-controller.",
                );
            }
            add(env, given, &properties, terminal).await
        }
        _ => remove(env, given, &properties, terminal).await,
    }
}

async fn status(admin: &Admin, terminal: &mut Terminal) -> Result<(), Error> {
    let cluster_id = admin.describe_cluster(false).await?.cluster_id;
    let quorum = admin.describe_quorum().await?;
    let leader = leader(&quorum)?;
    let slowest = quorum.state.current_voters.iter().min_by_key(|voter| voter.log_end_offset);
    let slowest = slowest.unwrap_or(leader);
    let lag_ms = match (leader.last_caught_up_timestamp, slowest.last_caught_up_timestamp) {
        _ if slowest.replica_id == leader.replica_id => 0,
        (leader @ 0.., slowest @ 0..) => leader - slowest,
        _ => -1,
    };
    let lag = leader.log_end_offset - slowest.log_end_offset;
    terminal.say(format!(
        "ClusterId:              {cluster_id}\n\
         LeaderId:               {}\n\
         LeaderEpoch:            {}\n\
         HighWatermark:          {}\n\
         MaxFollowerLag:         {lag}\n\
         MaxFollowerLagTimeMs:   {lag_ms}\n\
         CurrentVoters:          {}\n\
         CurrentObservers:       {}",
        quorum.state.leader_id,
        quorum.state.leader_epoch,
        quorum.state.high_watermark,
        nodes(&quorum, &quorum.state.current_voters),
        nodes(&quorum, &quorum.state.observers),
    ))?;
    Ok(())
}

fn leader(quorum: &Quorum) -> Result<&ReplicaState, Error> {
    let id = quorum.state.leader_id;
    let leader = quorum.state.current_voters.iter().find(|voter| voter.replica_id == id);
    leader.ok_or_else(|| Error::Refused("No value present".to_owned()))
}

/// Nodes as JSON.
fn nodes(quorum: &Quorum, replicas: &[ReplicaState]) -> String {
    let node = |replica: &ReplicaState| {
        let mut fields = vec![format!("\"id\": {}", replica.replica_id)];
        if !replica.replica_directory_id.is_zero() {
            fields.push(format!("\"directoryId\": \"{}\"", replica.replica_directory_id));
        }
        let found = quorum.nodes.iter().find(|node| node.node_id == replica.replica_id);
        let endpoints = found.map_or(&[][..], |node| &node.listeners).iter();
        let endpoints: Vec<String> = endpoints
            .map(|at| format!("\"{}://{}:{}\"", at.name, bracketed(&at.host), at.port))
            .collect();
        if !endpoints.is_empty() {
            fields.push(format!("\"endpoints\": [{}]", endpoints.join(", ")));
        }
        format!("{{{}}}", fields.join(", "))
    };
    let shown: Vec<String> = replicas.iter().map(node).collect();
    format!("[{}]", shown.join(", "))
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

async fn replication(
    env: &Env,
    admin: &Admin,
    human: bool,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let quorum = admin.describe_quorum().await?;
    let leader = leader(&quorum)?;
    let now = env.clock().wall_ms();
    let time = |timestamp: i64| match timestamp {
        ..0 => "-1".to_owned(),
        timestamp if human => format!("{} ms ago", now - timestamp),
        timestamp => timestamp.to_string(),
    };
    let row = |replica: &ReplicaState, status: &str| {
        vec![
            replica.replica_id.to_string(),
            replica.replica_directory_id.to_string(),
            replica.log_end_offset.to_string(),
            (leader.log_end_offset - replica.log_end_offset).to_string(),
            time(replica.last_fetch_timestamp),
            time(replica.last_caught_up_timestamp),
            status.to_owned(),
        ]
    };
    let mut rows = vec![row(leader, "Leader")];
    let others = quorum.state.current_voters.iter();
    let others = others.filter(|voter| voter.replica_id != leader.replica_id);
    rows.extend(others.map(|voter| row(voter, "Follower")));
    rows.extend(quorum.state.observers.iter().map(|observer| row(observer, "Observer")));
    let header = [
        "NodeId",
        "DirectoryId",
        "LogEndOffset",
        "Lag",
        "LastFetchTimestamp",
        "LastCaughtUpTimestamp",
        "Status",
    ];
    tabbed(terminal, &header, &rows)
}

async fn add(
    env: &Env,
    given: &Given,
    properties: &Properties,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let id = controller_id(properties)?;
    let directory_id = directory_id(env, &metadata_directory(properties)?)?;
    let endpoints = endpoints(properties)?;
    let is_dry_run = given.has("dry-run");
    if !is_dry_run {
        let admin = admin_with(env, given, terminal, properties).await?;
        admin.add_voter(id, directory_id, &endpoints).await?;
    }
    let shown: Vec<String> = endpoints
        .iter()
        .map(|(name, host, port)| format!("{name}://{}:{port}", bracketed(host)))
        .collect();
    let verb = if is_dry_run { "DRY RUN of adding" } else { "Added" };
    let shown = shown.join(", ");
    terminal.say(format!(
        "{verb} controller {id} with directory id {directory_id} and endpoints: {shown}"
    ))?;
    Ok(())
}

const ASK: &str = "Is this a valid controller configuration file?";

fn controller_id(properties: &Properties) -> Result<i32, Error> {
    let Some(text) = properties.get("node.id") else {
        return refuse(format!("node.id not found in configuration file. {ASK}"));
    };
    let invalid = |_| Error::Refused(format!("For input string: \"{text}\""));
    let id: i32 = text.trim().parse().map_err(invalid)?;
    if id < 0 {
        return refuse(format!("node.id was negative in configuration file. {ASK}"));
    }
    if !properties.get("process.roles").unwrap_or_default().contains("controller") {
        return refuse(format!(
            "process.roles did not contain 'controller' in configuration file. {ASK}"
        ));
    }
    Ok(id)
}

fn metadata_directory(properties: &Properties) -> Result<String, Error> {
    if let Some(dir) = properties.get("metadata.log.dir") {
        return Ok(dir.to_owned());
    }
    match properties.get("log.dirs").and_then(|dirs| dirs.trim().split(',').next()) {
        Some(dir) if !dir.is_empty() => Ok(dir.to_owned()),
        _ => refuse(format!("Neither metadata.log.dir nor log.dirs were found. {ASK}")),
    }
}

fn directory_id(env: &Env, directory: &str) -> Result<Uuid, Error> {
    let path = format!("{directory}/meta.properties");
    let Ok(properties) = Properties::load(env.files(), &path) else {
        return refuse(format!("Unable to read meta.properties from {directory}"));
    };
    let id = properties.get("directory.id").and_then(|text| text.parse().ok());
    id.ok_or_else(|| Error::Refused(format!("No directory id found in {directory}")))
}

/// Where the controller listens: name, host and port of each of its listeners.
///
/// # Errors
/// The configuration does not say.
pub(crate) fn endpoints(properties: &Properties) -> Result<Vec<(String, String, u16)>, Error> {
    let Some(names) = properties.get("controller.listener.names") else {
        return refuse(format!("controller.listener.names was not found. {ASK}"));
    };
    let listed = |setting| properties.get(setting).unwrap_or_default().split(',');
    let all: Vec<&str> = listed("advertised.listeners").chain(listed("listeners")).collect();
    let mut endpoints = Vec::new();
    for name in names.split(',').map(|name| name.trim().to_uppercase()) {
        let listener = all.iter().filter_map(|listener| listener.trim().split_once("://"));
        let mut listener = listener.filter(|(known, _)| known.eq_ignore_ascii_case(&name));
        let at = listener.next().and_then(|(_, address)| address.rsplit_once(':'));
        let at = at.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        let Some((host, port)) = at else {
            return refuse(format!(
                "Cannot find information about controller listener name: {name}"
            ));
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = if host.is_empty() { "localhost" } else { host };
        endpoints.push((name, host.to_owned(), port));
    }
    Ok(endpoints)
}

async fn remove(
    env: &Env,
    given: &Given,
    properties: &Properties,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let id = given.parsed::<i32>("controller-id")?.unwrap_or_default();
    if id < 0 {
        return refuse(format!("Invalid negative --controller-id: {id}"));
    }
    let text = given.one("controller-directory-id")?.unwrap_or_default();
    let directory_id: Uuid = text.parse().map_err(|_| {
        let bytes = text.trim_end_matches('=').len() * 3 / 4;
        let problem = if text.len() > 24 {
            format!(
                "Input string with prefix `{}` is too long to be decoded as a base64 UUID",
                &text[..24]
            )
        } else {
            format!(
                "Input string `{text}` decoded as {bytes} bytes, which is not equal to the \
                 expected 16 bytes of a base64-encoded UUID"
            )
        };
        Error::Refused(format!("Failed to parse --controller-directory-id: {problem}"))
    })?;
    let is_dry_run = given.has("dry-run");
    if !is_dry_run {
        let admin = admin_with(env, given, terminal, properties).await?;
        admin.remove_voter(id, directory_id).await?;
    }
    let verb = if is_dry_run { "DRY RUN of removing " } else { "Removed " };
    terminal.say(format!("{verb} KRaft controller {id} with directory id {directory_id}"))?;
    Ok(())
}
