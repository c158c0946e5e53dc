//! `--alter`.

use client::ConfigChange;
use wire::Str;

use super::entity::Kind;
use super::{Context, Error, quotas};
use crate::properties::Properties;

/// Settings to add, and settings to take away.
pub(super) struct Changes {
    pub(super) added: Vec<(String, String)>,
    pub(super) deleted: Vec<String>,
}

/// Changes settings, quotas or credentials.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let changes = changes(context)?;
    let kind = context.entities.first();
    let name = context.entities.names.first().cloned().unwrap_or_default();
    match kind {
        Kind::Users | Kind::Clients | Kind::Ips => quotas::alter(context, changes).await?,
        Kind::BrokerLoggers => {
            known_loggers(context, &name, &changes).await?;
            resource(context, kind, &name, changes).await?;
        }
        Kind::Topics | Kind::Brokers | Kind::ClientMetrics | Kind::Groups => {
            resource(context, kind, &name, changes).await?;
        }
    }
    context.terminal.say(if name.is_empty() {
        format!("Completed updating default config for {} in the cluster.", kind.word())
    } else {
        format!("Completed updating config for {} {name}.", kind.singular())
    })?;
    Ok(())
}

fn changes(context: &Context<'_>) -> Result<Changes, Error> {
    let given = context.given;
    let added = match given.one("add-config-file")? {
        Some(path) => {
            let properties = Properties::load(context.env.files(), path)?;
            properties.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        }
        None => parse(given.one("add-config")?.unwrap_or_default())?,
    };
    let deleted = given.all("delete-config").iter().flat_map(|list| list.split(','));
    let deleted = deleted.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    Ok(Changes { added, deleted: deleted.collect() })
}

/// Reads `k1=v1,k2=[v1,v2]`.
fn parse(text: &str) -> Result<Vec<(String, String)>, Error> {
    let mut parts: Vec<String> = Vec::new();
    let mut is_open = false;
    for part in text.split(',') {
        match parts.last_mut().filter(|_| is_open) {
            Some(last) => *last += &format!(",{part}"),
            None => parts.push(part.to_owned()),
        }
        is_open = (is_open || part.contains("=[")) && !part.trim_end().ends_with(']');
    }
    let mut added = Vec::new();
    for part in parts.iter().filter(|part| !part.trim().is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            return Err(Error::Refused(
                "requirement failed: Invalid entity config: all configs to be added must be in \
                 the format \"key=val\" or  \"key=[val1,val2]\" to group values which contain \
                 commas."
                    .to_owned(),
            ));
        };
        let value = value.trim();
        let inner = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
        added.push((name.trim().to_owned(), inner.unwrap_or(value).to_owned()));
    }
    Ok(added)
}

async fn resource(
    context: &Context<'_>,
    kind: Kind,
    name: &str,
    changes: Changes,
) -> Result<(), Error> {
    let set = changes
        .added
        .iter()
        .map(|(name, value)| (Str::copy_from(name), ConfigChange::Set(Str::copy_from(value))));
    let delete = changes.deleted.iter().map(|name| (Str::copy_from(name), ConfigChange::Delete));
    let changes = set.chain(delete).collect();
    let resource = kind.resource().unwrap_or_default();
    Ok(context.admin.alter_configs(resource, &Str::copy_from(name), changes).await?)
}

async fn known_loggers(context: &Context<'_>, name: &str, changes: &Changes) -> Result<(), Error> {
    let resource = Kind::BrokerLoggers.resource().unwrap_or_default();
    let known = context.admin.describe_config_synonyms(resource, &Str::copy_from(name)).await?;
    let deleted = changes.deleted.iter();
    let asked = deleted.chain(changes.added.iter().map(|(name, _)| name));
    let unknown = asked.filter(|name| !known.iter().any(|entry| &*entry.name == name.as_str()));
    let unknown: Vec<&str> = unknown.map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::Refused(format!("Invalid broker logger(s): {}", unknown.join(","))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_brackets_may_have_commas() {
        let parse = |text| {
            parse(text).map(|added| {
                added.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
            })
        };
        assert_eq!(parse("a=1, b=[x,y],c=").unwrap(), ["a=1", "b=x,y", "c="]);
        assert_eq!(parse("a=[b=c,d=e]").unwrap(), ["a=b=c,d=e"]);
        assert_eq!(parse("a=[x]").unwrap(), ["a=x"]);
        assert!(parse("a").is_err());
    }
}
