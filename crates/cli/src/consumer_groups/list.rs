//! `--list` and `--validate-regex`.

use client::Admin;
use wire::Str;
use wire::messages::list_groups_response::ListedGroup;

use super::{Context, Error};
use crate::java::hash_order;
use crate::options::{Given, Refused};
use crate::pattern;
use crate::table::padded;
use crate::terminal::Terminal;

const STATES: [&str; 7] = [
    "Assigning",
    "CompletingRebalance",
    "Dead",
    "Empty",
    "PreparingRebalance",
    "Reconciling",
    "Stable",
];
const TYPES: [&str; 2] = ["Classic", "Consumer"];

/// The consumer groups of a cluster, in Java's order; in some states and of some types, if named.
pub(super) async fn groups(
    admin: &Admin,
    states: &[&'static str],
    types: &[&'static str],
) -> Result<Vec<ListedGroup>, Error> {
    let states: Vec<Str> = states.iter().map(|state| Str::from(*state)).collect();
    let types = if types.is_empty() { &TYPES[..] } else { types };
    let asked: Vec<Str> = types.iter().map(|name| Str::copy_from(&name.to_lowercase())).collect();
    let mut groups = admin.list_groups(&states, &asked).await?;
    groups.retain(|group| {
        let of_type = types.iter().any(|name| name.eq_ignore_ascii_case(&group.group_type));
        let of_consumers = ["", "consumer"].contains(&&*group.protocol_type);
        of_consumers && (of_type || group.group_type.is_empty())
    });
    Ok(hash_order(groups, |group| &group.group_id))
}

/// Shows the groups.
pub(super) async fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let given = context.given;
    let (with_type, with_state) = (given.has("type"), given.has("state"));
    let types = words(given, "type", "Invalid types list", "Valid types are", &TYPES)?;
    let states = words(given, "state", "Invalid state list", "Valid states are", &STATES)?;
    let groups = groups(&context.admin, &states, &types).await?;
    if !with_type && !with_state {
        for group in groups {
            context.terminal.say(&*group.group_id)?;
        }
        return Ok(());
    }
    let width = groups.iter().map(|group| group.group_id.chars().count()).max().unwrap_or(0);
    let width = width.max(15) + 10;
    let mut line = |group: &str, group_type: &str, state: &str| {
        let mut cells = vec![(group, width)];
        cells.extend(with_type.then_some((group_type, 20)));
        cells.extend(with_state.then_some((state, 20)));
        context.terminal.say(padded(cells))
    };
    line("GROUP", "TYPE", "STATE")?;
    for group in &groups {
        let known = TYPES.iter().find(|known| known.eq_ignore_ascii_case(&group.group_type));
        line(&group.group_id, known.copied().unwrap_or("Unknown"), &group.group_state)?;
    }
    Ok(())
}

/// The words of a list, such as `stable,empty`, as they are known.
fn words(
    given: &Given,
    option: &str,
    invalid: &str,
    valid: &str,
    known: &[&'static str],
) -> Result<Vec<&'static str>, Error> {
    let Some(text) = given.one(option)?.filter(|text| !text.is_empty()) else {
        return Ok(Vec::new());
    };
    let find = |word: &str| known.iter().find(|known| known.eq_ignore_ascii_case(word.trim()));
    let found: Option<Vec<&'static str>> =
        text.split(',').map(|word| find(word).copied()).collect();
    found.ok_or_else(|| {
        let known = known.join(", ");
        Error::Usage(Refused(format!("{invalid} '{text}'. {valid}: {known}")))
    })
}

/// Says whether brokers take a regular expression.
pub(super) fn validate_regex(given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    let text = given.one("validate-regex")?.unwrap_or_default();
    terminal.say(match pattern::check_subscription(text) {
        Ok(()) => format!("The regular expression `{text}` is valid."),
        Err(reason) => format!("The regular expression `{text}` is invalid: {reason}."),
    })?;
    Ok(())
}
