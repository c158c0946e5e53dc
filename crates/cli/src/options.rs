//! Options as Apache Kafka's tools take them: `--name value`, `--name=value`, repeated or not, and
//! any unambiguous beginning of a name; the same refusals and the same layout of the help.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing.
    Nothing,
    /// A value, shown like this in the help.
    Value(&'static str),
    /// A value that may be left out.
    Optionally(&'static str),
}

/// One option of a tool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    /// Its name without dashes.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) takes: Takes,
    /// What it is for.
    pub(crate) doc: &'static str,
}

/// An option that takes nothing.
pub(crate) const fn flag(name: &'static str, doc: &'static str) -> Spec {
    Spec { name, takes: Takes::Nothing, doc }
}

/// An option that takes a value.
pub(crate) const fn value(name: &'static str, shown: &'static str, doc: &'static str) -> Spec {
    Spec { name, takes: Takes::Value(shown), doc }
}

/// The options every tool has.
const COMMON: [Spec; 2] =
    [flag("help", "Print usage information."), flag("version", "Display the version.")];

/// Why a command line is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

impl Refused {
    pub(crate) fn missing(name: &str) -> Self {
        Self(format!("Missing required argument \"[{name}]\""))
    }
}

/// A tool's options.
#[derive(Debug)]
pub(crate) struct Options {
    /// What the tool does, in one sentence.
    pub(crate) about: &'static str,
    /// A command line to begin with.
    pub(crate) example: &'static str,
    /// Its own options.
    pub(crate) specs: &'static [Spec],
    /// Options without which nothing else is looked at.
    pub(crate) required: &'static [&'static str],
    /// What is said of an option that cannot be read.
    pub(crate) refusal: Refusal,
}

/// What is said of an option that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// What is wrong, and the help.
    WithHelp,
    /// What is wrong.
    Alone,
    /// What is wrong, after these words.
    After(&'static str),
}

/// The options of one command line, with their values in order.
#[derive(Debug, Default)]
pub(crate) struct Given {
    values: BTreeMap<&'static str, Vec<String>>,
    /// The options in the order in which they came.
    pub(crate) order: Vec<&'static str>,
    /// The whole command line.
    pub(crate) line: String,
    /// The subcommand, for tools that have some.
    pub(crate) command: Option<&'static str>,
    /// Words that belong to no option.
    pub(crate) words: Vec<String>,
}

impl Options {
    fn all(&self) -> impl Iterator<Item = &Spec> {
        self.specs.iter().chain(&COMMON)
    }

    fn find(&self, name: &str) -> Result<&Spec, Refused> {
        if let Some(exact) = self.all().find(|spec| spec.name == name) {
            return Ok(exact);
        }
        let mut begin = self.all().filter(|spec| !name.is_empty() && spec.name.starts_with(name));
        match (begin.next(), begin.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(Refused(format!("{name} is not a recognized option"))),
            (Some(one), Some(other)) => Err(Refused(format!(
                "{name} is not a recognized option: it may stand for {} or {}",
                one.name, other.name
            ))),
        }
    }

    /// Reads a command line.
    ///
    /// # Errors
    /// An option that is unknown or lacks its value.
    pub(crate) fn parse(&self, arguments: &[String]) -> Result<Given, Refused> {
        let mut given = Given { line: arguments.join(" "), ..Given::default() };
        let mut arguments = arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            let option = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'));
            let Some(option) = option.filter(|option| !option.is_empty()) else {
                given.words.push(argument.clone());
                continue;
            };
            let (name, inline) = match option.split_once('=') {
                Some((name, inline)) => (name, Some(inline.to_owned())),
                None => (option, None),
            };
            let spec = self.find(name)?;
            given.order.push(spec.name);
            let values = given.values.entry(spec.name).or_default();
            match (spec.takes, inline) {
                (Takes::Nothing, None) => {}
                (Takes::Nothing, Some(_)) => {
                    let name = spec.name;
                    return Err(Refused(format!("Option {name} does not accept a value")));
                }
                (_, Some(inline)) => values.push(inline),
                (Takes::Value(_), None) => match arguments.next() {
                    Some(next) => values.push(next.clone()),
                    None => {
                        return Err(Refused(format!("Option {} requires an argument", spec.name)));
                    }
                },
                (Takes::Optionally(_), None) => {
                    let is_value =
                        |next: &&String| !next.starts_with('-') || next.parse::<i64>().is_ok();
                    if let Some(next) = arguments.next_if(is_value) {
                        values.push(next.clone());
                    }
                }
            }
        }
        let missing = self.required.iter().filter(|name| !given.has(name)).copied();
        let missing: Vec<&str> = missing.collect();
        if !missing.is_empty() && !given.has("help") && !given.has("version") {
            let missing = missing.join(", ");
            return Err(Refused(format!("Missing required option(s) [{missing}]")));
        }
        Ok(given)
    }

    /// The help: a table of all options in two columns.
    pub(crate) fn help(&self) -> String {
        const WIDTH: usize = 39;
        let mut specs: Vec<&Spec> = self.all().collect();
        specs.sort_by_key(|spec| spec.name);
        let mut help = format!("{:WIDTH$}  {:WIDTH$}\n", "Option", "Description");
        let _ = writeln!(help, "{:WIDTH$}  {:WIDTH$}", "------", "-----------");
        for spec in specs {
            let shown = match spec.takes {
                Takes::Nothing => format!("--{}", spec.name),
                Takes::Value(shown) => format!("--{} <{shown}>", spec.name),
                Takes::Optionally(shown) => format!("--{} [{shown}]", spec.name),
            };
            let (left, right) = (wrap(&shown, WIDTH), wrap(spec.doc, WIDTH));
            for at in 0..left.len().max(right.len()) {
                let of = |side: &[String]| side.get(at).cloned().unwrap_or_default();
                let _ = writeln!(help, "{:WIDTH$}  {:WIDTH$}", of(&left), of(&right));
            }
        }
        let _ = write!(help, "\nExample:\n  {}\n", self.example);
        help
    }
}

/// Breaks text into lines; all but the first are indented by two.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = &lines[lines.len() - 1];
        let is_first_word = line.trim().is_empty();
        if !is_first_word && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(format!("  {word}"));
        } else {
            let last = lines.len() - 1;
            if !is_first_word {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

impl Given {
    /// The values of an option, which is there from now on.
    pub(crate) fn values_of(&mut self, name: &'static str) -> &mut Vec<String> {
        self.values.entry(name).or_default()
    }

    /// Whether an option is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// All values of an option.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// The value of an option; `None` if it is not there.
    ///
    /// # Errors
    /// It is there more than once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Refused> {
        match self.all(name) {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(Refused(format!(
                "Found multiple arguments for option {name}, but you asked for only one"
            ))),
        }
    }

    /// As [`Given::one`], of a type other than text.
    ///
    /// # Errors
    /// Also if it cannot be read.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refused> {
        let invalid = |text| Refused(format!("Cannot parse argument '{text}' of option {name}"));
        self.one(name)?.map(|text| text.parse().map_err(|_| invalid(text))).transpose()
    }

    /// # Errors
    /// The first of `names` that is not there.
    pub(crate) fn require(&self, names: &[&str]) -> Result<(), Refused> {
        let missing = names.iter().find(|name| !self.has(name));
        missing.map_or(Ok(()), |name| Err(Refused::missing(name)))
    }

    /// # Errors
    /// `used` is there and with it one of `others`.
    pub(crate) fn forbid(&self, used: &str, others: &[&str]) -> Result<(), Refused> {
        let clash = others.iter().find(|other| self.has(used) && self.has(other));
        clash.map_or(Ok(()), |other| {
            Err(Refused(format!("Option \"[{other}]\" can't be used with option \"[{used}]\"")))
        })
    }

    /// As [`Given::forbid`], said the other way round.
    ///
    /// # Errors
    /// `used` is there and with it one of `others`.
    pub(crate) fn forbid_with(&self, used: &str, others: &[&str]) -> Result<(), Refused> {
        let clash = others.iter().find(|other| self.has(used) && self.has(other));
        clash.map_or(Ok(()), |other| {
            Err(Refused(format!("Option \"[{used}]\" can't be used with option \"[{other}]\"")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options {
        about: "Tests options.",
        example: "test --topic t",
        specs: &[
            flag("from-beginning", "Starts at the oldest record."),
            value("formatter", "String: class", "Formats."),
            value("topic", "String: topic", "The topic."),
            Spec { name: "codec", takes: Takes::Optionally("String: codec"), doc: "Compresses." },
        ],
        required: &[],
        refusal: Refusal::WithHelp,
    };

    fn parse(line: &str) -> Result<Given, Refused> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        OPTIONS.parse(&words)
    }

    #[test]
    fn values_come_after_a_blank_or_an_equals_sign() {
        let given = parse("--topic a --topic=b --codec --fro word").unwrap();
        assert_eq!(given.all("topic"), ["a", "b"]);
        assert!(given.has("codec") && given.all("codec").is_empty());
        assert!(given.has("from-beginning"));
        assert_eq!(given.words, ["word"]);
    }

    #[test]
    fn refusals_name_the_option() {
        let refused = |line| parse(line).unwrap_err().0;
        assert_eq!(refused("--nope"), "nope is not a recognized option");
        assert!(refused("--f x").contains("from-beginning or formatter"));
        assert_eq!(refused("--topic"), "Option topic requires an argument");
        assert!(parse("--topic a --topic b").unwrap().one("topic").is_err());
        let given = parse("--topic x").unwrap();
        let parsed = given.parsed::<i32>("topic").unwrap_err();
        assert_eq!(parsed.0, "Cannot parse argument 'x' of option topic");
    }

    #[test]
    fn the_help_names_every_option_and_an_example() {
        let help = OPTIONS.help();
        for word in ["--codec [String: codec]", "--topic <String: topic>", "--help", "--version"] {
            assert!(help.contains(word), "{word}");
        }
        assert!(help.contains("test --topic t"));
        assert!(help.lines().all(|line| line.len() <= 80), "{help}");
    }
}
