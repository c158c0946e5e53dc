//! Subscriptions by pattern (kafka-semantics 132). Matching all topics may take long, so it is done
//! outside of the machine: [`ResolveRegexes`] is asked for and [`RegexesResolved`] comes back.
//!
//! Patterns are those of RE2, which take time linear in the text; a pattern that would take much
//! memory is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex_automata::nfa::thompson::pikevm::{Cache, PikeVM};
use regex_automata::nfa::thompson::{self, BuildError};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use wire::Str;

use super::hash::TopicHashes;
use super::member::Subscription;
use super::part::{Epoch, Part, Resolved};
use super::state::ConsumerGroup;
use crate::cluster::ClusterView;
use crate::error::Error;
use crate::journal::Record;
use crate::outcome::Command;
use crate::turn::Turn;

/// Patterns of a group are matched again at most this often.
const REFRESH_MIN_MS: i64 = 10_000;
/// What was asked for so long ago does not come any more.
const ANSWER_MAX_MS: i64 = 5 * 60_000;
/// Bytes that a compiled pattern may take, which bounds the time of a match, too.
const COMPILED_BYTES_MAX: usize = 256 << 10;

/// Patterns of a group to be matched with the names of all topics.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolveRegexes {
    /// The group.
    pub group_id: Str,
    /// The patterns.
    pub regexes: Vec<Str>,
    /// The topics.
    pub cluster: ClusterView,
    /// When it was asked for, in milliseconds.
    pub now_ms: i64,
}

/// What patterns of a group matched.
#[derive(Clone, Debug, PartialEq)]
pub struct RegexesResolved {
    /// The group.
    pub group_id: Str,
    /// By pattern.
    pub resolved: Vec<(Str, Resolved)>,
}

impl ResolveRegexes {
    /// Matches the patterns. Takes time that grows with the number of topics, so it belongs on a
    /// thread that may stall.
    pub fn resolve(self) -> RegexesResolved {
        let names = self.cluster.topic_names();
        let version = self.cluster.version();
        let resolve = |regex: Str| {
            let topics = match compile(&regex) {
                Ok(compiled) => matching(&compiled, &names),
                // Each was compiled when its member came.
                Err(_) => BTreeSet::new(),
            };
            (regex, Resolved { topics, version, timestamp_ms: self.now_ms })
        };
        RegexesResolved {
            group_id: self.group_id,
            resolved: self.regexes.into_iter().map(resolve).collect(),
        }
    }
}

fn compile(regex: &str) -> Result<PikeVM, Box<BuildError>> {
    let limit = thompson::Config::new().nfa_size_limit(Some(COMPILED_BYTES_MAX));
    // The classes are those of ASCII, as topic names are.
    let ascii = syntax::Config::new().unicode(false).utf8(false);
    let build = |regex: &str| {
        let builder = &mut PikeVM::builder();
        builder.syntax(ascii).thompson(limit.clone()).build(regex).map_err(Box::new)
    };
    // The pattern must be one by itself: `a)|(b` is none.
    build(regex)?;
    build(&format!(r"(?:{regex})\z"))
}

/// The names that a pattern matches as a whole.
fn matching(compiled: &PikeVM, names: &[Str]) -> BTreeSet<Str> {
    let mut cache = Cache::new(compiled);
    let mut is_match =
        |name: &str| compiled.is_match(&mut cache, Input::new(name).anchored(Anchored::Yes));
    names.iter().filter(|name| is_match(name)).cloned().collect()
}

/// What a heartbeat does to the patterns of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The member has the same pattern.
    None,
    /// It has another one whose topics are not known yet.
    Unresolved,
    /// It has another one, and it is known what that means.
    Resolved,
}

impl ConsumerGroup {
    /// Compares a member's pattern with the one it had; asks for patterns to be matched where one is
    /// new, topics were created, or it was long ago.
    pub(super) fn update_regexes(
        &mut self,
        before: Option<&Subscription>,
        after: &Subscription,
        records: &mut Vec<Record>,
        turn: &mut Turn<'_>,
    ) -> Result<Change, Error> {
        let old = before.and_then(Subscription::pattern);
        let new = after.pattern();
        let (mut change, mut is_due) = (Change::None, false);
        if old != new {
            change = Change::Unresolved;
            if let Some(old) = old
                && self.regex_counts.get(old) == Some(&1)
            {
                records.push(self.record(Part::Regex(old.clone(), None)));
            }
            match new {
                Some(new) if !self.regex_counts.contains_key(new) => {
                    compile(new).map_err(|error| invalid(new, &error))?;
                    is_due = true;
                }
                Some(new) if self.regexes.contains_key(new) => change = Change::Resolved,
                None if old.is_some() => change = Change::Resolved,
                Some(_) | None => {}
            }
        }
        self.maybe_resolve(old, new, is_due, turn);
        Ok(change)
    }

    fn maybe_resolve(
        &mut self,
        old: Option<&Str>,
        new: Option<&Str>,
        mut is_due: bool,
        turn: &mut Turn<'_>,
    ) {
        let is_resolving = self
            .resolving_since_ms
            .is_some_and(|since_ms| turn.now_ms < since_ms.saturating_add(ANSWER_MAX_MS));
        if (!is_due && self.regex_counts.is_empty()) || is_resolving {
            return;
        }
        let last_ms = self.regexes.values().map(|it| it.timestamp_ms).max().unwrap_or(i64::MIN);
        if turn.now_ms <= last_ms.saturating_add(REFRESH_MIN_MS) {
            return;
        }
        let mut wanted: BTreeMap<&Str, usize> =
            self.regex_counts.iter().map(|(regex, count)| (regex, *count)).collect();
        if let Some(old) = old
            && let Some(count) = wanted.get_mut(old)
        {
            *count -= 1;
        }
        if let Some(new) = new {
            *wanted.entry(new).or_default() += 1;
        }
        wanted.retain(|_, count| *count > 0);
        let last_version = self.regexes.values().map(|it| it.version).max().unwrap_or(-1);
        is_due |= wanted.len() != self.regexes.len();
        is_due |= last_version < turn.newest_topic_version;
        let refresh_ms = i64::from(turn.settings.consumer.regex_refresh_interval_ms);
        is_due |= turn.now_ms > last_ms.saturating_add(refresh_ms);
        if is_due && !wanted.is_empty() {
            let regexes = wanted.into_keys().cloned().collect();
            self.resolving_since_ms = Some(turn.now_ms);
            turn.out.commands.push(Command::Resolve(ResolveRegexes {
                group_id: self.id.clone(),
                regexes,
                cluster: turn.cluster.clone(),
                now_ms: turn.now_ms,
            }));
        }
    }

    /// Takes in what patterns matched.
    pub(crate) fn regexes_resolved(
        &mut self,
        resolved: Vec<(Str, Resolved)>,
        hashes: &mut TopicHashes,
        turn: &mut Turn<'_>,
    ) {
        self.resolving_since_ms = None;
        let mut regexes = self.regexes.clone();
        let mut is_new = false;
        for (regex, resolved) in resolved {
            if !self.regex_counts.contains_key(&regex) {
                continue;
            }
            let before = regexes.get(&regex).map(|before| &before.topics);
            is_new |= before.map_or(!resolved.topics.is_empty(), |it| *it != resolved.topics);
            let resolved = Arc::new(resolved);
            let part = Part::Regex(regex.clone(), Some(Arc::clone(&resolved)));
            turn.out.records.push(self.record(part));
            regexes.insert(regex, resolved);
        }
        let names = topic_names(&self.topic_counts, &regexes);
        let metadata_hash = hashes.of(names.into_iter(), &**turn.cluster);
        if is_new || metadata_hash != self.epoch.metadata_hash {
            let epoch = self.epoch.epoch.saturating_add(1);
            let part = Part::Epoch(Some(Epoch { epoch, metadata_hash }));
            turn.out.records.push(self.record(part));
            self.checked_in_epoch = Some(epoch);
        }
    }
}

/// All topics that members are subscribed to, by name or by pattern.
pub(super) fn topic_names<'a>(
    topic_counts: &'a BTreeMap<Str, usize>,
    regexes: &'a BTreeMap<Str, Arc<Resolved>>,
) -> BTreeSet<&'a Str> {
    let by_pattern = regexes.values().flat_map(|resolved| &resolved.topics);
    topic_counts.keys().chain(by_pattern).collect()
}

fn invalid(regex: &str, error: &BuildError) -> Error {
    // The last line says what is wrong, those before show where.
    let source = std::error::Error::source(error);
    let text = source.map_or_else(|| error.to_string(), ToString::to_string);
    let reason = text.lines().last().unwrap_or_default();
    let reason = kafkas_words(reason.strip_prefix("error: ").unwrap_or(reason));
    Error::InvalidRegularExpression(format!(
        "SubscribedTopicRegex `{regex}` is not a valid regular expression: {reason}."
    ))
}

/// What RE2/J, which Kafka matches patterns with, calls the same fault.
fn kafkas_words(reason: &str) -> &str {
    const WORDS: [(&str, &str); 13] = [
        ("unclosed group", "missing closing )"),
        ("unopened group", "regexp/syntax: internal error"),
        ("unclosed character class", "missing closing ]"),
        ("invalid character class range", "invalid character class range"),
        ("unrecognized escape sequence", "invalid escape sequence"),
        ("incomplete escape sequence", "trailing backslash at end of expression"),
        ("backreferences are not supported", "invalid escape sequence"),
        ("repetition operator missing expression", "missing argument to repetition operator"),
        ("invalid repetition count range", "invalid repeat count"),
        ("look-around", "invalid or unsupported Perl syntax"),
        ("unrecognized flag", "invalid or unsupported Perl syntax"),
        ("duplicate capture group name", "duplicate capture group name"),
        ("Unicode", "invalid character class range"),
    ];
    let known = WORDS.iter().find(|(ours, _)| reason.starts_with(ours));
    known.map_or(reason, |(_, kafkas)| kafkas)
}
