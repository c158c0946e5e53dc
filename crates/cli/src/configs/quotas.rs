//! Quotas of users, clients and addresses; SCRAM credentials of users.

use client::{QuotaEntity, QuotaEntry, QuotaMatch, QuotaOp, ScramChange};
use wire::Str;

use super::alter::Changes;
use super::entity::Kind;
use super::{Context, Error};

/// Quotas that users and clients may have.
const QUOTAS: [&str; 4] =
    ["producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"];
/// What addresses may have.
const CONNECTIONS: &str = "connection_creation_rate";
/// Mechanisms with their numbers in requests.
const SCRAM: [(&str, i8); 2] = [("SCRAM-SHA-256", 1), ("SCRAM-SHA-512", 2)];
const ITERATIONS_MIN: i32 = 4096;

fn refuse<T>(text: impl Into<String>) -> Result<T, Error> {
    Err(Error::Refused(text.into()))
}

/// What requests and descriptions call a kind of entity.
fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Clients => ("client-id", "client-id"),
        Kind::Ips => ("ip", "ip"),
        _ => ("user", "user-principal"),
    }
}

/// Shows quotas, and credentials of users.
pub(super) async fn describe(context: &mut Context<'_>) -> Result<(), Error> {
    for entry in entries(context).await? {
        let of = |kind: Kind| {
            let (word, shown) = words(kind);
            let (_, name) = entry.entity.iter().find(|(found, _)| *found == *word)?;
            Some(match name {
                Some(name) => format!("{shown} '{name}'"),
                None => format!("the default {shown}"),
            })
        };
        let entity: Vec<String> =
            [Kind::Users, Kind::Clients, Kind::Ips].into_iter().filter_map(of).collect();
        let values = entry.values.iter().map(|(key, value)| format!("{key}={value:?}"));
        let values = values.collect::<Vec<_>>().join(", ");
        let entity = entity.join(", ");
        context.terminal.say(format!("Quota configs for {entity} are {values}"))?;
    }
    let names = &context.entities.names;
    if context.entities.first() != Kind::Users
        || context.entities.kinds.len() > 1
        || names.iter().any(String::is_empty)
    {
        return Ok(());
    }
    let users: Vec<Str> = names.iter().map(|name| Str::copy_from(name)).collect();
    let asked = (!users.is_empty()).then_some(&users[..]);
    for (user, credentials) in context.admin.describe_scram(asked).await? {
        let shown = credentials.iter().map(|(mechanism, iterations)| {
            let known = SCRAM.iter().find(|(_, number)| number == mechanism);
            format!("{}=iterations={iterations}", known.map_or("UNKNOWN", |(name, _)| *name))
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        context
            .terminal
            .say(format!("SCRAM credential configs for user-principal '{user}' are {shown}"))?;
    }
    Ok(())
}

async fn entries(context: &Context<'_>) -> Result<Vec<QuotaEntry>, Error> {
    let mut names = context.entities.names.iter();
    let component = |kind: &Kind| {
        let matched = match names.next() {
            Some(name) if name.is_empty() => QuotaMatch::Default,
            Some(name) => QuotaMatch::Exact(Str::copy_from(name)),
            None => QuotaMatch::Any,
        };
        (words(*kind).0, matched)
    };
    let components: Vec<_> = context.entities.kinds.iter().map(component).collect();
    Ok(context.admin.describe_quotas(&components, true).await?)
}

/// Changes quotas or credentials.
pub(super) async fn alter(context: &Context<'_>, changes: Changes) -> Result<(), Error> {
    let kind = context.entities.first();
    if kind == Kind::Ips {
        let added = changes.added.iter().map(|(name, _)| name);
        let unknown: Vec<&str> = added
            .chain(&changes.deleted)
            .filter(|name| *name != CONNECTIONS)
            .map(String::as_str)
            .collect();
        if !unknown.is_empty() {
            let unknown = unknown.join(",");
            return refuse(format!(
                "Only connection quota configs can be added for 'ips' using --bootstrap-server. \
                 Unexpected config names: {unknown}"
            ));
        }
        return alter_quotas(context, changes).await;
    }
    let is_scram = |name: &str| SCRAM.iter().any(|(known, _)| *known == name);
    let is_quota = |name: &str| QUOTAS.contains(&name);
    let only_quotas = kind == Kind::Clients || context.entities.kinds.len() == 2;
    let allowed = |name: &str| is_quota(name) || (!only_quotas && is_scram(name));
    let added: Vec<&str> = changes.added.iter().map(|(name, _)| name.as_str()).collect();
    let deleted: Vec<&str> = changes.deleted.iter().map(String::as_str).collect();
    let (what, whose) = match only_quotas {
        true => ("Only quota configs", "clients"),
        false => ("Only quota and SCRAM credential configs", "users"),
    };
    for (names, verb, collection) in
        [(&added, "added", "Set"), (&deleted, "deleted", "ArrayBuffer")]
    {
        let unknown: Vec<&str> = names.iter().copied().filter(|name| !allowed(name)).collect();
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            return refuse(format!(
                "{what} can be {verb} for '{whose}' using --bootstrap-server. Unexpected config \
                 names: {collection}({unknown})"
            ));
        }
    }
    let names = || added.iter().chain(&deleted).copied();
    if !names().any(is_scram) {
        return alter_quotas(context, changes).await;
    }
    if context.entities.names.iter().any(String::is_empty) {
        return refuse(
            "The use of --entity-default or --user-defaults is not allowed with User SCRAM \
             Credentials using --bootstrap-server.",
        );
    }
    if names().any(is_quota) {
        return refuse(
            "Cannot alter both quota and SCRAM credential configs simultaneously for 'users' \
             using --bootstrap-server.",
        );
    }
    alter_scram(context, &changes).await
}

async fn alter_quotas(context: &Context<'_>, changes: Changes) -> Result<(), Error> {
    let old = entries(context).await?.into_iter().next().unwrap_or_default();
    let has = |name: &str| old.values.iter().any(|(key, _)| **key == *name);
    let unknown = changes.deleted.iter().filter(|name| !has(name)).map(String::as_str);
    let unknown: Vec<&str> = unknown.collect();
    if !unknown.is_empty() {
        return refuse(format!("Invalid config(s): {}", unknown.join(",")));
    }
    let mut ops = Vec::new();
    for (name, value) in &changes.added {
        let Ok(number) = value.parse::<f64>() else {
            return refuse(format!("Cannot parse quota configuration value for {name}: {value}"));
        };
        ops.push(QuotaOp { key: Str::copy_from(name), value: Some(number) });
    }
    let deleted = changes.deleted.iter();
    ops.extend(deleted.map(|name| QuotaOp { key: Str::copy_from(name), value: None }));
    let named = context.entities.kinds.iter().zip(&context.entities.names);
    let entity: QuotaEntity = named
        .map(|(kind, name)| {
            let name = (!name.is_empty()).then(|| Str::copy_from(name));
            (Str::from(words(*kind).0), name)
        })
        .collect();
    Ok(context.admin.alter_quotas(entity, ops).await?)
}

async fn alter_scram(context: &Context<'_>, changes: &Changes) -> Result<(), Error> {
    for (name, value) in &changes.added {
        let invalid = || {
            let name = name.replace('-', "_");
            Error::Refused(format!("Invalid credential property {name}={value}"))
        };
        let (iterations, _) = credential(value).ok_or_else(invalid)?;
        if iterations < ITERATIONS_MIN {
            return refuse(format!(
                "Iterations {iterations} is less than the minimum {ITERATIONS_MIN} required for \
                 {name}"
            ));
        }
    }
    if let Some((name, _)) = changes.added.first() {
        return refuse(format!(
            "{name} credentials cannot be set by this release of kafka-configs, which does not hash \
             passwords; set them with Apache Kafka's tool"
        ));
    }
    let number = |name: &str| SCRAM.iter().find(|(known, _)| *known == name);
    let deleted = changes.deleted.iter().filter_map(|name| number(name));
    let deleted = deleted.map(|(_, mechanism)| ScramChange::Delete { mechanism: *mechanism });
    let user = context.entities.names.first().map(|name| Str::copy_from(name));
    Ok(context.admin.alter_scram(&user.unwrap_or_default(), deleted.collect()).await?)
}

/// Reads `iterations=8192,password=secret`.
fn credential(text: &str) -> Option<(i32, &str)> {
    const DEFAULT: i32 = 4096;
    if let Some(password) = text.strip_prefix("password=") {
        return Some((DEFAULT, password));
    }
    let (iterations, password) = text.strip_prefix("iterations=")?.split_once(",password=")?;
    let iterations = match iterations {
        "-1" => DEFAULT,
        number => number.parse().ok()?,
    };
    Some((iterations, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_have_iterations_and_a_password() {
        assert_eq!(credential("password=a=b,c"), Some((4096, "a=b,c")));
        assert_eq!(credential("iterations=8192,password=x"), Some((8192, "x")));
        assert_eq!(credential("iterations=-1,password=x"), Some((4096, "x")));
        assert_eq!(credential("x"), None);
    }
}
