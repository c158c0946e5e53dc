//! Regular expressions for names of topics.

use regex_automata::nfa::thompson;
use regex_automata::nfa::thompson::pikevm::{Cache, PikeVM};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use crate::error::Error;

/// States an expression may have: names are short, so a large one is a mistake.
const BYTES_MAX: usize = 1 << 20;

/// An expression that a whole name must match. Commas stand between alternatives and blanks do
/// not count, as in Apache Kafka's tools.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(PikeVM);

impl Pattern {
    /// # Errors
    /// What is wrong with the expression.
    pub(crate) fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim().replace(',', "|").replace(' ', "");
        let text = text.trim_matches(['"', '\'']);
        let invalid =
            |error: String| Error::Refused(format!("{text} is an invalid regex: {error}"));
        // Java's classes are those of ASCII.
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        let vm = PikeVM::builder()
            .syntax(syntax)
            .thompson(thompson::Config::new().nfa_size_limit(Some(BYTES_MAX)))
            .build(&format!("^(?:{text})$"))
            .map_err(|error| invalid(error.to_string()))?;
        Ok(Self(vm))
    }

    /// Whether all of `name` matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let input = Input::new(name).anchored(Anchored::Yes).earliest(true);
        self.0.is_match(&mut Cache::new(&self.0), input)
    }
}

/// An expression that is looked for in a text.
pub(crate) struct Delimiter(PikeVM);

impl Delimiter {
    /// # Errors
    /// What is wrong with the expression.
    pub(crate) fn new(text: &str) -> Result<Self, Error> {
        let invalid = |error| Error::Refused(format!("{text} is an invalid regex: {error}"));
        let vm = PikeVM::builder()
            .thompson(thompson::Config::new().nfa_size_limit(Some(BYTES_MAX)))
            .build(text)
            .map_err(invalid)?;
        Ok(Self(vm))
    }

    /// Where it is found, from the beginning on.
    pub(crate) fn all_in(&self, text: &[u8]) -> Vec<std::ops::Range<usize>> {
        self.0.find_iter(&mut Cache::new(&self.0), text).map(|found| found.range()).collect()
    }
}

/// Checks an expression as it stands in a subscription of a consumer, which the broker matches.
///
/// # Errors
/// What is wrong with it, in the words of RE2 where it has words.
pub(crate) fn check_subscription(text: &str) -> Result<(), String> {
    let built = PikeVM::builder()
        .thompson(thompson::Config::new().nfa_size_limit(Some(BYTES_MAX)))
        .build(text);
    let Err(error) = built else { return Ok(()) };
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        reason = deeper.to_string();
        cause = deeper.source();
    }
    let known = [
        ("unclosed group", "missing closing )"),
        ("unopened group", "unexpected )"),
        ("unclosed character class", "missing closing ]"),
        ("repetition operator missing expression", "missing argument to repetition operator"),
        ("invalid escape sequence", "invalid escape sequence"),
    ];
    let found = known.iter().find(|(ours, _)| reason.contains(ours));
    let last =
        || reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Err(found.map_or_else(last, |(_, theirs)| (*theirs).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_match() {
        let check = |pattern, name| Pattern::new(pattern).unwrap().matches(name);
        assert!(check("plain", "plain") && !check("plain", "plain2") && !check("lain", "plain"));
        assert!(check("pl.*", "plain") && check("a,b", "b") && check("t[23]\\d", "t21"));
        assert!(check("\"a, b\"", "a") && !check("a.b", "ab"));
        assert!(Pattern::new("(").is_err());
    }
}
