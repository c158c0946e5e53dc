//! Rules for Rust files.

use std::path::Path;

use super::{Complaint, SourceFile};

/// Lines of a file without its tests.
const FILE_LINES_MAX: usize = 600;
/// Lines of a file with its tests.
const FILE_LINES_WITH_TESTS_MAX: usize = 1000;
/// Lines of a function.
const FUNCTION_LINES_MAX: usize = 70;

/// Names that say nothing about what is inside.
const NAMES: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "manager", "misc", "service"];

/// What must not stand in a line, and what to do instead.
const BANNED: &[(&str, &str)] = &[
    ("#[ignore", "a test that does not run proves nothing: repair or delete it"),
    ("#[should_panic", "compare the error a function returns"),
    ("todo!(", "build it or leave it out"),
    ("thread::sleep(", "wait for what you wait for; time is the clock of `env`"),
];

/// What only `env` may name, so that a whole node also runs on simulated time, disks and networks.
/// Chores, tools that are programs of their own, and tests are outside.
const OUTSIDE_WORLD: &[&str] = &[
    "std::fs",
    "std::thread",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "SystemTime::now(",
    "std::time::Instant",
    "tokio::fs",
    "tokio::net",
    "tokio::spawn",
    "tokio::task::spawn",
    "thread_local!",
];

pub(super) fn check(file: &SourceFile, complaints: &mut Vec<Complaint>) {
    check_name(file, complaints);
    if is_generated(file) {
        return;
    }
    check_docs(file, complaints);
    check_lengths(file, complaints);
    if !is_test(&file.path) {
        check_functions(file, complaints);
    }
    check_banned(file, complaints);
    check_outside_world(file, complaints);
}

fn complain(complaints: &mut Vec<Complaint>, file: &SourceFile, line: usize, what: String) {
    complaints.push(Complaint { file: file.path.clone(), line: Some(line), what });
}

fn is_generated(file: &SourceFile) -> bool {
    file.path.components().any(|part| part.as_os_str() == "generated")
}

/// Files of tests alone: they may be long, and their first line need not introduce them.
fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem == "tests"
        || stem.ends_with("_tests")
        || path.components().any(|part| part.as_os_str() == "tests")
}

fn check_name(file: &SourceFile, complaints: &mut Vec<Complaint>) {
    for part in file.path.components() {
        let part = part.as_os_str().to_string_lossy();
        let name = part.strip_suffix(".rs").unwrap_or(&part);
        if NAMES.contains(&name) {
            let what = format!("`{name}` says nothing; name it after what it does");
            complaints.push(Complaint { file: file.path.clone(), line: None, what });
        }
    }
}

fn check_docs(file: &SourceFile, complaints: &mut Vec<Complaint>) {
    if !is_test(&file.path) && !file.text.starts_with("//!") {
        complain(complaints, file, 1, "the first line must say what the module is".to_owned());
    }
}

fn check_lengths(file: &SourceFile, complaints: &mut Vec<Complaint>) {
    let all = file.text.lines().count();
    let own = match is_test(&file.path) {
        true => 0,
        false => tests_start(&file.text).unwrap_or(all),
    };
    if own > FILE_LINES_MAX || all > FILE_LINES_WITH_TESTS_MAX {
        let what = format!(
            "{own} lines and {} of tests; at most {FILE_LINES_MAX}, and \
             {FILE_LINES_WITH_TESTS_MAX} together",
            all - own
        );
        complaints.push(Complaint { file: file.path.clone(), line: None, what });
    }
}

/// The line before which the module of tests begins.
fn tests_start(text: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].trim_end().ends_with('{');
    lines.windows(2).position(begins)
}

/// Formatted code closes a function at the column where it was opened.
fn check_functions(file: &SourceFile, complaints: &mut Vec<Complaint>) {
    let lines: Vec<&str> = file.text.lines().collect();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| opens_function(line)) {
        let indent = line.len() - line.trim_start().len();
        let closes = |other: &&str| other.len() == indent + 1 && other.trim_start() == "}";
        let Some(length) = lines[at..].iter().position(closes) else { continue };
        if length + 1 > FUNCTION_LINES_MAX {
            let what = format!("a function of {} lines; at most {FUNCTION_LINES_MAX}", length + 1);
            complain(complaints, file, at + 1, what);
        }
    }
}

fn opens_function(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| {
        matches!(*word, "pub" | "const" | "async" | "unsafe" | "extern" | "\"C\"")
            || word.starts_with("pub(")
    });
    words.next() == Some("fn") && !line.trim_end().ends_with(['}', ';'])
}

fn check_banned(file: &SourceFile, complaints: &mut Vec<Complaint>) {
    // the list of what is banned is not banned
    if file.path.ends_with("xtask/src/tidy/rust.rs") {
        return;
    }
    for (at, line) in file.text.lines().enumerate() {
        for (banned, instead) in BANNED.iter().filter(|(banned, _)| line.contains(banned)) {
            complain(complaints, file, at + 1, format!("`{banned}`: {instead}"));
        }
    }
}

fn check_outside_world(file: &SourceFile, complaints: &mut Vec<Complaint>) {
    let mut parts = file.path.components().map(|part| part.as_os_str());
    let in_crates = parts.next().is_some_and(|first| first == "crates");
    let is_free = parts.next().is_some_and(|name| name == "env" || name == "ottla");
    let is_source = parts.next().is_some_and(|folder| folder == "src");
    if !in_crates || is_free || !is_source || is_test(&file.path) {
        return;
    }
    let own = tests_start(&file.text).unwrap_or(usize::MAX);
    for (at, line) in file.text.lines().take(own).enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for named in OUTSIDE_WORLD.iter().filter(|named| code.contains(**named)) {
            let what = format!("`{named}`: only `env` touches the outside world; use it");
            complain(complaints, file, at + 1, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile { path: path.into(), text: text.to_owned() };
        let mut complaints = Vec::new();
        check(&file, &mut complaints);
        complaints.into_iter().map(|complaint| complaint.what).collect()
    }

    #[test]
    fn a_short_documented_file_is_fine() {
        assert!(complaints("crates/log/src/roll.rs", "//! Rolls.\n\nfn roll() {\n}\n").is_empty());
    }

    #[test]
    fn names_docs_and_bans_are_checked() {
        assert_eq!(complaints("crates/log/src/utils.rs", "//! x").len(), 1);
        assert_eq!(complaints("crates/log/src/roll.rs", "fn roll() {}").len(), 1);
        assert_eq!(complaints("crates/log/src/roll.rs", "//! x\n#[ignore]\n").len(), 1);
    }

    #[test]
    fn only_env_and_tests_touch_the_outside_world() {
        let text = "//! x\nuse std::fs;\n";
        assert_eq!(complaints("crates/log/src/roll.rs", text).len(), 1);
        assert!(complaints("crates/env/src/file.rs", text).is_empty());
        assert!(complaints("crates/log/tests/roll.rs", text).is_empty());
        let tested = "//! x\n#[cfg(test)]\nmod tests {\nuse std::fs;\n}\n";
        assert!(complaints("crates/log/src/roll.rs", tested).is_empty());
    }

    #[test]
    fn tests_do_not_count_as_length() {
        let body = "//! x\n".repeat(600);
        assert!(complaints("a.rs", &body).is_empty());
        assert_eq!(complaints("a.rs", &format!("{body}\n")).len(), 1);
        let tested = format!("{body}#[cfg(test)]\nmod tests {{\n{}}}\n", "//! x\n".repeat(300));
        assert!(complaints("a.rs", &tested).is_empty());
        assert_eq!(complaints("a.rs", &tested.repeat(2)).len(), 1);
    }

    #[test]
    fn long_functions_are_named_by_their_line() {
        let long =
            format!("//! x\n    pub(crate) async fn f() {{\n{}    }}\n", "        x;\n".repeat(69));
        assert_eq!(complaints("a.rs", &long), ["a function of 71 lines; at most 70"]);
        assert!(complaints("a.rs", "//! x\nfn f() {}\n").is_empty());
    }
}
