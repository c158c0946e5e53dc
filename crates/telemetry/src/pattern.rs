//! Expressions that choose clients.

use regex_automata::nfa::thompson;
use regex_automata::nfa::thompson::pikevm::{Cache, PikeVM};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

/// Bytes that a compiled expression may take.
const BYTES_MAX: usize = 1 << 18;

/// A regular expression that is to match the whole of a property.
///
/// Its language is that of RE2: Java's look-around and back-references are not in it, and time is
/// bounded by the lengths of expression and property.
pub struct Pattern(PikeVM);

/// The text is no expression, or one that is too large.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(Box<thompson::BuildError>);

impl Pattern {
    /// Compiles an expression.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        // By itself first: it must not close the group that makes it match as a whole.
        build(text)?;
        build(&format!("^(?:{text})$")).map(Self)
    }

    /// Whether the expression matches all of `text`.
    pub fn matches(&self, text: &str) -> bool {
        let input = Input::new(text).anchored(Anchored::Yes).earliest(true);
        self.0.is_match(&mut Cache::new(&self.0), input)
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pattern")
    }
}

fn build(text: &str) -> Result<PikeVM, PatternError> {
    // Classes such as \w are those of ASCII, as they are in Java.
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let size = thompson::Config::new().nfa_size_limit(Some(BYTES_MAX));
    let built = PikeVM::builder().syntax(syntax).thompson(size).build(text);
    built.map_err(|error| PatternError(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_property_is_matched() {
        let matches = |pattern: &str, text: &str| Pattern::new(pattern).unwrap().matches(text);
        assert!(matches("a.*", "abc"));
        assert!(matches("a|abc", "abc"));
        assert!(!matches("b", "abc"));
        assert!(!matches("abc", "abc\n"));
        for bad in ["(", "a)(b", "(?=a)a", r"(a)\1"] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
    }
}
