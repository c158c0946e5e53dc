//! Arguments as those of Apache Kafka's tools take them that have subcommands: each part of a
//! command line has its own flags, a flag may be shortened as long as it is unambiguous, some
//! exclude each other, and every refusal repeats the usage.

use std::fmt::Write as _;

use crate::error::Error;
use crate::options::{Given, Refusal, Refused};

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing.
    Nothing,
    /// A text.
    Text,
    /// A number of 16 bits.
    Short,
    /// A number of 32 bits.
    Integer,
    /// A number of 64 bits.
    Long,
    /// A number that need not be whole.
    Double,
    /// One text or more.
    Texts,
    /// One of these numbers.
    OneOfIntegers(&'static [i32]),
}

/// Which flags go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// May be there.
    Optional,
    /// Has to be there.
    Required,
    /// At most one of those with this number may be there.
    OneOf(u8),
    /// Exactly one of those with this number has to be there.
    RequiredOneOf(u8),
}

/// A flag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Argument {
    /// Its spellings; the first without dashes is its name.
    pub(crate) flags: &'static [&'static str],
    /// What it takes.
    pub(crate) takes: Takes,
    /// Whether it has to be there.
    pub(crate) presence: Presence,
    /// What it is for.
    pub(crate) doc: &'static str,
}

/// A flag that may be there.
pub(crate) const fn optional(
    flags: &'static [&'static str],
    takes: Takes,
    doc: &'static str,
) -> Argument {
    Argument { flags, takes, presence: Presence::Optional, doc }
}

/// A flag that has to be there.
pub(crate) const fn required(
    flags: &'static [&'static str],
    takes: Takes,
    doc: &'static str,
) -> Argument {
    Argument { flags, takes, presence: Presence::Required, doc }
}

/// A subcommand.
#[derive(Debug)]
pub(crate) struct Subcommand {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// Its own flags.
    pub(crate) arguments: &'static [Argument],
}

/// The arguments of a tool.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// The tool, as its messages name it.
    pub(crate) name: &'static str,
    /// What the tool does.
    pub(crate) about: &'static str,
    /// Flags that stand before the subcommand.
    pub(crate) arguments: &'static [Argument],
    /// Its subcommands; none for a tool without.
    pub(crate) commands: &'static [Subcommand],
    /// Whether asking for help ends with exit code 1.
    pub(crate) help_fails: bool,
    /// What is said of a command line that cannot be read.
    pub(crate) refusal: Refusal,
    /// Whether an empty command line asks for help.
    pub(crate) empty_asks_for_help: bool,
}

/// What comes of a command line that is not followed.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Help was asked for.
    Help(String),
    /// The version was asked for.
    Version,
    /// It is refused.
    Refused {
        /// How it would be right.
        usage: String,
        /// What is wrong.
        reason: String,
    },
}

impl Argument {
    /// The name its values are found under.
    fn name(&self) -> &'static str {
        let long = self.flags.iter().find(|flag| flag.starts_with("--"));
        long.or_else(|| self.flags.first()).map_or("", |flag| flag.trim_start_matches('-'))
    }

    fn shown(&self) -> String {
        self.flags.join("/")
    }

    fn metavar(&self) -> String {
        match self.takes {
            Takes::Nothing => String::new(),
            Takes::Text
            | Takes::Short
            | Takes::Integer
            | Takes::Long
            | Takes::Double
            | Takes::OneOfIntegers(_) => {
                format!(" {}", self.name().replace('-', "_").to_uppercase())
            }
            Takes::Texts => {
                let name = self.name().replace('-', "_").to_uppercase();
                format!(" {name} [{name} ...]")
            }
        }
    }

    fn check(&self, value: &str) -> Result<(), Refused> {
        let number = |kind: &str| {
            Refused(format!(
                "argument {}: could not convert '{value}' to {kind} (For input string: \"{value}\")",
                self.shown()
            ))
        };
        match self.takes {
            Takes::OneOfIntegers(allowed) => match value.parse::<i32>() {
                Err(_) => Err(number("Integer")),
                Ok(number) if allowed.contains(&number) => Ok(()),
                Ok(_) => {
                    let allowed: Vec<String> = allowed.iter().map(i32::to_string).collect();
                    Err(Refused(format!(
                        "argument {}: invalid choice: '{value}' (choose from {{{}}})",
                        self.shown(),
                        allowed.join(",")
                    )))
                }
            },
            Takes::Short if value.parse::<i16>().is_err() => Err(number("Short")),
            Takes::Integer if value.parse::<i32>().is_err() => Err(number("Integer")),
            Takes::Long if value.parse::<i64>().is_err() => Err(number("Long")),
            Takes::Double if value.parse::<f64>().is_err() => Err(number("Double")),
            _ => Ok(()),
        }
    }
}

impl Arguments {
    /// What is said when a tool refuses its command line itself.
    pub(crate) fn refused(&self, reason: &str) -> Error {
        Error::Refused(format!("{}{}: error: {reason}", self.usage(None), self.name))
    }

    /// Reads a command line.
    pub(crate) fn parse(&self, words: &[String]) -> Result<Given, Stopped> {
        let mut given = Given::default();
        let mut command: Option<&'static Subcommand> = None;
        self.read(words, &mut given, &mut command)?;
        given.command = command.map(|command| command.name);
        Ok(given)
    }

    fn read(
        &self,
        words: &[String],
        given: &mut Given,
        command: &mut Option<&'static Subcommand>,
    ) -> Result<(), Stopped> {
        let refuse = |command: Option<&'static Subcommand>, refused: Refused| Stopped::Refused {
            usage: self.usage(command),
            reason: refused.0,
        };
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            if !is_flag(word) {
                if command.is_some() || self.commands.is_empty() {
                    let unknown = Refused(format!("unrecognized arguments: '{word}'"));
                    return Err(refuse(*command, unknown));
                }
                *command = Some(self.subcommand(word).map_err(|refused| refuse(None, refused))?);
                continue;
            }
            let (flag, inline) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            if flag == "-h" || flag == "--help" {
                return Err(Stopped::Help(self.help(*command)));
            }
            let known = command.map_or(self.arguments, |command| command.arguments);
            let argument = find(known, flag).map_err(|refused| refuse(*command, refused))?;
            if argument.name() == "version" {
                return Err(Stopped::Version);
            }
            let values = given.values_of(argument.name());
            let taken = take(argument, inline, &words[at..], values);
            at += taken.map_err(|refused| refuse(*command, refused))?;
            exclude(given, known, argument).map_err(|refused| refuse(*command, refused))?;
        }
        if command.is_none() && !self.commands.is_empty() {
            return Err(refuse(None, Refused("too few arguments".to_owned())));
        }
        let known = command.map_or(self.arguments, |command| command.arguments);
        self.complete(given, known).map_err(|refused| refuse(*command, refused))?;
        self.complete(given, self.arguments).map_err(|refused| refuse(None, refused))
    }

    fn subcommand(&self, word: &str) -> Result<&'static Subcommand, Refused> {
        let exact = self.commands.iter().find(|command| command.name == word);
        let mut begin = self.commands.iter().filter(|command| command.name.starts_with(word));
        match (exact, begin.next(), begin.next()) {
            (Some(one), ..) | (None, Some(one), None) => Ok(one),
            _ => {
                let names: Vec<String> =
                    self.commands.iter().map(|command| format!("'{}'", command.name)).collect();
                let names = names.join(", ");
                Err(Refused(format!("invalid choice: '{word}' (choose from {names})")))
            }
        }
    }

    /// # Errors
    /// Something that has to be there is not.
    fn complete(&self, given: &Given, known: &[Argument]) -> Result<(), Refused> {
        for argument in known {
            match argument.presence {
                Presence::Required if !given.has(argument.name()) => {
                    return Err(Refused(format!("argument {} is required", argument.shown())));
                }
                Presence::RequiredOneOf(_) => {
                    let same = || known.iter().filter(|other| other.presence == argument.presence);
                    if !same().any(|other| given.has(other.name())) {
                        let shown: Vec<String> = same().map(Argument::shown).collect();
                        let shown = shown.join(" ");
                        return Err(Refused(format!("one of the arguments {shown} is required")));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn usage(&self, command: Option<&'static Subcommand>) -> String {
        let mut parts = Vec::new();
        let mut begin = format!("usage: {} ", self.name);
        if let Some(command) = command {
            let must = |group: &String| !group.starts_with('[');
            let before: Vec<String> = groups(self.arguments).into_iter().filter(must).collect();
            if before.is_empty() {
                begin = format!("usage: {} {} ", self.name, command.name);
            } else {
                parts.extend(before);
                parts.push(command.name.to_owned());
            }
        }
        parts.push("[-h]".to_owned());
        parts.extend(groups(command.map_or(self.arguments, |command| command.arguments)));
        if command.is_none() && !self.commands.is_empty() {
            let names: Vec<&str> = self.commands.iter().map(|command| command.name).collect();
            parts.push(format!("{{{}}}", names.join(",")));
            parts.push("...".to_owned());
        }
        laid_out(&begin, &parts)
    }

    /// The help of the tool.
    pub(crate) fn help_of_all(&self) -> String {
        self.help(None)
    }

    fn help(&self, command: Option<&'static Subcommand>) -> String {
        let mut help = self.usage(command);
        let about = command.map_or(self.about, |command| command.about);
        let _ = writeln!(help, "\n{about}");
        if command.is_none() && !self.commands.is_empty() {
            let _ = writeln!(help, "\npositional arguments:");
            for command in self.commands {
                row(&mut help, command.name, command.about);
            }
        }
        let _ = writeln!(help, "\noptional arguments:");
        row(&mut help, "-h, --help", "show this help message and exit");
        for argument in command.map_or(self.arguments, |command| command.arguments) {
            let shown: Vec<String> =
                argument.flags.iter().map(|flag| format!("{flag}{}", argument.metavar())).collect();
            row(&mut help, &shown.join(", "), argument.doc);
        }
        help
    }
}

fn is_flag(word: &str) -> bool {
    // A number is a value.
    word.len() > 1 && word.starts_with('-') && word[1..].parse::<f64>().is_err()
}

fn find<'a>(known: &'a [Argument], flag: &str) -> Result<&'a Argument, Refused> {
    if let Some(exact) = known.iter().find(|argument| argument.flags.contains(&flag)) {
        return Ok(exact);
    }
    let unknown = || Refused(format!("unrecognized arguments: '{flag}'"));
    if !flag.starts_with("--") {
        return Err(unknown());
    }
    let fits = |argument: &&Argument| argument.flags.iter().any(|known| known.starts_with(flag));
    let found: Vec<&Argument> = known.iter().filter(fits).collect();
    match found[..] {
        [one] => Ok(one),
        [] => Err(unknown()),
        _ => {
            let names: Vec<&str> =
                found.iter().filter_map(|one| one.flags.first()).copied().collect();
            Err(Refused(format!("ambiguous option: {flag} could match {}", names.join(", "))))
        }
    }
}

/// Takes the values of a flag; how many words they are.
fn take(
    argument: &Argument,
    inline: Option<String>,
    rest: &[String],
    values: &mut Vec<String>,
) -> Result<usize, Refused> {
    let shown = argument.shown();
    if argument.takes == Takes::Nothing {
        let Some(inline) = inline else { return Ok(0) };
        return Err(Refused(format!("argument {shown}: ignored explicit argument '{inline}'")));
    }
    if let Some(inline) = inline {
        argument.check(&inline)?;
        values.push(inline);
        return Ok(0);
    }
    let Some(value) = rest.first().filter(|word| !is_flag(word)) else {
        return Err(Refused(format!("argument {shown}: expected one argument")));
    };
    argument.check(value)?;
    values.push(value.clone());
    if argument.takes != Takes::Texts {
        return Ok(1);
    }
    let more = rest[1..].iter().take_while(|word| !is_flag(word));
    let more: Vec<String> = more.cloned().collect();
    let taken = 1 + more.len();
    values.extend(more);
    Ok(taken)
}

/// # Errors
/// Another flag is there that excludes this one.
fn exclude(given: &Given, known: &[Argument], argument: &Argument) -> Result<(), Refused> {
    let group = match argument.presence {
        Presence::OneOf(_) | Presence::RequiredOneOf(_) => argument.presence,
        Presence::Optional | Presence::Required => return Ok(()),
    };
    let other = known.iter().find(|other| {
        other.presence == group && other.name() != argument.name() && given.has(other.name())
    });
    other.map_or(Ok(()), |other| {
        Err(Refused(format!(
            "argument {}: not allowed with argument {}",
            argument.shown(),
            other.shown()
        )))
    })
}

/// The flags of a usage; those that exclude each other stand together.
fn groups(arguments: &[Argument]) -> Vec<String> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        let excludes = |presence| {
            matches!(presence, Presence::OneOf(_) | Presence::RequiredOneOf(_))
                && presence == argument.presence
        };
        let same = arguments[at..].iter().take_while(|other| excludes(other.presence));
        let same = same.count().max(1);
        let shown = arguments[at..at + same].iter().map(|argument| {
            let flag = argument.flags.first().copied().unwrap_or_default();
            format!("{flag}{}", argument.metavar())
        });
        let shown = shown.collect::<Vec<_>>().join(" | ");
        parts.push(match argument.presence {
            Presence::Required => shown,
            Presence::RequiredOneOf(_) => format!("({shown})"),
            Presence::Optional | Presence::OneOf(_) => format!("[{shown}]"),
        });
        at += same;
    }
    parts
}

fn laid_out(begin: &str, parts: &[String]) -> String {
    const WIDTH: usize = 75;
    let mut usage = begin.to_owned();
    let mut column = begin.len();
    for part in parts {
        if column > begin.len() && column + part.len() > WIDTH {
            let _ = write!(usage, "\n{:1$}", "", begin.len());
            column = begin.len();
        }
        usage += part;
        usage.push(' ');
        column += part.len() + 1;
    }
    usage.truncate(usage.trim_end().len());
    usage.push('\n');
    usage
}

fn row(help: &mut String, left: &str, right: &str) {
    const COLUMN: usize = 25;
    const WIDTH: usize = 50;
    let mut line = format!("  {left}");
    if line.len() + 1 > COLUMN {
        let _ = writeln!(help, "{line}");
        line = String::new();
    }
    let mut begin = true;
    for word in right.split_whitespace() {
        if !begin && line.chars().count() + 1 + word.chars().count() > COLUMN + WIDTH {
            let _ = writeln!(help, "{line}");
            line = String::new();
            begin = true;
        }
        if begin {
            let width = line.chars().count();
            line += &" ".repeat(COLUMN.saturating_sub(width));
        } else {
            line.push(' ');
        }
        line += word;
        begin = false;
    }
    let _ = writeln!(help, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: Arguments = Arguments {
        name: "kafka-test",
        about: "Tests arguments.",
        arguments: &[
            Argument {
                flags: &["--bootstrap-server", "-b"],
                takes: Takes::Text,
                presence: Presence::OneOf(1),
                doc: "Brokers.",
            },
            Argument {
                flags: &["--bootstrap-controller", "-C"],
                takes: Takes::Text,
                presence: Presence::OneOf(1),
                doc: "Controllers.",
            },
        ],
        commands: &[
            Subcommand {
                name: "describe",
                about: "Describes.",
                arguments: &[required(&["--id", "-i"], Takes::Integer, "An id.")],
            },
            Subcommand { name: "list", about: "Lists.", arguments: &[] },
        ],
        empty_asks_for_help: false,
        help_fails: false,
        refusal: Refusal::WithHelp,
    };

    fn parse(line: &str) -> Result<Given, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        TEST.parse(&words).map_err(|stopped| match stopped {
            Stopped::Version => "version".to_owned(),
            Stopped::Help(text) => text,
            Stopped::Refused { reason, .. } => reason,
        })
    }

    #[test]
    fn subcommands_have_flags_of_their_own() {
        let given = parse("-b a:1 desc --id=-7").unwrap();
        assert_eq!(given.command, Some("describe"));
        assert_eq!(given.one("bootstrap-server").unwrap(), Some("a:1"));
        assert_eq!(given.parsed::<i32>("id").unwrap(), Some(-7));
        assert_eq!(parse("list -b a:1").unwrap_err(), "unrecognized arguments: '-b'");
    }

    #[test]
    fn refusals_are_those_of_apache_kafkas_tools() {
        let refused = |line| parse(line).unwrap_err();
        assert_eq!(refused(""), "too few arguments");
        assert_eq!(refused("describe"), "argument --id/-i is required");
        assert_eq!(refused("describe -i"), "argument --id/-i: expected one argument");
        assert_eq!(
            refused("describe -i x"),
            "argument --id/-i: could not convert 'x' to Integer (For input string: \"x\")"
        );
        assert_eq!(
            refused("-b a:1 -C b:2 list"),
            "argument --bootstrap-controller/-C: not allowed with argument --bootstrap-server/-b"
        );
        assert_eq!(refused("what"), "invalid choice: 'what' (choose from 'describe', 'list')");
        assert!(refused("--bootstrap x").starts_with("ambiguous option: --bootstrap could match"));
    }

    #[test]
    fn the_help_fits_a_terminal() {
        let help = parse("--help").unwrap_err();
        assert!(help.contains("[--bootstrap-server BOOTSTRAP_SERVER | --bootstrap-controller"));
        let help = parse("describe -h").unwrap_err();
        assert!(help.starts_with("usage: kafka-test describe [-h] --id ID\n"), "{help}");
    }
}
