//! `kafka-groups`: lists groups of all types.

use env::Env;
use wire::messages::list_groups_response::ListedGroup;

use crate::connect::admin;
use crate::error::Error;
use crate::options::{Given, Options, Refusal, Refused, flag, value};
use crate::table::padded;
use crate::terminal::Terminal;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to list groups of all types.",
    example: "kafka-groups --bootstrap-server localhost:9092 --list",
    specs: &[
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
        flag(
            "consumer",
            "Show consumer groups: of type consumer, and classic ones of consumers or without members.",
        ),
        value(
            "group-type",
            "String: type",
            "Show groups of this type: classic, consumer, share or streams.",
        ),
        flag("list", "List the groups."),
        value("protocol", "String: protocol", "Show groups of this protocol type."),
        flag("share", "Show share groups."),
        flag("streams", "Show streams groups."),
    ],
    required: &["bootstrap-server"],
    refusal: Refusal::WithHelp,
};

/// The types of groups there are, as they are written.
const TYPES: [&str; 4] = ["Classic", "Consumer", "Share", "Streams"];

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    check(given)?;
    let group_type = given.one("group-type")?;
    if group_type.is_some_and(|asked| !TYPES.iter().any(|known| known.eq_ignore_ascii_case(asked)))
    {
        let problem = "--group-type must be a valid group type.";
        return Err(Error::Refused(problem.to_owned()));
    }
    let protocol = given.one("protocol")?;
    let admin = admin(env, given, terminal).await?;
    let groups = match admin.list_groups(&[], &[]).await {
        Ok(groups) => groups,
        Err(error) => {
            let error = crate::exception::message(&error);
            terminal.say(format!("Error while executing groups command : {error}"))?;
            return Err(Error::Told);
        }
    };
    let shown = |group: &&ListedGroup| {
        let is = |name: &str| group.group_type.eq_ignore_ascii_case(name);
        let of_consumers =
            is("consumer") || (is("classic") && ["", "consumer"].contains(&&*group.protocol_type));
        group_type.is_none_or(is)
            && protocol.is_none_or(|protocol| *group.protocol_type == *protocol)
            && (!given.has("consumer") || of_consumers)
            && (!given.has("share") || is("share"))
            && (!given.has("streams") || is("streams"))
    };
    let rows = groups
        .iter()
        .filter(shown)
        .map(|group| [&*group.group_id, title(&group.group_type), &*group.protocol_type]);
    let rows: Vec<[&str; 3]> = rows.collect();
    let width = rows.iter().flatten().map(|cell| cell.chars().count()).max().unwrap_or(0).max(20);
    for row in [["GROUP", "TYPE", "PROTOCOL"]].iter().chain(&rows) {
        terminal.say(padded(row.iter().map(|cell| (*cell, width))))?;
    }
    Ok(())
}

/// A type of groups as it is written; servers may write it in small letters.
fn title(group_type: &str) -> &str {
    let known = TYPES.iter().find(|known| known.eq_ignore_ascii_case(group_type));
    known.copied().unwrap_or(group_type)
}

fn check(given: &Given) -> Result<(), Refused> {
    if !given.has("list") {
        return Err(Refused("Command must include exactly one action: --list.".to_owned()));
    }
    given.forbid_with("consumer", &["group-type", "protocol", "share", "streams"])?;
    given.forbid_with("share", &["consumer", "group-type", "protocol", "streams"])?;
    given.forbid_with("streams", &["consumer", "group-type", "protocol", "share"])
}
