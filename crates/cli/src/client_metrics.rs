//! `kafka-client-metrics`: subscriptions for metrics that clients push.

use client::{Admin, ConfigChange, ConfigEntry};
use env::Env;
use wire::{Str, Uuid};

use crate::connect::admin;
use crate::error::Error;
use crate::java::hash_order;
use crate::options::{Given, Options, Refusal, Refused, flag, value};
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to manipulate and describe client metrics configurations.",
    example: "kafka-client-metrics --bootstrap-server localhost:9092 --alter --name all --metrics org.apache.kafka --interval 60000",
    specs: &[
        flag("alter", "Alter a subscription, or make one."),
        value(
            "bootstrap-server",
            "String: server to connect to",
            "REQUIRED: Brokers to begin with.",
        ),
        value(
            "command-config",
            "String: command config property file",
            "A file with properties of the admin client.",
        ),
        flag("delete", "Delete a subscription."),
        flag("describe", "Show the settings of subscriptions."),
        flag("generate-name", "Let the name be a new id."),
        value(
            "interval",
            "String: push interval",
            "How often clients push, in milliseconds; empty for the default.",
        ),
        flag("list", "Show the names of subscriptions."),
        value(
            "match",
            "String: k1=v1,k2=v2",
            "Which clients are meant: client_id, client_instance_id, client_software_name, client_software_version, client_source_address, client_source_port.",
        ),
        value("metrics", "String: m1,m2", "How the names of the metrics begin."),
        value("name", "String: name", "The name of the subscription."),
    ],
    required: &[],
    refusal: Refusal::WithHelp,
};

/// The kind of resource that subscriptions are.
const CLIENT_METRICS: i8 = 16;
const ACTIONS: [&str; 4] = ["alter", "delete", "describe", "list"];

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let action = check(given)?;
    let name = match given.one("name")? {
        Some(name) => Some(Str::copy_from(name)),
        None if given.has("generate-name") => {
            let id = Uuid(env.random().uuid());
            Some(Str::copy_from(&id.to_string()))
        }
        None => None,
    };
    let changes = changes(given)?;
    let admin = admin(env, given, terminal).await?;
    let result = match (action, &name) {
        ("alter", Some(name)) => alter(&admin, name, changes, terminal).await,
        ("delete", Some(name)) => delete(&admin, name, terminal).await,
        ("describe", name) => describe(&admin, name.as_ref(), terminal).await,
        _ => list(&admin, terminal).await,
    };
    match result {
        Err(Error::Client(error)) => {
            let error = crate::exception::message(&error);
            terminal.say(format!("Error while executing client metrics command : {error}"))?;
            Err(Error::Told)
        }
        other => other,
    }
}

fn check(given: &Given) -> Result<&'static str, Error> {
    let refuse = |text: &str| Err(Error::Refused(text.to_owned()));
    let mut actions = ACTIONS.into_iter().filter(|action| given.has(action));
    let (Some(action), None) = (actions.next(), actions.next()) else {
        let problem = "Command must include exactly one action: --alter, --delete, --describe or \
                       --list.";
        return Err(Refused(problem.to_owned()).into());
    };
    if !given.has("bootstrap-server") {
        return refuse("--bootstrap-server must be specified.");
    }
    let settings = ["generate-name", "interval", "match", "metrics"];
    given.forbid_with("delete", &settings)?;
    given.forbid_with("describe", &settings)?;
    given.forbid_with("list", &["name"])?;
    given.forbid_with("list", &settings)?;
    if action == "alter" && given.has("name") == given.has("generate-name") {
        return refuse("One of --name or --generate-name must be specified with --alter.");
    }
    let interval = given.one("interval")?.map_or(Ok(0), |text| match text {
        "" => Ok(0),
        text => text.parse::<i32>(),
    });
    if interval.is_err() {
        return refuse("Invalid interval value. Enter an integer, or leave empty to reset.");
    }
    if action == "delete" && !given.has("name") {
        return refuse("A client metrics resource name must be specified with --delete.");
    }
    Ok(action)
}

fn changes(given: &Given) -> Result<Vec<(Str, ConfigChange)>, Error> {
    let settings = [("interval", "interval.ms"), ("metrics", "metrics"), ("match", "match")];
    let changed = settings.into_iter().filter(|(option, _)| given.has(option));
    let change = |(option, setting): (&str, &'static str)| {
        let value = given.all(option).join(",");
        let change = match value.as_str() {
            "" => ConfigChange::Delete,
            value => ConfigChange::Set(Str::copy_from(value)),
        };
        (Str::from(setting), change)
    };
    Ok(changed.map(change).collect())
}

async fn alter(
    admin: &Admin,
    name: &Str,
    changes: Vec<(Str, ConfigChange)>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    admin.alter_configs(CLIENT_METRICS, name, changes).await?;
    terminal.say(format!("Altered client metrics config for {name}."))?;
    Ok(())
}

async fn delete(admin: &Admin, name: &Str, terminal: &mut Terminal) -> Result<(), Error> {
    let entries = entries(admin, name).await?;
    let changes = entries.into_iter().map(|entry| (entry.name, ConfigChange::Delete)).collect();
    admin.alter_configs(CLIENT_METRICS, name, changes).await?;
    terminal.say(format!("Deleted client metrics config for {name}."))?;
    Ok(())
}

async fn entries(admin: &Admin, name: &Str) -> Result<Vec<ConfigEntry>, Error> {
    let found = admin.describe_configs(CLIENT_METRICS, std::slice::from_ref(name)).await?;
    let entries = found.into_iter().next().map_or(Ok(Vec::new()), |(_, entries)| entries)?;
    Ok(hash_order(entries, |entry| &entry.name))
}

async fn describe(admin: &Admin, name: Option<&Str>, terminal: &mut Terminal) -> Result<(), Error> {
    let there = names(admin).await?;
    if let Some(name) = name.filter(|name| !there.contains(name)) {
        terminal.say(format!(
            "The client metric resource {name} doesn't exist and doesn't have dynamic config."
        ))?;
        return Ok(());
    }
    for name in name.map_or(there, |name| vec![name.clone()]) {
        terminal.say(format!("Client metrics configs for {name} are:"))?;
        for entry in entries(admin, &name).await? {
            let value = entry.value.as_deref().unwrap_or("null");
            terminal.say(format!("  {}={value}", entry.name))?;
        }
    }
    Ok(())
}

async fn names(admin: &Admin) -> Result<Vec<Str>, Error> {
    let resources = admin.list_config_resources(&[CLIENT_METRICS]).await?;
    Ok(resources.into_iter().map(|resource| resource.name).collect())
}

async fn list(admin: &Admin, terminal: &mut Terminal) -> Result<(), Error> {
    let names: Vec<String> = names(admin).await?.iter().map(Str::to_string).collect();
    terminal.say(names.join("\n"))?;
    Ok(())
}
