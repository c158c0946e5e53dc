//! `--describe`.

use client::ConfigEntry;
use wire::{ErrorCode, Str};

use super::entity::Kind;
use super::{Context, Error, quotas};

/// Where a value comes from, by its number in answers.
const SOURCES: [&str; 9] = [
    "UNKNOWN",
    "DYNAMIC_TOPIC_CONFIG",
    "DYNAMIC_BROKER_CONFIG",
    "DYNAMIC_DEFAULT_BROKER_CONFIG",
    "STATIC_BROKER_CONFIG",
    "DEFAULT_CONFIG",
    "DYNAMIC_BROKER_LOGGER_CONFIG",
    "DYNAMIC_CLIENT_METRICS_CONFIG",
    "DYNAMIC_GROUP_CONFIG",
];

/// Shows settings or quotas.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let kind = context.entities.first();
    let Some(resource) = kind.resource() else {
        return quotas::describe(context).await;
    };
    let all = context.given.has("all");
    let names = match context.entities.names.first() {
        Some(name) => {
            let name = Str::copy_from(name);
            if !all && !is_there(context, kind, &name).await? {
                let kind = kind.singular();
                context.terminal.say(format!(
                    "The {kind} '{name}' doesn't exist and doesn't have dynamic config."
                ))?;
                return Ok(());
            }
            vec![name]
        }
        None => names(context, kind).await?,
    };
    for name in names {
        if name.is_empty() {
            let kind = kind.word();
            context.terminal.say(format!("Default configs for {kind} in the cluster are:"))?;
        } else {
            let which = if all { "All" } else { "Dynamic" };
            let kind = kind.singular();
            context.terminal.say(format!("{which} configs for {kind} {name} are:"))?;
        }
        let source = if all { None } else { dynamic_source(kind, &name) };
        let mut entries = context.admin.describe_config_synonyms(resource, &name).await?;
        entries.retain(|entry| source.is_none_or(|source| entry.config_source == source));
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for entry in &entries {
            context.terminal.say(line(entry))?;
        }
    }
    Ok(())
}

/// The source of the settings an entity has of its own; `None` if all are shown.
fn dynamic_source(kind: Kind, name: &str) -> Option<i8> {
    match kind {
        Kind::Topics => Some(1),
        Kind::Brokers if name.is_empty() => Some(3),
        Kind::Brokers => Some(2),
        Kind::ClientMetrics => Some(7),
        Kind::Groups => Some(8),
        Kind::BrokerLoggers | Kind::Clients | Kind::Users | Kind::Ips => None,
    }
}

fn line(entry: &ConfigEntry) -> String {
    let value = |value: &Option<Str>| value.as_deref().unwrap_or("null").to_owned();
    let synonyms: Vec<String> = entry
        .synonyms
        .iter()
        .map(|synonym| {
            let source = usize::try_from(synonym.source).ok();
            let source = source.and_then(|at| SOURCES.get(at)).unwrap_or(&SOURCES[0]);
            format!("{source}:{}={}", synonym.name, value(&synonym.value))
        })
        .collect();
    format!(
        "  {}={} sensitive={} synonyms={{{}}}",
        entry.name,
        value(&entry.value),
        entry.is_sensitive,
        synonyms.join(", ")
    )
}

/// Whether an entity is there, or at least has settings.
async fn is_there(context: &Context<'_>, kind: Kind, name: &Str) -> Result<bool, Error> {
    if name.is_empty() {
        return Ok(true);
    }
    let known = match kind {
        Kind::ClientMetrics => configured(context, kind).await?,
        _ => names(context, kind).await?,
    };
    if known.contains(name) {
        return Ok(true);
    }
    // A broker may be down and have settings all the same.
    Ok(kind != Kind::BrokerLoggers && configured(context, kind).await?.contains(name))
}

async fn configured(context: &Context<'_>, kind: Kind) -> Result<Vec<Str>, Error> {
    let kinds = kind.resource().map_or(Vec::new(), |resource| vec![resource]);
    let found = context.admin.list_config_resources(&kinds).await?;
    Ok(found.into_iter().map(|resource| resource.name).collect())
}

/// All entities of a kind.
async fn names(context: &Context<'_>, kind: Kind) -> Result<Vec<Str>, Error> {
    let of_brokers = matches!(kind, Kind::Brokers | Kind::BrokerLoggers);
    if context.admin.cluster().config().controllers && !of_brokers {
        let problem = "This Admin API is not yet supported when communicating directly with the \
                       controller quorum.";
        let code = ErrorCode::UnsupportedEndpointType.code();
        return Err(client::Error::refused(code, Some(problem)).into());
    }
    Ok(match kind {
        Kind::Topics => {
            let topics = context.admin.list_topics().await?.into_iter();
            topics.filter_map(|topic| topic.name).collect()
        }
        Kind::Brokers | Kind::BrokerLoggers => {
            let brokers = context.admin.describe_cluster(false).await?.brokers.into_iter();
            let ids = brokers.map(|broker| Str::copy_from(&broker.broker_id.to_string()));
            ids.chain([Str::new()]).collect()
        }
        Kind::Groups => {
            let mut known = context.admin.list_groups(&[], &[]).await?.into_iter();
            let mut names: Vec<Str> = known.by_ref().map(|group| group.group_id).collect();
            for name in configured(context, kind).await? {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        }
        Kind::ClientMetrics => configured(context, kind).await?,
        Kind::Clients | Kind::Users | Kind::Ips => Vec::new(),
    })
}
