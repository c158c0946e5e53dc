//! The arguments of `kafka-storage`.

use crate::arguments::{Argument, Arguments, Presence, Subcommand, Takes, optional, required};
use crate::options::Refusal;

const CONFIG: Argument =
    required(&["--config", "-c"], Takes::Text, "The configuration of the server.");
const FEATURE: &[&str] = &["--feature", "-f"];
const RELEASE: &[&str] = &["--release-version", "-r"];

/// The arguments.
pub(crate) const OPTIONS: Arguments = Arguments {
    name: "kafka-storage",
    about: "The Kafka storage tool.",
    arguments: &[],
    commands: &[
        Subcommand {
            name: "info",
            about: "Shows whose the log directories are.",
            arguments: &[CONFIG],
        },
        Subcommand {
            name: "format",
            about: "Makes the log directories ready. Ottla does that by itself when it starts.",
            arguments: &[
                CONFIG,
                required(&["--cluster-id", "-t"], Takes::Text, "The id of the cluster."),
                optional(
                    &["--add-scram", "-S"],
                    Takes::Text,
                    "A SCRAM credential to begin with: SCRAM-SHA-256=[name=alice,password=secret].",
                ),
                optional(
                    &["--ignore-formatted", "-g"],
                    Takes::Nothing,
                    "Pass over directories that are ready.",
                ),
                optional(RELEASE, Takes::Text, "The release whose feature levels the cluster has."),
                optional(
                    FEATURE,
                    Takes::Text,
                    "A feature and its level: feature=level. Repeatable.",
                ),
                Argument {
                    flags: &["--standalone", "-s"],
                    takes: Takes::Nothing,
                    presence: Presence::OneOf(1),
                    doc: "The controller is the only voter for now.",
                },
                Argument {
                    flags: &["--no-initial-controllers", "-N"],
                    takes: Takes::Nothing,
                    presence: Presence::OneOf(1),
                    doc: "The controller is to join voters that are there.",
                },
                Argument {
                    flags: &["--initial-controllers", "-I"],
                    takes: Takes::Text,
                    presence: Presence::OneOf(1),
                    doc: "The first voters: id@host:port:directory.id, with commas between them.",
                },
            ],
        },
        Subcommand {
            name: "version-mapping",
            about: "Shows the feature levels that go with a release.",
            arguments: &[optional(RELEASE, Takes::Text, "The release; the newest without it.")],
        },
        Subcommand {
            name: "feature-dependencies",
            about: "Shows what levels of features ask for.",
            arguments: &[required(
                FEATURE,
                Takes::Text,
                "A feature and its level: feature=level. Repeatable.",
            )],
        },
        Subcommand { name: "random-uuid", about: "Shows a new id.", arguments: &[] },
    ],
    empty_asks_for_help: false,
    help_fails: false,
    refusal: Refusal::WithHelp,
};
