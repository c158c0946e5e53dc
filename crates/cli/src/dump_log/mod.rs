//! `kafka-dump-log`: what is in the files of a log directory.

mod decoder;
mod index;
mod segment;

use std::collections::BTreeMap;

use env::Env;

use crate::error::Error;
use crate::options::{Given, Options, Refusal, Spec, Takes, flag, value};
use crate::terminal::Terminal;

use decoder::Decoder;

/// The options.
pub(crate) const OPTIONS: Options = Options {
    about: "This tool helps to parse a log file and dump its contents to the console, useful for debugging a seemingly corrupt log segment.",
    example: "kafka-dump-log --files orders-0/00000000000000000000.log --print-data-log",
    specs: &[
        flag(
            "cluster-metadata-decoder",
            "Show records of the cluster's metadata. (Not yet supported.)",
        ),
        flag("deep-iteration", "Show records, not only batches. Other options imply it."),
        value(
            "files",
            "String: file1, file2, ...",
            "REQUIRED: The files, with commas between them.",
        ),
        flag("index-sanity-check", "Only check indexes, as a start of the broker does."),
        Spec {
            name: "key-decoder-class",
            takes: Takes::Optionally("String"),
            doc: "The Java class that reads keys; only the one for text is there. (default: org.apache.kafka.tools.api.StringDecoder)",
        },
        value("max-bytes", "Integer: size", "How much of a log file is read, in bytes."),
        value(
            "max-message-size",
            "Integer: size",
            "How large a batch may be, in bytes. (default: 5242880)",
        ),
        flag("offsets-decoder", "Show records of __consumer_offsets."),
        flag("print-data-log", "Show keys and values. Decoders imply it."),
        flag(
            "remote-log-metadata-decoder",
            "Show records of __remote_log_metadata. (Not yet supported.)",
        ),
        flag(
            "share-group-state-decoder",
            "Show records of __share_group_state. (Not yet supported.)",
        ),
        flag("skip-record-metadata", "Show keys and values alone."),
        flag(
            "transaction-log-decoder",
            "Show records of __transaction_state. (Not yet supported.)",
        ),
        Spec {
            name: "value-decoder-class",
            takes: Takes::Optionally("String"),
            doc: "The Java class that reads values; only the one for text is there. (default: org.apache.kafka.tools.api.StringDecoder)",
        },
        flag("verify-index-only", "Only compare indexes with the log."),
    ],
    required: &[],
    refusal: Refusal::Alone,
};

/// What is wrong with files, told at the end; by file.
#[derive(Default)]
struct Problems {
    mismatches: BTreeMap<String, Vec<(i64, i64)>>,
    timestamps: BTreeMap<String, Vec<(i64, i64)>>,
    out_of_order: BTreeMap<String, Vec<(i64, i64)>>,
    not_found: BTreeMap<String, Vec<(i64, i64)>>,
    gaps: BTreeMap<String, Vec<(i64, i64)>>,
}

/// What the tool works with.
struct Context<'a> {
    env: &'a Env,
    given: &'a Given,
    terminal: &'a mut Terminal,
    decoder: Decoder,
    problems: Problems,
}

/// Runs the tool.
///
/// # Errors
/// What is told to the user.
pub(crate) async fn run(env: &Env, given: &Given, terminal: &mut Terminal) -> Result<(), Error> {
    given.require(&["files"])?;
    let decoder = Decoder::of(given)?;
    let mut context = Context { env, given, terminal, decoder, problems: Problems::default() };
    for list in given.all("files") {
        for path in list.split(',').map(str::trim) {
            context.terminal.say(format!("Dumping {path}"))?;
            dump(&mut context, path)?;
        }
    }
    tell(&mut context);
    Ok(())
}

fn dump(context: &mut Context<'_>, path: &str) -> Result<(), Error> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.').map(|(_, suffix)| suffix) {
        Some("log" | "checkpoint") => segment::dump(context, path, name),
        Some("index") => index::offsets(context, path, name),
        Some("timeindex") => index::timestamps(context, path, name),
        Some("snapshot") => index::producers(context, path),
        Some("txnindex") => index::transactions(context, path),
        _ => {
            context.terminal.complain(format!("Ignoring unknown file {path}"));
            Ok(())
        }
    }
}

fn tell(context: &mut Context<'_>) {
    let problems = std::mem::take(&mut context.problems);
    let mut say = |line: String| context.terminal.complain(line);
    for (file, found) in problems.mismatches {
        say(format!("Mismatches in :{file}"));
        for (index, log) in found.iter().rev() {
            say(format!("  Index offset: {index}, log offset: {log}"));
        }
    }
    for (file, found) in problems.timestamps {
        say(format!("Found timestamp mismatch in :{file}"));
        for (index, log) in found {
            say(format!("  Index timestamp: {index}, log timestamp: {log}"));
        }
    }
    for (file, found) in problems.out_of_order {
        say(format!("Found out of order timestamp in :{file}"));
        for (index, before) in found {
            say(format!("  Index timestamp: {index}, Previously indexed timestamp: {before}"));
        }
    }
    for (_, found) in problems.not_found {
        say("The following indexed offsets are not found in the log.".to_owned());
        for (index, log) in found {
            say(format!("Indexed offset: {index}, found log offset: {log}"));
        }
    }
    for (file, found) in problems.gaps {
        say(format!("Non-consecutive offsets in {file}"));
        for (first, second) in found.iter().rev() {
            say(format!("  {first} is followed by {second}"));
        }
    }
}

fn cannot_read(path: &str) -> impl Fn(std::io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::File { path: path.clone(), reason: error.to_string() }
}

fn unreadable(path: &str, reason: impl std::fmt::Display) -> Error {
    Error::File { path: path.to_owned(), reason: reason.to_string() }
}
