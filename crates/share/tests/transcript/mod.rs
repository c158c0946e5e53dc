//! A transcript is a text of commands and of what they lead to.
//!
//! A paragraph is a remark, or one or more commands, a line `----` and the effects.
//!
//! Stretches of offsets are written `FIRST-LAST:STATE*COUNT`, with the states `av` (available), `aq`
//! (acquired), `ak` (acknowledged) and `ar` (archived).

pub(crate) mod coordinator;
pub(crate) mod partition;

use share::StateBatch;

/// A machine under test.
pub(crate) trait Subject {
    /// Carries out a command and tells what it led to.
    fn command(&mut self, line: &str) -> Vec<String>;
}

/// The transcript with the effects as they are.
pub(crate) fn run(subject: &mut impl Subject, text: &str) -> String {
    let paragraphs: Vec<String> =
        text.trim_end().split("\n\n").map(|paragraph| run_paragraph(subject, paragraph)).collect();
    paragraphs.join("\n\n") + "\n"
}

fn run_paragraph(subject: &mut impl Subject, paragraph: &str) -> String {
    let commands: Vec<&str> = paragraph.lines().take_while(|line| *line != "----").collect();
    let mut lines: Vec<String> = commands.iter().map(|line| (*line).to_owned()).collect();
    let mut effects = Vec::new();
    let mut any = false;
    for line in commands.iter().filter(|line| !line.starts_with('#')) {
        any = true;
        effects.append(&mut subject.command(line));
    }
    if any {
        lines.push("----".to_owned());
        lines.append(&mut effects);
    }
    lines.join("\n")
}

/// `key=value` among words.
pub(crate) fn value<'a>(words: &[&'a str], key: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

/// A number `key=value` among words.
pub(crate) fn number<T: std::str::FromStr>(words: &[&str], key: &str, default: T) -> T {
    value(words, key).map_or(default, |text| text.parse().ok().expect("a number"))
}

const STATES: [(&str, i8); 4] = [("av", 0), ("aq", 1), ("ak", 2), ("ar", 4)];

/// `FIRST-LAST:STATE*COUNT`.
pub(crate) fn batch(word: &str) -> StateBatch {
    let (range, rest) = word.split_once(':').expect("a state");
    let (state, count) = rest.split_once('*').expect("a count");
    let (first_offset, last_offset) = offsets(range);
    let (_, delivery_state) = STATES.iter().find(|(name, _)| *name == state).expect("a state");
    let delivery_count = count.parse().expect("a count");
    StateBatch { first_offset, last_offset, delivery_state: *delivery_state, delivery_count }
}

/// `FIRST-LAST`, or one offset.
pub(crate) fn offsets(range: &str) -> (i64, i64) {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    (first.parse().expect("an offset"), last.parse().expect("an offset"))
}

/// What [`batch`] reads.
pub(crate) fn show_batches(batches: &[StateBatch]) -> String {
    let show = |batch: &StateBatch| {
        let state = STATES.iter().find(|(_, id)| *id == batch.delivery_state);
        let state = state.map_or("??", |(name, _)| name);
        let StateBatch { first_offset, last_offset, delivery_count, .. } = batch;
        format!("{first_offset}-{last_offset}:{state}*{delivery_count}")
    };
    batches.iter().map(show).collect::<Vec<_>>().join(" ")
}
